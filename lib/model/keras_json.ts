/**
 * From the `model.json` of Keras 3 to that of Keras 2, which TensorFlow.js reads.
 *
 * What differs: `batch_shape`, data types as objects, `inbound_nodes` as the arguments of calls, single inputs and outputs without a
 * list around them, regularizers by other names, and a GRU whose reset gate acts after the product by default, which becomes the
 * layer `GRUResetAfter`. What means something else there is an error.
 *
 * Source: `keras/src/saving/serialization_lib.py` and the `get_config()` of the layers, keras 3.15.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { GRU_RESET_AFTER } from "./tensorflow_gru.ts";

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** The layers and their order, as TensorFlow.js reads them. */
export interface Topology {
  readonly class_name: string;
  readonly config: Json & { readonly layers: readonly LayerJson[] };
}

/** A layer of a {@link Topology}. */
export interface LayerJson {
  readonly class_name: string;
  readonly config: Json & { readonly name: string };
  /** The layers that each call reads, in a model that is no Sequential. */
  readonly inbound_nodes?: readonly (readonly InboundNode[])[];
}

/** Which layer, which of its calls, which of its outputs. */
type InboundNode = readonly [layer: string, node: number, tensor: number, kwargs: Json];

/**
 * Translates the layers of a model.
 *
 * @param file `model.json`, or what Keras's `model.to_json()` returns
 * @param options.hasWeights Whether the weights follow: then the recurrent ones start as 0, since TensorFlow.js's own start takes seconds
 * @throws {SyntaxError} If it does not describe a model.
 * @throws {TypeError} If the model has what TensorFlow.js computes otherwise, or not at all.
 */
export function translateTopology(file: unknown, { hasWeights }: { hasWeights: boolean }): Topology {
  const given = record(file, "the file");
  const outer = given.modelTopology === undefined ? given : record(given.modelTopology, "modelTopology");
  const model = outer.model_config === undefined ? outer : record(outer.model_config, "model_config");
  const { class_name: kind, config } = model;
  if (typeof kind !== "string") throw damaged("class_name must be a text", kind);
  // Keras 2 writes a Sequential of its first versions as a bare list of layers.
  const translated = record(Array.isArray(config) ? { layers: config } : config, "config");
  if (!Array.isArray(translated.layers)) throw damaged("layers must be a list", translated.layers);
  const { keras_version: version } = outer;
  const isKeras3 = typeof version === "string" ? version.startsWith("3.") : "registered_name" in model;
  const layers = translated.layers.map((layer) => translateLayer(layer, { isKeras3, hasWeights }));
  checkMasks(layers);
  checkCalls(layers);
  const { input_layers: inputs, output_layers: outputs, build_input_shape: built } = translated;
  return {
    class_name: kind,
    config: {
      ...plain(translated) as Json,
      layers: inputs === undefined ? withInput(layers, built) : layers,
      ...(inputs === undefined
        ? {}
        : { input_layers: listOfEnds(inputs), output_layers: listOfEnds(outputs) }),
    },
  };
}

interface Context {
  readonly isKeras3: boolean;
  readonly hasWeights: boolean;
}

const ZEROS = { class_name: "Zeros", config: {} };

