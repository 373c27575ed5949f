/**
 * The check of an adapter: one gradient, or logits where nothing is trained, compared with the reference engine's.
 *
 * The check has weights and images of its own, so that chaotic, huge or NaN weights or blank images do not affect the
 * result; only shapes, kinds of layers and dropout are those of the training.
 *
 * @module
 */
import type { Split } from "../../data/images.ts";
import { layOutSequence } from "../../data/sequence.ts";
import type { Network } from "../../model/network.ts";
import { DOMAIN, hashName, RandomStream } from "../../random.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { openReference } from "../reference/engine.ts";
import { narrow } from "./limits.ts";

/** Images of the check: more than a quad, so that it covers several lanes and workgroups. */
const IMAGES = 5;
/** The most multiplications of the reference engine: some tens of milliseconds. */
const MOST_MULTIPLICATIONS = 5e7;
/** The most T, features and units of a smaller network; more units than a workgroup has invocations. */
const SMALL = { T: 6, units: 70 };
/** Relative to the largest element. Correct adapters are within 2e-6; wrong ones have been far off. */
const TOLERANCE = 1e-3;
/** Differences below this are ignored: adapters may flush subnormal numbers to 0. */
const LEAST = 1e-30;
/** How many sets of weights are tried where the reference itself depends on a rounding. */
const DRAWS = 3;
/** The size of a hundred rounding errors. */
const NUDGE = 1e-5;

/** An engine that can load other images and weights of the same shapes. */
export interface CheckedEngine extends Engine {
  load(options: EngineOptions): Promise<void>;
}

/**
 * Compares a device with the reference engine over a few made-up images: the gradient, or the logits if it only predicts.
 * The network has the same shapes, unless the reference would take long: then it is a smaller one of the same kind. Leaves
 * made-up images and weights in the engine.
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
  await using small = await open(smaller);
  await check(small, smaller);
}

/** The multiplications of one gradient over the images of the check. */
function multiplications({ network, imageSize, sequence }: EngineOptions): number {
  const { T } = layOutSequence(sequence, imageSize);
  const weights = network.layers.reduce((sum, { kernel, recurrentKernel }) => {
    return sum + kernel.size + recurrentKernel.size;
  }, 0);
  return 3 * IMAGES * T * weights;
}

/** Options with the same kinds of layers, but fewer t, features and units. */
function shrink(options: EngineOptions): EngineOptions {
  const { T, C } = layOutSequence(options.sequence, options.imageSize);
  const imageSize = { height: Math.min(T, SMALL.T), width: Math.min(C, SMALL.units) };
  const network = narrow(options.network, { units: SMALL.units, features: SMALL.units });
  return {
    ...options,
    network,
    imageSize,
    sequence: { axis: "rows", range: [-1, 1] },
    parameters: new Float32Array(network.size),
    training: options.training && {
      ...options.training,
      train: madeUpImages(imageSize, { count: IMAGES, classes: network.head.classes }),
      batchSize: IMAGES,
    },
  };
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
          options.training ? "gradients must be right: that of " : "logits must be right: "
        }${wrong.name} is ` +
        `${wrong.found} where the textbook has ${wrong.expected}, over ${trial.images.count} made-up images; ` +
        `try another driver or --device wasm, or --no-self-check to ${action} all the same`,
    );
  }
}

/** Made-up images and weights in the shapes of an engine. */
interface Trial {
  readonly options: EngineOptions;
  readonly images: Split;
}

function makeUp(options: EngineOptions, draw: number): Trial {
  const { network, imageSize, sequence: { axis }, training } = options;
  const count = training ? Math.min(IMAGES, training.train.count, training.batchSize) : IMAGES;
  const images = madeUpImages(imageSize, { count, classes: network.head.classes });
  return {
    images,
    options: {
      ...options,
      sequence: { axis, range: [-1, 1] },
      parameters: madeUpParameters(network, draw),
      training: training && { ...training, train: images },
    },
  };
}

function madeUpImages(
  { height, width }: EngineOptions["imageSize"],
  { count, classes }: { count: number; classes: number },
): Split {
  const random = new RandomStream(0, DOMAIN.initialize, hashName("images of the self-check"));
  const pixels = Uint8Array.from({ length: count * height * width }, () => random.below(256));
  return { pixels, labels: Uint8Array.from({ length: count }, (_, n) => n % classes), count, height, width };
}

/**
 * Weights that make no network chaotic or saturated. Kernels are uniform ±1/√rows, or smaller where dropout makes their
 * inputs larger, so that a recurrent kernel shrinks its input. Biases are 0 … ½, so that few ReLUs are dead; those of a
 * `hardSigmoid` also reach beyond both ends of its linear part.
 */
function madeUpParameters(network: Network, draw: number): Float32Array {
  const flat = new Float32Array(network.size);
  const fill = ({ name, offset, size }: Network["parameters"][number], low: number, high: number) => {
    const random = new RandomStream(draw, DOMAIN.initialize, hashName(name));
    for (let k = offset; k < offset + size; k++) flat[k] = low + (high - low) * random.uniform();
  };
  let kept = 1; // the share of the inputs that dropout keeps
  for (const layer of network.layers) {
    const { kernel, recurrentKernel, bias, inputSize, hiddenSize, dropout } = layer;
    const hard = layer.kind === "lstm" && layer.gateActivation === "hardSigmoid";
    fill(kernel, -kept / Math.sqrt(inputSize), kept / Math.sqrt(inputSize));
    fill(recurrentKernel, -1 / Math.sqrt(hiddenSize), 1 / Math.sqrt(hiddenSize));
    fill(bias, hard ? -3.5 : 0, hard ? 3.5 : 0.5);
    kept = 1 - dropout;
  }
  const { kernel, bias, inputSize } = network.head;
  fill(kernel, -kept / Math.sqrt(inputSize), kept / Math.sqrt(inputSize));
  fill(bias, 0, 0.5);
  return flat;
}

/** The gradient over all images, or their logits, in reverse order. */
async function measure(engine: Engine, { options, images }: Trial): Promise<Float32Array> {
  const all = Uint32Array.from({ length: images.count }, (_, n) => images.count - 1 - n);
  return options.training ? await engine.gradient(all) : await engine.predict(images, all);
}

async function textbook(trial: Trial): Promise<Float32Array> {
  await using reference = await openReference(trial.options);
  return await measure(reference, trial);
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

/** The first element that is wrong, tensor by tensor; logits count as one tensor. */
function firstDifference(
  { network, training }: EngineOptions,
  found: Float32Array,
  expected: Float32Array,
) {
  const tensors = training ? network.parameters : [{ name: "logits", offset: 0, size: expected.length }];
  for (const { name, offset, size } of tensors) {
    const wanted = expected.subarray(offset, offset + size), got = found.subarray(offset, offset + size);
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const tolerance = Math.max(TOLERANCE * largest, LEAST);
    const wrong = wanted.findIndex((value, k) => !(Math.abs(got[k] - value) <= tolerance));
    if (wrong >= 0) return { name: `${name}[${wrong}]`, found: got[wrong], expected: wanted[wrong] };
  }
}
