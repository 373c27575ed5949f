/**
 * A trained model on a device: it predicts, reads and evaluates any images.
 *
 * @module
 */
import { checkImages, checkSplit, type Images, type Split } from "../data/images.ts";
import type { ImageSize } from "../data/prepare_picture.ts";
import { checkSequence, layOutSequence, type Sequence } from "../data/sequence.ts";
import type { ByteLayout } from "../data/sequences.ts";
import type { DeviceDescription, Engine } from "../engines/engine.ts";
import { DEVICE_RULES, type DeviceOptions, openEngine } from "../engines/open.ts";
import { Turns } from "../engines/turns.ts";
import type { Classifier } from "../model/classifier.ts";
import { readsImagesOf, type TrainedModel } from "../model/trained_model.ts";
import { check, checkOptions, OBJECT, optional, whole } from "../options.ts";
import { asyncDispose } from "../symbols.ts";
import { scoreLogits } from "./metrics.ts";
import { predictImages, readImages } from "./predict.ts";
import {
  LOOP_RULES,
  type LoopOptions,
  type Selection,
  SELECTION_RULES,
  selectPositions,
} from "./call_options.ts";
import type { Evaluation } from "./figures.ts";

/** What `openModel()` takes besides the model. */
export interface OpenOptions extends DeviceOptions {
  /** The size of the images that it will read; by default that of {@link imageSize}. */
  readonly imageSize?: ImageSize;
}

/**
 * The size of the images that a model reads; square, where sequences of any length or single pixels leave it open.
 *
 * @throws {RangeError} If a model that reads pixel by pixel reads sequences whose length makes no square.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { imageSize } from "./model.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "rnn", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 20, layers });
 * const sequence = { axis: "columns", range: [0, 1] } as const;
 * assert.deepEqual(imageSize({ network, T: 28, sequence }), { height: 20, width: 28 });
 * ```
 */
export function imageSize(model: Pick<TrainedModel, "network" | "T" | "sequence">): ImageSize {
  check("find the size of the images", "the model", { value: model, rule: OBJECT });
  const { network, T, sequence } = model, { axis } = checkSequence(sequence);
  const lines = T ?? network.input.size;
  if (axis === "rows") return { height: lines, width: network.input.size };
  if (axis === "columns") return { height: network.input.size, width: lines };
  const side = Math.sqrt(T ?? 28 * 28);
  if (Number.isInteger(side)) return { height: side, width: side };
  throw new RangeError(
    `Cannot find the size of the images: the length of its sequences must make a square, pixel by pixel: ` +
      `current value is ${T} (openModel() takes imageSize: { height, width })`,
  );
}

/**
 * A trained model on a device. Made by `openModel()`.
 *
 * One call at a time: a call during another one is an error, and so is a call after the model is disposed.
 */
export class Model implements AsyncDisposable {
  /** Layers, weights, and how it reads an image, as plain data. */
  readonly trained: TrainedModel;
  /** Why the device is this one, for people, in a few words. */
  readonly reason: string;
  readonly #engine: Engine;
  readonly #imageSize: ImageSize;
  readonly #turns = new Turns("the model");

  /** @ignore `openModel()` makes models. The engine is disposed with the model. */
  constructor(
    trained: TrainedModel,
    { engine, reason, imageSize }: { engine: Engine; reason: string; imageSize: ImageSize },
  ) {
    this.trained = trained;
    this.reason = reason;
    this.#engine = engine;
    this.#imageSize = imageSize;
  }

  /** Sizes and parameters of its layers. */
  get network(): Classifier {
    return this.trained.network;
  }

  /** How it reads an image. */
  get sequence(): Sequence {
    return this.trained.sequence;
  }

  /** What class 0, 1, … is called. */
  get classNames(): readonly string[] {
    return this.trained.classNames;
  }

  /** The device that computes. */
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
      const { loop, ...found } = this.#find("predict", checkImages("predict", "images", images), options);
      return await predictImages(this.#predictor, found, loop);
    });
  }

  /**
   * Loss and accuracy on images with labels.
   *
   * @throws {RangeError} If no image is selected, or one that is not there; or if a label is no class of the model.
   * @throws {DOMException} `AbortError`, if the signal ends it.
   */
  evaluate(split: Split, options: Selection & LoopOptions = {}): Promise<Evaluation> {
    return this.#turns.take("evaluate", async () => {
      const started = performance.now(), { classes } = this.network;
      const { labels, ...images } = checkSplit("evaluate", "images", split, classes);
      const { loop, ...found } = this.#find("evaluate", images, options);
      const logits = await predictImages(this.#predictor, found, loop);
      const score = scoreLogits(logits, Uint8Array.from(found.positions, (n) => labels[n]), classes);
      return { ...score, seconds: (performance.now() - started) / 1000 };
    });
  }

  /**
   * The probability of each class after every line of an image, `[N, T, K]`. Where the network also reads from the end, it has seen
   * the image up to that line, and black from there on.
   *
   * @throws {RangeError} If no image is selected, or one that is not there; or if a probability is not finite.
   */
  read(images: Images, options: Selection = {}): Promise<Float32Array> {
    const action = "read the images";
    return this.#turns.take(action, async () => {
      const found = this.#find(action, checkImages(action, "images", images), options);
      return await readImages(this.#predictor, found);
    });
  }

  /** Frees the device. A running call fails. */
  async [asyncDispose](): Promise<void> {
    this.#turns.close();
    await this.#engine[asyncDispose]();
  }

  get #predictor() {
    return { network: this.network, sequence: this.sequence, engine: this.#engine };
  }

  #find(action: string, images: Images, options: Selection & LoopOptions) {
    const { signal, onProgress, ...selection } = checkOptions(action, options, {
      ...SELECTION_RULES,
      ...LOOP_RULES,
    });
    const positions = selectPositions(action, selection, { count: images.count, name: "the images" });
    const { height, width } = this.#imageSize;
    if (images.height !== height || images.width !== width) {
      throw new RangeError(
        `Cannot ${action}: images must be ${height}×${width}, as the model was opened for (its option imageSize): ` +
          `current value is ${images.height}×${images.width}`,
      );
    }
    return { images, positions, loop: { signal, onProgress } };
  }
}

const SIZE_RULES = { height: whole(1), width: whole(1) };

/** Opens a trained model on a device. @throws {RangeError} If it does not read images of that size, or the device is missing. */
export async function openTrained(trained: TrainedModel, options: OpenOptions = {}): Promise<Model> {
  const action = "open the model";
  const taken = checkOptions(action, options, { ...DEVICE_RULES, imageSize: optional(OBJECT) });
  const { imageSize: size = imageSize(trained), ...device } = taken, { height, width } = size;
  for (const [name, rule] of Object.entries(SIZE_RULES)) {
    check(action, `${name} of imageSize`, { value: size[name as keyof ImageSize], rule });
  }
  const { network, parameters } = trained, layout = layOutFor(action, trained, size);
  const { engine, reason } = await openEngine(device, { network, layout, parameters, training: null });
  return new Model(trained, { engine, reason, imageSize: { height, width } });
}

/** The layout of images of a size for a model. @throws {RangeError} If it does not read them. */
export function layOutFor(
  action: string,
  model: Pick<TrainedModel, "network" | "T" | "sequence">,
  size: ImageSize,
): ByteLayout {
  const layout = layOutSequence(model.sequence, size);
  if (readsImagesOf(size, model)) return layout;
  throw new RangeError(
    `Cannot ${action}: images must give sequences of [${model.T}, ${model.network.input.size}], ` +
      `as the model reads them: current value is [${layout.T}, ${layout.C}]`,
  );
}
