/**
 * The check of an adapter: one gradient, or answers where nothing is trained, compared with the reference engine's.
 *
 * The check has weights, sequences and targets of its own, so that chaotic, huge or NaN weights or blank images do not affect
 * the result; only shapes, kinds of layers, loss and dropout are those of the training.
 *
 * @module
 */
import type { ByteLayout, SequenceLayout, Sequences, Targets } from "../../data/sequences.ts";
import { drawTransforms } from "../../data/transform.ts";
import { CATEGORICAL } from "../../model/losses.ts";
import {
  type CellActivation,
  type Network,
  type Parameter,
  type RecurrentLayer,
  recurrentLayers,
  stepsOf,
} from "../../model/network.ts";
import { DOMAIN, hashName, RandomStream } from "../../random.ts";
import { asyncDispose } from "../../symbols.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { openReference } from "../reference/engine.ts";
import { narrow } from "./narrow.ts";

/** Sequences of the check: more than a quad, so that it covers several lanes and workgroups. */
const SEQUENCES = 5;
/** The most multiplications of the reference engine: some tens of milliseconds. */
const MOST_MULTIPLICATIONS = 5e7;
/**
 * The most steps, units, features and tokens of a smaller network; more units than a workgroup of the usual shape has invocations, and steps that
 * are cut into pieces within a part of the rows of a weight gradient.
 */
const SMALL = { T: 9, units: 70, features: 70, vocabulary: 50, repeats: 6 };
/** Relative to the largest element. Correct adapters are within 2e-6; wrong ones have been far off. */
const TOLERANCE = 1e-3;
/** Differences below this are ignored: adapters may flush subnormal numbers to 0. */
const LEAST = 1e-30;
/** Relative to all tensors, where there are normalizations: they leave the bias below them no gradient but rounding errors. */
const LEAST_NORMALIZED = 1e-5;
/** How many sets of weights are tried where the reference itself depends on a rounding. */
const DRAWS = 3;
/** The size of a hundred rounding errors. */
const NUDGE = 1e-5;

/** An engine that can load other sequences and weights of the same shapes. */
export interface CheckedEngine extends Omit<Engine, "begin" | "collect" | "runsAhead"> {
  load(options: EngineOptions): Promise<void>;
}

/**
 * Compares a device with the reference engine over a few made-up sequences: the gradient, or the answers if it only predicts.
 * The network has the same shapes, unless the reference would take long: then it is a smaller one of the same kind. Leaves
 * made-up sequences and weights in the engine.
 *
 * @param open Opens another engine on the same device
 * @throws {Error} If the numbers differ; says by how much
 */
export async function checkDevice(
  engine: CheckedEngine,
  options: EngineOptions,
  open: (options: EngineOptions) => Promise<CheckedEngine>,
): Promise<void> {
  if (multiplications(options) <= MOST_MULTIPLICATIONS) return await check(engine, options);
  const smaller = shrink(options);
  const small = await open(smaller);
  try {
    await check(small, smaller);
  } finally {
    await small[asyncDispose]();
  }
}

/** The multiplications of one gradient over the sequences of the check, if every layer saw the longest sequence. */
function multiplications({ network, layout }: EngineOptions): number {
  const T = Math.max(...stepsOf(network, layout.T).map(({ count }) => count));
  const weights = network.parameters.reduce((sum, { name, size }) => {
    return name === "embeddings" ? sum : sum + size;
  }, 0);
  return 3 * SEQUENCES * T * weights;
}

/** Options with the same kinds of layers, but fewer steps, features, tokens and units. */
function shrink(options: EngineOptions): EngineOptions {
  const network = narrow(options.network, SMALL), T = Math.min(options.layout.T, SMALL.T);
  const smaller = {
    network,
    layout: layoutOf(options.layout, { T, C: network.input.size }),
    parameters: new Float32Array(network.size),
    training: options.training,
  };
  const { sequences, targets } = madeUpData(smaller, SEQUENCES);
  return {
    ...smaller,
    training: options.training && { ...options.training, sequences, targets, batchSize: SEQUENCES },
  };
}

/** A layout of the same kind with other sizes. */
function layoutOf(layout: SequenceLayout, { T, C }: { T: number; C: number }): SequenceLayout {
  switch (layout.kind) {
    case "bytes":
      return {
        ...layout,
        T,
        C,
        stride: T * C,
        width: C,
        order: Uint32Array.from({ length: T * C }, (_, i) => T * C - 1 - i),
      };
    case "floats":
      return { kind: "floats", T, C, stride: T * C };
    case "tokens":
      return { kind: "tokens", T, stride: T };
  }
}

