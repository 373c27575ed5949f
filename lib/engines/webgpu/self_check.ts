/**
 * The check of an adapter before it is trusted: one gradient against the textbook.
 *
 * @module
 */
import { layOutSequence } from "../../data/sequence.ts";
import { createNetwork, gateCount, type LayerSpec } from "../../model/network.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { openReference } from "../reference/engine.ts";

/** Images in the check: more than one, so that lanes are told apart. */
const IMAGES = 3;
/** What the textbook may take: some tens of milliseconds. */
const MOST_MULTIPLICATIONS = 5e7;
/** Of the largest element. Right adapters are within 2e-6 of it; wrong ones, of which there are reports, miss by far more. */
const TOLERANCE = 1e-3;

/**
 * Compares the gradient of a few training images with the textbook's: on the network itself, or where that would take the
 * textbook long, on a smaller one of the same kind.
 *
 * @param open Opens an engine of the device that is to be checked
 * @throws {Error} If the gradients differ; says by how much
 */
export async function checkDevice(
  engine: Engine,
  options: EngineOptions,
  open: (options: EngineOptions) => Promise<Engine>,
): Promise<void> {
  if (multiplications(options) <= MOST_MULTIPLICATIONS) return await compareGradients(engine, options);
  const smaller = shrink(options);
  await using small = await open(smaller);
  await compareGradients(small, smaller);
}

/** Of one gradient over the images of the check. */
function multiplications({ network, train, sequence }: EngineOptions): number {
  const { steps } = layOutSequence(sequence, train);
  const aStep = network.layers.reduce((sum, layer) => {
    const { inputSize: C, hiddenSize: H } = layer;
    return sum + 3 * (C + H) * H * gateCount(layer);
  }, 0);
  return IMAGES * steps * aStep;
}

/** The same kinds of layers with a few units, on a few made-up images. */
function shrink(options: EngineOptions): EngineOptions {
  const size = 6, hidden = 5, count = IMAGES;
  const layers = options.network.layers.map((layer, index): LayerSpec => ({
    ...layer,
    inputSize: index === 0 ? size : hidden,
    hiddenSize: hidden,
  }));
  const { classes } = options.network.head;
  const network = createNetwork({ layers, classes });
  const pixels = Uint8Array.from({ length: count * size * size }, (_, i) => (i * 89) % 256);
  const labels = Uint8Array.from({ length: count }, (_, n) => n % classes);
  const images = { pixels, labels, count, height: size, width: size };
  return {
    ...options,
    network,
    train: images,
    test: images,
    sequence: { ...options.sequence, axis: "rows" },
    batchSize: count,
    parameters: Float32Array.from({ length: network.size }, (_, i) => ((i * 37) % 101 - 50) / 100),
  };
}

async function compareGradients(engine: Engine, options: EngineOptions): Promise<void> {
  const batch = Uint32Array.from(
    { length: Math.min(IMAGES, options.train.count, options.batchSize) },
    (_, n) => n,
  );
  const found = await engine.gradient(batch);
  await using reference = await openReference(options);
  const expected = await reference.gradient(batch);
  for (const { name, offset, size } of options.network.parameters) {
    const wanted = expected.subarray(offset, offset + size), got = found.subarray(offset, offset + size);
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const wrong = wanted.findIndex((value, k) => !(Math.abs(got[k] - value) <= TOLERANCE * largest));
    if (wrong >= 0) {
      throw new Error(
        `Cannot train on ${engine.device.detail}: its gradients must be right: that of ${name}[${wrong}] is ` +
          `${got[wrong]} where the textbook has ${wanted[wrong]}; try another driver or --device wasm, or ` +
          `--no-self-check to train all the same`,
      );
    }
  }
}
