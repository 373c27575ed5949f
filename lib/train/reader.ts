/**
 * A trained model that reads any images, without a training.
 *
 * @module
 */
import { checkImages } from "../data/check_images.ts";
import type { Images } from "../data/dataset.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import type { DeviceDescription, Engine } from "../engines/engine.ts";
import { DEVICE_RULES, type DeviceOptions, openEngine } from "../engines/open.ts";
import { Turns } from "../engines/turns.ts";
import { type LayersModel, markWeights, readWeights, toNetwork } from "../model/from_tensorflow.ts";
import type { Network } from "../model/network.ts";
import { check, checkOptions, OBJECT, oneOf } from "../options.ts";
import { Predictor, type PredictorParts } from "./predictor.ts";
import type { LoopOptions } from "./training_figures.ts";
import { LOOP_RULES, type Selection, SELECTION_RULES, selectPositions } from "./requests.ts";

/**
 * The size of the images that a model reads; square, where sequences of any length or single pixels leave it open.
 *
 * @throws {RangeError} If a model that reads pixel by pixel reads sequences whose length makes no square.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { imageSize } from "./reader.ts";
 * import assert from "node:assert/strict";
 *
 * const rnn = tf.layers.simpleRNN({ units: 3, inputShape: [28, 20], recurrentInitializer: "zeros" });
 * const model = tf.sequential({ layers: [rnn, tf.layers.dense({ units: 10 })] });
 * assert.deepEqual(imageSize(model, { axis: "columns", range: [0, 1] }), { height: 20, width: 28 });
 * ```
 */
export function imageSize(
  model: LayersModel,
  sequence: Sequence,
): { height: number; width: number } {
  check("find the size of the images", "sequence", { value: sequence, rule: OBJECT });
  const { axis } = sequence;
  check("find the size of the images", "axis", { value: axis, rule: oneOf("rows", "columns", "pixels") });
  const { network, T } = toNetwork(model);
  const lines = T ?? network.inputSize;
  if (axis === "rows") return { height: lines, width: network.inputSize };
  if (axis === "columns") return { height: network.inputSize, width: lines };
  const side = Math.sqrt(T ?? 28 * 28);
  if (Number.isInteger(side)) return { height: side, width: side };
  throw new RangeError(
    `Cannot find the size of the images: the length of its sequences must make a square, pixel by pixel: current value is ${T}`,
  );
}

/** What {@link openReader} must know of a model besides its layers. */
export interface ReaderConfig {
  /** How the network reads an image. */
  readonly sequence: Sequence;
  /** Of the images that it will be given; by default what {@link imageSize} finds. */
  readonly imageSize?: { readonly height: number; readonly width: number };
}

/**
 * A trained model on a device. Made by {@link openReader}.
 *
 * One call at a time: one that comes while another runs is an error, and so is one that comes after the reader is disposed.
 * Weights that someone puts into the model meanwhile, by `model.setWeights()` or `model.fit()`, count.
 */
export class Reader implements AsyncDisposable {
  /** The model whose weights are used. */
  readonly model: LayersModel;
  /** What the model was compiled to. */
  readonly network: Network;
  /** Why the device is this one, for people, in a few words. */
  readonly reason: string;
  readonly #engine: Engine;
  readonly #predictor: Predictor;
  readonly #turns = new Turns("the reader");

  /** @ignore {@link openReader} makes readers. The engine is disposed with the reader. */
  constructor(parts: PredictorParts & { readonly reason: string }) {
    this.model = parts.model;
    this.network = parts.network;
    this.reason = parts.reason;
    this.#engine = parts.engine;
    this.#predictor = new Predictor(parts);
  }

  /** Who computes. */
  get device(): DeviceDescription {
    return this.#engine.device;
  }

  /**
   * The logits `[N, K]` of images.
   *
   * @throws {RangeError} If no image is selected, or one that is not there; or if a logit is not finite.
   * @throws {DOMException} `AbortError`, if the signal ends it.
   */
  predict(images: Images, options: Selection & LoopOptions = {}): Promise<Float32Array> {
    return this.#turns.take("predict", async () => {
      const { signal, onProgress, ...selection } = checkOptions("predict", options, {
        ...SELECTION_RULES,
        ...LOOP_RULES,
      });
      const { source, positions } = await this.#take("predict", images, selection);
      return await this.#predictor.predict(source, positions, { signal, onProgress });
    });
  }

  /**
   * The probability of each class after every step of reading an image, `[N, T, K]`.
   *
   * @throws {RangeError} If no image is selected, or one that is not there; or if a probability is not finite.
   */
  read(images: Images, options: Selection = {}): Promise<Float32Array> {
    const action = "read the images";
    return this.#turns.take(action, async () => {
      const selection = checkOptions(action, options, SELECTION_RULES);
      const { source, positions } = await this.#take(action, images, selection);
      return await this.#predictor.read(source, positions);
    });
  }

  /** Gives the device back. A call that runs fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#turns.close();
    await this.#engine[Symbol.asyncDispose]();
  }

  /** The images that a call names; the engine then has the weights of the model. */
  async #take(action: string, images: Images, selection: Selection) {
    const source = checkImages(action, "images", images);
    const positions = selectPositions(action, selection, { count: source.count, name: "the images" });
    await this.#predictor.adopt();
    return { source, positions };
  }
}

/**
 * Opens a trained model to predict with: it needs no images, no optimizer and no batch size.
 *
 * @throws {TypeError} If the model has a layer or a property that is not supported.
 * @throws {RangeError} If the device is not there.
 *
 * @example
 * ```ts ignore
 * const { config, model } = await openRun("runs/train-lstm/2026-11-22T05-41-25");
 * await using reader = await openReader(model, config.training, { device: "wasm" });
 * const probabilities = await reader.read(image); // as preparePicture() made it
 * ```
 */
export async function openReader(
  model: LayersModel,
  config: ReaderConfig,
  device: DeviceOptions = {},
): Promise<Reader> {
  const action = "open the reader";
  check(action, "config", { value: config, rule: OBJECT });
  const { sequence, imageSize: size = imageSize(model, sequence) } = config;
  const choice = checkOptions(action, device, DEVICE_RULES);
  const { network, T } = toNetwork(model);
  const layout = layOutSequence(sequence, size);
  if (layout.C !== network.inputSize || layout.T !== (T ?? layout.T)) {
    throw new RangeError(
      `Cannot ${action}: images must give sequences of [${T}, ${network.inputSize}], as the model reads them: ` +
        `current value is [${layout.T}, ${layout.C}]`,
    );
  }
  const marks = markWeights(model, network);
  const { engine, reason } = await openEngine(choice, {
    network,
    sequence: { ...sequence },
    imageSize: { height: size.height, width: size.width },
    parameters: await readWeights(model, network),
    training: null,
  });
  return new Reader({ model, network, engine, reason, marks });
}