async function check(engine: CheckedEngine, options: EngineOptions): Promise<void> {
  for (let draw = 1;; draw++) {
    const trial = makeUp(options, draw);
    await engine.load(trial.options);
    const found = await measure(engine, trial);
    const expected = await textbook(trial);
    const wrong = firstDifference(trial.options, found, expected);
    if (!wrong) return;
    if (draw < DRAWS && await dependsOnRounding(trial, expected)) continue;
    const action = options.training ? "train" : "predict";
    throw new Error(
      `Cannot ${action} on ${engine.device.detail}: its ` +
        `${
          options.training ? "gradients must be right: that of " : "answers must be right: "
        }${wrong.name} is ` +
        `${wrong.found} where the textbook has ${wrong.expected}, over ${trial.sequences.count} made-up sequences; ` +
        `try another driver or --device wasm, or --no-self-check to ${action} all the same`,
    );
  }
}

/** Made-up sequences and weights in the shapes of an engine. */
interface Trial {
  readonly options: EngineOptions;
  readonly sequences: Sequences;
}

function makeUp(options: EngineOptions, draw: number): Trial {
  const { network, layout, training } = options;
  const count = training ? Math.min(SEQUENCES, training.sequences.count, training.batchSize) : SEQUENCES;
  const { sequences, targets } = madeUpData(options, count);
  return {
    sequences,
    options: {
      ...options,
      layout: layout.kind === "bytes" ? { ...layout, scale: MADE_UP_SCALE } : layout,
      parameters: madeUpParameters(network, draw),
      training: training && { ...training, sequences, targets },
    },
  };
}

/** −1 … 1. */
const MADE_UP_SCALE = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1);

/** Uniform sequences, and targets that suit the loss; if a network masks steps, a third of them is masked. */
function madeUpData(
  { network, layout, training }: EngineOptions,
  count: number,
): { sequences: Sequences; targets: Targets } {
  const random = new RandomStream(0, DOMAIN.initialize, hashName("sequences of the self-check"));
  const { input, output: { size: K } } = network, { T, stride } = layout;
  const rows = count * stepsOf(network, T).at(-1)!.count;
  const targets: Targets = training?.targets.kind === "rows"
    ? { kind: "rows", data: madeUpRows(network, rows, random) }
    : { kind: "classes", data: Int32Array.from({ length: rows }, (_, row) => row % K) };
  const fill = (next: () => number) => Array.from({ length: count * stride }, next);
  if (input.kind === "tokens") {
    const next = () => input.maskZero && random.below(3) === 0 ? 0 : random.below(input.vocabulary);
    return { sequences: { data: Int32Array.from(fill(next)), count }, targets };
  }
  if (layout.kind === "bytes") {
    return { sequences: { data: Uint8Array.from(fill(() => random.below(256))), count }, targets };
  }
  const data = Float32Array.from(fill(() => 2 * random.uniform() - 1)), { maskValue, size: C } = input;
  for (let row = 0; maskValue !== null && row < count * T; row++) {
    if (random.below(3) === 0) data.fill(maskValue, row * C, (row + 1) * C);
  }
  return { sequences: { data, count }, targets };
}

/** Targets of K numbers: one is 1 where they are classes, else 0 … 1. */
function madeUpRows(
  { loss, metrics, output: { size: K } }: Network,
  rows: number,
  random: RandomStream,
): Float32Array {
  const categorical = [loss, ...metrics].some((name) => CATEGORICAL.includes(name));
  return Float32Array.from({ length: rows * K }, (_, k) => {
    return categorical ? Number(k % K === Math.floor(k / K) % K) : random.uniform();
  });
}

/**
 * Weights that make no network chaotic or saturated. Kernels are uniform ±1/√rows, or smaller where dropout makes their
 * inputs larger, so that a recurrent kernel shrinks its input. Biases are 0 … ½, so that few ReLUs are dead; those of a
 * `hardSigmoid` also reach beyond both ends of its linear part.
 */
