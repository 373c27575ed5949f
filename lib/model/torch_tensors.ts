/**
 * Where the parameters of a network are in PyTorch: the modules, and for each of their tensors the elements of the flat array.
 *
 * `torch.nn.LSTM`, `GRU` and `RNN` keep, for layer l, `weight_ih_l [G·H, C]`, `weight_hh_l [G·H, H]` and two biases
 * `bias_ih_l`, `bias_hh_l [G·H]`; those of the backward direction end with `_reverse`. Rows are in the order i f g o, and of a
 * GRU in the order r z n, where a network has z r h. Of the two biases of an LSTM or RNN only the sum matters, which is the
 * network's bias; a GRU with reset after has both. `torch.nn.Linear` keeps `weight [K, C]` and `bias [K]`. The kernels of a
 * network are the transposes of the weights. `torch.nn.Embedding` keeps `weight [V, C]`, the table. `torch.nn.BatchNorm1d` keeps
 * `weight`, `bias`, `running_mean` and `running_var [C]`, and the single whole number `num_batches_tracked`, which it only counts.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import {
  type BatchNormLayer,
  type DenseLayer,
  gateCount,
  isRecurrent,
  type Layer,
  type Network,
  type Parameter,
  type RecurrentLayer,
} from "./network.ts";
import { tensorName } from "./state_dict.ts";

/** The names of modules; that of a batch normalization is `batchnorm`, of several `batchnorm0`, `batchnorm1`, … */
export interface PyTorchNames {
  /** Of the `LSTM`, `GRU` or `RNN`; `rnn` by default. Several ones are `rnn0`, `rnn1`, … */
  readonly rnn?: string;
  /** Of the `Linear` that is the last module with weights; `head` by default. */
  readonly head?: string;
  /** Of the other `Linear`; `linear` by default. Several ones are `linear0`, `linear1`, … */
  readonly linear?: string;
}

/** The place of a layer: which module, and which layer of it. */
export interface Site {
  readonly module: string;
  /** 0, except in stacked recurrent layers. */
  readonly l: number;
}

/** The places of all layers; null for a layer without weights. */
export interface Sites {
  /** The name of the `Embedding`, of a network that reads tokens. */
  readonly embedding: string;
  readonly layers: readonly (Site | null)[];
}

/** A tensor of a module. */
export interface TorchTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The element of the flat array that element k of the tensor belongs to. */
  readonly at: (k: number) => number;
  /** Whether an earlier tensor has the same elements, and the parameter is the sum of both. */
  readonly isAddend: boolean;
}

/** The tensors of a network in PyTorch, in the order of its parameters. */
export function torchTensors(network: Network, sites: Sites): TorchTensor[] {
  const { input } = network;
  const table = input.kind === "tokens"
    ? [asItIs(input.embeddings, tensorName(sites.embedding, "weight"))]
    : [];
  return [
    ...table,
    ...network.layers.flatMap((layer, index): TorchTensor[] => {
      const site = sites.layers[index];
      if (site === null) return [];
      if (layer.kind === "dense") return linearTensors(layer, site);
      if (layer.kind === "batchNorm") return batchNormTensors(layer, site);
      if (isRecurrent(layer)) return recurrentTensors(layer, site);
      if (layer.kind !== "bidirectional") return [];
      return [
        ...recurrentTensors(layer.forward, site),
        ...recurrentTensors(layer.backward, site, "_reverse"),
      ];
    }),
  ];
}

/** The names of tensors that hold the number of batches: no part of the network, but `load_state_dict()` wants them. */
export function torchCounters({ layers }: Network, sites: Sites): string[] {
  return layers.flatMap(({ kind }, index) =>
    kind === "batchNorm" ? [tensorName(sites.layers[index]!.module, "num_batches_tracked")] : []
  );
}

function asItIs({ shape, offset }: Parameter, name: string): TorchTensor {
  return { name, shape, at: (k) => offset + k, isAddend: false };
}