function translateLayer(layer: unknown, context: Context): LayerJson {
  const { class_name: kind, config, inbound_nodes: nodes } = record(layer, "a layer");
  const given = record(config, "config of a layer");
  if (typeof kind !== "string" || typeof given.name !== "string") {
    throw damaged("a layer must have a class_name and a name", layer);
  }
  const of = `layer "${printable(given.name)}" (${printable(kind)})`;
  checkActivations(given, of, context);
  if (given.renorm === true) throw cannotLoad(`renorm of ${of} must be false`, "true");
  const {
    batch_shape,
    batch_input_shape,
    axis,
    layer: inner,
    backward_layer: backward,
    reset_after: resetAfter,
    ...others
  } = given;
  const shape = batch_shape ?? batch_input_shape ?? undefined; // of Keras 3 and 2
  if (shape !== undefined) checkShape(shape, of);
  const isReset = kind === "GRU" && resetAfter === true;
  const translated = inner === undefined ? undefined : translateLayer(inner, context);
  if (translated && backward) checkBackward(translated, translateLayer(backward, context), of);
  return {
    class_name: isReset ? GRU_RESET_AFTER : kind,
    config: {
      ...plain(others) as Json,
      name: given.name,
      ...(axis === undefined ? {} : { axis: Array.isArray(axis) && axis.length === 1 ? axis[0] : axis }), // of Keras 3 and 2
      ...("dtype" in given ? { dtype: dataType(given.dtype, of) } : {}),
      ...(shape === undefined ? {} : { batch_input_shape: shape }),
      ...(translated ? { layer: translated } : {}),
      ...(isReset ? { reset_after: true } : {}),
      ...(context.hasWeights && "recurrent_initializer" in given ? { recurrent_initializer: ZEROS } : {}),
    },
    ...(nodes === undefined ? {} : { name: given.name, inbound_nodes: inboundNodes(nodes, of) }),
  };
}

/** Activations are texts; `hard_sigmoid` is another function in Keras 3. */
function checkActivations(config: Json, of: string, { isKeras3 }: Context): void {
  for (const property of ["activation", "recurrent_activation"]) {
    const value = config[property];
    if (value === undefined || typeof value === "string" && !(isKeras3 && value === "hard_sigmoid")) continue;
    const found = typeof value === "string"
      ? `${excerpt(value)}, which in Keras 3 is z / 6 + 0.5 within 0 … 1, not 0.2 z + 0.5`
      : excerpt(value);
    throw cannotLoad(`${property} of ${of} must be one that TensorFlow.js has`, found);
  }
}

/** Both directions of a Bidirectional are copies of one layer in TensorFlow.js. */
function checkBackward(forward: LayerJson, backward: LayerJson, of: string): void {
  const traits = ({ class_name: kind, config }: LayerJson) =>
    JSON.stringify([kind, { ...config, name: null, go_backwards: null }]);
  if (traits(forward) === traits(backward)) return;
  throw cannotLoad(`backward_layer of ${of} must be as its layer`, excerpt(backward.config, 300));
}

const RECURRENT = ["LSTM", "GRU", GRU_RESET_AFTER, "SimpleRNN", "Bidirectional"];

/**
 * At masked steps, a Bidirectional of Keras that returns all steps returns 0, that of TensorFlow.js the last output. It makes no
 * difference if a recurrent layer above skips those steps.
 */
function checkMasks(layers: readonly LayerJson[]): void {
  const last = layers.findLastIndex(({ class_name: kind }) => RECURRENT.includes(kind));
  const isMasked = layers.some(({ class_name: kind, config }) =>
    kind === "Masking" || config.mask_zero === true
  );
  if (last < 0 || !isMasked) return;
  const { class_name: kind, config } = layers[last];
  const inner = record(kind === "Bidirectional" ? (config.layer as LayerJson).config : config, "config");
  if (inner.zero_output_for_mask !== true || inner.return_sequences !== true) return;
  throw cannotLoad(
    `zero_output_for_mask of layer "${printable(config.name)}" (${
      printable(kind)
    }) must be false where steps are masked`,
    "true: there TensorFlow.js repeats the last output",
  );
}

/** Keras 3 writes a policy; the weights of mixed ones are float32 too. */
function dataType(dtype: unknown, of: string): string {
  const policy = typeof dtype === "object" && dtype !== null ? (dtype as Json).config : dtype;
  const name = typeof policy === "object" && policy !== null ? (policy as Json).name : policy;
  if (name === "mixed_float16" || name === "mixed_bfloat16") return "float32";
  if (name === "float32" || name === "int32" || name === "bool") return name;
  if (name === "int64" || name === "uint8") return "int32"; // of tokens
  throw cannotLoad(`dtype of ${of} must be float32`, excerpt(name));
}

