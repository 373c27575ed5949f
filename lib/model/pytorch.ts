/**
 * Weights as PyTorch names and shapes them, both ways.
 *
 * `torch.nn.LSTM` and `RNN` keep, for layer l, `weight_ih_l [G·H, C]`, `weight_hh_l [G·H, H]` (rows in the order i f g o)
 * and two biases `bias_ih_l`, `bias_hh_l [G·H]`, of which only the sum matters; `torch.nn.Linear` keeps `weight [K, H]`
 * and `bias [K]`. The kernels of a network are their transposes, and its bias is the sum of both.
 *
 * On the way to PyTorch the sum goes into `bias_ih`, and `bias_hh` is 0: so the way back is exact.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { createNetwork, type LayerSpec, type Network, type Parameter } from "./network.ts";
import type { Tensor } from "./safetensors.ts";
import {
  cannotTake,
  findClassifier,
  moduleName,
  tensorName,
  type TorchClassifier,
  type TorchModule,
} from "./state_dict.ts";

/** The names of the two modules of a classifier in PyTorch. */
export interface PyTorchNames {
  /** Of the `LSTM` or `RNN`; `rnn` by default. */
  readonly rnn?: string;
  /** Of the `Linear`; `head` by default. */
  readonly head?: string;
}

/** How {@link readPyTorch} takes what weights alone do not tell. */
export interface PyTorchOptions {
  /** The activation of an `RNN`; PyTorch's own default, tanh. */
  readonly activation?: "tanh" | "relu";
}

/** What weights of PyTorch's say of a network. */
export interface PyTorchNetwork {
  /** With two biases a layer. */
  readonly network: Network;
  /** Flat, as the network lays them out. */
  readonly parameters: Float32Array;
  /** The names that its modules had. */
  readonly names: Required<PyTorchNames>;
  /** What of the file is not taken as it stands, each in a sentence. */
  readonly notes: readonly string[];
}

/** Tensors by their name, as a file of safetensors holds them. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** More than any file that makes sense. */
const MAX_LAYERS = 64;

/**
 * Gathers the parameters of a classifier, or what belongs to them, into one flat array, in float64.
 *
 * @param options.joinBiases Makes one number of those of `bias_ih` and `bias_hh`: their sum, unless it is a gradient
 * @throws {TypeError} If a tensor is not there, or is not of the shape that it has in this network.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
 * import { gatherPyTorch, toPyTorch } from "./pytorch.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
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
  network: Network,
  tensors: Tensors,
  { rnn = "rnn", head = "head", joinBiases = (ih, hh) => ih + hh }: PyTorchNames & {
    joinBiases?: (ih: number, hh: number) => number;
  } = {},
): Float64Array {
  const flat = new Float64Array(network.size);
  const put = ({ shape, offset }: Parameter, name: string) => {
    const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
    const wanted = shape.length === 2 ? [columns, rows] : [columns];
    const data = numbersOf(tensors, name, wanted); // [columns, rows]
    for (let k = 0; k < data.length; k++) {
      flat[offset + k] = data[(k % columns) * rows + Math.floor(k / columns)];
    }
  };
  network.layers.forEach(({ kernel, recurrentKernel, bias }, l) => {
    put(kernel, tensorName(rnn, `weight_ih_l${l}`));
    put(recurrentKernel, tensorName(rnn, `weight_hh_l${l}`));
    const ih = numbersOf(tensors, tensorName(rnn, `bias_ih_l${l}`), bias.shape);
    const hh = numbersOf(tensors, tensorName(rnn, `bias_hh_l${l}`), bias.shape);
    ih.forEach((value, k) => flat[bias.offset + k] = joinBiases(value, hh[k]));
  });
  put(network.head.kernel, tensorName(head, "weight"));
  put(network.head.bias, tensorName(head, "bias"));
  return flat;
}

/** The numbers of a tensor that must be there, in float64. */
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
 * Gives parameters PyTorch's names and shapes. Layers keep the two biases that PyTorch expects, whether they trained with
 * one or with two.
 *
 * @param parameters Flat, as the network lays them out
 * @throws {TypeError} If the parameters are not the network's, or its layers are not equally large (no `torch.nn.LSTM`
 * has such layers), or its gates are of a kind that PyTorch does not have.
 */
export function toPyTorch(
  network: Network,
  parameters: Float32Array,
  { rnn = "rnn", head = "head" }: PyTorchNames = {},
): Map<string, Tensor> {
  checkExportable(network, parameters);
  const flat = ({ offset, size }: Parameter) => parameters.slice(offset, offset + size);
  const transposed = (parameter: Parameter): Tensor => {
    const [rows, columns] = parameter.shape, data = flat(parameter);
    const shape = [columns, rows];
    return { shape, data: data.map((_, k) => data[(k % rows) * columns + Math.floor(k / rows)]) };
  };
  const tensors = new Map<string, Tensor>();
  network.layers.forEach(({ kernel, recurrentKernel, bias }, l) => {
    tensors.set(tensorName(rnn, `weight_ih_l${l}`), transposed(kernel));
    tensors.set(tensorName(rnn, `weight_hh_l${l}`), transposed(recurrentKernel));
    tensors.set(tensorName(rnn, `bias_ih_l${l}`), { shape: bias.shape, data: flat(bias) });
    tensors.set(tensorName(rnn, `bias_hh_l${l}`), { shape: bias.shape, data: new Float32Array(bias.size) });
  });
  tensors.set(tensorName(head, "weight"), transposed(network.head.kernel));
  tensors.set(tensorName(head, "bias"), { shape: network.head.bias.shape, data: flat(network.head.bias) });
  return tensors;
}

