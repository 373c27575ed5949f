/**
 * Conversion of weights from and to PyTorch's names and shapes.
 *
 * `torch.nn.LSTM` and `RNN` keep, for layer l, `weight_ih_l [G·H, C]`, `weight_hh_l [G·H, H]` (rows in the order i f g o)
 * and two biases `bias_ih_l`, `bias_hh_l [G·H]`, of which only the sum matters; `torch.nn.Linear` keeps `weight [K, H]`
 * and `bias [K]`. The kernels of a network are the transposes of the weights, and its bias is the sum of the two.
 *
 * For PyTorch the sum goes into `bias_ih`, and `bias_hh` is 0, so that reading it back is exact.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { type Classifier, createClassifier, type LayerSpec } from "./classifier.ts";
import type { Parameter } from "./network.ts";
import type { Tensor } from "./safetensors.ts";
import {
  cannotTake,
  findClassifier,
  moduleName,
  tensorName,
  type TorchClassifier,
  type TorchModule,
} from "./state_dict.ts";

/** The names of the two modules of a PyTorch classifier. */
export interface PyTorchNames {
  /** Of the `LSTM` or `RNN`; `rnn` by default. */
  readonly rnn?: string;
  /** Of the `Linear`; `head` by default. */
  readonly head?: string;
}

/** What weights alone do not show. */
export interface PyTorchOptions {
  /** The activation of an `RNN`; tanh by default, as in PyTorch. */
  readonly activation?: "tanh" | "relu";
}

/** A network read from PyTorch's weights. */
export interface PyTorchNetwork {
  /** With two biases a layer. */
  readonly network: Classifier;
  /** Flat, as the network lays them out. */
  readonly parameters: Float32Array;
  /** The names of its modules. */
  readonly names: Required<PyTorchNames>;
  /** What was changed or left out, each in a sentence. */
  readonly notes: readonly string[];
}

/** Tensors by name, as in a safetensors file. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** More than any sensible file has. */
const MAX_LAYERS = 64;

/**
 * Gathers the parameters of a classifier, or their gradients, into one flat array, in float64.
 *
 * @param options.joinBiases Combines a number of `bias_ih` and one of `bias_hh`; adds them by default. Gradients are not added
 * @throws {TypeError} If a tensor is missing, or does not have the shape that this network gives it.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import { gatherPyTorch, toPyTorch } from "./pytorch.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "rnn", inputSize: 2, hiddenSize: 3, activation: "relu", dropout: 0 }],
 *   classes: 2,
 * });
 * const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
 * const tensors = toPyTorch(network, parameters);
 * assert.deepEqual(tensors.get("rnn.weight_ih_l0"), { shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
 * assert.deepEqual(gatherPyTorch(network, tensors), Float64Array.from(parameters));
 * ```
 */
export function gatherPyTorch(
  network: Classifier,
  tensors: Tensors,
  { rnn = "rnn", head = "head", joinBiases = (ih, hh) => ih + hh }: PyTorchNames & {
    joinBiases?: (ih: number, hh: number) => number;
  } = {},
): Float64Array {
  const flat = new Float64Array(network.size);
  for (const { parameter: { shape, offset }, name, second } of placesOf(network, { rnn, head })) {
    const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
    const data = numbersOf(tensors, name, shape.toReversed()); // [columns, rows]
    const addend = second && numbersOf(tensors, second, shape);
    data.forEach((value, k) => {
      const at = offset + (k % rows) * columns + Math.floor(k / rows);
      flat[at] = addend ? joinBiases(value, addend[k]) : value;
    });
  }
  return flat;
}

/** A parameter of a network and the tensor that holds it in PyTorch, transposed; a layer's bias is the sum of two tensors. */
interface Place {
  readonly parameter: Parameter;
  readonly name: string;
  readonly second?: string;
}

function placesOf({ recurrent: layers, head }: Classifier, names: Required<PyTorchNames>): Place[] {
  const ofRnn = (part: string) => tensorName(names.rnn, part);
  return [
    ...layers.flatMap(({ kernel, recurrentKernel, bias }, l): Place[] => [
      { parameter: kernel, name: ofRnn(`weight_ih_l${l}`) },
      { parameter: recurrentKernel, name: ofRnn(`weight_hh_l${l}`) },
      { parameter: bias, name: ofRnn(`bias_ih_l${l}`), second: ofRnn(`bias_hh_l${l}`) },
    ]),
    { parameter: head.kernel, name: tensorName(names.head, "weight") },
    { parameter: head.bias, name: tensorName(names.head, "bias") },
  ];
}

