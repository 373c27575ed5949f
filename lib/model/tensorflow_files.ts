/**
 * A model as two files, `model.json` and `weights.bin`, which TensorFlow.js's own loaders read.
 *
 * Loading trusts nothing: all sizes must agree with each other and with the bytes at hand before TensorFlow.js sees any
 * of it, so that a file cannot ask for more memory than a few times its own length; TensorFlow.js is handed a topology of
 * checked properties only, since it would build whatever a property names; and no path is ever followed.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { excerpt, printable } from "../excerpt.ts";
import { parseJson as parse } from "../json.ts";
import { isSize, type LayersModel } from "./from_tensorflow.ts";

/** The two files of a model. */
export interface SavedModel {
  /** `model.json`. */
  readonly json: string;
  /** `weights.bin`: every weight, little-endian, in the order of the manifest in `model.json`. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

/** What {@link serializeModel} writes besides the model. */
export interface SerializeOptions {
  /** Anything `model.json` should say of itself: its `userDefinedMetadata`, beside what the model has there. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Characters of each part of a message. */
const MOST = 200;

/** The one file of weights, beside `model.json`. */
const WEIGHTS_PATH = "weights.bin";

/** The properties of layers that are taken over. */
const PROPERTY_TYPES: Readonly<Record<string, "string" | "number" | "boolean">> = {
  dtype: "string",
  trainable: "boolean",
  sparse: "boolean",
  units: "number",
  activation: "string",
  recurrent_activation: "string",
  use_bias: "boolean",
  unit_forget_bias: "boolean",
  dropout: "number",
  recurrent_dropout: "number",
  return_sequences: "boolean",
  return_state: "boolean",
  go_backwards: "boolean",
  stateful: "boolean",
  unroll: "boolean",
  rate: "number",
  seed: "number",
};

/** Those of every kind of layer that Scanline compiles, as TensorFlow.js and as Keras write them. */
const ACTIVATIONS = ["linear", "softmax", "sigmoid", "hard_sigmoid", "hardSigmoid", "tanh", "relu"];

/** What would give a layer of a `Sequential` another number of outputs, or memory between calls. */
const NEVER_TRUE = ["return_state", "stateful"];

type JsonObject = Record<string, unknown>;

/** One weight, float32. */
interface WeightSpec {
  readonly name: string;
  readonly shape: number[];
}

/** A layer as its checked properties describe it. */
interface LayerTopology {
  readonly class_name: string;
  readonly config: JsonObject;
}

/**
 * Serializes a model, its weights included, without the state of an optimizer.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { deserializeModel, serializeModel } from "./tensorflow_files.ts";
 * import assert from "node:assert/strict";
 *
 * const lstm = tf.layers.lstm({ units: 4, inputShape: [28, 28], recurrentInitializer: "zeros" });
 * const model = tf.sequential({ layers: [lstm, tf.layers.dense({ units: 10 })] });
 * const { json, weights } = await serializeModel(model);
 * assert.equal(weights.byteLength, 4 * model.countParams());
 *
 * const copy = await deserializeModel(json, weights);
 * assert.deepEqual((await serializeModel(copy)).weights, weights);
 * ```
 */
export async function serializeModel(
  model: LayersModel,
  { metadata }: SerializeOptions = {},
): Promise<SavedModel> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(tf.io.withSaveHandler((saved) => {
    artifacts = saved;
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) });
  }));
  const { weightSpecs = [], weightData = [], ...rest } = artifacts;
  if (metadata) rest.userDefinedMetadata = { ...rest.userDefinedMetadata, ...metadata };
  return {
    json: JSON.stringify({ ...rest, weightsManifest: [{ paths: [WEIGHTS_PATH], weights: weightSpecs }] }),
    weights: new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
  };
}

/**
 * Builds the model of two files that {@link serializeModel} wrote, or TensorFlow.js: a `Sequential` of `LSTM`,
 * `SimpleRNN`, `Dropout` and `Dense` layers, without regularizers and constraints, its weights float32 in one file.
 * No initializer runs (the orthogonal one alone would take seconds), and none is kept.
 *
 * @param json The text of `model.json`
 * @param weights The bytes of `weights.bin`; copied
 * @throws {SyntaxError} If the text is not JSON, or a part of it is not of the kind that it must be.
 * @throws {TypeError} If layers, manifest and bytes do not agree, or something in them is not supported.
 */
