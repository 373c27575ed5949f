/**
 * The tests that an engine trains as the reference does: every optimizer, the learning rates of calls, clipping, moved images.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Clip, StepOptions } from "../../lib/engines/engine.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { adadelta, adam, adamw, momentum, type Optimizer, rmsprop, sgd } from "../../lib/model/optimizers.ts";
import { type ChainCase, describeChain } from "./chain_case.ts";
import { GRU, MIXED } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import { NORMED } from "./chain_norms.ts";
import {
  compareLosses,
  compareTensors,
  type EngineUnderTest,
  movement,
  register,
  roundedOver,
} from "./comparison.ts";
import {
  AUGMENTATIONS,
  type CaseOptions,
  optionsOf,
  SMALL,
  tenBatches,
  transformsOf,
} from "./contract_cases.ts";

const OPTIMIZERS: readonly Optimizer[] = [
  sgd({ learningRate: 0.1 }),
  momentum({ learningRate: 0.1 }),
  rmsprop({ learningRate: 0.001 }),
  rmsprop({ learningRate: 0.001, momentum: 0.9 }),
  adam({ learningRate: 0.01 }),
  adamw({ learningRate: 0.01, weightDecay: 0.5 }),
  adadelta({ learningRate: 1 }),
];

/** Those of TensorFlow.js, with its defaults. */
const TF_OPTIMIZERS: readonly Optimizer[] = [
  { kind: "nesterov", learningRate: 0.1, momentum: 0.9 },
  { kind: "tfAdagrad", learningRate: 0.1, start: 0.1, epsilon: 1e-7 },
  { kind: "tfAdadelta", learningRate: 1, rho: 0.95, epsilon: 1e-7 },
  { kind: "tfAdam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  { kind: "tfAdamax", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay: 0.1 },
  { kind: "tfRmsprop", learningRate: 0.001, decay: 0.9, momentum: 0.5, epsilon: 1e-7 },
];

/** Its ε is subtracted below a root, so that tiny gradients need a tiny one. */
const CENTERED: Optimizer = {
  kind: "tfCenteredRmsprop",
  learningRate: 0.001,
  decay: 0.9,
  momentum: 0.5,
  epsilon: 1e-20,
};

/** Registers the comparisons with the reference. */
export function testTraining(engine: EngineUnderTest): void {
  for (const optimizer of OPTIMIZERS) {
    for (const biases of [1, 2] as const) {
      register(engine, `agrees after ten steps of ${optimizer.kind}, biases: ${biases}`, () => {
        return agreesAfterTenSteps(engine, optionsOf({ ...SMALL, biases }, { optimizer }));
      });
    }
    register(engine, `agrees after ten steps of ${optimizer.kind}: ${describeChain(NORMED)}`, () => {
      return agreesAfterTenSteps(engine, chainOptions(NORMED, { optimizer }));
    });
  }
  for (const optimizer of [...OPTIMIZERS, ...TF_OPTIMIZERS, CENTERED]) {
    const test = optimizer === CENTERED ? GRU : MIXED;
    register(engine, `agrees after ten steps of ${optimizer.kind}: ${describeChain(test)}`, () => {
      return agreesAfterTenSteps(engine, chainOptions(test, { optimizer }));
    });
    register(engine, `takes the learning rates of calls and steps: ${optimizer.kind}`, async () => {
      const options = chainOptions(test, { optimizer }), { learningRate: most } = optimizer;
      await agreesAfterTenSteps(engine, options, [
        { learningRates: Array(4).fill(most / 2) },
        { learningRates: [most, 0, most / 10] },
        {},
      ]);
    });
  }
  for (const kind of ["norm", "value"] as const) {
    for (const [name, options] of clippedTrainings()) {
      register(engine, `agrees after ten steps clipped by ${kind}: ${name}`, async () => {
        const clip = await tightClip(options, kind);
        await agreesAfterTenSteps(engine, { ...options, training: { ...options.training, clip } });
      });
    }
  }
  for (const [how, most] of Object.entries(AUGMENTATIONS)) {
    register(engine, `agrees after ten steps over images ${how}`, async () => {
      const options = optionsOf({ ...SMALL, dropout: [0.3, 0] }, {
        optimizer: adam({ learningRate: 0.01 }),
        transforms: true,
      });
      const transforms = transformsOf(options, tenBatches(options), most);
      await agreesAfterTenSteps(engine, options, [
        { transforms: transforms.slice(0, 5) },
        { transforms: transforms.slice(5) },
      ]);
    });
  }
}

/** Trainings that show what their gradients are: by SGD, and by an optimizer that decays weights besides. */
function clippedTrainings(): readonly (readonly [string, CaseOptions])[] {
  return [sgd({ learningRate: 0.1 }), adamw({ learningRate: 0.01, weightDecay: 0.5 })].flatMap((
    optimizer,
  ) => [
    [`images, biases: 2, ${optimizer.kind}`, optionsOf({ ...SMALL, biases: 2 }, { optimizer })] as const,
    ...[MIXED, NORMED].map((test: ChainCase) =>
      [`${describeChain(test)}, ${optimizer.kind}`, chainOptions(test, { optimizer })] as const
    ),
  ]);
}

/** A clip that shortens all gradients of ten batches, by half or more. */
async function tightClip(options: CaseOptions, kind: Clip["kind"]): Promise<Clip> {
  await using reference = await openReference(options);
  let least = Infinity;
  for (const batch of tenBatches(options)) {
    const g = await reference.gradient(batch);
    least = Math.min(least, kind === "norm" ? Math.hypot(...g) : Math.max(...g.map(Math.abs)));
  }
  return { kind, most: least / 2 };
}

/** @param calls The options of calls that share the ten batches; one without any takes the rest */
async function agreesAfterTenSteps(
  engine: EngineUnderTest,
  options: CaseOptions,
  calls: readonly StepOptions[] = [{}],
): Promise<void> {
  const { network, parameters } = options, batches = tenBatches(options);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);
  let start = 0;
  for (const call of calls) {
    const { length } = call.learningRates ?? call.transforms ?? batches;
    const some = batches.slice(start, start += length);
    compareLosses(engine, await tested.train(some, call), await reference.train(some, call));
  }

  const [after, wanted] = [await tested.readState(), await reference.readState()];
  assert.equal(after.step, 10);
  compareTensors(engine, "movement", {
    network,
    actual: movement(after.parameters, parameters),
    expected: movement(wanted.parameters, parameters),
    roundedBy: roundedOver(10, parameters),
  });
  assert.equal(after.slots.length, wanted.slots.length, "number of slots");
  for (const [index, slot] of after.slots.entries()) {
    const prefix = `slot ${index} of `;
    compareTensors(engine, "movement", { network, actual: slot, expected: wanted.slots[index], prefix });
  }
}