/** The numbers of a tensor, in float64; the tensor must exist. */
function numbersOf(tensors: Tensors, name: string, shape: readonly number[]): Float64Array {
  checkShape(tensors, name, shape);
  return Float64Array.from(tensors.get(name)!.data as ArrayLike<number>);
}

function checkShape(tensors: Tensors, name: string, wanted: readonly number[]): void {
  const shape = tensors.get(name)?.shape;
  if (`${shape}` === `${wanted}`) return;
  throw cannotTake(`${printable(name)} must have shape [${wanted}]`, shapeText(shape));
}

function shapeText(shape: readonly number[] | undefined): string {
  return shape ? excerpt(shape) : "missing";
}

/**
 * Gives parameters PyTorch's names and shapes. Layers have the two biases that PyTorch expects, whether they were trained
 * with one or with two.
 *
 * @param parameters Flat, as the network lays them out
 * @throws {TypeError} If the parameters are not the network's, its layers differ in size, kind or activation (those of a
 * torch.nn module are all alike), or its gates are not sigmoid.
 */
export function toPyTorch(
  network: Classifier,
  parameters: Float32Array,
  { rnn = "rnn", head = "head" }: PyTorchNames = {},
): Map<string, Tensor> {
  checkExportable(network, parameters);
  const tensors = new Map<string, Tensor>();
  for (const { parameter: { shape, offset, size }, name, second } of placesOf(network, { rnn, head })) {
    const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
    const transposed = (_: unknown, k: number) =>
      parameters[offset + (k % rows) * columns + Math.floor(k / rows)];
    tensors.set(name, { shape: shape.toReversed(), data: Float32Array.from({ length: size }, transposed) });
    if (second) tensors.set(second, { shape, data: new Float32Array(size) });
  }
  return tensors;
}

function checkExportable(network: Classifier, parameters: Float32Array): void {
  const must = (found: unknown, wanted: unknown, rule: string) => {
    if (found === wanted) return;
    throw new TypeError(`Cannot give PyTorch's names: ${printable(rule, 300)}: current value is ${found}`);
  };
  must(parameters.length, network.size, `parameters must have ${network.size} elements`);
  const [first] = network.recurrent, { hiddenSize, kind } = first;
  for (const [l, layer] of network.recurrent.entries()) {
    must(layer.hiddenSize, hiddenSize, `layer ${l} must have ${hiddenSize} units, as layer 0 has`);
    must(layer.kind, kind, `layer ${l} must be of kind ${kind}, as layer 0 is`);
    if (layer.kind === "lstm") {
      must(layer.gateActivation, "sigmoid", `gates of layer ${l} must be sigmoid, as those of torch.nn.LSTM`);
    } else if (first.kind === "rnn") {
      const { activation } = first;
      must(layer.activation, activation, `layer ${l} must have the activation ${activation}, as layer 0 has`);
    }
  }
}

/**
 * Reads a network from the weights of a PyTorch classifier: one `LSTM` or `RNN` and one `Linear` that reads its last step,
 * with any names. The biases of a module without any (`bias=False`) are 0.
 *
 * @throws {TypeError} If there are other modules, which the message names; or if a tensor is missing, does not fit the
 * others, or holds numbers that are not floating-point or not finite in float32.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import { readPyTorch, toPyTorch } from "./pytorch.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 5, gateActivation: "sigmoid", dropout: 0 }],
 *   classes: 10,
 *   biases: 2,
 * });
 * const parameters = new Float32Array(network.size).fill(0.5);
 * const found = readPyTorch(toPyTorch(network, parameters, { head: "fc1" }));
 * assert.deepEqual(found, { network, parameters, names: { rnn: "rnn", head: "fc1" }, notes: [] });
 * ```
 */
export function readPyTorch(tensors: Tensors, { activation = "tanh" }: PyTorchOptions = {}): PyTorchNetwork {
  const { rnn, head, counters } = findClassifier(tensors);
  const names = { rnn: rnn.name, head: head.name };
  const layers = layersOf(tensors, rnn, activation);
  const classes = classesOf(tensors, head, layers[0].hiddenSize);
  const network = createClassifier({ layers, classes, biases: 2 });
  const rounded = [...rnn.tensors.values(), ...head.tensors.values()].some(({ data }) =>
    data instanceof Float64Array
  );
  const filled = new Map(tensors);
  const notes = [
    ...fillBiases(filled, network, { rnn, head }),
    ...(rounded ? ["float64 numbers are rounded to float32"] : []),
    ...counters.map((name) => `${printable(name)} is left out: a single whole number is no weight`),
  ];
  for (const module of [rnn, head]) checkNumbers(module);
  const parameters = Float32Array.from(gatherPyTorch(network, filled, names));
  const wrong = parameters.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) {
    throw cannotTake("the sum of bias_ih and bias_hh must be finite in float32", wrong);
  }
  return { network, parameters, names, notes };
}

