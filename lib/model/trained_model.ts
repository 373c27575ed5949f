/**
 * A trained model as plain data: all that determines its predictions, and more for people.
 *
 * @module
 */
import { CATALOGUE, type DatasetName, type Preparation } from "../data/catalogue.ts";
import type { ImageSize } from "../data/raster.ts";
import { layOutSequence, type Sequence } from "../data/sequence.ts";
import type { Rule } from "../options.ts";
import type { Network } from "./network.ts";

/** A model without its weights. */
export interface ModelDescription {
  /** Its layers, and how many biases they train. */
  readonly network: Network;
  /** The length of a sequence, or null where it reads any. */
  readonly T: number | null;
  /** How it reads an image. */
  readonly sequence: Sequence;
  /** The name of class 0, 1, … */
  readonly classNames: readonly string[];
  /** The data set of the catalogue that it was trained on, if it was one. */
  readonly dataset?: DatasetName;
  /** How a picture must be prepared for the model, if that is known. */
  readonly preparation?: Preparation;
}

/** A model with its weights. */
export interface TrainedModel extends ModelDescription {
  /** Flat f32 `[network.size]`, in the layout of the network. */
  readonly parameters: Float32Array;
}

/** The names of classes by default: those of the data set that the model learned, else 0, 1, … */
export function defaultClassNames(classes: number, dataset?: DatasetName): readonly string[] {
  const names = dataset === undefined ? [] : CATALOGUE[dataset].classNames;
  return names.length === classes ? names : Array.from({ length: classes }, (_, k) => String(k));
}

/** What the names of classes must be. */
export const CLASS_NAMES: Rule = {
  must: "2 to 256 short texts",
  isKind: (value) =>
    Array.isArray(value) && value.length >= 2 && value.length <= 256 &&
    value.every((name) => typeof name === "string" && name.length <= 100),
};

/** Whether images of a size become sequences `[T, C]` that the model reads. */
export function readsImagesOf(
  size: ImageSize,
  { network, T, sequence }: Pick<ModelDescription, "network" | "T" | "sequence">,
): boolean {
  const layout = layOutSequence(sequence, size);
  return layout.C === network.inputSize && layout.T === (T ?? layout.T);
}