function linearTensors({ kernel, bias }: DenseLayer, { module }: Site): TorchTensor[] {
  const { shape: [inputs, units], offset } = kernel;
  return [
    {
      name: tensorName(module, "weight"),
      shape: [units, inputs],
      at: (k) => offset + (k % inputs) * units + Math.floor(k / inputs),
      isAddend: false,
    },
    ...(bias ? [asItIs(bias, tensorName(module, "bias"))] : []),
  ];
}

function batchNormTensors(
  { gamma, beta, movingMean, movingVariance }: BatchNormLayer,
  { module }: Site,
): TorchTensor[] {
  const parts = { weight: gamma, bias: beta, running_mean: movingMean, running_var: movingVariance };
  return Object.entries(parts).flatMap(([part, parameter]) =>
    parameter ? [asItIs(parameter, tensorName(module, part))] : []
  );
}

function recurrentTensors(layer: RecurrentLayer, { module, l }: Site, suffix = ""): TorchTensor[] {
  const { kernel, recurrentKernel, bias } = layer;
  const order = columnOrder(layer), rows = order.length;
  const named = (part: string) => tensorName(module, `${part}_l${l}${suffix}`);
  const weight = (part: string, { offset, shape: [inputs] }: Parameter): TorchTensor => ({
    name: named(part),
    shape: [rows, inputs],
    at: (k) => offset + (k % inputs) * rows + order[Math.floor(k / inputs)],
    isAddend: false,
  });
  const vector = (part: string, offset: number, isAddend = false): TorchTensor => {
    return { name: named(part), shape: [rows], at: (k) => offset + order[k], isAddend };
  };
  const isPair = bias?.shape.length === 2;
  return [
    weight("weight_ih", kernel),
    weight("weight_hh", recurrentKernel),
    ...(bias ? [vector("bias_ih", bias.offset)] : []),
    ...(bias ? [vector("bias_hh", bias.offset + (isPair ? rows : 0), !isPair)] : []),
  ];
}

/** The column of a kernel for each row in PyTorch: r z n are the second, first and third of z r h. */
function columnOrder({ kind, hiddenSize: H }: RecurrentLayer): number[] {
  const gates = kind === "gru" ? [1, 0, 2] : Array.from({ length: gateCount({ kind }) }, (_, gate) => gate);
  return gates.flatMap((gate) => Array.from({ length: H }, (_, j) => gate * H + j));
}

/**
 * Finds modules for the layers of a network: recurrent layers that follow each other become one module if they are alike.
 *
 * @throws {TypeError} If two modules get the same name.
 */
export function placeLayers(
  network: Network,
  { rnn = "rnn", head = "head", linear = "linear" }: PyTorchNames = {},
): Sites {
  const groups = groupsOf(network), { layers } = network;
  const last = layers.findLast((layer) => isStack(layer) || layer.kind === "dense");
  const nameOf = (layer: Layer, stem: string) => {
    if (layer === last) return head;
    const alike = layers.filter((other) => other.kind === layer.kind && other !== last);
    return alike.length > 1 ? `${stem}${alike.indexOf(layer)}` : stem;
  };
  const sites = layers.map((layer): Site | null => {
    if (layer.kind === "dense") return { module: nameOf(layer, linear), l: 0 };
    if (layer.kind === "batchNorm") return { module: nameOf(layer, "batchnorm"), l: 0 };
    const index = groups.findIndex((group) => (group as Layer[]).includes(layer));
    if (index < 0) return null;
    const module = groups.length > 1 ? `${rnn}${index}` : rnn;
    return { module, l: (groups[index] as Layer[]).indexOf(layer) };
  });
  const names = sites.filter((site) => site?.l === 0).map((site) => site!.module);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  must(twice, undefined, "every module must have a name of its own");
  return { embedding: "embedding", layers: sites };
}

/** A recurrent layer, in one direction or two. */
type Stack = Extract<Layer, { kind: "lstm" | "gru" | "rnn" | "bidirectional" }>;

