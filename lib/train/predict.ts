/**
 * Predictions on an engine: shared by `Trainer` and `Model`, which check their arguments.
 *
 * @module
 */
import type { Images } from "../data/images.ts";
import { sequencesOf } from "../data/sequences.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import type { Engine } from "../engines/engine.ts";
import type { Classifier } from "../model/classifier.ts";
import { classProbabilities } from "./probabilities.ts";
import type { LoopOptions } from "./call_options.ts";

/** Images in one call to the engine; fixed, so that no result depends on timing. */
const IMAGES_A_CALL = 1_000;

/** An engine, and the network that it computes. */
export interface Predictor {
  readonly network: Classifier;
  readonly engine: Engine;
}

/** The logits `[N, K]` of images. */
export async function predictImages(
  { network, engine }: Predictor,
  { images, positions }: { images: Images; positions: Uint32Array },
  { signal, onProgress }: LoopOptions,
): Promise<Float32Array> {
  const { classes } = network.head, total = positions.length, sequences = sequencesOf(images);
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

/** The probability of each class after every line of images, `[N, T, K]`. */
export async function readImages(
  { network, engine }: Predictor,
  { images, positions }: { images: Images; positions: Uint32Array },
): Promise<Float32Array> {
  const outputs = await engine.outputs(sequencesOf(images), positions);
  return checkFinite(classProbabilities(outputs, network, await engine.readParameters()));
}

/** With NaN, the prediction would be class 0. @throws {RangeError} If an output is not finite. */
function checkFinite(outputs: Float32Array): Float32Array {
  const wrong = outputs.find((output) => !Number.isFinite(output));
  if (wrong === undefined) return outputs;
  throw new RangeError(
    `Cannot predict: the outputs of the network must be finite: current value is ${wrong}; its weights are too large, or not finite`,
  );
}
