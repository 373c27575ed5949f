/**
 * Smaller networks of the same kind.
 *
 * @module
 */
import { createNetwork } from "../../model/create_network.ts";
import {
  type Layer,
  type Network,
  type Parameter,
  type RecurrentLayer,
  recurrentLayers,
} from "../../model/network.ts";
import type { LayerOptions, NetworkOptions, RecurrentOptions } from "../../model/network_options.ts";

/** What a smaller network has at most. */
export interface Bounds {
  /** Of each layer; what comes out keeps its size if a dense layer gives it. */
  readonly units: number;
  /** That come in. */
  readonly features?: number;
  readonly vocabulary?: number;
  /** That the one step is repeated. */
  readonly repeats?: number;
}

/** A network with the same kinds of layers, but not larger than some bounds. */
export function narrow(network: Network, bounds: Bounds): Network {
  const { layers, loss, metrics } = network, last = outputLayer(network);
  return createNetwork({
    input: narrowInput(network, bounds),
    layers: layers.map((layer) => narrowLayer(layer, layer === last ? Infinity : bounds.units, bounds)),
    loss,
    metrics,
    biases: network.biases,
  });
}

/** The units of the widest layer that {@link narrow} can make smaller; 0 if there is none. */
export function widestLayer(network: Network): number {
  const last = outputLayer(network);
  const dense = network.layers.flatMap((layer) =>
    layer.kind === "dense" && layer !== last ? [layer.units] : []
  );
  return Math.max(0, ...dense, ...recurrentLayers(network).map(({ hiddenSize }) => hiddenSize));
}

/** The layer that decides how many numbers come out. */
function outputLayer({ layers }: Network): Layer | undefined {
  return layers.findLast(({ kind }) => !["dropout", "activation", "batchNorm", "last"].includes(kind));
}

function narrowInput(
  { input }: Network,
  { features = Infinity, vocabulary = Infinity }: Bounds,
): NetworkOptions["input"] {
  const size = Math.min(input.size, features);
  if (input.kind === "features") return { ...input, size };
  const { maskZero, embeddings } = input;
  return {
    kind: "tokens",
    vocabulary: Math.min(input.vocabulary, vocabulary),
    size,
    maskZero,
    regularizer: regularizerOf(embeddings),
  };
}

/** @param units The most of a dense layer */
function narrowLayer(layer: Layer, units: number, bounds: Bounds): LayerOptions {
  switch (layer.kind) {
    case "dropout":
      return { kind: "dropout", rate: layer.rate };
    case "activation":
      return layer;
    case "last":
      return { kind: "last" };
    case "batchNorm": {
      const { epsilon, momentum, unbiased, gamma, beta } = layer;
      return {
        kind: "batchNorm",
        epsilon,
        momentum,
        unbiased,
        scale: gamma !== null,
        center: beta !== null,
        gammaRegularizer: regularizerOf(gamma),
        betaRegularizer: regularizerOf(beta),
      };
    }
    case "repeat":
      return { kind: "repeat", steps: Math.min(layer.steps, bounds.repeats ?? Infinity) };
    case "dense": {
      const { activation, kernel, bias } = layer;
      return {
        kind: "dense",
        units: Math.min(layer.units, units),
        activation,
        useBias: bias !== null,
        kernelRegularizer: regularizerOf(kernel),
        biasRegularizer: regularizerOf(bias),
      };
    }
    case "bidirectional": {
      const [forward, backward] = [layer.forward, layer.backward].map((one) => narrowCell(one, bounds));
      return { kind: "bidirectional", merge: layer.merge, forward, backward };
    }
    default:
      return { ...narrowCell(layer, bounds), backwards: layer.backwards };
  }
}

/** Without its direction. */
function narrowCell(layer: RecurrentLayer, { units }: Bounds): RecurrentOptions {
  const { hiddenSize, activation, returnSequences, inputDropout, recurrentDropout } = layer;
  const { kernel, recurrentKernel, bias } = layer;
  const cell = {
    hiddenSize: Math.min(hiddenSize, units),
    activation,
    returnSequences,
    inputDropout,
    recurrentDropout,
    useBias: bias !== null,
    kernelRegularizer: regularizerOf(kernel),
    recurrentRegularizer: regularizerOf(recurrentKernel),
    biasRegularizer: regularizerOf(bias),
  };
  switch (layer.kind) {
    case "lstm":
      return { kind: "lstm", gateActivation: layer.gateActivation, ...cell };
    case "gru":
      return { kind: "gru", gateActivation: layer.gateActivation, resetAfter: layer.resetAfter, ...cell };
    case "rnn":
      return { kind: "rnn", ...cell };
  }
}

function regularizerOf(parameter: Parameter | null): { l1: number; l2: number } {
  return { l1: parameter?.l1 ?? 0, l2: parameter?.l2 ?? 0 };
}
