/**
 * The classifiers of images that engines are compared over, and their batches: sizes below, at and above a tile or workgroup; not every
 * combination, but every size with every kind of layer.
 *
 * @module
 */
import { layOutSequence, type Order, type PixelScale, type Sequence } from "../../lib/data/sequence.ts";
import { type ByteLayout, type Sequences, sequencesOf } from "../../lib/data/sequences.ts";
import { type Augmentation, drawTransforms } from "../../lib/data/transform.ts";
import type { EngineOptions, EngineTraining } from "../../lib/engines/engine.ts";
import type { Classifier } from "../../lib/model/classifier.ts";
import { createStack, type StackLayer } from "../support/stack.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";

const SPECS = {
  "LSTM": { kind: "lstm", gateActivation: "sigmoid" },
  "LSTM, hardSigmoid": { kind: "lstm", gateActivation: "hardSigmoid" },
  "ReLU RNN": { kind: "rnn", activation: "relu" },
  "tanh RNN": { kind: "rnn", activation: "tanh" },
} as const;

/** The kind of a layer, without its sizes. */
export type Kind = keyof typeof SPECS;

/** One network and the batch it is compared on. */
export interface Case extends Partial<Order> {
  readonly kind: Kind;
  /** H of each layer, from the bottom up. */
  readonly hidden: readonly number[];
  /** N. */
  readonly images: number;
  /** Height and width; with the axis they give T and C. */
  readonly size: readonly [number, number];
  /** [0, 1] by default. */
  readonly scaled?: PixelScale;
  /** K, 10 by default. */
  readonly classes?: number;
  readonly biases?: 1 | 2;
  readonly dropout?: readonly number[];
  /** Multiplies the parameters: large ones drive gates into saturation. */
  readonly scale?: number;
  /** Multiplies the tolerances, as in a chain. */
  readonly coarse?: number;
}

const MINUS_ONE_TO_ONE = { range: [-1, 1] } as const;
const MNIST = { mean: 0.1307, deviation: 0.3081 } as const;

/** The cases of the gradient. */
export const CASES: readonly Case[] = [
  { kind: "LSTM", hidden: [1], images: 1, size: [1, 1], classes: 2 },
  { kind: "LSTM", hidden: [7], images: 3, size: [5, 6], scaled: MINUS_ONE_TO_ONE, classes: 4 },
  { kind: "LSTM", hidden: [63], images: 16, size: [28, 5], axis: "columns" },
  { kind: "LSTM", hidden: [64], images: 17, size: [28, 28], axis: "columns", scaled: MINUS_ONE_TO_ONE },
  { kind: "LSTM", hidden: [65], images: 3, size: [4, 7], axis: "pixels", classes: 3 },
  { kind: "LSTM", hidden: [7], images: 16, size: [28, 28], axis: "pixels" },
  { kind: "LSTM", hidden: [128], images: 16, size: [5, 28] },
  { kind: "LSTM", hidden: [257], images: 5, size: [3, 9], scaled: MINUS_ONE_TO_ONE },
  { kind: "LSTM", hidden: [7, 65], images: 17, size: [5, 9], scaled: MINUS_ONE_TO_ONE },
  { kind: "LSTM", hidden: [64, 1, 63], images: 3, size: [5, 3] },
  { kind: "LSTM", hidden: [65], images: 17, size: [28, 28], scaled: MNIST },
  { kind: "LSTM", hidden: [100, 100], images: 64, size: [28, 28], axis: "columns", scaled: MINUS_ONE_TO_ONE },

  { kind: "LSTM, hardSigmoid", hidden: [1, 7], images: 17, size: [1, 11], scale: 4 },
  {
    kind: "LSTM, hardSigmoid",
    hidden: [65, 63],
    images: 3,
    size: [5, 13],
    axis: "columns",
    scaled: MINUS_ONE_TO_ONE,
  },
  { kind: "LSTM, hardSigmoid", hidden: [64], images: 16, size: [5, 28], scale: 4 },
  { kind: "LSTM, hardSigmoid", hidden: [100], images: 1, size: [28, 28] },

  { kind: "ReLU RNN", hidden: [1], images: 3, size: [5, 2], classes: 2 },
  { kind: "ReLU RNN", hidden: [7, 63], images: 1, size: [5, 5], axis: "pixels", scaled: MINUS_ONE_TO_ONE },
  { kind: "ReLU RNN", hidden: [64, 65], images: 16, size: [28, 13], classes: 11 },
  { kind: "ReLU RNN", hidden: [100], images: 17, size: [28, 28] },
  { kind: "ReLU RNN", hidden: [128], images: 64, size: [28, 28] },
  { kind: "ReLU RNN", hidden: [257], images: 5, size: [3, 9] },
  { kind: "ReLU RNN", hidden: [65], images: 64, size: [28, 1], axis: "columns", scaled: MINUS_ONE_TO_ONE },

  { kind: "tanh RNN", hidden: [7], images: 64, size: [5, 4], scaled: MINUS_ONE_TO_ONE },
  { kind: "tanh RNN", hidden: [1, 100], images: 16, size: [28, 3], classes: 17 },
  { kind: "tanh RNN", hidden: [65, 64], images: 1, size: [28, 5], axis: "columns" },
  { kind: "tanh RNN", hidden: [63], images: 3, size: [3, 7], axis: "pixels" },
  { kind: "tanh RNN", hidden: [64], images: 17, size: [1, 28] },
  { kind: "tanh RNN", hidden: [7, 9], images: 5, size: [9, 5], axis: "columns", scaled: MNIST },

  { kind: "LSTM", hidden: [9], images: 17, size: [28, 28], axis: "pixels", permutation: 1, scaled: MNIST },
  { kind: "LSTM", hidden: [65], images: 17, size: [28, 28], reversed: true, scaled: MINUS_ONE_TO_ONE },
  { kind: "LSTM", hidden: [7, 9], images: 3, size: [5, 9], axis: "columns", reversed: true, scaled: MNIST },
  { kind: "ReLU RNN", hidden: [64], images: 16, size: [6, 5], axis: "pixels", permutation: 92_916 },
  {
    kind: "tanh RNN",
    hidden: [7],
    images: 5,
    size: [4, 7],
    axis: "pixels",
    reversed: true,
    permutation: 4_294_967_295,
  },
  { kind: "tanh RNN", hidden: [63], images: 3, size: [7, 3], axis: "pixels", reversed: true },
];

