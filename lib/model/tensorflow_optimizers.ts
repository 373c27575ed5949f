/**
 * The optimizer of a compiled TensorFlow.js model: its numbers, and its state in both directions, so that `model.fit()` and an
 * engine can take turns.
 *
 * TensorFlow.js 4.22 keeps slots as arrays in the order of the weights that `model.compile()` collected, in fields of the
 * optimizer. `getWeights()` and `setWeights()` would do, but those of Adamax throw.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt } from "../excerpt.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import type { Network } from "./network.ts";
import { checkOptimizer, type Optimizer, singlePower, SLOT_COUNT, slotStart } from "./optimizers.ts";
import { refusal } from "./tensorflow_refusal.ts";
import { matchedVariables } from "./tensorflow_weights.ts";

/** What fails where a compiled model cannot be trained. */
export const FIT = "fit the model";

/** What an optimizer keeps between steps. */
export interface OptimizerState {
  /** Each as long as the parameters, in the order of the optimizer's equations. */
  readonly slots: readonly Float32Array[];
  /** Steps taken. */
  readonly step: number;
}

/** One slot of one weight; absent until the first step. */
interface Accumulator {
  readonly originalName: string;
  readonly variable: tf.Variable;
}

/** The fields of TensorFlow.js's optimizers that count here; each kind has some. */
interface Fields {
  readonly learningRate: number;
  readonly momentum: number;
  readonly useNesterov: boolean;
  readonly decay: number;
  readonly rho: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly centered: boolean;
  readonly initialAccumulatorValue: number;
  /** −η of SGD and Momentum, which do not look at `learningRate` again. */
  readonly c: tf.Scalar;
  /** µ of Momentum. */
  readonly m: tf.Scalar;
  /** β₁ to the power of the next step. */
  readonly accBeta1: tf.Variable;
  readonly accBeta2: tf.Variable;
  /** The steps of Adamax. */
  readonly iteration: tf.Variable;
  iterations_: number;
}

/** A kind of optimizer. */
interface Kind {
  readonly type: unknown;
  readonly read: (fields: Fields) => Optimizer;
  /** The field of each slot, in the order of the optimizer's equations, and the end of the names in it. */
  readonly slots: readonly (readonly [field: string, suffix: string])[];
}

const KINDS: readonly Kind[] = [
  {
    type: tf.SGDOptimizer,
    read: ({ learningRate }) => ({ kind: "sgd", learningRate }),
    slots: [],
  },
  {
    type: tf.MomentumOptimizer,
    read: ({ learningRate, momentum, useNesterov }) => {
      return { kind: useNesterov ? "nesterov" : "momentum", learningRate, momentum };
    },
    slots: [["accumulations", "momentum"]],
  },
  {
    type: tf.AdagradOptimizer,
    read: ({ learningRate, initialAccumulatorValue: start }) => {
      return { kind: "tfAdagrad", learningRate, start, epsilon: tf.backend().epsilon() };
    },
    slots: [["accumulatedGrads", "accumulator"]],
  },
  {
    type: tf.AdadeltaOptimizer,
    read: ({ learningRate, rho, epsilon }) => ({ kind: "tfAdadelta", learningRate, rho, epsilon }),
    slots: [["accumulatedGrads", "accum_grad"], ["accumulatedUpdates", "accum_var"]],
  },
  {
    type: tf.AdamOptimizer,
    read: ({ learningRate, beta1, beta2, epsilon }) => ({
      kind: "tfAdam",
      learningRate,
      beta1,
      beta2,
      epsilon,
    }),
    slots: [["accumulatedFirstMoment", "m"], ["accumulatedSecondMoment", "v"]],
  },
  {
    type: tf.AdamaxOptimizer,
    read: ({ learningRate, beta1, beta2, epsilon, decay }) => {
      return { kind: "tfAdamax", learningRate, beta1, beta2, epsilon, decay };
    },
    slots: [["accumulatedFirstMoment", "m"], ["accumulatedWeightedInfNorm", "v"]],
  },
  {
    type: tf.RMSPropOptimizer,
    read: ({ learningRate, decay, momentum, epsilon, centered }) => {
      return { kind: centered ? "tfCenteredRmsprop" : "tfRmsprop", learningRate, decay, momentum, epsilon };
    },
    slots: [["accumulatedMeanSquares", "rms"], ["accumulatedMoments", "momentum"], [
      "accumulatedMeanGrads",
      "mg",
    ]],
  },
];

/**
 * Checks that an optimizer is one that engines compute.
 *
 * @returns It, with the η that it was made with or given since
 * @throws {TypeError} If it is of another class, or one of its numbers is out of range.
 */
export function checkModelOptimizer(action: string, optimizer: tf.Optimizer): Optimizer {
  const { read } = kindOf(action, optimizer);
  try {
    return checkOptimizer(action, read(optimizer as unknown as Fields), { mayRest: true });
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: error });
  }
}

/** By its own class: `instanceof` holds for every optimizer of TensorFlow.js. */
function kindOf(action: string, optimizer: tf.Optimizer): Kind {
  const kind = KINDS.find(({ type }) => type === optimizer.constructor);
  if (kind) return kind;
  const { name = "" } = (optimizer as { constructor?: { name?: string } }).constructor ?? {};
  throw refusal(action, {
    subject: "optimizer of model.compile()",
    must: "be made by one of tf.train.sgd, momentum, adagrad, adadelta, adam, adamax, rmsprop",
    found: excerpt(name),
    remedy:
      `a class of one's own is something else, and so is another copy of TensorFlow.js: import version ${tf.version.tfjs}`,
  });
}

/**
 * The optimizer of a compiled model with the numbers that its next step uses.
 *
 * @throws {TypeError} If it cannot be computed, see {@link checkModelOptimizer}.
 */