function madeUpParameters(network: Network, draw: number): Float32Array {
  const flat = new Float32Array(network.size), { input } = network;
  const fill = ({ name, offset, size }: Parameter, low: number, high: number) => {
    const random = new RandomStream(draw, DOMAIN.initialize, hashName(name));
    for (let k = offset; k < offset + size; k++) flat[k] = low + (high - low) * random.uniform();
  };
  if (input.kind === "tokens") fill(input.embeddings, -1, 1);
  let kept = 1; // the share of the inputs that dropout keeps
  for (const layer of network.layers) {
    if (layer.kind === "dropout") kept *= 1 - layer.rate;
    if (layer.kind === "dense") {
      const { kernel, bias, inputSize } = layer, [low, high] = biasRange([layer.activation]);
      fill(kernel, -kept / Math.sqrt(inputSize), kept / Math.sqrt(inputSize));
      if (bias) fill(bias, low, high);
    }
    if (layer.kind === "batchNorm") {
      for (const one of [layer.gamma, layer.movingVariance]) if (one) fill(one, 0.5, 1.5);
      for (const one of [layer.beta, layer.movingMean]) if (one) fill(one, 0, 0.5);
    }
    const cells = recurrentLayers({ layers: [layer] });
    for (const cell of cells) fillCell(cell, kept, fill);
    if (layer.kind === "dense" || layer.kind === "batchNorm" || cells.length > 0) kept = 1;
  }
  return flat;
}

function fillCell(
  cell: RecurrentLayer,
  kept: number,
  fill: (parameter: Parameter, low: number, high: number) => void,
): void {
  const { kernel, recurrentKernel, bias, inputSize, hiddenSize, inputDropout, recurrentDropout } = cell;
  const x = kept * (1 - inputDropout) / Math.sqrt(inputSize),
    h = (1 - recurrentDropout) / Math.sqrt(hiddenSize);
  const [low, high] = biasRange([cell.activation, ...cell.kind === "rnn" ? [] : [cell.gateActivation]]);
  fill(kernel, -x, x);
  fill(recurrentKernel, -h, h);
  if (bias) fill(bias, low, high);
}

/** Biases that reach all parts of some activations. */
function biasRange(activations: readonly (CellActivation | "softmax")[]): [low: number, high: number] {
  return activations.includes("hardSigmoid") ? [-3.5, 3.5] : [0, 0.5];
}

/** The gradient over all sequences, or their answers, in reverse order. */
async function measure(
  engine: Pick<Engine, "gradient" | "predict">,
  { options, sequences }: Trial,
): Promise<Float32Array> {
  const all = Uint32Array.from({ length: sequences.count }, (_, n) => sequences.count - 1 - n);
  const { training } = options;
  if (!training) return await engine.predict(sequences, all);
  return await engine.gradient(all, madeUpTransforms(options, all));
}

/** Transforms that move, turn and scale, where a training has transforms. */
export function madeUpTransforms(
  { layout, training }: Pick<EngineOptions, "layout" | "training">,
  positions: Uint32Array,
): Int32Array | undefined {
  if (!training?.transforms) return undefined;
  const { stride, width } = layout as ByteLayout;
  const most = { shift: 1, rotate: 30, scale: 0.2 }, size = { height: stride / width, width };
  return drawTransforms(most, { seed: 0, epoch: 0, positions, size });
}

async function textbook(trial: Trial): Promise<Float32Array> {
  const reference = await openReference(trial.options);
  try {
    return await measure(reference, trial);
  } finally {
    await reference[asyncDispose]();
  }
}

/** Whether rounding errors change the reference's own numbers: where a ReLU is about to switch. */
async function dependsOnRounding(trial: Trial, expected: Float32Array): Promise<boolean> {
  const { options } = trial, direction = madeUpParameters(options.network, 0);
  for (const nudge of [NUDGE, -NUDGE]) {
    const parameters = options.parameters.map((p, k) => p + nudge * direction[k]);
    const found = await textbook({ ...trial, options: { ...options, parameters } });
    if (firstDifference(options, found, expected)) return true;
  }
  return false;
}

/** The first element that is wrong, tensor by tensor; answers count as one tensor. */
function firstDifference(
  { network, training }: EngineOptions,
  found: Float32Array,
  expected: Float32Array,
) {
  const tensors = training ? network.parameters : [{ name: "answers", offset: 0, size: expected.length }];
  const isNormalized = network.layers.some(({ kind }) => kind === "batchNorm");
  const least = isNormalized ? Math.max(LEAST_NORMALIZED * largestOf(expected), LEAST) : LEAST;
  for (const { name, offset, size } of tensors) {
    const wanted = expected.subarray(offset, offset + size), got = found.subarray(offset, offset + size);
    const tolerance = Math.max(TOLERANCE * largestOf(wanted), least);
    const wrong = wanted.findIndex((value, k) => !(Math.abs(got[k] - value) <= tolerance));
    if (wrong >= 0) return { name: `${name}[${wrong}]`, found: got[wrong], expected: wanted[wrong] };
  }
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