function checkExportable(network: Network, parameters: Float32Array): void {
  if (parameters.length !== network.size) {
    throw cannotExport(`parameters must have ${network.size} elements`, parameters.length);
  }
  const [first] = network.layers, { hiddenSize, kind } = first;
  for (const [l, layer] of network.layers.entries()) {
    if (layer.hiddenSize !== hiddenSize) {
      throw cannotExport(
        `layer ${l} must have ${hiddenSize} units, as one torch.nn module has it`,
        layer.hiddenSize,
      );
    }
    if (layer.kind !== kind) throw cannotExport(`layer ${l} must be of kind ${kind}`, layer.kind);
    if (layer.kind === "rnn" && first.kind === "rnn" && layer.activation !== first.activation) {
      throw cannotExport(
        `layer ${l} must have the activation ${first.activation}, as one torch.nn.RNN has one`,
        layer.activation,
      );
    }
    if (layer.kind === "lstm" && layer.gateActivation !== "sigmoid") {
      throw cannotExport(`gates of layer ${l} must be sigmoid, as torch.nn.LSTM's are`, layer.gateActivation);
    }
  }
}

/**
 * Finds a network in the weights of a PyTorch classifier: one `LSTM` or `RNN`, whatever its name, and one `Linear` on top
 * of its last step. Biases that were never there (`bias=False`) are 0.
 *
 * @throws {TypeError} If there are other modules, which the message names; or a tensor is missing, does not fit the others,
 * or holds numbers that are not floating, or not finite in float32.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
 * import { readPyTorch, toPyTorch } from "./pytorch.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
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
  const network = createNetwork({ layers, classes, biases: 2 });
  const rounded = [...rnn.tensors.values(), ...head.tensors.values()].some(({ data }) =>
    data instanceof Float64Array
  );
  const filled = new Map(tensors);
  const notes = [
    ...fillBiases(filled, network, { rnn, head }),
    ...(rounded ? ["numbers of float64 are rounded to float32"] : []),
    ...counters.map((name) => `${printable(name)} is left out: a whole number is no weight`),
  ];
  for (const module of [rnn, head]) checkNumbers(module);
  const parameters = Float32Array.from(gatherPyTorch(network, filled, names));
  const wrong = parameters.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) {
    throw cannotTake("the sum of bias_ih and bias_hh must be finite in float32", wrong);
  }
  return { network, parameters, names, notes };
}

/** The layers of an `nn.LSTM` or `nn.RNN`, which all have as many units as the first one; their weights are all there. */
function layersOf(
  tensors: Tensors,
  { name, tensors: parts, kind }: TorchModule,
  activation: "tanh" | "relu",
): LayerSpec[] {
  const count = 1 + [...parts.keys()].reduce((most, part) => Math.max(most, Number(/\d+$/.exec(part))), 0);
  if (count > MAX_LAYERS) {
    throw cannotTake(`${moduleName(name)} must have at most ${MAX_LAYERS} layers`, count);
  }
  const [rows, hiddenSize] = parts.get("weight_hh_l0")!.shape; // which told the kind
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

/** Of an `nn.Linear` that must read so many units. */
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

/** Adds the zeros that `bias=False` stands for, where a module has no bias at all; says so. */
function fillBiases(
  tensors: Map<string, Tensor>,
  network: Network,
  { rnn, head }: Pick<TorchClassifier, "rnn" | "head">,
): string[] {
  const zeros = (size: number): Tensor => ({ shape: [size], data: new Float32Array(size) });
  const hasBias = ({ tensors }: TorchModule) => [...tensors.keys()].some((part) => part.startsWith("bias"));
  const without = [rnn, head].filter((module) => !hasBias(module));
  if (without.includes(rnn)) {
    network.layers.forEach(({ bias }, l) => {
      for (const part of ["bias_ih", "bias_hh"]) {
        tensors.set(tensorName(rnn.name, `${part}_l${l}`), zeros(bias.size));
      }
    });
  }
  if (without.includes(head)) tensors.set(tensorName(head.name, "bias"), zeros(network.head.classes));
  return without.map(({ name }) => `${moduleName(name)} has no bias: it is 0`);
}

/** Floating numbers, which stay finite in float32. */
function checkNumbers({ name, tensors }: TorchModule): void {
  for (const [part, { shape, data }] of tensors) {
    const tensor = printable(tensorName(name, part));
    if (!(data instanceof Float32Array || data instanceof Float64Array)) {
      const found = data.constructor.name.replace(/^Big|Array$/g, "").toLowerCase();
      throw cannotTake(`${tensor} must be of floating numbers`, found);
    }
    const wrong = data.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (wrong < 0) continue;
    const place = shape.length === 2 ? [Math.floor(wrong / shape[1]), wrong % shape[1]] : [wrong];
    throw cannotTake(`${tensor} must be finite in float32`, `${data[wrong]} at [${place}]`);
  }
}

function cannotExport(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot give PyTorch's names: ${printable(rule, 300)}: current value is ${value}`);
}