export async function readOptimizer(model: LayersModel): Promise<Optimizer> {
  const optimizer = checkModelOptimizer(FIT, model.optimizer);
  const learningRate = await readLearningRate(model.optimizer);
  if (optimizer.kind !== "momentum" && optimizer.kind !== "nesterov") return { ...optimizer, learningRate };
  const { m, momentum } = model.optimizer as unknown as Fields;
  return { ...optimizer, learningRate, momentum: await trueValue(m, momentum) };
}

/**
 * The η of an optimizer's next step. Callbacks change it: `optimizer.learningRate` counts, except in SGD and Momentum, where only
 * `setLearningRate()` has an effect.
 */
export async function readLearningRate(optimizer: tf.Optimizer): Promise<number> {
  const { c, learningRate } = optimizer as unknown as Fields;
  return c ? -(await trueValue(c, -learningRate)) : learningRate;
}

/** What a float32 scalar says; `stated`, which is more exact, where it says the same. */
async function trueValue(scalar: tf.Scalar, stated: number): Promise<number> {
  const [value] = await scalar.data();
  return value === Math.fround(stated) ? stated : value;
}

/**
 * The slots and the steps of a model's optimizer; what they start from where it has taken no step.
 *
 * @param network What `toTraining()` returned for this model
 */
export async function readOptimizerState(model: LayersModel, network: Network): Promise<OptimizerState> {
  const action = "read the state of the optimizer";
  const { optimizer, fields } = slotsOf(action, model);
  const order = weightOrder(action, model, network);
  const slots = await Promise.all(fields.map(async ([field]) => {
    const slot = new Float32Array(network.size).fill(slotStart(optimizer));
    const accumulators = accumulatorsOf(model, field);
    await Promise.all(network.parameters.map(async ({ name, offset, size }, i) => {
      const at = order[i], accumulator = at === null ? null : accumulators[at];
      if (!accumulator) return;
      const values = await accumulator.variable.data() as Float32Array;
      if (values.length !== size) {
        throw new TypeError(
          `Cannot ${action}: ${field} of ${name} must have length ${size}: current value is ${values.length}, ` +
            `of another model`,
        );
      }
      slot.set(values, offset);
    }));
    return slot;
  }));
  return { slots, step: model.optimizer.iterations };
}

/**
 * Gives slots and steps back to a model's optimizer, which continues from there in `model.fit()`. Copies them; no tensor leaks.
 *
 * @param network What `toTraining()` returned for this model
 */
export function writeOptimizerState(
  model: LayersModel,
  network: Network,
  { slots, step }: OptimizerState,
): void {
  const action = "write the state of the optimizer";
  const { fields } = slotsOf(action, model);
  const order = weightOrder(action, model, network), weights = collectedWeights(model);
  for (const [s, [field, suffix]] of fields.entries()) {
    const accumulators = accumulatorsOf(model, field);
    for (const [i, { offset, size, shape }] of network.parameters.entries()) {
      const at = order[i];
      if (at === null) continue;
      tf.tidy(() => {
        // slice(), not subarray(): a tensor on the CPU backend keeps the array that it is made from.
        const values = tf.tensor(slots[s].slice(offset, offset + size), [...shape], "float32");
        if (accumulators[at]) return accumulators[at].variable.assign(values);
        accumulators[at] = {
          originalName: `${weights[at].name}/${suffix}`,
          variable: values.variable(false),
        };
      });
    }
  }
  writeSteps(model.optimizer as unknown as Fields, step);
}

/** The powers of β are multiplied up in float32, as TensorFlow.js does step by step. */
function writeSteps(fields: Fields, step: number): void {
  const { accBeta1, accBeta2, beta1, beta2, iteration } = fields;
  tf.tidy(() => {
    accBeta1?.assign(tf.scalar(singlePower(beta1, step + 1)));
    accBeta2?.assign(tf.scalar(singlePower(beta2, step + 1)));
    iteration?.assign(tf.scalar(step));
  });
  fields.iterations_ = step;
}

/** Whatever its numbers are: a learning rate that no step can take must not cost the slots. */
function slotsOf(action: string, model: LayersModel) {
  const { read, slots } = kindOf(action, model.optimizer);
  const optimizer = read(model.optimizer as unknown as Fields);
  return { optimizer, fields: slots.slice(0, SLOT_COUNT[optimizer.kind]) };
}

function accumulatorsOf(model: LayersModel, field: string): (Accumulator | undefined)[] {
  return (model.optimizer as unknown as Record<string, (Accumulator | undefined)[]>)[field];
}

/** The weights that `model.compile()` found trainable: those that `model.fit()` trains, in the order of the slots. */
function collectedWeights(model: LayersModel): readonly tf.LayerVariable[] {
  const { model: within = model } = model as LayersModel & { model?: LayersModel }; // a Sequential hands all on to it
  return (within as unknown as { collectedTrainableWeights?: tf.LayerVariable[] })
    .collectedTrainableWeights ?? [];
}

/**
 * For each parameter of a network, its place among the weights that `model.compile()` collected; null for averages, which it does not
 * collect.
 *
 * @throws {TypeError} If one is not among them, because it was frozen then.
 */
export function weightOrder(action: string, model: LayersModel, network: Network): (number | null)[] {
  const collected = collectedWeights(model);
  return matchedVariables(model, network, "find").map((variable, i) => {
    if (network.parameters[i].updateScale === 0) return null;
    const index = collected.indexOf(variable);
    if (index >= 0) return index;
    throw refusal(action, {
      subject: `weight "${variable.name}" of model "${model.name}"`,
      must: "be trainable when compile() is called",
      found: "not so",
      remedy: "call model.compile() again",
    });
  });
}