function isStack(layer: Layer): layer is Stack {
  return layer.kind === "bidirectional" || isRecurrent(layer);
}

/** The layers of each recurrent module. */
function groupsOf({ layers }: Network): Stack[][] {
  const groups: Stack[][] = [];
  let below: Layer | null = null; // Dropout left out
  for (const layer of layers.filter(({ kind }) => kind !== "dropout")) {
    if (isStack(layer)) {
      if (below && isStack(below) && areAlike(below, layer)) groups.at(-1)!.push(layer);
      else groups.push([layer]);
    }
    below = layer;
  }
  return groups;
}

/** Whether one PyTorch module can have both layers, the second one above the first one. */
function areAlike(below: Stack, above: Stack): boolean {
  if (below.kind === "bidirectional" && below.merge !== "concat") return false;
  const traits = (layer: Stack) => {
    const { kind, hiddenSize, activation, bias } = forwardOf(layer);
    return [layer.kind, kind, hiddenSize, activation, bias === null].join();
  };
  return traits(below) === traits(above);
}

/** @throws {TypeError} If the parameters are not the network's, or no module of `torch.nn` computes a layer. */
export function checkExportable(network: Network, parameters: Float32Array): void {
  must(parameters.length, network.size, `parameters must have ${network.size} elements`);
  network.layers.filter(isStack).forEach(checkLayer);
  for (const layer of network.layers) {
    if (layer.kind !== "batchNorm") continue;
    const rule = `center of ${layer.name} must be as its scale: torch.nn.BatchNorm1d has both, or none`;
    must(layer.beta !== null, layer.gamma !== null, rule);
  }
}

function checkLayer(stack: Stack, index: number, stacks: readonly Stack[]): void {
  const of = `layer ${index}`;
  const layers = stack.kind === "bidirectional" ? [stack.forward, stack.backward] : [stack];
  const [first, second = first] = layers;
  const alone = stack.kind !== "bidirectional" && stack.backwards;
  must(alone, false, `backwards of ${of} must be false: no module of torch.nn reads backwards alone`);
  must(
    second.kind,
    first.kind,
    `both directions of ${of} must be of one kind, as those of a torch.nn module`,
  );
  const hasBias = ({ bias }: RecurrentLayer) => bias !== null;
  must(hasBias(second), hasBias(first), `both directions of ${of} must have a bias, or none`);
  layers.forEach((layer) => checkCell(layer, of));
  const lowest = stacks.findIndex((one) => forwardOf(one).kind === "rnn");
  if (first.kind !== "rnn") return;
  const { activation } = forwardOf(stacks[lowest]);
  const rule = `${of} must have the activation ${activation}, as layer ${lowest} has`;
  for (const layer of layers) must(layer.activation, activation, rule);
}

function checkCell(layer: RecurrentLayer, of: string): void {
  const name = `torch.nn.${layer.kind.toUpperCase()}`, { activation } = layer;
  if (layer.kind === "rnn") {
    if (activation === "relu") return;
    must(activation, "tanh", `activation of ${of} must be tanh or relu, as that of ${name}`);
    return;
  }
  must(layer.gateActivation, "sigmoid", `gates of ${of} must be sigmoid, as those of ${name}`);
  must(activation, "tanh", `activation of ${of} must be tanh, as that of ${name}`);
  if (layer.kind === "lstm") return;
  const reset =
    `resetAfter of ${of} must be true: ${name} resets after the product with the recurrent kernel`;
  must(layer.resetAfter, true, reset);
}

function forwardOf(layer: Stack): RecurrentLayer {
  return layer.kind === "bidirectional" ? layer.forward : layer;
}

function must(found: unknown, wanted: unknown, rule: string): void {
  if (found === wanted) return;
  throw new TypeError(`Cannot give PyTorch's names: ${printable(rule, 300)}: current value is ${found}`);
}