export async function deserializeModel(json: string, weights: Uint8Array): Promise<LayersModel> {
  const root = parseJson(json);
  const specs = readManifest(root.weightsManifest, weights.byteLength);
  const { name, layers } = readTopology(root.modelTopology);
  checkWeights(specs, layers.flatMap(({ weights }) => weights));
  try {
    return await tf.loadLayersModel(tf.io.fromMemory({
      modelTopology: {
        class_name: "Sequential",
        config: { name, layers: layers.map(({ layer }) => layer) },
      },
      weightSpecs: specs.map((spec) => ({ ...spec, dtype: "float32" })),
      weightData: weights.slice().buffer,
    }));
  } catch (cause) {
    const reason = printable((cause as Error).message, 300);
    throw new TypeError(`Cannot load the model: TensorFlow.js must take it: current value is ${reason}`, {
      cause,
    });
  }
}

function parseJson(json: string): JsonObject {
  let root: unknown;
  try {
    root = parse(json);
  } catch (cause) {
    const { message } = cause as SyntaxError;
    throw new SyntaxError(`Cannot load the model: model.json must be JSON: ${message}`, { cause });
  }
  return object(root, "model.json");
}

/** The weights that a manifest lists, which together have `byteLength` bytes. */
function readManifest(manifest: unknown, byteLength: number): WeightSpec[] {
  const groups = array(manifest, "weightsManifest").map((group) =>
    object(group, "a group of weightsManifest")
  );
  const paths = groups.flatMap((group) => array(group.paths, "paths of weightsManifest"));
  if (groups.length !== 1 || paths.length !== 1 || paths[0] !== WEIGHTS_PATH) {
    throw unsupported("paths of weightsManifest", `be ["${WEIGHTS_PATH}"]`, paths);
  }
  let bytes = 0;
  const specs = array(groups[0].weights, "weights of weightsManifest").map((entry) => {
    const spec = readWeight(entry);
    bytes += 4 * spec.shape.reduce((product, size) => product * size, 1);
    return spec;
  });
  if (bytes !== byteLength) { // also where a product is too large to be exact, or infinite
    throw unsupported(WEIGHTS_PATH, `have ${bytes} bytes, as weightsManifest says`, byteLength);
  }
  return specs;
}

function readWeight(entry: unknown): WeightSpec {
  const { name, shape, dtype, quantization } = object(entry, "a weight of weightsManifest");
  if (typeof name !== "string") throw malformed("name of a weight", "a string", name);
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw malformed(`shape of weight ${excerpt(name)}`, "an array of positive whole numbers", shape);
  }
  if (dtype !== "float32") throw unsupported(`dtype of weight ${excerpt(name)}`, 'be "float32"', dtype);
  if (quantization !== undefined) {
    throw unsupported(`quantization of weight ${excerpt(name)}`, "be absent", quantization);
  }
  return { name, shape };
}

/** The layers of a topology with the weights that TensorFlow.js will allocate for them. */
function readTopology(value: unknown) {
  const topology = object(value, "modelTopology");
  if (topology.class_name !== "Sequential") {
    throw unsupported("class_name of modelTopology", 'be "Sequential"', topology.class_name);
  }
  const { name, layers } = object(topology.config, "config of modelTopology");
  if (typeof name !== "string") throw malformed("name of the model", "a string", name);

  let shape: readonly unknown[] | undefined;
  const checked = array(layers, "layers of modelTopology").map((entry) => {
    const layer = readLayer(entry, shape === undefined);
    shape ??= layer.config.batch_input_shape as unknown[];
    const weights = layerWeights(layer, shape);
    shape = outputShape(layer, shape);
    return { layer, weights };
  });
  const names = checked.map(({ layer }) => layer.config.name);
  if (new Set(names).size < names.length) throw unsupported("names of layers", "differ", names);
  return { name, layers: checked };
}

/** The layer with those of its properties alone that are known and of the right type. */
function readLayer(entry: unknown, isFirst: boolean): LayerTopology {
  const { class_name, config } = object(entry, "a layer of modelTopology");
  const supported = ["LSTM", "SimpleRNN", "Dropout", "Dense", ...(isFirst ? ["InputLayer"] : [])];
  if (typeof class_name !== "string" || !supported.includes(class_name)) {
    throw unsupported("class_name of a layer", `be ${supported.join(" or ")}`, class_name);
  }
  const { name, batch_input_shape, ...properties } = object(config, `config of a layer ${class_name}`);
  if (typeof name !== "string") throw malformed(`name of a layer ${class_name}`, "a string", name);
  const subject = `layer ${excerpt(name)} (${class_name})`;
  const kept: JsonObject = { name };
  if (isFirst) { // in other layers it has no effect
    kept.batch_input_shape = inputShape(batch_input_shape, `batch_input_shape of ${subject}, the first,`);
  }
  for (const [property, value] of Object.entries(properties)) {
    if (property.endsWith("_initializer") || property === "implementation") continue; // without effect
    if (value === null && !property.endsWith("activation")) continue; // the default; of an activation, it is not
    checkProperty(`${printable(property)} of ${subject}`, property, value);
    kept[property] = value;
  }
  return { class_name, config: kept };
}

