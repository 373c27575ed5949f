/**
 * A trained model as plain data: all that determines its predictions, and more for people.
 *
 * @module
 */
import { CATALOGUE, type DatasetName, type Preparation } from "../data/catalogue.ts";
import type { ImageSize } from "../data/raster.ts";
import { checkSequence, layOutSequence, type Sequence } from "../data/sequence.ts";
import { check, meets, OBJECT, oneOf, optional, type Rule, whole } from "../options.ts";
import { type Classifier, classifierOptions, createClassifier } from "./classifier.ts";

/** A model without its weights. */
export interface ModelDescription {
  /** Its layers, and how many biases they train. */
  readonly network: Classifier;
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
  return layout.C === network.input.size && layout.T === (T ?? layout.T);
}

/** The length of a sequence, or null for any. An image has at most so many pixels. */
export const LENGTH: Rule = {
  must: "a whole number from 1 to 16777216, or null",
  isKind: (value) => value === null || meets(whole(1, 2 ** 24), value),
};

/** The layers of a network; `createClassifier()` checks the options that they were created with further. */
const LAYERS: Rule = {
  must: "a list of layers",
  isKind: (value) =>
    Array.isArray(value) && value.every((layer) => {
      return OBJECT.isKind(layer) &&
        (layer.kind !== "bidirectional" || OBJECT.isKind(layer.forward) && OBJECT.isKind(layer.backward));
    }),
};

const NO_MASK: Rule = { must: "missing", isKind: (value) => value === undefined || value === null };

/**
 * Checks a network that came from outside.
 *
 * @param action For messages: `Cannot <action>`
 * @throws {TypeError} If a part is missing or of the wrong kind.
 * @throws {RangeError} If a part has a wrong value, or the parts do not fit each other.
 */
export function checkNetwork(action: string, given: Classifier): Classifier {
  check(action, "network", { value: given, rule: OBJECT });
  check(action, "input of network", { value: given.input, rule: OBJECT });
  check(action, "layers of network", { value: given.layers, rule: LAYERS });
  const network = createClassifier(classifierOptions(given)), { kind } = given.input;
  check(action, "kind of input of network", { value: kind, rule: oneOf(network.input.kind) });
  check(action, "maskValue of input of network", { value: given.input.maskValue, rule: NO_MASK });
  check(action, "loss of network", { value: given.loss, rule: oneOf(network.loss) });
  check(action, "classes of network", { value: network.classes, rule: whole(2, 256) });
  return network;
}

/** What the parameters of a network must be. */
export function parametersOf({ size }: Classifier): Rule {
  return {
    must: `${size} float32 numbers`,
    isKind: (value) => value instanceof Float32Array && value.length === size,
  };
}

/**
 * Checks a trained model that came from outside, and gives it the names of its classes if it has none.
 *
 * @param action For messages: `Cannot <action>`
 * @throws {TypeError} If a part is missing or of the wrong kind.
 * @throws {RangeError} If a part has a wrong value, or the parts do not fit each other.
 */
export function checkTrained(action: string, trained: TrainedModel): TrainedModel {
  check(action, "the model", { value: trained, rule: { ...OBJECT, must: "a trained model" } });
  const { network: given, T, sequence, parameters, dataset, preparation } = trained;
  const network = checkNetwork(action, given), { classes } = network;
  const { classNames = defaultClassNames(classes, dataset) } = trained;
  const rules: [string, unknown, Rule][] = [
    ["T", T, LENGTH],
    ["classNames", classNames, CLASS_NAMES],
    ["dataset", dataset, optional(oneOf(...Object.keys(CATALOGUE)))],
    ["preparation", preparation, optional(oneOf("digit", "none"))],
    ["parameters", parameters, parametersOf(network)],
  ];
  for (const [name, value, rule] of rules) check(action, name, { value, rule });
  checkSequence(sequence);
  if (classNames.length === classes) return { ...trained, network, classNames };
  throw new RangeError(
    `Cannot ${action}: classNames must be one for each of the ${classes} classes: current value is ${classNames.length}`,
  );
}