/** The layers of an `nn.LSTM` or `nn.RNN`, all with as many units as the first one. Checks the shapes of their weights. */
function layersOf(
  tensors: Tensors,
  { name, tensors: parts, kind }: TorchModule,
  activation: "tanh" | "relu",
): LayerSpec[] {
  const count = 1 + [...parts.keys()].reduce((most, part) => Math.max(most, Number(/\d+$/.exec(part))), 0);
  if (count > MAX_LAYERS) {
    throw cannotTake(`${moduleName(name)} must have at most ${MAX_LAYERS} layers`, count);
  }
  const [rows, hiddenSize] = parts.get("weight_hh_l0")!.shape; // it exists: it showed the kind
  const [, features] = matrixShape(tensors, tensorName(name, "weight_ih_l0"));
  return Array.from({ length: count }, (_, l) => {
    const inputSize = l === 0 ? features : hiddenSize;
    checkShape(tensors, tensorName(name, `weight_ih_l${l}`), [rows, inputSize]);
    checkShape(tensors, tensorName(name, `weight_hh_l${l}`), [rows, hiddenSize]);
    const sizes = { inputSize, hiddenSize, dropout: 0 };
    return kind === "nn.LSTM"
      ? { kind: "lstm", gateActivation: "sigmoid", ...sizes }
      : { kind: "rnn", activation, ...sizes };
  });
}

/** The classes of an `nn.Linear`, which must read `hiddenSize` units. */
function classesOf(tensors: Tensors, head: TorchModule, hiddenSize: number): number {
  const name = tensorName(head.name, "weight");
  const [classes, inputSize] = matrixShape(tensors, name);
  if (classes < 2) {
    throw cannotTake(`${printable(name)} must have a row for each of at least two classes`, classes);
  }
  if (inputSize === hiddenSize) return classes;
  const times = inputSize / hiddenSize;
  throw cannotTake(
    `${
      printable(name)
    } must have shape [${classes},${hiddenSize}], to read the last step's ${hiddenSize} units`,
    `[${classes},${inputSize}]${times > 1 && Number.isInteger(times) ? `, for ${times} steps of them` : ""}`,
  );
}

function matrixShape(tensors: Tensors, name: string): readonly number[] {
  const shape = tensors.get(name)?.shape;
  if (shape?.length === 2 && shape.every((size) => size > 0)) return shape;
  throw cannotTake(`${printable(name)} must be a matrix`, shapeText(shape));
}

/** Adds zeros as the biases of a module that has none (`bias=False`), and returns notes about it. */
function fillBiases(
  tensors: Map<string, Tensor>,
  network: Classifier,
  { rnn, head }: Pick<TorchClassifier, "rnn" | "head">,
): string[] {
  const hasBias = ({ tensors }: TorchModule) => [...tensors.keys()].some((part) => part.startsWith("bias"));
  const without = [rnn, head].filter((module) => !hasBias(module));
  const places = placesOf(network, { rnn: rnn.name, head: head.name });
  for (const { parameter: { shape, size }, name, second } of places) {
    if (shape.length === 2 || !without.includes(second ? rnn : head)) continue;
    for (const bias of [name, second ?? name]) tensors.set(bias, { shape, data: new Float32Array(size) });
  }
  return without.map(({ name }) => `${moduleName(name)} has no bias: it is 0`);
}

/** The numbers must be floating-point, and finite in float32. */
function checkNumbers({ name, tensors }: TorchModule): void {
  for (const [part, { shape, data }] of tensors) {
    const tensor = printable(tensorName(name, part));
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      const found = data.constructor.name.replace(/^Big|Array$/g, "").toLowerCase();
      throw cannotTake(`${tensor} must have floating-point numbers`, found);
    }
    const wrong = data.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (wrong < 0) continue;
    const place = shape.length === 2 ? [Math.floor(wrong / shape[1]), wrong % shape[1]] : [wrong];
    throw cannotTake(`${tensor} must be finite in float32`, `${data[wrong]} at [${place}]`);
  }
}