function checkProperty(subject: string, property: string, value: unknown): void {
  if (!Object.hasOwn(PROPERTY_TYPES, property)) throw unsupported(subject, "be absent or null", value);
  const type = typeof value;
  if (type !== PROPERTY_TYPES[property]) throw malformed(subject, `a ${PROPERTY_TYPES[property]}`, value);
  if (type === "number" && !Number.isFinite(value)) throw malformed(subject, "finite", value);
  if (property.endsWith("activation") && !ACTIVATIONS.includes(value as string)) {
    throw unsupported(subject, `be one of ${ACTIVATIONS.join(", ")}`, value);
  }
  if (NEVER_TRUE.includes(property) && value === true) throw unsupported(subject, "be false", value);
}

function inputShape(value: unknown, subject: string): unknown[] {
  const sizes = array(value, subject);
  if (!sizes.every((size) => size === null || isSize(size)) || !isSize(sizes.at(-1))) {
    throw malformed(subject, "an array of null and positive whole numbers, the last a number", value);
  }
  return sizes;
}

/** What TensorFlow.js calls the weights of a layer on an input of this shape, and how large it makes them. */
function layerWeights({ class_name, config }: LayerTopology, inputShape: readonly unknown[]): WeightSpec[] {
  if (class_name === "Dropout" || class_name === "InputLayer") return [];
  const { name, units } = config;
  const subject = `layer ${excerpt(name)} (${class_name})`;
  if (!isSize(units)) throw malformed(`units of ${subject}`, "a positive whole number", units);
  if (class_name !== "Dense" && inputShape.length !== 3) {
    throw unsupported(`input of ${subject}`, "be [N, T, C]", inputShape);
  }
  const inputSize = inputShape.at(-1) as number;
  const columns = class_name === "LSTM" ? 4 * units : units;
  const recurrent = { name: `${name}/recurrent_kernel`, shape: [units, columns] };
  return [
    { name: `${name}/kernel`, shape: [inputSize, columns] },
    ...(class_name === "Dense" ? [] : [recurrent]),
    ...(config.use_bias === false ? [] : [{ name: `${name}/bias`, shape: [columns] }]),
  ];
}

function outputShape(
  { class_name, config }: LayerTopology,
  inputShape: readonly unknown[],
): readonly unknown[] {
  if (class_name === "Dropout" || class_name === "InputLayer") return inputShape;
  const keepsSteps = class_name === "Dense" || config.return_sequences === true;
  return [...(keepsSteps ? inputShape.slice(0, -1) : inputShape.slice(0, 1)), config.units];
}

/** The manifest must list the weights of the layers, in whatever order. */
function checkWeights(found: readonly WeightSpec[], expected: readonly WeightSpec[]): void {
  const shapes = new Map(found.map(({ name, shape }) => [name, shape]));
  for (const { name, shape } of expected) {
    if (`${shapes.get(name)}` !== `${shape}`) {
      const wanted = `have shape [${shape}], as modelTopology says`;
      throw unsupported(`weight ${excerpt(name)} of weightsManifest`, wanted, shapes.get(name));
    }
  }
  if (found.length !== expected.length) {
    const names = found.map(({ name }) => name);
    throw unsupported("weights of weightsManifest", "be those of modelTopology alone, once each", names);
  }
}

function object(value: unknown, subject: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(subject, "an object", value);
  }
  return value as JsonObject;
}

function array(value: unknown, subject: string): unknown[] {
  if (!Array.isArray(value)) throw malformed(subject, "an array", value);
  return value;
}

function malformed(subject: string, wanted: string, found: unknown): SyntaxError {
  return new SyntaxError(
    `Cannot load the model: ${printable(subject, MOST)} must be ${wanted}: current value is ${
      excerpt(found, MOST)
    }`,
  );
}

function unsupported(subject: string, wanted: string, found: unknown): TypeError {
  return new TypeError(
    `Cannot load the model: ${printable(subject, MOST)} must ${wanted}: current value is ${
      excerpt(found, MOST)
    }`,
  );
}
