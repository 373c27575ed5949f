/**
 * The golden files of this folder, as engines and the pure functions of `reference` take them.
 *
 * @module
 */
import type { Split } from "../../lib/data/images.ts";
import { layOutSequence, type Range, type Sequence } from "../../lib/data/sequence.ts";
import type { Classifier } from "../../lib/model/classifier.ts";
import { createStack, type StackLayer } from "../support/stack.ts";
import type { Optimizer } from "../../lib/model/optimizers.ts";
import { decodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { fromPyTorch, numbersOf, sameOfBoth } from "../support/pytorch.ts";
import { fromTensorFlow } from "../support/tensorflow.ts";
import lstm from "./lstm.safetensors" with { type: "bytes" };
import lstmDropout from "./lstm_dropout.safetensors" with { type: "bytes" };
import lstmHardSigmoid from "./lstm_hard_sigmoid.safetensors" with { type: "bytes" };
import lstmTwoLayers from "./lstm_two_layers.safetensors" with { type: "bytes" };
import rnnRelu from "./rnn_relu.safetensors" with { type: "bytes" };
import rnnTanhTwoLayers from "./rnn_tanh_two_layers.safetensors" with { type: "bytes" };
import tf1Lstm from "./tf1_lstm.safetensors" with { type: "bytes" };
import tf1LstmDropout from "./tf1_lstm_dropout.safetensors" with { type: "bytes" };
import tf1Training from "./tf1_training.safetensors" with { type: "bytes" };
import training from "./training.safetensors" with { type: "bytes" };
import trainingRnn from "./training_rnn.safetensors" with { type: "bytes" };

/** A network, its images, and where its parameters start. */
export interface Golden {
  /** Who computed what is expected. */
  readonly source: "PyTorch" | "TensorFlow 1";
  readonly network: Classifier;
  readonly images: Split;
  readonly sequence: Sequence;
  /** Each of them is a float32 number. */
  readonly parameters: Float64Array;
}

/** One batch of all images through the network, and back. */
export interface GradientGolden extends Golden {
  /** `[N,K]`. */
  readonly logits: Float64Array;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** The dropout mask of each layer's output, `[T,N,H]`; `[]` without dropout. */
  readonly masks: readonly Float64Array[];
}

/** Fifty steps with one optimizer. */
export interface TrainingGolden extends Golden {
  readonly optimizer: Optimizer;
  readonly batches: readonly Uint32Array[];
  /** The loss of each step, before its update. */
  readonly losses: Float64Array;
  /** The parameters after the last step. */
  readonly trained: Float64Array;
}

/** What the program that wrote a file says of it; `tf1.py` gives the units of each layer, `recurrent.py` a number of equal ones. */
interface Description {
  readonly tensorflow?: string;
  readonly kind?: "lstm" | "rnn";
  readonly layers?: number;
  readonly hidden?: readonly number[];
  readonly axis: Sequence["axis"];
  readonly range: Range["range"];
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
  "two LSTMCells": readGradient(tf1Lstm),
  "two LSTMCells in DropoutWrappers": readGradient(tf1LstmDropout),
};

/** The trainings by what is trained: PyTorch's, one for each optimizer, and TensorFlow's with Momentum. */
export const TRAININGS: Readonly<Record<string, readonly TrainingGolden[]>> = {
  "an LSTM of two layers": readTrainings(training),
  "a ReLU RNN": readTrainings(trainingRnn),
  "two LSTMCells": readTrainings(tf1Training),
};

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

  const isTensorFlow = description.tensorflow !== undefined;
  const hidden = isTensorFlow ? description.hidden! : hiddenOfPyTorch(tensors, description);
  const { C } = layOutSequence(sequence, images);
  const layers = hidden.map((hiddenSize, layer) =>
    specOf(description, { inputSize: hidden[layer - 1] ?? C, hiddenSize, dropout: 0 })
  );
  const classes = numbersOf(
    tensors,
    isTensorFlow ? "parameters.classification.biases" : "parameters.head.bias",
  );
  const network = createStack({ layers, classes: classes.length, biases: isTensorFlow ? 1 : 2 });
  return {
    source: isTensorFlow ? "TensorFlow 1" : "PyTorch",
    network,
    images,
    sequence,
    parameters: readFlat(network, tensors, { description, prefix: "parameters." }),
  };
}

function hiddenOfPyTorch(tensors: Tensors, { layers }: Description): readonly number[] {
  const [, hiddenSize] = tensors.get("parameters.head.weight")!.shape;
  return new Array(layers).fill(hiddenSize);
}

/** What belongs to the parameters, as the network lays it out. */
function readFlat(
  network: Classifier,
  tensors: Tensors,
  { description, prefix, isGradient = false }: {
    description: Description;
    prefix: string;
    isGradient?: boolean;
  },
): Float64Array {
  if (description.tensorflow !== undefined) {
    return fromTensorFlow(network, tensors, { prefix, forgetBias: isGradient ? 0 : 1 });
  }
  return fromPyTorch(network, tensors, { prefix, joinBiases: isGradient ? sameOfBoth : undefined });
}

function specOf(
  { kind = "lstm", gate, activation }: Description,
  sizes: { inputSize: number; hiddenSize: number; dropout: number },
): StackLayer {
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
    gradient: readFlat(golden.network, tensors, { description, prefix: "gradient.", isGradient: true }),
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
    trained: readFlat(golden.network, tensors, { description, prefix: `${kind}.parameters.` }),
  }));
}
