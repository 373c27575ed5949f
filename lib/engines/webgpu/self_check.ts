/**
 * The check of an adapter before it is trusted: one gradient against the textbook, or, where nothing is trained, logits.
 *
 * Weights and images are the check's own, so that neither a start that is chaotic, huge or NaN nor blank images decide
 * what is said of an adapter; only shapes, kinds of layers and dropout are those of the training.
 *
 * @module
 */
import type { Split } from "../../data/images.ts";
import { layOutSequence } from "../../data/sequence.ts";
import { gateCount, type Network } from "../../model/network.ts";
import { DOMAIN, hashName, RandomStream } from "../../random.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { openReference } from "../reference/engine.ts";
import { narrow } from "./limits.ts";

/** Images in the check: more than a quad, so that lanes and workgroups are told apart. */
const IMAGES = 5;
/** What the textbook may take: some tens of milliseconds. */
const MOST_MULTIPLICATIONS = 5e7;
/** Steps, features and units of the smaller network where that is not enough: more units than a workgroup has invocations. */
const SMALL = { T: 6, units: 70 };
/** Of the largest element. Right adapters are within 2e-6 of it; wrong ones, of which there are reports, miss by far more. */
const TOLERANCE = 1e-3;
/** Below this a gradient is 0: adapters may flush what is smaller than a normal float32. */
const LEAST = 1e-30;
/** How many weights are tried where the textbook itself hangs on a rounding. */
const DRAWS = 3;
/** A hundred roundings. */
const NUDGE = 1e-5;

/** An engine that can be given other images and weights of the same shapes. */
export interface CheckedEngine extends Engine {
  load(options: EngineOptions): Promise<void>;
}

/**
 * Compares what a device makes of a few made-up images with the textbook's: the gradient, or the logits if it only predicts; in a network of the same shapes, or where that would
 * take the textbook long, in a smaller one of the same kind. Leaves made-up images and weights in the engine.
 *
 * @param open Opens an engine of the device that is to be checked
 * @throws {Error} If they differ; says by how much
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

/** Of one gradient over the images of the check. */
function multiplications({ network, imageSize, sequence }: EngineOptions): number {
  const { T } = layOutSequence(sequence, imageSize);
  const aStep = network.layers.reduce((sum, layer) => {
    const { inputSize: C, hiddenSize: H } = layer;
    return sum + 3 * (C + H) * H * gateCount(layer);
  }, 0);
  return IMAGES * T * aStep;
}

/** The same kinds of layers with at most so many steps, features and units. */
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
    const trial = makeUp(options, draw), trains = options.training !== null;
    await engine.load(trial.options);
    const found = await measure(engine, trial);
    const expected = await textbook(trial);
    const wrong = firstDifference(trial.options, found, expected);
    if (!wrong) return;
    if (draw < DRAWS && await hangsOnRounding(trial, expected)) continue;
    throw new Error(
      `Cannot ${trains ? "train" : "predict"} on ${engine.device.detail}: its ` +
        `${trains ? "gradients must be right: that of " : "logits must be right: "}${wrong.name} is ` +
        `${wrong.found} where the textbook has ${wrong.expected}, over ${trial.images.count} made-up images; ` +
        `try another driver or --device wasm, or --no-self-check to ${
          trains ? "train" : "predict"
        } all the same`,
    );
  }
}

/** Images and weights of the check's own, in the shapes of an engine. */
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
 * Weights over which no network is chaotic or saturated: kernels uniform ±1/√rows, less where dropout makes their inputs
 * larger, so that a recurrent kernel shrinks what passes through it; biases 0 … ½, so that few ReLUs are dead, or on both
 * sides of what is linear in `hardSigmoid`.
 */
function madeUpParameters(network: Network, draw: number): Float32Array {
  const flat = new Float32Array(network.size);
  const fill = ({ name, offset, size }: Network["parameters"][number], low: number, high: number) => {
    const random = new RandomStream(draw, DOMAIN.initialize, hashName(name));
    for (let k = offset; k < offset + size; k++) flat[k] = low + (high - low) * random.uniform();
  };
  let kept = 1; // of the outputs of the layer below
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

/** The gradient over all images, or their logits; the last image first. */
async function measure(engine: Engine, { options, images }: Trial): Promise<Float32Array> {
  const all = Uint32Array.from({ length: images.count }, (_, n) => images.count - 1 - n);
  return options.training ? await engine.gradient(all) : await engine.predict(images, all);
}

async function textbook(trial: Trial): Promise<Float32Array> {
  await using reference = await openReference(trial.options);
  return await measure(reference, trial);
}

/** Whether the textbook's own numbers are others a few roundings away: where a ReLU is about to switch. */
async function hangsOnRounding(trial: Trial, expected: Float32Array): Promise<boolean> {
  const { options } = trial, direction = madeUpParameters(options.network, 0);
  for (const nudge of [NUDGE, -NUDGE]) {
    const parameters = options.parameters.map((p, k) => p + nudge * direction[k]);
    const found = await textbook({ ...trial, options: { ...options, parameters } });
    if (firstDifference(options, found, expected)) return true;
  }
  return false;
}

/** Tensor by tensor of a gradient; logits are one. */
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
