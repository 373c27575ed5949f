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
import type { Tensor } from "./safetensors.ts";
import { cannotTake, findModules, tensorName, type TorchModule } from "./state_dict.ts";
import { readTorchChain } from "./read_torch_chain.ts";
import { chainOf, type ChainOptions } from "./torch_chain.ts";
import {
  checkExportable,
  placeLayers,
  type PyTorchNames,
  type Sites,
  torchCounters,
  torchTensors,
} from "./torch_tensors.ts";

export type { PyTorchNames } from "./torch_tensors.ts";

/** A network read from PyTorch's weights. */
export interface PyTorchNetwork {
  /** With two biases a layer. */
  readonly network: Classifier;
  /** Flat, as the network lays them out. */
  readonly parameters: Float32Array;
  /** How its modules are called, see `torch_chain.ts`. */
  readonly chain: readonly string[];
  /** What was changed or left out, each in a sentence. */
  readonly notes: readonly string[];
}

/** Tensors by name, as in a safetensors file. */
export type Tensors = ReadonlyMap<string, Tensor>;

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
 * const layers = [{ kind: "rnn", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
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
  const sites = placeLayers(network, names);
  const weights = torchTensors(network, sites).map(({ name, shape, at, isAddend }): [string, Tensor] => {
    const length = shape.reduce((a, b) => a * b, 1);
    return [name, { shape, data: Float32Array.from({ length }, (_, k) => isAddend ? 0 : parameters[at(k)]) }];
  });
  const counters = torchCounters(network, sites).map((name): [string, Tensor] => {
    return [name, { shape: [], data: new BigInt64Array(1) }];
  });
  return new Map([...weights, ...counters]);
}

/**
 * Reads a classifier of images from the weights of a PyTorch model, with any names: of what kind the modules are, their shapes and
 * the chain say. What PyTorch trains with two biases has two.
 *
 * @throws {TypeError} If there are modules of other kinds, which the message names; if the chain cannot be told from the modules,
 * does not name them all, or is not that of a classifier; or if a tensor is missing, does not fit the others, or holds numbers that
 * are not floating-point or not finite in float32.
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
 * assert.deepEqual(found, { network, parameters, chain: ["rnn", "last", "fc1"], notes: [] });
 * ```
 */
export function readPyTorch(tensors: Tensors, options: ChainOptions = {}): PyTorchNetwork {
  const { network: found, sites } = readTorchChain(tensors, options);
  const { modules, counters } = findModules(tensors);
  modules.forEach(checkNumbers);
  const network = asClassifier(found), chain = chainOf(network, sites);
  const rounded = modules.some(({ tensors }) =>
    [...tensors.values()].some(({ data }) => data instanceof Float64Array)
  );
  const known = torchCounters(network, sites);
  const notes = [
    ...(rounded ? ["float64 numbers are rounded to float32"] : []),
    ...counters.filter((name) => !known.includes(name)).map((name) => {
      return `${printable(name)} is left out: a single whole number is no weight`;
    }),
  ];
  return { network, parameters: gatherFinite(network, tensors, { sites }), chain, notes };
}

function asClassifier({ input, layers, output: { size, everyStep } }: Network): Classifier {
  if (input.kind !== "features" || input.maskValue !== null) {
    throw cannotTake(
      "a classifier of images must read numbers, without a mask",
      input.kind === "tokens" ? "tokens" : `mask ${input.maskValue}`,
    );
  }
  if (everyStep) throw cannotTake("chain must have last, for a classifier", "every step of the last module");
  if (size < 2) throw cannotTake("the last module must have a row for each of at least two classes", size);
  return createClassifier(classifierOptions({ input, layers, biases: 2 }));
}

/**
 * Reads any network from the weights of its modules, which are called in the order of a chain. Float64 numbers are rounded to
 * float32; single whole numbers, such as counters, are left out.
 *
 * @throws {TypeError} As {@link readPyTorch}.
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
