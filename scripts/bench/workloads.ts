/**
 * What is measured: networks on batches of real digits, and how many floating-point operations they take.
 *
 * @module
 */
import { type Dataset, type Optimizer, type Sequence, type Split, takeImages } from "../../mod.ts";
import type { LayerSpec } from "../../run.ts";
import { type MeasuredNetwork, NETWORKS } from "./networks.ts";

/** A network and the batches that it is measured on. */
export interface Workload {
  readonly name: string;
  readonly about: string;
  readonly layers: readonly LayerSpec[];
  readonly optimizer: Optimizer;
  readonly sequence: Sequence;
  /** N. */
  readonly batchSize: number;
  /** T, the steps of a sequence. */
  readonly steps: number;
  /** Lines of each image; 28 are the digit as it is. */
  readonly lines: number;
}

/** The networks of the recipes, by name. */
export function recipeWorkloads(batchSize = 64): Workload[] {
  return Object.entries(NETWORKS).map(([name, network]: [string, MeasuredNetwork]) => ({
    name,
    ...network,
    batchSize,
    steps: 28,
    lines: 28,
  }));
}

/** One workload of a sweep, and what was varied. */
export interface SweepPoint {
  readonly axis: "H" | "N" | "T";
  readonly size: number;
  readonly workload: Workload;
}

/** One LSTM layer of 64 units on 64 images of 28 lines, with one of the three numbers varied. */
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

/** Whether a point is on the line that {@link fitExponent} fits: 784 pixels are read one by one, not 28 at a time. */
export function fitted({ workload }: SweepPoint): boolean {
  return workload.sequence.axis !== "pixels";
}

/**
 * Images of another height, made of real digits: the middle lines, or several digits one above the other.
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

/** Floating-point operations of the products of one batch, two a multiply-add; what shared prefixes and blank inputs save not subtracted. */
export interface Flops {
  readonly forward: number;
  /** Forward, backward and the weights' gradients: a training step. */
  readonly step: number;
}

/**
 * Counts the products of the recurrent layers. The head takes a thousandth of them and is left out, as are activations
 * and the update.
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
