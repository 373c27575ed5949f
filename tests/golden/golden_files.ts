/**
 * The golden files of this folder, as engines and the pure functions of `reference` take them.
 *
 * @module
 */
import type { Split } from "../../lib/data/dataset.ts";
import { layOutSequence, type Sequence } from "../../lib/data/sequence.ts";
import { createNetwork, type LayerSpec, type Network } from "../../lib/model/network.ts";
import type { Optimizer } from "../../lib/model/optimizers.ts";
import { decodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { fromPyTorch, numbersOf, sameOfBoth } from "../support/pytorch.ts";
import lstm from "./lstm.safetensors" with { type: "bytes" };
import lstmDropout from "./lstm_dropout.safetensors" with { type: "bytes" };
import lstmHardSigmoid from "./lstm_hard_sigmoid.safetensors" with { type: "bytes" };
import lstmTwoLayers from "./lstm_two_layers.safetensors" with { type: "bytes" };
import rnnRelu from "./rnn_relu.safetensors" with { type: "bytes" };
import rnnTanhTwoLayers from "./rnn_tanh_two_layers.safetensors" with { type: "bytes" };
import training from "./training.safetensors" with { type: "bytes" };

/** A network, its images, and where its parameters start. */
export interface Golden {
  readonly network: Network;
  readonly images: Split;
  readonly sequence: Sequence;
  /** Each of them is a float32 number. */
  readonly parameters: Float64Array;
}

/** One batch of all images through PyTorch, and back. */
export interface GradientGolden extends Golden {
  /** `[N,K]`. */
  readonly logits: Float64Array;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** The dropout mask of each layer's output, `[T,N,H]`; `[]` without dropout. */
  readonly masks: readonly Float64Array[];
}

/** Fifty steps of PyTorch's with one optimizer. */
export interface TrainingGolden extends Golden {
  readonly optimizer: Optimizer;
  readonly batches: readonly Uint32Array[];
  /** The loss of each step, before its update. */
  readonly losses: Float64Array;
  /** The parameters after the last step. */
  readonly trained: Float64Array;
}

/** What the program that wrote a file says of it. */
interface Description {
  readonly kind: "lstm" | "rnn";
  readonly layers: number;
  readonly axis: Sequence["axis"];
  readonly range: Sequence["range"];
  readonly gate?: "hardSigmoid";
  readonly activation?: "relu" | "tanh";
  readonly optimizers?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The gradients by what they are of. */
export const GRADIENTS: Readonly<Record<string, GradientGolden>> = {
  "an LSTM": readGradient(lstm),
  "an LSTM of two layers": readGradient(lstmTwoLayers),
  "an LSTM of two layers with hardSigmoid": readGradient(lstmHardSigmoid),
  "an LSTM of two layers with dropout": readGradient(lstmDropout),
  "a ReLU RNN": readGradient(rnnRelu),
  "a tanh RNN of two layers": readGradient(rnnTanhTwoLayers),
};

/** The trainings, one for each optimizer. */
export const TRAININGS: readonly TrainingGolden[] = readTrainings(training);

type Tensors = ReadonlyMap<string, Tensor>;

function read(bytes: Uint8Array): { tensors: Tensors; description: Description } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return { tensors, description: JSON.parse(metadata.golden) };
}

function readGolden(tensors: Tensors, description: Description): Golden {
  const { shape: [count, height, width], data } = tensors.get("images")!;
  const labels = Uint8Array.from(numbersOf(tensors, "labels"));
  const images = { pixels: data as Uint8Array, labels, count, height, width };
  const sequence = { axis: description.axis, range: description.range };

  const [classes, hiddenSize] = tensors.get("parameters.head.weight")!.shape;
  const { inputSize } = layOutSequence(sequence, images);
  const layers = Array.from({ length: description.layers }, (_, layer) => {
    const sizes = { inputSize: layer === 0 ? inputSize : hiddenSize, hiddenSize, dropout: 0 };
    return specOf(description, sizes);
  });
  const network = createNetwork({ layers, classes, biases: 2 });
  return { network, images, sequence, parameters: fromPyTorch(network, tensors, { prefix: "parameters." }) };
}

function specOf(
  { kind, gate, activation }: Description,
  sizes: { inputSize: number; hiddenSize: number; dropout: number },
): LayerSpec {
  if (kind === "lstm") return { kind, gateActivation: gate ?? "sigmoid", ...sizes };
  return { kind, activation: activation!, ...sizes };
}

function readGradient(bytes: Uint8Array): GradientGolden {
  const { tensors, description } = read(bytes);
  const golden = readGolden(tensors, description);
  const masks = [...tensors.keys()].filter((name) => name.startsWith("mask."));
  return {
    ...golden,
    logits: numbersOf(tensors, "logits"),
    loss: numbersOf(tensors, "loss")[0],
    gradient: fromPyTorch(golden.network, tensors, { prefix: "gradient.", joinBiases: sameOfBoth }),
    masks: masks.sort().map((name) => numbersOf(tensors, name)),
  };
}

function readTrainings(bytes: Uint8Array): TrainingGolden[] {
  const { tensors, description } = read(bytes);
  const golden = readGolden(tensors, description);
  const [steps, batchSize] = tensors.get("batches")!.shape;
  const positions = Uint32Array.from(numbersOf(tensors, "batches"));
  return Object.entries(description.optimizers!).map(([kind, settings]) => ({
    ...golden,
    optimizer: { kind, ...settings } as unknown as Optimizer,
    batches: Array.from({ length: steps }, (_, k) => positions.slice(k * batchSize, (k + 1) * batchSize)),
    losses: numbersOf(tensors, `${kind}.losses`),
    trained: fromPyTorch(golden.network, tensors, { prefix: `${kind}.parameters.` }),
  }));
}
