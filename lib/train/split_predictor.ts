/**
 * Predictions for the images of a training, by the name of a split or as they are.
 *
 * @module
 */
import { checkImages, type Images, type Split } from "../data/images.ts";
import { check, checkOptions } from "../options.ts";
import {
  LOOP_RULES,
  type LoopOptions,
  type Selection,
  SELECTION_RULES,
  selectPositions,
  SPLIT,
  SPLIT_NAMES,
  type SplitName,
} from "./call_options.ts";
import type { Evaluation } from "./figures.ts";
import { scoreLogits } from "./metrics.ts";
import { predictImages, type Predictor, readImages } from "./predict.ts";

/** The images of each split; one can have none. */
export type Splits = Readonly<Record<SplitName, Split>>;

/** The images of a call. */
interface FoundImages {
  readonly source: Images;
  /** For messages. */
  readonly name: string;
  readonly split: SplitName | null;
}

/** Predicts with the weights that the engine has. Whoever changes them calls {@link forget}. */
export class SplitPredictor {
  readonly #predictor: Predictor;
  readonly #splits: Splits;
  /** The last logits of all images of a split. */
  #known: { readonly split: SplitName; readonly logits: Float32Array } | null = null;

  constructor(predictor: Predictor, splits: Splits) {
    this.#predictor = predictor;
    this.#splits = splits;
  }

  /** Forgets the logits of other weights. */
  forget(): void {
    this.#known = null;
  }

  /** The images and labels of a split. */
  split(name: SplitName): Split {
    check("find the images", "split", { value: name, rule: SPLIT });
    return this.#splits[name];
  }

  /** Loss and accuracy on a split, or on part of it. */
  async evaluate(split: SplitName, options: Selection & LoopOptions): Promise<Evaluation> {
    const started = performance.now(), { classes } = this.#predictor.network;
    check("evaluate", "split", { value: split, rule: SPLIT });
    const { logits, positions } = await this.predict("evaluate", split, options);
    const labels = Uint8Array.from(positions, (n) => this.#splits[split].labels[n]);
    return { ...scoreLogits(logits, labels, classes), seconds: (performance.now() - started) / 1000 };
  }

  /** The logits `[N, K]` of images. */
  async predict(
    action: string,
    images: SplitName | Images,
    options: Selection & LoopOptions,
  ): Promise<{ logits: Float32Array; positions: Uint32Array }> {
    const { signal, onProgress, ...rest } = checkOptions(action, options, {
      ...SELECTION_RULES,
      ...LOOP_RULES,
    });
    const { source, name, split } = this.#find(action, images);
    const positions = selectPositions(action, rest, { count: source.count, name });
    signal?.throwIfAborted();
    const whole = split && isRange(positions, source.count);
    if (whole && this.#known?.split === split) return { logits: this.#known.logits.slice(), positions };
    const found = { images: source, positions };
    const logits = await predictImages(this.#predictor, found, { signal, onProgress });
    if (whole) this.#known = { split, logits: logits.slice() };
    return { logits, positions };
  }

  /** The probability of each class after every step of reading an image, `[N, T, K]`. */
  async read(action: string, images: SplitName | Images, options: Selection): Promise<Float32Array> {
    const selection = checkOptions(action, options, SELECTION_RULES);
    const { source, name } = this.#find(action, images);
    const positions = selectPositions(action, selection, { count: source.count, name });
    return await readImages(this.#predictor, { images: source, positions });
  }

  /** Finds the images that a call names, by the name of a split or as {@link split} returned them. */
  #find(action: string, images: SplitName | Images): FoundImages {
    if (typeof images !== "string") {
      const split = SPLIT_NAMES.find((name) => this.#splits[name] === images) ?? null;
      return { source: this.#checkImages(action, images), name: "the images", split };
    }
    check(action, "split", { value: images, rule: SPLIT });
    const source = this.#splits[images];
    if (source.count > 0) return { source, name: images, split: images };
    throw new RangeError(
      `Cannot ${action}: images for ${images} must have been given before the training began: current value is none`,
    );
  }

  #checkImages(action: string, images: Images): Images {
    const source = checkImages(action, "images", images), { height, width } = this.#splits.train;
    if (source.height === height && source.width === width) return source;
    throw new RangeError(
      `Cannot ${action}: images must be ${height}×${width}: current value is ${source.height}×${source.width}`,
    );
  }
}

/** Whether they are 0, 1, … `count` − 1. */
function isRange(positions: Uint32Array, count: number): boolean {
  return positions.length === count && positions.every((position, index) => position === index);
}
