/**
 * The recipes that the page trains, as plain data: those of `scripts/`, which see TensorFlow.js. A test trains each here and there, and
 * compares settings and bits.
 *
 * @module
 */
import {
  adadelta,
  adam,
  createClassifier,
  type DeviceOptions,
  type LayerOptions,
  type Length,
  openTraining,
  type Optimizer,
  rmsprop,
  type Schedule,
  schedules,
  type Sequence,
  sgd,
  type Split,
  type Start,
  type Training,
} from "../../core.ts";

/** An experiment. */
export interface PageRecipe {
  /** The name of its task. */
  readonly name: string;
  /** The network, for people. */
  readonly title: string;
  /** From the input up. */
  readonly layers: readonly LayerOptions[];
  /** How the network reads an image. */
  readonly sequence: Sequence;
  /** Whose initializers start the weights. */
  readonly initialize: Start;
  readonly optimizer: Optimizer;
  /** How the learning rate changes; it does not by default. */
  readonly schedule?: Schedule;
  /** In its own unit: epochs or steps. */
  readonly length: Length;
  readonly batchSize: number;
  readonly seed: number;
}

/** What a page may choose. */
export interface RecipeOptions extends DeviceOptions {
  /** The images to train on. */
  readonly train: Split;
  /** The images to test with. */
  readonly test?: Split;
  /** That of the recipe by default. */
  readonly seed?: number;
  /** That of the recipe's optimizer by default. */
  readonly learningRate?: number;
}

const HEAD = { kind: "dense", units: 10 } as const; // the digits

/** The recipes, by the names of their tasks; the quickest first. */
export const RECIPES: readonly PageRecipe[] = [
  {
    name: "train-lstm-adam",
    title: "LSTM, 64 units",
    layers: [{ kind: "lstm", hiddenSize: 64 }, HEAD],
    sequence: { axis: "rows", range: [0, 1] },
    initialize: "pytorch",
    optimizer: adam({ learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    length: { epochs: 1 },
    batchSize: 64,
    seed: 1,
  },
  {
    name: "train-rnn",
    title: "RNN with ReLU, 128 units",
    layers: [{ kind: "rnn", hiddenSize: 128, activation: "relu" }, HEAD],
    sequence: { axis: "rows", range: [0, 1] },
    initialize: "pytorch",
    optimizer: rmsprop({ learningRate: 3e-4, alpha: 0.99, epsilon: 1e-8 }),
    length: { epochs: 10 },
    batchSize: 64,
    seed: 2,
  },
  {
    name: "train-tanh-rnn",
    title: "RNN with tanh, 256 units",
    layers: [{ kind: "rnn", hiddenSize: 256 }, HEAD],
    sequence: { axis: "rows", range: [-1, 1] },
    initialize: "pytorch",
    optimizer: adam({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    length: { epochs: 10 },
    batchSize: 64,
    seed: 1,
  },
  {
    name: "train-lstm",
    title: "Two LSTM layers, 100 units each, by columns",
    layers: [
      { kind: "lstm", hiddenSize: 100, returnSequences: true },
      { kind: "lstm", hiddenSize: 100 },
      HEAD,
    ],
    sequence: { axis: "columns", range: [-1, 1] },
    initialize: "pytorch",
    optimizer: adadelta({ learningRate: 0.1, rho: 0.9, epsilon: 1e-6 }),
    length: { epochs: 10 },
    batchSize: 64,
    seed: 1,
  },
  {
    name: "train-gru",
    title: "Two GRU layers, 128 units each",
    layers: [
      { kind: "gru", hiddenSize: 128, resetAfter: true, returnSequences: true },
      { kind: "gru", hiddenSize: 128, resetAfter: true },
      HEAD,
    ],
    sequence: { axis: "rows", range: [0, 1] },
    initialize: "pytorch",
    optimizer: adam({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
    length: { epochs: 2 },
    batchSize: 100,
    seed: 1,
  },
  {
    name: "train-keras-guide",
    title: "LSTM, 64 units, batch normalization",
    layers: [{ kind: "lstm", hiddenSize: 64 }, { kind: "batchNorm" }, HEAD],
    sequence: { axis: "rows", range: [0, 1] },
    initialize: "keras",
    optimizer: sgd({ learningRate: 0.01 }),
    length: { epochs: 2 },
    batchSize: 64,
    seed: 1,
  },
  {
    name: "train-mnist-rnn",
    title: "LSTM, 64 units, batch normalization and dropout",
    layers: [
      { kind: "lstm", hiddenSize: 64 },
      { kind: "batchNorm", momentum: 0.9, epsilon: 1e-5, unbiased: true },
      { kind: "dropout", rate: 0.25 },
      { kind: "dense", units: 32, activation: "relu" },
      { kind: "dropout", rate: 0.5 },
      HEAD,
    ],
    sequence: { axis: "rows", mean: 0.1307, deviation: 0.3081 },
    initialize: "pytorch",
    optimizer: adadelta({ learningRate: 0.1, rho: 0.9, epsilon: 1e-6 }),
    schedule: schedules.step({ every: 1, gamma: 0.7 }),
    length: { epochs: 14 },
    batchSize: 64,
    seed: 1,
  },
];

/** The recipe of a task. @throws {RangeError} If there is none. */
export function findRecipe(name: string): PageRecipe {
  const recipe = RECIPES.find((one) => one.name === name);
  if (recipe) return recipe;
  const names = RECIPES.map((one) => one.name).join(", ");
  throw new RangeError(`Cannot find the recipe: it must be one of ${names}: current value is ${name}`);
}

/** Opens the training of a recipe. Throws as `openTraining()` does. */
export async function openRecipe(
  { layers, sequence, initialize, schedule, batchSize, ...recipe }: PageRecipe,
  { learningRate, seed, ...options }: RecipeOptions,
): Promise<Training> {
  const { height, width } = options.train;
  const inputSize = { rows: width, columns: height, pixels: 1 }[sequence.axis];
  // PyTorch keeps two bias vectors a layer.
  const network = createClassifier({ inputSize, layers, biases: initialize === "pytorch" ? 2 : 1 });
  const optimizer = { ...recipe.optimizer, learningRate: learningRate ?? recipe.optimizer.learningRate };
  return await openTraining(network, {
    sequence,
    initialize,
    optimizer,
    schedule,
    batchSize,
    seed: seed ?? recipe.seed,
    ...options,
  });
}
