/**
 * Sequences and targets for the published models, and weights to start from: the same for every library, from a seed.
 *
 * @module
 */
import { DOMAIN, RandomStream } from "../../../lib/random.ts";
import type { ModelLayer, PublishedModel } from "./table.ts";

/** An array with its shape, row-major. */
export interface Values {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** N sequences `x`, with a target for each of them, or for each of their steps: `y`. */
export interface Examples {
  readonly x: Values;
  readonly y: Values;
}

/** Generates the examples of a model. A sequence has a class, which its target tells and its content depends on. */
export function generateExamples(model: PublishedModel, count: number, seed = 1): Examples {
  const random = new RandomStream(seed, DOMAIN.shuffle, 0);
  const { steps, size } = outputOf(model);
  const classes = model.loss === "binaryCrossentropy" ? 2 : Math.max(size, 2);
  const [T, C = 1] = model.inputShape;
  const x = new Float32Array(count * T * C), y = new Float32Array(count * (steps ?? 1) * size);
  for (let n = 0; n < count; n++) {
    const kind = random.below(classes);
    x.set(generateSequence(model, kind / classes, random), n * T * C);
    for (let t = 0; t < (steps ?? 1); t++) {
      const target = steps === null ? kind : (kind + t) % classes;
      y.set(targetOf(model, target, size, random), (n * (steps ?? 1) + t) * size);
    }
  }
  return {
    x: { data: x, shape: [count, ...model.inputShape] },
    y: { data: y, shape: steps === null ? [count, size] : [count, steps, size] },
  };
}

/** What a model returns: K numbers, at each of some steps or (null) once. */
function outputOf({ layers, inputShape }: PublishedModel): { steps: number | null; size: number } {
  let steps: number | null = inputShape[0], size = 0;
  for (const layer of layers) {
    if (layer.kind === "repeatVector") steps = layer.n;
    if (isRecurrent(layer) && !layer.returnSequences || layer.kind === "bidirectional") steps = null;
    const inner = layer.kind === "timeDistributed" ? layer.layer : layer;
    if ("units" in inner) size = inner.units;
  }
  return { steps, size };
}

function isRecurrent(layer: ModelLayer): layer is ModelLayer & { kind: "lstm" | "gru" | "simpleRNN" } {
  return layer.kind === "lstm" || layer.kind === "gru" || layer.kind === "simpleRNN";
}

/** One sequence `[T, C]`; `phase`, 0 … 1, is what a model can learn to tell. */
function generateSequence(model: PublishedModel, phase: number, random: RandomStream): Float32Array {
  const { content, inputShape: [T, C = 1], layers: [first] } = model;
  const x = new Float32Array(T * C);
  const noise = () => random.uniform() - 0.5;
  const length = content.startsWith("padded") ? 1 + random.below(T) : T;
  const vocabulary = first.kind === "embedding" ? first.inputDim : C;
  const start = random.below(vocabulary), stride = 1 + Math.floor(phase * 7);
  for (let t = 0; t < T; t++) {
    const at = 2 * Math.PI * (phase + t / T);
    switch (content) {
      case "characters":
        x[t * C + (start + t * stride + random.below(2)) % C] = 1;
        break;
      case "tokens":
      case "padded tokens":
        if (t >= T - length) x[t] = 1 + (start + t * stride + random.below(50)) % (vocabulary - 1);
        break;
      default:
        for (let c = 0; c < C && (content !== "padded points" || t < length); c++) {
          const wave = Math.sin(at + c) + 0.2 * noise();
          x[t * C + c] = content === "series" ? wave : 0.5 + 0.4 * wave;
        }
    }
  }
  return x;
}

/** The target of a class: a one-hot row, 0 or 1, or numbers to predict. */
function targetOf({ loss }: PublishedModel, kind: number, size: number, random: RandomStream): number[] {
  if (loss === "binaryCrossentropy") return [kind];
  if (loss === "meanSquaredError" || loss === "meanAbsoluteError") {
    return Array.from({ length: size }, (_, k) => 0.8 * Math.cos(3 * kind + k) + 0.2 * random.uniform());
  }
  return Array.from({ length: size }, (_, k) => k === kind ? 1 : 0);
}

/** Weights of the shapes that a model has: matrices uniform ±√(6 / (rows + columns)), vectors uniform ±0.1. */
export function generateWeights(
  shapes: readonly (readonly number[])[],
  seed = 1,
): Float32Array<ArrayBuffer>[] {
  return shapes.map((shape, index) => {
    const random = new RandomStream(seed, DOMAIN.initialize, index);
    const [rows, columns] = shape;
    const bound = columns === undefined ? 0.1 : Math.sqrt(6 / (rows + columns));
    const size = shape.reduce((a, b) => a * b, 1);
    return Float32Array.from({ length: size }, () => bound * (2 * random.uniform() - 1));
  });
}
