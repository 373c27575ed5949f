/**
 * Writes a network as an ONNX file, for ONNX Runtime and others.
 *
 *     images [N, T, C] → Transpose [T, N, C] → LSTM or RNN, layer by layer → last step [N, H] → Gemm → logits [N, K]
 *
 * The input is the numbers that the network was trained on, so bytes must be scaled as its sequence says; the metadata
 * entry `input` documents how. Gates change from the order i f g o to ONNX's i o f c. ONNX has two biases; the second one
 * is 0 here. Dropout is left out.
 *
 * Sources: `onnx.proto` (IR version 8) and the operators of opset 17, https://onnx.ai/onnx/operators/.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { excerpt } from "../excerpt.ts";
import { type Bytes, field, message, text, whole } from "../protobuf.ts";
import type { Classifier, ClassifierLayer } from "./classifier.ts";
import type { Parameter } from "./network.ts";

/** What {@link encodeOnnx} writes besides the network. */
export interface OnnxOptions {
  /** The length of a sequence, or null if the network reads any length. */
  readonly T: number | null;
  /** Anything that the file should say about itself; `input`, how an image becomes the input, also documents the input. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const IR_VERSION = 8, OPSET = 17;
const FLOAT = 1, INT64 = 7; // TensorProto.DataType
const ATTRIBUTE = { i: 2, ints: 7, strings: 8 } as const; // AttributeProto.AttributeType

/**
 * Encodes a network with its parameters.
 *
 * @param parameters Flat, as the network lays them out
 * @returns A `ModelProto`; input `images` `[N, T, C]`, output `logits` `[N, K]`
 * @throws {TypeError} If the parameters are not the network's, or metadata is not text.
 * @throws {RangeError} If T is not a positive whole number or null.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import { encodeOnnx } from "./onnx.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "rnn", inputSize: 28, hiddenSize: 5, activation: "relu", dropout: 0 }],
 *   classes: 10,
 * });
 * const bytes = encodeOnnx(network, new Float32Array(network.size), { T: 28 });
 * assert.ok(bytes.length > 4 * network.size);
 * ```
 */
export function encodeOnnx(
  network: Classifier,
  parameters: Float32Array,
  options: OnnxOptions,
): Uint8Array<ArrayBuffer> {
  if (!(parameters instanceof Float32Array) || parameters.length !== network.size) {
    throw new TypeError(
      `Cannot write ONNX: parameters must have ${network.size} float32 elements: current value is ${
        excerpt(parameters)
      }`,
    );
  }
  const { T, metadata = {} } = options;
  if (T !== null && !(Number.isSafeInteger(T) && T > 0)) {
    throw new RangeError(
      `Cannot write ONNX: T must be a positive whole number, or null: current value is ${excerpt(T)}`,
    );
  }
  if (!Object.values(metadata).every((value) => typeof value === "string")) {
    throw new TypeError(
      `Cannot write ONNX: metadata must map names to strings: current value is ${excerpt(metadata)}`,
    );
  }
  const { input: { size: inputSize }, recurrent: layers, head } = network;
  const length = T ?? "T";
  const doc = {
    images: metadata.input ??
      `float32 [N, ${length}, ${inputSize}]: N sequences of ${length} steps of ${inputSize} numbers`,
    logits: `float32 [N, ${head.classes}]: a logit for each class; softmax makes probabilities of them`,
  };
  const graph = [
    node("Transpose", ["images"], ["x0"], [ints("perm", [1, 0, 2])]),
    ...layers.flatMap((layer, l) => layerNodes(layer, l, { isLast: l === layers.length - 1 })),
    node("Gemm", ["y", "head.kernel", "head.bias"], ["logits"], []),
    text(2, "scanline"),
    ...layers.flatMap((layer, l) => layerTensors(layer, l, parameters)),
    axis("axis0", 0),
    ...(layers.length > 1 ? [axis("axis1", 1)] : []),
    tensor("head.kernel", head.kernel.shape, part(head.kernel, parameters)),
    tensor("head.bias", head.bias.shape, part(head.bias, parameters)),
    valueInfo(11, "images", ["N", length, inputSize], doc.images),
    valueInfo(12, "logits", ["N", head.classes], doc.logits),
  ];
  return joinBytes(
    whole(1, IR_VERSION),
    text(2, "Scanline"),
    text(6, `images: ${doc.images}\nlogits: ${doc.logits}`),
    message(7, graph),
    message(8, [text(1, ""), whole(2, OPSET)]),
    ...Object.entries(metadata).map(([key, value]) => message(14, [text(1, key), text(2, value)])),
  );
}

/** Every layer outputs `[T, N, H]`, the last one `[N, H]`. */
function layerNodes(layer: ClassifierLayer, l: number, { isLast }: { isLast: boolean }): Bytes[] {
  const kind = layer.kind === "lstm" ? "LSTM" : "RNN";
  const inputs = [`x${l}`, `layer${l}.W`, `layer${l}.R`, `layer${l}.B`];
  const outputs = isLast ? ["", `last${l}`] : [`all${l}`]; // [T, 1, N, H] and [1, N, H]: 1 direction
  return [
    node(kind, inputs, outputs, [
      integer("hidden_size", layer.hiddenSize),
      strings("activations", activationsOf(layer)),
    ]),
    isLast
      ? node("Squeeze", [`last${l}`, "axis0"], ["y"], [])
      : node("Squeeze", [`all${l}`, "axis1"], [`x${l + 1}`], []),
  ];
}

/** ONNX's HardSigmoid is 0.2 z + 0.5 by default, as in Keras. */
function activationsOf(layer: ClassifierLayer): string[] {
  if (layer.kind === "rnn") return [layer.activation === "relu" ? "Relu" : "Tanh"];
  return [layer.gateActivation === "sigmoid" ? "Sigmoid" : "HardSigmoid", "Tanh", "Tanh"];
}

/** W `[1, G·H, C]`, R `[1, G·H, H]`, B `[1, 2·G·H]`. */
function layerTensors(layer: ClassifierLayer, l: number, parameters: Float32Array): Bytes[] {
  const { kernel, recurrentKernel, bias, inputSize: C, hiddenSize: H } = layer;
  const columns = columnOrder(layer), rows = columns.length;
  const transposed = (parameter: Parameter, inputs: number) => {
    const data = part(parameter, parameters); // [inputs, G·H]
    return data.map((_, k) => data[(k % inputs) * rows + columns[Math.floor(k / inputs)]]);
  };
  const b = part(bias, parameters);
  const both = Float32Array.from({ length: 2 * rows }, (_, k) => k < rows ? b[columns[k]] : 0);
  return [
    tensor(`layer${l}.W`, [1, rows, C], transposed(kernel, C)),
    tensor(`layer${l}.R`, [1, rows, H], transposed(recurrentKernel, H)),
    tensor(`layer${l}.B`, [1, 2 * rows], both),
  ];
}

/** The column of a kernel for each row in ONNX: the gates i o f c are the first, fourth, second and third of i f g o. */
function columnOrder({ kind, hiddenSize: H }: ClassifierLayer): number[] {
  const gates = kind === "lstm" ? [0, 3, 1, 2] : [0];
  return gates.flatMap((gate) => Array.from({ length: H }, (_, j) => gate * H + j));
}

function part({ offset, size }: Parameter, parameters: Float32Array): Float32Array {
  return parameters.subarray(offset, offset + size);
}

/** `GraphProto.node`. */
function node(
  kind: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Bytes[],
): Bytes {
  return message(1, [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, outputs.at(-1)!),
    text(4, kind),
    ...attributes.map((attribute) => message(5, [attribute])),
  ]);
}

