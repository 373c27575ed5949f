/**
 * Predictions of a model on an engine: what a training and a trained model have in common.
 *
 * @module
 */
import type { Images } from "../data/dataset.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import type { Engine } from "../engines/engine.ts";
import { type LayersModel, markWeights, readWeights, writeWeights } from "../model/from_tensorflow.ts";
import type { Network } from "../model/network.ts";
import { readProbabilities } from "./reading.ts";
import type { LoopOptions } from "./training_figures.ts";

/** Images in a call to the engine while predicting: fixed, so that no figure depends on timing. */
const IMAGES_A_CALL = 1_000;

/** What a {@link Predictor} is made of. */
export interface PredictorParts {
  readonly model: LayersModel;
  readonly network: Network;
  readonly engine: Engine;
  /** Of the weights that the engine has. */
  readonly marks: readonly object[];
}

/** Keeps the weights of a model and of an engine the same, and predicts with them. Who calls it checks what it is given. */
export class Predictor {
  readonly #model: LayersModel;
  readonly #network: Network;
  readonly #engine: Engine;
  /** Of the weights in the model when they were last those of the engine. */
  #marks: readonly object[];

  /** The engine stays its owner's. */
  constructor({ model, network, engine, marks }: PredictorParts) {
    this.#model = model;
    this.#network = network;
    this.#engine = engine;
    this.#marks = marks;
  }

  /** Gives the engine weights that somebody else has put into the model. @returns Whether there were such. */
  async adopt(): Promise<boolean> {
    const marks = markWeights(this.#model, this.#network);
    if (marks.every((mark, index) => mark === this.#marks[index])) return false;
    await this.#engine.writeParameters(await readWeights(this.#model, this.#network));
    this.#marks = marks;
    return true;
  }

  /** Puts weights of the engine into the model. */
  write(parameters: Float32Array): void {
    writeWeights(this.#model, this.#network, parameters);
    this.#marks = markWeights(this.#model, this.#network);
  }

  /** The logits `[N, K]` of images. */
  async predict(
    images: Images,
    positions: Uint32Array,
    { signal, onProgress }: LoopOptions,
  ): Promise<Float32Array> {
    const { classes } = this.#network.head, total = positions.length;
    const logits = new Float32Array(total * classes);
    const started = performance.now();
    for (let done = 0; done < total;) {
      signal?.throwIfAborted();
      const piece = positions.subarray(done, done + IMAGES_A_CALL);
      logits.set(checkFinite(await this.#engine.predict(images, piece)), done * classes);
      done += piece.length;
      const elapsedMs = performance.now() - started;
      onProgress?.({ phase: "evaluate", epoch: null, done, total, elapsedMs, loss: null });
      await turnOfEventLoop();
    }
    return logits;
  }

  /** The probability of each class after every step of reading images, `[N, T, K]`. */
  async read(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const outputs = await this.#engine.outputs(images, positions);
    return checkFinite(readProbabilities(outputs, this.#network, await this.#engine.readParameters()));
  }
}

/** What is no number would be taken for a class. */
function checkFinite(outputs: Float32Array): Float32Array {
  const wrong = outputs.find((output) => !Number.isFinite(output));
  if (wrong === undefined) return outputs;
  throw new RangeError(
    `Cannot predict: what the network gives must be finite: current value is ${wrong}; its weights are too large, or no numbers`,
  );
}
