/**
 * What is measured: networks on batches of digits, and how many floating-point operations they take.
 *
 * @module
 */
import {
  adadelta,
  adam,
  type Dataset,
  type Optimizer,
  rmsprop,
  type Sequence,
  type Split,
  takeImages,
} from "../../mod.ts";
import { type Classifier, createClassifier } from "../../run.ts";

/** A recurrent layer as the peers know them: an LSTM of sigmoid gates, or a ReLU RNN. */
export interface MeasuredLayer {
  readonly kind: "lstm" | "rnn";
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/** A network, its optimizer, and how it reads images. */
export interface MeasuredNetwork {
  readonly about: string;
  /** The recurrent layers; a dense one stands above. */
  readonly layers: readonly MeasuredLayer[];
  readonly optimizer: Optimizer;
  readonly sequence: Sequence;
}

/** The networks by name. */
export const NETWORKS = {
  "lstm-64": {
    about: "LSTM 28→64 over rows, Adam (train-lstm-adam)",
    layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 64 }],
    optimizer: adam({ learningRate: 0.01 }),
    sequence: { axis: "rows", range: [0, 1] },
  },
  "lstm-100x2": {
    about: "LSTM 28→100→100 over columns, Adadelta (train-lstm)",
    layers: [
      { kind: "lstm", inputSize: 28, hiddenSize: 100 },
      { kind: "lstm", inputSize: 100, hiddenSize: 100 },
    ],
    optimizer: adadelta({ learningRate: 0.1 }),
    sequence: { axis: "columns", range: [-1, 1] },
  },
  "rnn-128": {
    about: "ReLU RNN 28→128 over rows, RMSprop (train-rnn)",
    layers: [{ kind: "rnn", inputSize: 28, hiddenSize: 128 }],
    optimizer: rmsprop({ learningRate: 3e-4 }),
    sequence: { axis: "rows", range: [0, 1] },
  },
} as const satisfies Record<string, MeasuredNetwork>;

/** The network of measured layers, with two biases each, as in PyTorch. */
export function networkOf(layers: readonly MeasuredLayer[], classes: number): Classifier {
  const recurrent = layers.map(({ kind, hiddenSize }, index) => {
    const sizes = { hiddenSize, returnSequences: index < layers.length - 1 };
    return kind === "lstm" ? { kind, ...sizes } : { kind, activation: "relu", ...sizes } as const;
  });
  const [{ inputSize }] = layers;
  return createClassifier({
    inputSize,
    layers: [...recurrent, { kind: "dense", units: classes }],
    biases: 2,
  });
}

/** One of {@link NETWORKS}. */
export type NetworkName = keyof typeof NETWORKS;

/** A network and the batches that it is measured on. */
export interface Workload extends MeasuredNetwork {
  readonly name: string;
  /** N. */
  readonly batchSize: number;
  /** T, the length of a sequence. */
  readonly steps: number;
  /** The lines of each image; 28 in the digits as they are. */
  readonly lines: number;
}

/** The networks of the recipes. */
export function recipeWorkloads(): Workload[] {
  const networks: [string, MeasuredNetwork][] = Object.entries(NETWORKS);
  return networks.map(([name, network]) => ({ name, ...network, batchSize: 64, steps: 28, lines: 28 }));
}

/** A workload of a sweep, and what is varied. */
export interface SweepPoint {
  readonly axis: "H" | "N" | "T";
  readonly size: number;
  readonly workload: Workload;
}

/** An LSTM layer of 64 units on 64 images of 28 lines, with one of the three numbers varied. */
export function sweepPoints({ quick }: { quick: boolean }): SweepPoint[] {
  const point = (axis: SweepPoint["axis"], size: number, changed: Partial<Workload> = {}): SweepPoint => {
    const { layers: [layer], ...base } = recipeWorkloads()[0];
    const hiddenSize = axis === "H" ? size : 64;
    const inputSize = changed.sequence?.axis === "pixels" ? 1 : 28;
    return {
      axis,
      size,
      workload: {
        ...base,
        name: `${axis}=${size}`,
        layers: [{ ...layer, inputSize, hiddenSize }],
        ...(axis === "N" ? { batchSize: size } : {}),
        ...(axis === "T" ? { steps: size, lines: size } : {}),
        ...changed,
      },
    };
  };
  const pixels = { sequence: { axis: "pixels", range: [0, 1] }, lines: 28 } as const;
  return [
    ...(quick ? [32, 64, 128, 256] : [32, 64, 128, 256, 512]).map((size) => point("H", size)),
    ...(quick ? [16, 64, 256] : [16, 32, 64, 128, 256, 512]).map((size) => point("N", size)),
    ...(quick ? [14, 28, 56] : [14, 28, 56, 112, 224]).map((size) => point("T", size)),
    point("T", 784, pixels),
  ];
}

/** Whether an exponent is fitted to a point: not to 784 pixels, which are read one by one instead of 28 at a time. */
export function fitted({ workload }: SweepPoint): boolean {
  return workload.sequence.axis !== "pixels";
}

/**
 * Makes images of another height out of digits: their middle lines, or several digits one above the other.
 *
 * @param lines At most 28, or a multiple of it
 */
export function stackDigits({ train }: Pick<Dataset, "train">, lines: number, count: number): Split {
  const { width, height, pixels, labels } = train;
  if (lines === height) return takeImages(train, 0, Math.min(count, train.count));
  const digits = Math.max(1, lines / height), skipped = Math.max(0, (height - lines) >> 1);
  const imageBytes = lines * width, digitBytes = Math.min(imageBytes, height * width);
  const stacked = new Uint8Array(count * imageBytes);
  for (let n = 0; n < count; n++) {
    for (let digit = 0; digit < digits; digit++) {
      const source = ((n + digit * count) % train.count * height + skipped) * width;
      stacked.set(pixels.subarray(source, source + digitBytes), n * imageBytes + digit * digitBytes);
    }
  }
  return { pixels: stacked, labels: labels.slice(0, count), count, height: lines, width };
}

/** Floating-point operations in the products of one batch, two a multiply-add, including those that Scanline saves. */
export interface Flops {
  readonly forward: number;
  /** A training step: forward, backward and the gradients of the weights. */
  readonly step: number;
}

/**
 * Counts the operations of the recurrent layers' products. The head has a thousandth as many and is left out, as are
 * activations and the update.
 */
export function countFlops(
  { layers, batchSize, steps }: Pick<Workload, "layers" | "batchSize" | "steps">,
): Flops {
  let forward = 0, backward = 0;
  for (const [index, { kind, inputSize: C, hiddenSize: H }] of layers.entries()) {
    const rows = steps * batchSize, columns = (kind === "lstm" ? 4 : 1) * H;
    const input = 2 * rows * C * columns, recurrent = 2 * rows * H * columns;
    forward += input + recurrent; // x W, h R
    backward += input + recurrent; // dW = xᵀ dz, dR = hᵀ dz
    backward += recurrent; // dh = dz Rᵀ
    if (index > 0) backward += input; // dx = dz Wᵀ, only where a layer below needs it
  }
  return { forward, step: forward + backward };
}
