/**
 * What a file of weights says in its metadata besides the weights: what the model does with them, and how it reads an
 * image. Plain text by name, as safetensors and ONNX keep it.
 *
 * @module
 */
import { AXES, checkSequence, type PixelScale, type Sequence } from "../data/sequence.ts";
import { excerpt } from "../excerpt.ts";
import type { LayerSpec, Network } from "./network.ts";

/** Text by name. */
export type Metadata = Readonly<Record<string, string>>;

/** What a model is besides its weights. */
export interface MetadataSource {
  /** Its layers. */
  readonly network: Network;
  /** How it reads an image. */
  readonly sequence: Sequence;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** What class 0, 1, … is called. */
  readonly classNames: readonly string[];
}

/** What metadata say; undefined where they say nothing. */
export interface FoundMetadata {
  /** From the input up. */
  readonly layers?: readonly LayerTraits[];
  /** The order in which it reads an image. */
  readonly axis?: Sequence["axis"];
  /** The numbers that it reads. */
  readonly scale?: PixelScale;
  /** Rows of an image. */
  readonly height?: number;
  /** Columns of an image. */
  readonly width?: number;
  /** What class 0, 1, … is called. */
  readonly classNames?: readonly string[];
}

/** What the weights of a layer do not tell. */
export type LayerTraits =
  | { readonly kind: "lstm"; readonly gateActivation: "sigmoid" | "hardSigmoid"; readonly dropout: number }
  | { readonly kind: "rnn"; readonly activation: "relu" | "tanh"; readonly dropout: number };

const PRODUCER = "scanline";

/** Says what a model is. {@link readMetadata} is the way back. */
export function writeMetadata({ network, sequence, height, width, classNames }: MetadataSource): Metadata {
  const { axis, ...scale } = sequence;
  const said = Object.entries(scale).map(([name, value]) => [name, JSON.stringify(value)]);
  return {
    producer: PRODUCER,
    layers: JSON.stringify(network.layers.map(traitsOf)),
    axis,
    ...Object.fromEntries(said), // range, or mean and deviation
    height: String(height),
    width: String(width),
    classNames: JSON.stringify(classNames),
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
 * const about = { height: 28, width: 28, classNames: ["no", "yes"] };
 * const metadata = writeMetadata({ network, sequence: { axis: "rows", range: [0, 1] }, ...about });
 * const { layers, axis, scale } = readMetadata(metadata);
 * assert.deepEqual(layers, [{ kind: "rnn", activation: "relu", dropout: 0 }]);
 * assert.deepEqual({ axis, ...scale }, { axis: "rows", range: [0, 1] });
 * ```
 */
export function readMetadata(metadata: Metadata): FoundMetadata {
  if (metadata.producer !== PRODUCER) return {};
  return {
    layers: property(metadata, "layers", "a list of layers", isLayers),
    axis: property(metadata, "axis", AXES.join(", "), isAxis, (text) => text),
    scale: scaleOf(metadata),
    height: property(metadata, "height", "a size", isSize),
    width: property(metadata, "width", "a size", isSize),
    classNames: property(metadata, "classNames", "2 to 256 short texts", isClassNames),
  };
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

function isAxis(value: unknown): value is Sequence["axis"] {
  return AXES.some((axis) => axis === value);
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 2 ** 16;
}

function isClassNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 2 && value.length <= 256 &&
    value.every((name) => typeof name === "string" && name.length > 0 && name.length <= 100);
}
