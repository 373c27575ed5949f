/**
 * What a file of weights says in its metadata besides the weights: what the model does with them, and how it reads an
 * image. Plain text by name, as safetensors and ONNX keep it.
 *
 * @module
 */
import { CATALOGUE, type DatasetName, type Preparation } from "../data/catalogue.ts";
import { AXES, checkSequence, imageSizeOf, type PixelScale, type Sequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import type { LayerSpec } from "./network.ts";
import type { ModelDescription } from "./trained_model.ts";

/** Text by name. */
export type Metadata = Readonly<Record<string, string>>;

/** What metadata say; undefined where they say nothing. */
export interface FoundMetadata {
  /** From the input up. */
  readonly layers?: readonly LayerTraits[];
  /** How many vectors each bias is the sum of, in a training that goes on. */
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

/** What the weights of a layer do not tell. */
export type LayerTraits =
  | { readonly kind: "lstm"; readonly gateActivation: "sigmoid" | "hardSigmoid"; readonly dropout: number }
  | { readonly kind: "rnn"; readonly activation: "relu" | "tanh"; readonly dropout: number };

const PRODUCER = "scanline";

const PREPARATIONS: readonly Preparation[] = ["digit", "none"];

const DATASETS = Object.keys(CATALOGUE);

/** T, where a model reads sequences of any length. */
const ANY = "any";

/**
 * Says what a model is. {@link readMetadata} is the way back. The size of the images is said too, for others, as far as the
 * sequences tell it.
 */
export function writeMetadata(model: ModelDescription): Metadata {
  const { network, T, sequence, classNames, dataset, preparation } = model;
  const { axis, ...scale } = sequence;
  const size = imageSizeOf(sequence, { T, C: network.inputSize });
  const numbers = { ...scale, ...size }; // range, or mean and deviation; height and width
  return {
    producer: PRODUCER,
    layers: JSON.stringify(network.layers.map(traitsOf)),
    biases: String(network.layers[0].bias.updateScale),
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
 * Reads what {@link writeMetadata} wrote. Metadata of other programs say nothing.
 *
 * @throws {SyntaxError} If they claim to be Scanline's, and are damaged; names the property.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
 * import { readMetadata, writeMetadata } from "./metadata.ts";
 * import assert from "node:assert/strict";
 *
 * const layer = { kind: "rnn", inputSize: 28, hiddenSize: 5, activation: "relu", dropout: 0 } as const;
 * const network = createNetwork({ layers: [layer], classes: 2 });
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
  return {
    layers: property(metadata, "layers", "a list of layers", isLayers),
    biases: property(metadata, "biases", "1 or 2", isBiases),
    T: property(
      metadata,
      "T",
      `a length, or ${ANY}`,
      isLength,
      (text) => text === ANY ? null : JSON.parse(text),
    ),
    axis: property(metadata, "axis", AXES.join(", "), isAxis, (text) => text),
    scale: scaleOf(metadata),
    classNames: property(metadata, "classNames", "2 to 256 short texts", isClassNames),
    dataset: property(metadata, "dataset", DATASETS.join(", "), isDataset, (text) => text),
    preparation: property(metadata, "preparation", PREPARATIONS.join(" or "), isPreparation, (text) => text),
  };
}

/**
 * The layers that weights show, with what the file says of them.
 *
 * @throws {SyntaxError} If the file tells of other layers than its weights are of.
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
  must: string,
  holds: (value: unknown) => value is T,
  parse: (text: string) => unknown = JSON.parse,
): T | undefined {
  if (!Object.hasOwn(metadata, name)) return undefined;
  try {
    const value = parse(metadata[name]);
    if (holds(value)) return value;
  } catch {
    // no JSON
  }
  throw damaged(name, must, metadata[name]);
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

function isLayers(value: unknown): value is LayerTraits[] {
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

function isPreparation(value: unknown): value is Preparation {
  return PREPARATIONS.some((preparation) => preparation === value);
}

function isDataset(value: unknown): value is DatasetName {
  return DATASETS.some((name) => name === value);
}

function isAxis(value: unknown): value is Sequence["axis"] {
  return AXES.some((axis) => axis === value);
}

function isBiases(value: unknown): value is 1 | 2 {
  return value === 1 || value === 2;
}

/** Of the sequences of an image: as many as it can have pixels. */
function isLength(value: unknown): value is number | null {
  return value === null || Number.isInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 24;
}

function isClassNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 2 && value.length <= 256 &&
    value.every((name) => typeof name === "string" && name.length <= 100);
}