function integer(name: string, value: number): Bytes {
  return joinBytes(text(1, name), whole(3, value), whole(20, ATTRIBUTE.i));
}

function ints(name: string, values: readonly number[]): Bytes {
  return joinBytes(text(1, name), ...values.map((value) => whole(8, value)), whole(20, ATTRIBUTE.ints));
}

function strings(name: string, values: readonly string[]): Bytes {
  return joinBytes(text(1, name), ...values.map((value) => text(9, value)), whole(20, ATTRIBUTE.strings));
}

/** `GraphProto.initializer`; little-endian, like every machine that Deno runs on. */
function tensor(name: string, shape: readonly number[], values: Float32Array): Bytes {
  const raw = new Uint8Array(values.slice().buffer);
  return message(5, [...shape.map((size) => whole(1, size)), whole(2, FLOAT), text(8, name), field(9, raw)]);
}

/** An axis for Squeeze, as a tensor `[1]`. */
function axis(name: string, value: number): Bytes {
  const raw = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
  return message(5, [whole(1, 1), whole(2, INT64), text(8, name), field(9, raw)]);
}

/** `GraphProto.input` (11) or `output` (12): float32 of this shape; a name means any size. */
function valueInfo(number: number, name: string, shape: readonly (number | string)[], doc: string): Bytes {
  const dimensions = shape.map((size) =>
    message(1, [typeof size === "number" ? whole(1, size) : text(2, size)])
  );
  const type = message(1, [whole(1, FLOAT), message(2, dimensions)]);
  return message(number, [text(1, name), message(2, [type]), text(3, doc)]);
}
