/**
 * What a file of weights says in its metadata besides the weights: what the model does with them, and how it reads an
 * image. Plain text by name, as safetensors and ONNX keep it.
 *
 * @module
 */
import { CATALOGUE, type DatasetName, type Preparation } from "../data/catalogue.ts";
import { AXES, checkSequence, imageSizeOf, type PixelScale, type Sequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { meets, oneOf, type Rule, whole } from "../options.ts";
import type { LayerSpec } from "./classifier.ts";
import { CLASS_NAMES, type ModelDescription } from "./trained_model.ts";

/** Text by name. */
export type Metadata = Readonly<Record<string, string>>;

/** What metadata say; a property is undefined where they do not say it. */
export interface FoundMetadata {
  /** From the input up. */
  readonly layers?: readonly LayerTraits[];
  /** How many vectors each bias is the sum of, for further training. */
  readonly biases?: 1 | 2;
  /** The length of a sequence, or null where it reads any. */
  readonly T?: number | null;
  /** The order in which it reads an image. */
  readonly axis?: Sequence["axis"];
  /** The numbers that it reads. */
  readonly scale?: PixelScale;
  /** What class 0, 1, … is called. */
  readonly classNames?: readonly string[];
  /** The data set of the catalogue that it learned. */
  readonly dataset?: DatasetName;
  /** What must be done to a picture before the model sees it. */
  readonly preparation?: Preparation;
}

/** The properties of a layer that its weights do not show. */
export type LayerTraits =
  | { readonly kind: "lstm"; readonly gateActivation: "sigmoid" | "hardSigmoid"; readonly dropout: number }
  | { readonly kind: "rnn"; readonly activation: "relu" | "tanh"; readonly dropout: number };

/** Who wrote the metadata. */
export const PRODUCER = "scanline";

/** T, where a model reads sequences of any length. */
const ANY = "any";

const LAYERS: Rule = { must: "a list of layers", isKind: isLayers };

/** A sequence can be as long as an image has pixels. */
const LENGTH: Rule = {
  must: `a length, or ${ANY}`,
  isKind: (value) => value === null || meets(whole(1, 2 ** 24), value),
};

/**
 * Describes a model. {@link readMetadata} is the inverse. The size of the images is written for other programs, as far as
 * the sequences determine it.
 */
export function writeMetadata(model: ModelDescription): Metadata {
  const { network, T, sequence, classNames, dataset, preparation } = model;
  const { axis, ...scale } = sequence;
  const size = imageSizeOf(sequence, { T, C: network.input.size });
  const numbers = { ...scale, ...size }; // range, or mean and deviation; height and width
  return {
    producer: PRODUCER,
    layers: JSON.stringify(network.recurrent.map(traitsOf)),
    biases: String(network.biases),
    T: T === null ? ANY : String(T),
    axis,
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, JSON.stringify(value)])),
    classNames: JSON.stringify(classNames),
    ...(dataset ? { dataset } : {}),
    ...(preparation ? { preparation } : {}),
  };
}

function traitsOf(layer: LayerSpec): LayerTraits {
  return layer.kind === "lstm"
    ? { kind: "lstm", gateActivation: layer.gateActivation, dropout: layer.dropout }
    : { kind: "rnn", activation: layer.activation, dropout: layer.dropout };
}

/**
 * Parses what {@link writeMetadata} wrote. Of the metadata of other programs nothing is used.
 *
 * @throws {SyntaxError} If Scanline wrote them and they are damaged; names the property.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import { readMetadata, writeMetadata } from "./metadata.ts";
 * import assert from "node:assert/strict";
 *
 * const layer = { kind: "rnn", inputSize: 28, hiddenSize: 5, activation: "relu", dropout: 0 } as const;
 * const network = createClassifier({ layers: [layer], classes: 2 });
 * const sequence = { axis: "rows", range: [0, 1] } as const;
 * const metadata = writeMetadata({ network, T: 20, sequence, classNames: ["no", "yes"] });
 * assert.deepEqual([metadata.height, metadata.width], ["20", "28"]);
 * const { layers, T, axis, scale } = readMetadata(metadata);
 * assert.deepEqual(layers, [{ kind: "rnn", activation: "relu", dropout: 0 }]);
 * assert.deepEqual({ T, axis, ...scale }, { T: 20, ...sequence });
 * ```
 */
export function readMetadata(metadata: Metadata): FoundMetadata {
  if (metadata.producer !== PRODUCER) return {};
  const asIs = (text: string) => text;
  return {
    layers: property(metadata, "layers", LAYERS),
    biases: property(metadata, "biases", oneOf(1, 2)),
    T: property(metadata, "T", LENGTH, (text) => text === ANY ? null : JSON.parse(text)),
    axis: property(metadata, "axis", oneOf(...AXES), asIs),
    scale: scaleOf(metadata),
    classNames: property(metadata, "classNames", CLASS_NAMES),
    dataset: property(metadata, "dataset", oneOf(...Object.keys(CATALOGUE)), asIs),
    preparation: property(metadata, "preparation", oneOf("digit", "none"), asIs),
  };
}

/**
 * Adds what the metadata say about layers to the layers that the weights show.
 *
 * @throws {SyntaxError} If the metadata describe layers of other kinds, or another number of them.
 */
export function applyTraits(
  layers: readonly LayerSpec[],
  traits: readonly LayerTraits[],
): readonly LayerSpec[] {
  const kinds = (of: readonly { kind: string }[]) => of.map(({ kind }) => kind).join(", ");
  if (kinds(layers) !== kinds(traits)) {
    throw new SyntaxError(
      `Cannot read the metadata: layers must be of the kinds of the weights, ${kinds(layers)}: ` +
        `current value is ${kinds(traits)}`,
    );
  }
  return layers.map((layer, l) => ({ ...layer, ...traits[l] } as LayerSpec));
}

function property<T>(
  metadata: Metadata,
  name: string,
  rule: Rule,
  parse: (text: string) => unknown = JSON.parse,
): T | undefined {
  if (!Object.hasOwn(metadata, name)) return undefined;
  try {
    const value = parse(metadata[name]);
    if (meets(rule, value)) return value as T;
  } catch {
    // not JSON
  }
  throw damaged(name, rule.must, metadata[name]);
}

function scaleOf(metadata: Metadata): FoundMetadata["scale"] {
  const names = ["range", "mean", "deviation"].filter((name) => Object.hasOwn(metadata, name));
  if (names.length === 0) return undefined;
  try {
    const scale = Object.fromEntries(names.map((name) => [name, JSON.parse(metadata[name])]));
    checkSequence({ axis: "rows", ...scale });
    return scale as unknown as PixelScale;
  } catch {
    throw damaged(names.join(", "), "a range, or mean and deviation", names.map((name) => metadata[name]));
  }
}

function damaged(name: string, must: string, value: unknown): SyntaxError {
  return new SyntaxError(
    `Cannot read the metadata: ${name} must be ${must}: current value is ${excerpt(value)}`,
  );
}

function isLayers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isLayer);
}

function isLayer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, gateActivation, activation, dropout } = value as Record<string, unknown>;
  const isDropout = typeof dropout === "number" && dropout >= 0 && dropout < 1;
  return isDropout &&
    (kind === "lstm" && (gateActivation === "sigmoid" || gateActivation === "hardSigmoid") ||
      kind === "rnn" && (activation === "relu" || activation === "tanh"));
}
