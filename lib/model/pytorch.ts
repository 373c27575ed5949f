/**
 * Conversion of weights from and to PyTorch's names and shapes, see `torch_tensors.ts`.
 *
 * For PyTorch the sum of two biases goes into `bias_ih`, and `bias_hh` is 0, so that reading it back is exact.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { type Classifier, classifierOptions, createClassifier } from "./classifier.ts";
import type { Network } from "./network.ts";
import type { LayerOptions } from "./network_options.ts";
import type { Tensor } from "./safetensors.ts";
import {
  cannotTake,
  findClassifier,
  findModules,
  isRecurrentModule,
  moduleName,
  tensorName,
  type TorchClassifier,
  type TorchModule,
} from "./state_dict.ts";
import { type ChainOptions, readTorchChain } from "./torch_chain.ts";
import {
  checkExportable,
  placeLayers,
  type PyTorchNames,
  type Sites,
  torchTensors,
} from "./torch_tensors.ts";

export type { PyTorchNames } from "./torch_tensors.ts";

/** What weights alone do not show. */
export interface PyTorchOptions {
  /** The order of several recurrent modules, as `toSafetensors()` writes it. */
  readonly chain?: readonly string[];
  /** The activation of an `RNN`; tanh by default, as in PyTorch. */
  readonly activation?: "tanh" | "relu";
}

/** A network read from PyTorch's weights. */
export interface PyTorchNetwork {
  /** With two biases a layer. */
  readonly network: Classifier;
  /** Flat, as the network lays them out. */
  readonly parameters: Float32Array;
  /** The names of its modules; of several recurrent ones the common beginning. */
  readonly names: Required<PyTorchNames>;
  /** What was changed or left out, each in a sentence. */
  readonly notes: readonly string[];
}

/** Tensors by name, as in a safetensors file. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** More than any sensible file has. */
const MAX_LAYERS = 64;

/**
 * Gathers the parameters of a network, or their gradients, into one flat array, in float64.
 *
 * @param options.sites The modules of its layers; by default those that {@link toPyTorch} gives
 * @param options.joinBiases Combines a number of `bias_ih` and one of `bias_hh`; adds them by default. Gradients are not added
 * @throws {TypeError} If a tensor is missing, or does not have the shape that this network gives it.
 *
 * @example
 * ```ts
 * import { createClassifier } from "./classifier.ts";
 * import { gatherPyTorch, toPyTorch } from "./pytorch.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "rnn", hiddenSize: 3, activation: "relu" }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 2, layers });
 * const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
 * const tensors = toPyTorch(network, parameters);
 * assert.deepEqual(tensors.get("rnn.weight_ih_l0"), { shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
 * assert.deepEqual(gatherPyTorch(network, tensors), Float64Array.from(parameters));
 * ```
 */
