/**
 * The tests that an engine gives the numbers of the reference.
 *
 * @module
 */
import assert from "node:assert/strict";
import { measureBatch, openReference } from "../../lib/engines/reference/engine.ts";
import type { NetworkGradient } from "../../lib/engines/reference/network.ts";
import { isRecurrent } from "../../lib/model/network.ts";
import { adadelta, adam, momentum, type Optimizer, rmsprop, sgd } from "../../lib/model/optimizers.ts";
import { type ChainCase, describeChain } from "./chain_case.ts";
import { CHAINS, GRU, MIXED } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import {
  coarser,
  compare,
  compareLosses,
  compareTensors,
  type EngineUnderTest,
  movement,
  register,
} from "./comparison.ts";
import {
  type Case,
  type CaseOptions,
  CASES,
  describe,
  optionsOf,
  scattered,
  SMALL,
  tenBatches,
} from "./contract_cases.ts";

const OPTIMIZERS: readonly Optimizer[] = [
  sgd({ learningRate: 0.1 }),
  momentum({ learningRate: 0.1 }),
  rmsprop({ learningRate: 0.001 }),
  adam({ learningRate: 0.01 }),
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
export function testAgreement(engine: EngineUnderTest): void {
  for (const test of CASES) {
    register(engine, `agrees with the reference: ${describe(test)}`, () => agreesOnGradient(engine, test));
  }
  for (const test of CHAINS) {
    const title = `agrees with the reference: ${describeChain(test)}`;
    register(engine, title, () => agreesOnChain(coarser(engine, test.coarse ?? 1), test));
  }
  for (const dropout of [[0.5], [0.3, 0.5]]) {
    register(
      engine,
      `drops as the reference does: dropout ${dropout}`,
      () => agreesOnDropout(engine, droppingOptions(dropout)),
    );
  }
  register(engine, `drops as the reference does: ${describeChain(MIXED)}`, () => {
    return agreesOnDropout(engine, chainOptions(MIXED));
  });
  for (const optimizer of OPTIMIZERS) {
    for (const biases of [1, 2] as const) {
      const title = `agrees after ten steps of ${optimizer.kind}, biases: ${biases}`;
      register(
        engine,
        title,
        () => agreesAfterTenSteps(engine, optionsOf({ ...SMALL, biases }, { optimizer })),
      );
    }
  }
  for (const optimizer of [...OPTIMIZERS, ...TF_OPTIMIZERS, CENTERED]) {
    const test = optimizer === CENTERED ? GRU : MIXED;
    register(engine, `agrees after ten steps of ${optimizer.kind}: ${describeChain(test)}`, () => {
      return agreesAfterTenSteps(engine, chainOptions(test, { optimizer }));
    });
    register(engine, `takes the learning rate of a call: ${optimizer.kind}`, () => {
      const { learningRate } = optimizer;
      return agreesAfterTenSteps(engine, chainOptions(test, { optimizer }), [
        undefined,
        learningRate / 2,
        0,
        learningRate / 10,
      ]);
    });
  }
}

async function agreesOnGradient(engine: EngineUnderTest, test: Case): Promise<void> {
  const options = optionsOf(test), { network } = options;
  const batch = scattered(test.images, options.training.sequences.count);
  const expected = textbook(options, batch);
  await using tested = await engine.open(options);

  const gradient = await tested.gradient(batch);
  compareTensors(engine, "gradient", { network, actual: gradient, expected: expected.gradient });
  compare(engine, "logits", {
    actual: await tested.predict(options.training.sequences, batch),
    expected: expected.answers,
  });
  const [{ step, loss, metrics, count }] = await tested.train([batch]);
  compare(engine, "loss", { actual: [loss], expected: [expected.loss] });
  assert.deepEqual({ step, metrics, count }, { step: 1, metrics: expected.metrics, count: test.images });
}

async function agreesOnChain(engine: EngineUnderTest, test: ChainCase): Promise<void> {
  const options = chainOptions(test), { network, training: { sequences } } = options;
  const batch = scattered(test.N, sequences.count);
  const expected = textbook(options, batch);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  const gradient = await tested.gradient(batch);
  compareTensors(engine, "gradient", { network, actual: gradient, expected: expected.gradient });
  for (const read of hasOutputs(options) ? ["predict", "outputs"] as const : ["predict"] as const) {
    for (const [some, positions] of [[sequences, batch], [options.test, undefined]] as const) {
      compare(engine, "logits", {
        name: read === "predict" ? "answers" : "outputs",
        actual: await tested[read](some, positions),
        expected: await reference[read](some, positions),
      });
    }
  }
  const [{ step, loss, metrics, count }] = await tested.train([batch]);
  compare(engine, "loss", { actual: [loss], expected: [expected.loss] });
  assert.deepEqual({ step, count }, { step: 1, count: test.N });
  compareMetrics(engine, options, { actual: metrics, expected: expected.metrics });
}

/** Whether the last recurrent layer reads in one direction. */
function hasOutputs({ network: { layers } }: CaseOptions): boolean {
  const last = layers.findLast((layer) => isRecurrent(layer) || layer.kind === "bidirectional");
  return last !== undefined && isRecurrent(last);
}

/** Compares metrics: what is counted must be the same, means of steps or outputs up to rounding. */
function compareMetrics(
  engine: EngineUnderTest,
  { network: { metrics, output } }: CaseOptions,
  { actual, expected }: { actual: readonly number[]; expected: readonly number[] },
): void {
  assert.equal(actual.length, metrics.length, "number of metrics");
  metrics.forEach((name, index) => {
    const isCount = name === "categoricalAccuracy" && !output.everyStep;
    if (isCount) assert.equal(actual[index], expected[index], name);
    else compare(engine, "loss", { name, actual: [actual[index]], expected: [expected[index]] });
  });
}

function droppingOptions(dropout: number[]): CaseOptions {
  const hidden = dropout.map((_, index) => 9 - index);
  return optionsOf({ kind: "LSTM", hidden, images: 17, size: [5, 6], dropout });
}

async function agreesOnDropout(engine: EngineUnderTest, options: CaseOptions): Promise<void> {
  const { network, training: { sequences, batchSize } } = options;
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  for (const step of [0, 1, 2]) { // each step draws different masks
    const batch = scattered(batchSize - step, sequences.count, step);
    const [actual, expected] = [await tested.gradient(batch), await reference.gradient(batch)];
    compareTensors(engine, "gradient", { network, actual, expected });
    compare(engine, "logits", {
      actual: await tested.predict(options.test),
      expected: await reference.predict(options.test),
    });
    compareLosses(engine, await tested.train([batch]), await reference.train([batch]));
  }
}

/**
 * Float32 parameters round at every step, by up to half a unit in the last place of the largest.
 *
 * @param rates The learning rates of calls, in turn; undefined for that of the optimizer
 */
async function agreesAfterTenSteps(
  engine: EngineUnderTest,
  options: CaseOptions,
  rates: readonly (number | undefined)[] = [undefined],
): Promise<void> {
  const { network, parameters } = options, batches = tenBatches(options);
  const together = Math.ceil(batches.length / rates.length);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);
  for (const [index, rate] of rates.entries()) {
    const some = batches.slice(index * together, (index + 1) * together);
    const step = rate === undefined ? {} : { learningRates: some.map(() => rate) };
    compareLosses(engine, await tested.train(some, step), await reference.train(some, step));
  }

  const [after, wanted] = [await tested.readState(), await reference.readState()];
  assert.equal(after.step, 10);
  compareTensors(engine, "movement", {
    network,
    actual: movement(after.parameters, parameters),
    expected: movement(wanted.parameters, parameters),
    roundedBy: ({ offset, size }) => {
      const tensor = parameters.subarray(offset, offset + size);
      return 10 * 2 ** -24 * tensor.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    },
  });
  assert.equal(after.slots.length, wanted.slots.length, "number of slots");
  for (const [index, slot] of after.slots.entries()) {
    const prefix = `slot ${index} of `;
    compareTensors(engine, "movement", { network, actual: slot, expected: wanted.slots[index], prefix });
  }
}

/** What the reference gives for a batch at the first step, before it rounds to float32. */
function textbook(options: CaseOptions, positions: Uint32Array): NetworkGradient {
  return measureBatch(options, positions, { p: Float64Array.from(options.parameters), step: 1 });
}