/** `LSTM 28→100→100, T 28, N 64, K 10`, and the other properties of a case. */
export function describe(test: Case): string {
  const sequence = sequenceOf(test), { axis, reversed, permutation } = sequence;
  const [height, width] = test.size;
  const { T, C } = layOutSequence(sequence, { height, width });
  const sizes = `${test.kind} ${[C, ...test.hidden].join("→")}, T ${T}, N ${test.images}`;
  const read = "range" in sequence ? `${sequence.range[0]}…1` : `mean ${sequence.mean}`;
  const order = [reversed ? "reversed " : "", permutation === undefined ? "" : `permuted by ${permutation} `];
  return `${sizes}, K ${test.classes ?? 10}, ${order.join("")}${axis} in ${read}${
    test.scale ? `, weights × ${test.scale}` : ""
  }`;
}

/** The options of an engine with a training, and sequences to predict. */
export interface CaseOptions extends EngineOptions {
  readonly training: EngineTraining;
  readonly test: Sequences;
}

/** The options of a {@link Case}. */
export interface ImageOptions extends CaseOptions {
  readonly network: Classifier;
  readonly layout: ByteLayout;
}

/** The options of a case; the optimizer is SGD by default. */
export function optionsOf(test: Case, changes: Partial<EngineTraining> = {}): ImageOptions {
  const [height, width] = test.size, classes = test.classes ?? 10;
  const layout = layOutSequence(sequenceOf(test), { height, width });
  const layers = test.hidden.map((hiddenSize, index): StackLayer => ({
    ...SPECS[test.kind],
    inputSize: index === 0 ? layout.C : test.hidden[index - 1],
    hiddenSize,
    dropout: test.dropout?.[index] ?? 0,
  }));
  const network = createStack({ layers, classes, biases: test.biases });
  const images = tinySplit({ count: test.images + 5, height, width, classes, seed: 1 });
  return {
    network,
    layout,
    parameters: tinyParameters(network, { scale: test.scale }),
    training: {
      optimizer: sgd({ learningRate: 0.1 }),
      sequences: sequencesOf(images),
      targets: { kind: "classes", data: images.labels },
      seed: 7,
      batchSize: test.images,
      ...changes,
    },
    test: sequencesOf(tinySplit({ count: test.images + 2, height, width, classes, seed: 2 })),
  };
}

/** `count` positions below `bound`, unsorted, and without repetition if there are enough. */
export function scattered(count: number, bound: number, start = 0): Uint32Array {
  const stride = bound % 3 === 0 ? (bound % 2 === 0 ? 1 : 2) : 3; // shares no divisor with bound
  return Uint32Array.from({ length: count }, (_, k) => (start + (count - k) * stride) % bound);
}

function sequenceOf(
  { axis = "rows", reversed, permutation, scaled = { range: [0, 1] } }: Case,
): Sequence {
  return { axis, reversed, permutation, ...scaled };
}

/** A small LSTM of two layers. */
export const SMALL: Case = { kind: "LSTM", hidden: [7, 5], images: 6, size: [5, 9], classes: 4 };

/** Ten batches of 1 to batchSize sequences. */
export function tenBatches({ training: { sequences, batchSize } }: CaseOptions): Uint32Array[] {
  return Array.from({ length: 10 }, (_, k) => scattered(1 + (k + 4) % batchSize, sequences.count, k));
}

/** Ways to move images: by whole pixels, by anything, and out of sight. */
export const AUGMENTATIONS: Readonly<Record<string, Augmentation>> = {
  shifted: { shift: 2, rotate: 0, scale: 0 },
  "shifted, turned and scaled": { shift: 1, rotate: 30, scale: 0.3 },
  "shifted out of sight": { shift: 40, rotate: 0, scale: 0 },
};

/** Transforms of the images of some batches, drawn anew for each. */
export function transformsOf(
  { layout: { width, stride } }: Pick<ImageOptions, "layout">,
  batches: readonly Uint32Array[],
  most: Augmentation = AUGMENTATIONS["shifted, turned and scaled"],
): Int32Array[] {
  const size = { height: stride / width, width };
  return batches.map((positions, epoch) => drawTransforms(most, { seed: 3, epoch, positions, size }));
}