export function gatherPyTorch(
  network: Network,
  tensors: Tensors,
  { joinBiases = (ih, hh) => ih + hh, ...place }: PyTorchNames & {
    sites?: Sites;
    joinBiases?: (ih: number, hh: number) => number;
  } = {},
): Float64Array {
  const flat = new Float64Array(network.size);
  for (
    const { name, shape, at, isAddend } of torchTensors(network, place.sites ?? placeLayers(network, place))
  ) {
    numbersOf(tensors, name, shape).forEach((value, k) => {
      flat[at(k)] = isAddend ? joinBiases(flat[at(k)], value) : value;
    });
  }
  return flat;
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
 * @throws {TypeError} If the parameters are not the network's, or a layer is none of `torch.nn`.
 */
export function toPyTorch(
  network: Network,
  parameters: Float32Array,
  names: PyTorchNames = {},
): Map<string, Tensor> {
  checkExportable(network, parameters);
  const tensors = torchTensors(network, placeLayers(network, names));
  return new Map(tensors.map(({ name, shape, at, isAddend }): [string, Tensor] => {
    const length = shape.reduce((a, b) => a * b, 1);
    return [name, { shape, data: Float32Array.from({ length }, (_, k) => isAddend ? 0 : parameters[at(k)]) }];
  }));
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
 * const layers = [{ kind: "lstm", hiddenSize: 5 }, { kind: "dense", units: 10 }] as const;
 * const network = createClassifier({ inputSize: 28, layers, biases: 2 });
 * const parameters = new Float32Array(network.size).fill(0.5);
 * const found = readPyTorch(toPyTorch(network, parameters, { head: "fc1" }));
 * assert.deepEqual(found, { network, parameters, names: { rnn: "rnn", head: "fc1" }, notes: [] });
 * ```
 */
export function readPyTorch(
  tensors: Tensors,
  { activation = "tanh", chain }: PyTorchOptions = {},
): PyTorchNetwork {
  const recurrent = findModules(tensors).modules.filter(isRecurrentModule);
  if (chain && recurrent.length > 1) return readSeveral(tensors, { chain, activation });
  const { rnn, head, counters } = findClassifier(tensors);
  const names = { rnn: rnn.name, head: head.name };
  const { inputSize, hiddenSize, layers } = layersOf(tensors, rnn, activation);
  const units = classesOf(tensors, head, hiddenSize);
  const network = createClassifier({ inputSize, layers: [...layers, { kind: "dense", units }], biases: 2 });
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
  return { network, parameters: gatherFinite(network, filled, names), names, notes };
}

/** A classifier whose recurrent layers differ, and are modules of their own. */
function readSeveral(tensors: Tensors, options: ChainOptions): PyTorchNetwork {
  const { network: found, parameters } = readPyTorchChain(tensors, options);
  const network = asClassifier(found);
  if (!network) throw cannotTake("chain must be that of a classifier", excerpt(options.chain));
  return { network, parameters, names: { rnn: "rnn", head: "head" }, notes: [] };
}

function asClassifier({ input, layers, output }: Network): Classifier | null {
  if (input.kind !== "features" || input.maskValue !== null || output.everyStep || output.size < 2) {
    return null;
  }
  return createClassifier(classifierOptions({ input, layers, biases: 2 }));
}

/**
 * Reads any network from the weights of its modules, which are called in the order of a chain. Float64 numbers are rounded to float32;
 * single whole numbers, such as counters, are left out.
 *
 * @throws {TypeError} As {@link readPyTorch}; or if the chain cannot be told from the modules, does not name them all, or one does
 * not fit the one before it.
 */
export function readPyTorchChain(
  tensors: Tensors,
  options: ChainOptions,
): { network: Network; parameters: Float32Array } {
  const { network, sites } = readTorchChain(tensors, options);
  findModules(tensors).modules.forEach(checkNumbers);
  return { network, parameters: gatherFinite(network, tensors, { sites }) };
}

function gatherFinite(
  network: Network,
  tensors: Tensors,
  place: PyTorchNames & { sites?: Sites },
): Float32Array {
  const parameters = Float32Array.from(gatherPyTorch(network, tensors, place));
  const wrong = parameters.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return parameters;
  throw cannotTake("the sum of bias_ih and bias_hh must be finite in float32", wrong);
}

/** The layers of an `nn.LSTM` or `nn.RNN`, all with as many units as the first one. Checks the shapes of their weights. */
function layersOf(
  tensors: Tensors,
  { name, tensors: parts, kind }: TorchModule,
  activation: "tanh" | "relu",
): { inputSize: number; hiddenSize: number; layers: LayerOptions[] } {
  const count = 1 + [...parts.keys()].reduce((most, part) => Math.max(most, Number(/\d+$/.exec(part))), 0);
  if (count > MAX_LAYERS) {
    throw cannotTake(`${moduleName(name)} must have at most ${MAX_LAYERS} layers`, count);
  }
  const [rows, hiddenSize] = parts.get("weight_hh_l0")!.shape; // it exists: it showed the kind
  const [, inputSize] = matrixShape(tensors, tensorName(name, "weight_ih_l0"));
  const layers = Array.from({ length: count }, (_, l): LayerOptions => {
    checkShape(tensors, tensorName(name, `weight_ih_l${l}`), [rows, l === 0 ? inputSize : hiddenSize]);
    checkShape(tensors, tensorName(name, `weight_hh_l${l}`), [rows, hiddenSize]);
    const sizes = { hiddenSize, returnSequences: l < count - 1 };
    return kind === "nn.LSTM" ? { kind: "lstm", ...sizes } : { kind: "rnn", activation, ...sizes };
  });
  return { inputSize, hiddenSize, layers };
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
  for (
    const { name, shape } of torchTensors(network, placeLayers(network, { rnn: rnn.name, head: head.name }))
  ) {
    if (shape.length === 2 || without.every((module) => !name.startsWith(tensorName(module.name, "bias")))) {
      continue;
    }
    tensors.set(name, { shape, data: new Float32Array(shape[0]) });
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
