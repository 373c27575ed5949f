/**
 * The check of an adapter before it is trusted: one gradient against the textbook.
 *
 * Weights and images are the check's own, so that neither a start that is chaotic, huge or NaN nor blank images decide
 * what is said of an adapter; only shapes, kinds of layers and dropout are those of the training.
 *
 * @module
 */
import type { Split } from "../../data/dataset.ts";
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
 * Compares the gradient of a few made-up images with the textbook's: in a network of the same shapes, or where that would
 * take the textbook long, in a smaller one of the same kind. Leaves made-up images and weights in the engine.
 *
 * @param open Opens an engine of the device that is to be checked
 * @throws {Error} If the gradients differ; says by how much
 */
export async function checkDevice(
  engine: CheckedEngine,
  options: EngineOptions,
  open: (options: EngineOptions) => Promise<CheckedEngine>,
): Promise<void> {
  if (multiplications(options) <= MOST_MULTIPLICATIONS) return await checkGradient(engine, options);
  const smaller = shrink(options);
  await using small = await open(smaller);
  await checkGradient(small, smaller);
}

/** Of one gradient over the images of the check. */
function multiplications({ network, train, sequence }: EngineOptions): number {
  const { T } = layOutSequence(sequence, train);
  const aStep = network.layers.reduce((sum, layer) => {
    const { inputSize: C, hiddenSize: H } = layer;
    return sum + 3 * (C + H) * H * gateCount(layer);
  }, 0);
  return IMAGES * T * aStep;
}

/** The same kinds of layers with at most so many steps, features and units. */
function shrink(options: EngineOptions): EngineOptions {
  const { T, C } = layOutSequence(options.sequence, options.train);
  const height = Math.min(T, SMALL.T), width = Math.min(C, SMALL.units);
  const network = narrow(options.network, { units: SMALL.units, features: SMALL.units });
  return {
    ...options,
    network,
    ...madeUpImages({ height, width, count: IMAGES, classes: network.head.classes }),
    sequence: { axis: "rows", range: [-1, 1] },
    batchSize: IMAGES,
    parameters: new Float32Array(network.size),
  };
}

async function checkGradient(engine: CheckedEngine, options: EngineOptions): Promise<void> {
  for (let draw = 1;; draw++) {
    const own = makeUp(options, draw), { count } = own.train;
    await engine.load(own);
    const found = await engine.gradient(allOf(own));
    const expected = await textbook(own);
    const wrong = firstDifference(own.network, found, expected);
    if (!wrong) return;
    if (draw < DRAWS && await hangsOnRounding(own, expected)) continue;
    throw new Error(
      `Cannot train on ${engine.device.detail}: its gradients must be right: that of ${wrong.name} is ` +
        `${wrong.found} where the textbook has ${wrong.expected}, over ${count} made-up images; try another driver ` +
        `or --device wasm, or --no-self-check to train all the same`,
    );
  }
}

/** Images and weights of the check's own, in the shapes of a training. */
function makeUp(options: EngineOptions, draw: number): EngineOptions {
  const { network, train: { height, width }, sequence: { axis }, batchSize } = options;
  const count = Math.min(IMAGES, options.train.count, batchSize);
  return {
    ...options,
    ...madeUpImages({ height, width, count, classes: network.head.classes }),
    sequence: { axis, range: [-1, 1] },
    parameters: madeUpParameters(network, draw),
  };
}

function madeUpImages(
  { height, width, count, classes }: { height: number; width: number; count: number; classes: number },
): { train: Split; test: Split } {
  const random = new RandomStream(0, DOMAIN.initialize, hashName("images of the self-check"));
  const pixels = Uint8Array.from({ length: count * height * width }, () => random.below(256));
  const labels = Uint8Array.from({ length: count }, (_, n) => n % classes);
  const none = new Uint8Array(0);
  return {
    train: { pixels, labels, count, height, width },
    test: { pixels: none, labels: none, count: 0, height, width },
  };
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

/** The batch of all images, the last one first. */
function allOf({ train: { count } }: EngineOptions): Uint32Array {
  return Uint32Array.from({ length: count }, (_, n) => count - 1 - n);
}

async function textbook(options: EngineOptions): Promise<Float32Array> {
  await using reference = await openReference(options);
  return await reference.gradient(allOf(options));
}

/** Whether the textbook's own gradient is another one a few roundings away: where a ReLU is about to switch. */
async function hangsOnRounding(options: EngineOptions, expected: Float32Array): Promise<boolean> {
  const { network, parameters } = options, direction = madeUpParameters(network, 0);
  for (const nudge of [NUDGE, -NUDGE]) {
    const nudged = { ...options, parameters: parameters.map((p, k) => p + nudge * direction[k]) };
    if (firstDifference(network, await textbook(nudged), expected)) return true;
  }
  return false;
}

function firstDifference({ parameters }: Network, found: Float32Array, expected: Float32Array) {
  for (const { name, offset, size } of parameters) {
    const wanted = expected.subarray(offset, offset + size), got = found.subarray(offset, offset + size);
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const tolerance = Math.max(TOLERANCE * largest, LEAST);
    const wrong = wanted.findIndex((value, k) => !(Math.abs(got[k] - value) <= tolerance));
    if (wrong >= 0) return { name: `${name}[${wrong}]`, found: got[wrong], expected: wanted[wrong] };
  }
}
