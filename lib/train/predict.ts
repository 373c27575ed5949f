/**
 * Predictions on an engine: shared by `Trainer` and `Model`, which check their arguments.
 *
 * @module
 */
import type { Images } from "../data/images.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import { sequencesOf } from "../data/sequences.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import type { Engine } from "../engines/engine.ts";
import type { Classifier } from "../model/classifier.ts";
import { classProbabilities, readsInOrder, softmax } from "./probabilities.ts";
import type { LoopOptions } from "./call_options.ts";

/** Images in one call to the engine; fixed, so that no result depends on timing. */
const IMAGES_A_CALL = 1_000;

/** An engine, the network that it computes, and how that reads an image. */
export interface Predictor {
  readonly network: Classifier;
  readonly sequence: Sequence;
  readonly engine: Engine;
}

/** The logits `[N, K]` of images. */
export async function predictImages(
  { network, engine }: Pick<Predictor, "network" | "engine">,
  { images, positions }: { images: Images; positions: Uint32Array },
  { signal, onProgress }: LoopOptions,
): Promise<Float32Array> {
  const { classes } = network, total = positions.length, sequences = sequencesOf(images);
  const logits = new Float32Array(total * classes);
  const started = performance.now();
  for (let done = 0; done < total;) {
    signal?.throwIfAborted();
    const piece = positions.subarray(done, done + IMAGES_A_CALL);
    logits.set(checkFinite(await engine.predict(sequences, piece)), done * classes);
    done += piece.length;
    const elapsedMs = performance.now() - started;
    onProgress?.({ phase: "evaluate", epoch: null, done, total, elapsedMs, loss: null });
    await turnOfEventLoop();
  }
  return logits;
}

/**
 * The probability of each class after every line of images, `[N, T, K]`. A layer that reads from the end has seen the lines after t
 * at step t already: of a network with one, it is the answer to the image whose lines after t are black.
 */
export async function readImages(
  predictor: Predictor,
  { images, positions }: { images: Images; positions: Uint32Array },
): Promise<Float32Array> {
  const { network, engine } = predictor;
  if (!readsInOrder(network)) return await readBegun(predictor, { images, positions });
  const outputs = await engine.outputs(sequencesOf(images), positions);
  return checkFinite(classProbabilities(outputs, network, await engine.readParameters()));
}

/** What the network answers to each image of which line 0, lines 0 … 1, …, all lines are there, `[N, T, K]`. */
async function readBegun(
  predictor: Predictor,
  { images, positions }: { images: Images; positions: Uint32Array },
): Promise<Float32Array> {
  const { height, width } = images, { classes: K } = predictor.network;
  const { T, C, stride, order } = layOutSequence(predictor.sequence, images);
  const steps = Uint32Array.from({ length: T }, (_, t) => t),
    probabilities = new Float32Array(positions.length * T * K);
  for (const [n, position] of positions.entries()) {
    const image = images.pixels.subarray(position * stride, (position + 1) * stride);
    const pixels = new Uint8Array(T * stride);
    for (let t = 0; t < T; t++) {
      for (const pixel of order.subarray(0, (t + 1) * C)) pixels[t * stride + pixel] = image[pixel];
    }
    const begun = { pixels, count: T, height, width };
    const logits = await predictImages(predictor, { images: begun, positions: steps }, {});
    for (let t = 0; t < T; t++) {
      probabilities.set(softmax(logits.subarray(t * K, (t + 1) * K)), (n * T + t) * K);
    }
  }
  return probabilities;
}

/** With NaN, the prediction would be class 0. @throws {RangeError} If an output is not finite. */
export function checkFinite<Outputs extends Float32Array | Float64Array>(outputs: Outputs): Outputs {
  const wrong = outputs.find((output) => !Number.isFinite(output));
  if (wrong === undefined) return outputs;
  throw new RangeError(
    `Cannot predict: the outputs of the network must be finite: current value is ${wrong}; its weights are too large, or not finite`,
  );
}
