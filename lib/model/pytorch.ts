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
import { createNetwork, gateCount, type LayerSpec, type Network, type Parameter } from "./network.ts";
import type { Tensor } from "./safetensors.ts";

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
    put(kernel, `${rnn}.weight_ih_l${l}`);
    put(recurrentKernel, `${rnn}.weight_hh_l${l}`);
    const ih = numbersOf(tensors, `${rnn}.bias_ih_l${l}`, bias.shape);
    const hh = numbersOf(tensors, `${rnn}.bias_hh_l${l}`, bias.shape);
    ih.forEach((value, k) => flat[bias.offset + k] = joinBiases(value, hh[k]));
  });
  put(network.head.kernel, `${head}.weight`);
  put(network.head.bias, `${head}.bias`);
  return flat;
}

/** The numbers of a tensor that must be there, in float64. */
function numbersOf(tensors: Tensors, name: string, shape: readonly number[]): Float64Array {
  const tensor = tensors.get(name);
  if (!tensor || `${tensor.shape}` !== `${shape}`) {
    throw cannotImport(`${name} must have shape [${shape}]`, tensor ? excerpt(tensor.shape) : "missing");
  }
  return Float64Array.from(tensor.data as ArrayLike<number>);
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
    tensors.set(`${rnn}.weight_ih_l${l}`, transposed(kernel));
    tensors.set(`${rnn}.weight_hh_l${l}`, transposed(recurrentKernel));
    tensors.set(`${rnn}.bias_ih_l${l}`, { shape: bias.shape, data: flat(bias) });
    tensors.set(`${rnn}.bias_hh_l${l}`, { shape: bias.shape, data: new Float32Array(bias.size) });
  });
  tensors.set(`${head}.weight`, transposed(network.head.kernel));
  tensors.set(`${head}.bias`, { shape: network.head.bias.shape, data: flat(network.head.bias) });
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
 * Finds a network in the weights of a PyTorch classifier: one `LSTM` or `RNN`, whatever its name, and one `Linear` on top.
 *
 * @throws {TypeError} If a tensor is missing, of another shape than the others ask for, not float32 or not finite; or if
 * one is left over, as with layers of two directions or projections.
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
 * assert.deepEqual(found, { network, parameters, names: { rnn: "rnn", head: "fc1" } });
 * ```
 */
export function readPyTorch(tensors: Tensors, { activation = "tanh" }: PyTorchOptions = {}): PyTorchNetwork {
  const names = findModules(tensors);
  const layers: LayerSpec[] = [];
  while (layers.length < MAX_LAYERS && tensors.has(`${names.rnn}.weight_ih_l${layers.length}`)) {
    layers.push(specOf(tensors, `${names.rnn}.weight_`, { layer: layers.length, activation }));
  }
  const [classes] = matrixShape(tensors, `${names.head}.weight`);
  const network = createNetwork({ layers, classes, biases: 2 });
  checkTensors(tensors, network, names);
  const parameters = Float32Array.from(gatherPyTorch(network, tensors, names));
  return { network, parameters, names };
}

/** The module with `weight_ih_l0`, and the other one. */
function findModules(tensors: Tensors): Required<PyTorchNames> {
  const all = [...tensors.keys()];
  const [first, ...more] = all.filter((name) => name.endsWith(".weight_ih_l0"));
  if (first === undefined || more.length > 0) {
    throw cannotImport("there must be one tensor <name>.weight_ih_l0, of an LSTM or RNN", list(all));
  }
  const rnn = first.slice(0, -".weight_ih_l0".length);
  const heads = all.filter((name) => !name.startsWith(`${rnn}.`) && name.endsWith(".weight"));
  if (heads.length !== 1) {
    throw cannotImport("there must be one other tensor <name>.weight, of a Linear", list(heads));
  }
  return { rnn, head: heads[0].slice(0, -".weight".length) };
}

/** Four times as many rows as units make an LSTM, as many an RNN. */
function specOf(
  tensors: Tensors,
  prefix: string,
  { layer, activation }: { layer: number; activation: "tanh" | "relu" },
): LayerSpec {
  const [rows, inputSize] = matrixShape(tensors, `${prefix}ih_l${layer}`);
  const [, hiddenSize] = matrixShape(tensors, `${prefix}hh_l${layer}`);
  const sizes = { inputSize, hiddenSize, dropout: 0 };
  const specs: LayerSpec[] = [
    { kind: "lstm", gateActivation: "sigmoid", ...sizes },
    { kind: "rnn", activation, ...sizes },
  ];
  const spec = specs.find((spec) => rows === gateCount(spec) * hiddenSize);
  if (spec) return spec;
  throw cannotImport(
    `${prefix}ih_l${layer} must have ${4 * hiddenSize} rows (LSTM) or ${hiddenSize} (RNN), as weight_hh says`,
    rows,
  );
}

function matrixShape(tensors: Tensors, name: string): readonly number[] {
  const shape = tensors.get(name)?.shape;
  if (shape?.length === 2 && shape.every((size) => size > 0)) return shape;
  throw cannotImport(`${name} must be a matrix`, shape ? excerpt(shape) : "missing");
}

/** All that are needed and no other, of finite float32. */
function checkTensors(tensors: Tensors, network: Network, names: Required<PyTorchNames>): void {
  const parts = network.layers.flatMap((_, l) =>
    ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((part) => `${names.rnn}.${part}_l${l}`)
  );
  const known = [...parts, `${names.head}.weight`, `${names.head}.bias`];
  const others = [...tensors.keys()].filter((name) => !known.includes(name));
  if (others.length > 0) throw cannotImport("there must be no other tensors", list(others));
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float32Array)) {
      throw cannotImport(`${name} must be float32 (model.float() makes it so)`, data.constructor.name);
    }
    const wrong = data.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw cannotImport(`${name} must be finite`, wrong);
  }
}

function list(names: readonly string[]): string {
  return names.length > 0 ? excerpt(names, 200) : "none";
}

function cannotImport(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot take PyTorch's weights: ${printable(rule, 300)}: current value is ${value}`);
}

function cannotExport(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot give PyTorch's names: ${printable(rule, 300)}: current value is ${value}`);
}