/** Removes what only Keras reads, and gives regularizers the names of TensorFlow.js. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { class_name: kind, config } = value as Json;
  if (typeof kind !== "string") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  const given = plain(config ?? {}) as Json;
  if (kind === "L1" || kind === "L2") return { class_name: "L1L2", config: { l1: 0, l2: 0, ...given } };
  return { class_name: kind, config: given };
}

/** The first layer tells the input of a Sequential, which Keras 3 may write beside the layers. */
function withInput(layers: readonly LayerJson[], built: unknown): readonly LayerJson[] {
  const [first, ...others] = layers;
  if (!built || !first || "batch_input_shape" in first.config) return layers;
  checkShape(built, "the model");
  return [{ ...first, config: { ...first.config, batch_input_shape: built } }, ...others];
}

/** `["input", 0, 0]`, or a list of such. */
function listOfEnds(ends: unknown): unknown {
  return Array.isArray(ends) && typeof ends[0] === "string" ? [ends] : ends;
}

/** The calls of a layer: as Keras 3 has them `{ args, kwargs }`, here for each call a list of `[layer, node, tensor, {}]`. */
function inboundNodes(nodes: unknown, of: string): InboundNode[][] {
  if (!Array.isArray(nodes)) throw damaged(`inbound_nodes of ${of} must be a list`, nodes);
  return nodes.map((node) => {
    const isKeras2 = Array.isArray(node);
    const { args, kwargs } = isKeras2 ? { args: node, kwargs: {} } : record(node, `a node of ${of}`);
    if (histories(kwargs, of).length > 0) {
      throw cannotLoad(`${of} must read one tensor of other layers`, "more, by name");
    }
    const read: unknown[] = isKeras2 ? node : histories(args, of);
    return read.map((history): InboundNode => {
      const [layer, call, tensor] = Array.isArray(history) ? history : [];
      if (typeof layer === "string" && Number.isSafeInteger(call) && Number.isSafeInteger(tensor)) {
        return [layer, call, tensor, {}];
      }
      throw damaged(`${of} must read a layer, by its name and two numbers`, history);
    });
  });
}

/** TensorFlow.js waits for ever for a layer that is not there. Keras writes layers in the order of the data. */
function checkCalls(layers: readonly LayerJson[]): void {
  const calls = new Map<string, number>();
  for (const { class_name: kind, config: { name }, inbound_nodes: nodes } of layers) {
    for (const [layer, call] of nodes?.flat() ?? []) {
      if (call >= 0 && call < (calls.get(layer) ?? 0)) continue;
      throw damaged(`layer "${printable(name)}" must read a layer before it`, layer);
    }
    calls.set(name, kind === "InputLayer" ? 1 : nodes?.filter((node) => node.length > 0).length ?? 0);
  }
}

/** `keras_history` of all tensors in the arguments of a call. */
function histories(value: unknown, of: string): unknown[][] {
  if (typeof value !== "object" || value === null) return [];
  const { class_name: kind, config } = value as Json;
  if (kind !== "__keras_tensor__") return Object.values(value).flatMap((one) => histories(one, of));
  const { keras_history: history } = record(config, "config of a tensor");
  if (!Array.isArray(history)) throw damaged(`keras_history of ${of} must be a list`, history);
  return [history];
}

/** More dimensions than any layer has. */
const MOST_DIMENSIONS = 8;

/** Whether it is a list of a few sizes. */
export function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MOST_DIMENSIONS &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A size can be open. */
function checkShape(shape: unknown, of: string): void {
  if (Array.isArray(shape) && isShape(shape.map((size) => size ?? 1))) return;
  throw damaged(`the input shape of ${of} must be a list of sizes`, shape);
}

function record(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw damaged(`${what} must be an object`, value);
}

/** The error for a file that is no model. */
export function damaged(rule: string, value: unknown): SyntaxError {
  return new SyntaxError(`Cannot read model.json: ${rule}: current value is ${excerpt(value)}`);
}

/** The error for a model that TensorFlow.js cannot be given. */
export function cannotLoad(rule: string, found: string): TypeError {
  return new TypeError(`Cannot load the model of Keras: ${rule}: current value is ${found}`);
}
