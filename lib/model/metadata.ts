/**
 * What a file of weights says in its metadata besides the weights: what the model does with them, and how it reads an
 * image. Plain text by name, as safetensors and ONNX keep it.
 *
 * @module
 */
import { CATALOGUE, type DatasetName, type Preparation } from "../data/catalogue.ts";
import { AXES, checkSequence, imageSizeOf, type Order, type PixelScale } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import { BOOLEAN, meets, oneOf, type Rule, UINT32, whole } from "../options.ts";
import {
  type Classifier,
  type ClassifierOptions,
  classifierOptions,
  createClassifier,
} from "./classifier.ts";
import type { LayerOptions } from "./network_options.ts";
import { CLASS_NAMES, type ModelDescription } from "./trained_model.ts";

/** Text by name. */
export type Metadata = Readonly<Record<string, string>>;

/** What metadata say; a property is undefined where they do not say it. */
export interface FoundMetadata {
  /** Its features and its layers. */
  readonly network?: Pick<ClassifierOptions, "inputSize" | "layers">;
  /** In files from before December 2026, in the place of `network`: the recurrent layers from the input up. */
  readonly layers?: readonly LayerTraits[];
  /** How many vectors each bias is the sum of, for further training. */
  readonly biases?: 1 | 2;
  /** The length of a sequence, or null where it reads any. */
  readonly T?: number | null;
  /** The order in which it reads an image. */
  readonly order?: Order;
  /** The numbers that it reads. */
  readonly scale?: PixelScale;
  /** What class 0, 1, … is called. */
  readonly classNames?: readonly string[];
  /** The data set of the catalogue that it learned. */
  readonly dataset?: DatasetName;
  /** What must be done to a picture before the model sees it. */
  readonly preparation?: Preparation;
}

/** The properties of a recurrent layer that its weights do not show; the dropout is that of its outputs. */
export type LayerTraits =
  | { readonly kind: "lstm"; readonly gateActivation: "sigmoid" | "hardSigmoid"; readonly dropout: number }
  | { readonly kind: "rnn"; readonly activation: "relu" | "tanh"; readonly dropout: number };

/** Who wrote the metadata. */
export const PRODUCER = "scanline";

/** T, where a model reads sequences of any length. */
const ANY = "any";

const LAYERS: Rule = { must: "a list of layers", isKind: isLayers };
const NETWORK: Rule = { must: "the features and the layers of a classifier", isKind: isNetwork };

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
  const { axis, ...others } = sequence, { biases, ...layers } = classifierOptions(network);
  const size = imageSizeOf(sequence, { T, C: network.input.size });
  const numbers = { ...others, ...size }; // the order and the scale of the sequence, and the size of the images
  return {
    producer: PRODUCER,
    network: JSON.stringify(layers),
    biases: String(biases),
    T: T === null ? ANY : String(T),
    axis,
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, JSON.stringify(value)])),
    classNames: JSON.stringify(classNames),
    ...(dataset ? { dataset } : {}),
    ...(preparation ? { preparation } : {}),
  };
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
 * const layers = [{ kind: "rnn", hiddenSize: 5, activation: "relu" }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 28, layers });
 * const sequence = { axis: "rows", range: [0, 1] } as const;
 * const metadata = writeMetadata({ network, T: 20, sequence, classNames: ["no", "yes"] });
 * assert.deepEqual([metadata.height, metadata.width], ["20", "28"]);
 * const said = readMetadata(metadata);
 * assert.deepEqual(said.network, { inputSize: 28, layers });
 * assert.deepEqual({ T: said.T, ...said.order, ...said.scale }, { T: 20, ...sequence });
 * ```
 */
export function readMetadata(metadata: Metadata): FoundMetadata {
  if (metadata.producer !== PRODUCER) return {};
  const asIs = (text: string) => text;
  return {
    network: property(metadata, "network", NETWORK),
    layers: property(metadata, "layers", LAYERS),
    biases: property(metadata, "biases", oneOf(1, 2)),
    T: property(metadata, "T", LENGTH, (text) => text === ANY ? null : JSON.parse(text)),
    order: orderOf(metadata),
    scale: scaleOf(metadata),
    classNames: property(metadata, "classNames", CLASS_NAMES),
    dataset: property(metadata, "dataset", oneOf(...Object.keys(CATALOGUE)), asIs),
    preparation: property(metadata, "preparation", oneOf("digit", "none"), asIs),
  };
}

/**
 * The network that the metadata describe, which the weights must fit; where they describe none, the one that the weights show.
 *
 * @param weights What the weights show
 * @throws {SyntaxError} If the metadata describe layers of other kinds, sizes, or another number of them.
 */
export function describedNetwork(weights: Classifier, said: FoundMetadata): Classifier {
  const shown = classifierOptions(weights), { biases = shown.biases } = said;
  const described = said.network ??
    (said.layers ? { ...shown, layers: withTraits(shown.layers, said.layers) } : shown);
  const network = createClassifier({ ...described, biases });
  const [wanted, found] = [weights, network].map(({ parameters }) => {
    return parameters.map(({ name, shape }) => `${name} [${shape}]`).join(", ");
  });
  if (wanted === found) return network;
  throw new SyntaxError(
    `Cannot read the metadata: network must be one of the arrays ${excerpt(wanted, 400)}: ` +
      `current value is one of ${excerpt(found, 400)}`,
  );
}

/** Adds what older metadata say about recurrent layers to the layers that the weights show. */
function withTraits(layers: readonly LayerOptions[], traits: readonly LayerTraits[]): LayerOptions[] {
  const kinds = (of: readonly { kind: string }[]) => of.map(({ kind }) => kind).join(", ");
  const below = layers.slice(0, -1); // without the head
  if (kinds(below) !== kinds(traits)) {
    throw new SyntaxError(
      `Cannot read the metadata: layers must be of the kinds of the weights, ${kinds(below)}: ` +
        `current value is ${kinds(traits)}`,
    );
  }
  const upgraded = below.flatMap((layer, l): LayerOptions[] => {
    const { dropout: rate, ...activation } = traits[l];
    const recurrent = { ...layer, ...activation } as LayerOptions;
    return rate > 0 ? [recurrent, { kind: "dropout", rate }] : [recurrent];
  });
  return [...upgraded, ...layers.slice(-1)];
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

function orderOf(metadata: Metadata): Order | undefined {
  const axis = property<Order["axis"]>(metadata, "axis", oneOf(...AXES), (text) => text);
  if (axis === undefined) return undefined;
  const reversed = property<boolean>(metadata, "reversed", BOOLEAN);
  const permutation = property<number>(metadata, "permutation", {
    must: `${UINT32.must}, of pixels`,
    isKind: (value) => axis === "pixels" && meets(UINT32, value),
  });
  return {
    axis,
    ...(reversed === undefined ? {} : { reversed }),
    ...(permutation === undefined ? {} : { permutation }),
  };
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

function isNetwork(value: unknown): boolean {
  try {
    createClassifier(value as ClassifierOptions);
    return true;
  } catch {
    return false;
  }
}
