/**
 * Writes a network as an ONNX file, for ONNX Runtime and others.
 *
 *     input [N, T, C] → Transpose [T, N, C] → layer by layer → output [N, K], or Transpose → output [N, T, K]
 *
 * Between layers a sequence is `[T, N, ·]`, as ONNX's recurrent operators read it, and a single step is `[N, ·]`. Dropout is
 * left out. Gates change from the order i f g o to ONNX's i o f c; z r h is ONNX's own. ONNX has two biases; the second one is
 * 0 here, except in a GRU with reset after. BatchNormalization takes the axis after the first one for that of the features, so a
 * sequence goes through it as `[T, C, N]`.
 *
 * Source: the operators of opset 17, https://onnx.ai/onnx/operators/.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { excerpt } from "../excerpt.ts";
import { message, text, whole } from "../protobuf.ts";
import {
  type Activation,
  type BatchNormLayer,
  type BidirectionalLayer,
  type CellActivation,
  type DenseLayer,
  type Layer,
  type Network,
  type Parameter,
  type RecurrentLayer,
  stepsOf,
} from "./network.ts";
import { findMaskedSteps, type MaskedSteps, moveToFront, placeOutputs } from "./onnx_masks.ts";
import { type Attributes, axisOf, ELEMENTS, OnnxGraph, type ValueInfo, valueInfo } from "./onnx_graph.ts";

/** What {@link encodeOnnx} writes besides the network. */
export interface OnnxOptions {
  /** The length of a sequence, or null if the network reads any length. */
  readonly T: number | null;
  /** The name of the input; `input` by default. */
  readonly input?: string;
  /** The name of the output; `output` by default. */
  readonly output?: string;
  /** Anything that the file should say about itself; `input`, how the input is made, also documents the input. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const IR_VERSION = 8, OPSET = 17;

/**
 * Encodes a network with its parameters.
 *
 * @param parameters Flat, as the network lays them out
 * @returns A `ModelProto`; its input is float32 `[N, T, C]` or int64 tokens `[N, T]`, its output float32 `[N, K]` or `[N, T, K]`
 * @throws {TypeError} If the parameters are not the network's, or metadata is not text.
 * @throws {RangeError} If T is not a positive whole number or null.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./create_network.ts";
 * import { encodeOnnx } from "./onnx.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "tokens", vocabulary: 100, size: 8 },
 *   layers: [{ kind: "gru", hiddenSize: 5 }, { kind: "dense", units: 1, activation: "sigmoid" }],
 *   loss: "binaryCrossEntropy",
 * });
 * const bytes = encodeOnnx(network, new Float32Array(network.size), { T: 28 });
 * assert.ok(bytes.length > 4 * network.size);
 * ```
 */
export function encodeOnnx(
  network: Network,
  parameters: Float32Array,
  options: OnnxOptions,
): Uint8Array<ArrayBuffer> {
  checkArguments(network, parameters, options);
  const { T, metadata = {}, input: inputName = "input", output: outputName = "output" } = options;
  const input = describeInput(network, { T, name: inputName, doc: metadata.input });
  const output = describeOutput(network, { T, name: outputName });
  const graph = new OnnxGraph();
  new Writer(graph, parameters).write(network, { input: input.name, output: output.name });
  return joinBytes(
    whole(1, IR_VERSION),
    text(2, "Scanline"),
    text(6, `${input.name}: ${input.doc}\n${output.name}: ${output.doc}`),
    message(7, [...graph.encode(), valueInfo(11, input), valueInfo(12, output)]),
    message(8, [text(1, ""), whole(2, OPSET)]),
    ...Object.entries(metadata).map(([key, value]) => message(14, [text(1, key), text(2, value)])),
  );
}

function checkArguments(
  network: Network,
  parameters: Float32Array,
  { T, metadata = {} }: OnnxOptions,
): void {
  if (!(parameters instanceof Float32Array) || parameters.length !== network.size) {
    throw new TypeError(
      `Cannot write ONNX: parameters must have ${network.size} float32 elements: current value is ${
        excerpt(parameters)
      }`,
    );
  }
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
}

function describeInput(
  { input }: Network,
  { T, name, doc }: { T: number | null; name: string; doc: string | undefined },
): ValueInfo {
  const length = T ?? "T", { size } = input;
  if (input.kind === "features") {
    const shape = ["N", length, size];
    const said = doc ?? `float32 [N, ${length}, ${size}]: N sequences of ${length} steps of ${size} numbers`;
    return { name, elements: ELEMENTS.float, shape, doc: said };
  }
  const said = doc ?? `int64 [N, ${length}]: N sequences of ${length} tokens, 0 … ${input.vocabulary - 1}`;
  return { name, elements: ELEMENTS.int64, shape: ["N", length], doc: said };
}

function describeOutput(network: Network, { T, name }: { T: number | null; name: string }): ValueInfo {
  const { output: { size, everyStep }, loss } = network;
  const steps = stepsOf(network, T ?? NaN).at(-1)!.count; // of a repeat layer also where T is open
  const shape = everyStep ? ["N", Number.isNaN(steps) ? "T" : steps, size] : ["N", size];
  const what = MEANINGS[loss] ?? (everyStep ? "numbers for each step" : "numbers for each sequence");
  return { name, elements: ELEMENTS.float, shape, doc: `float32 [${shape.join(", ")}]: ${what}` };
}

/** The outputs that a loss takes for logits. */
const MEANINGS: Readonly<Partial<Record<Network["loss"], string>>> = {
  softmaxCrossEntropy: "a logit for each class; softmax makes probabilities of them",
  sigmoidCrossEntropy: "logits; sigmoid makes probabilities of them",
};

const OPERATORS: Readonly<Record<Activation, string>> = {
  linear: "Identity",
  relu: "Relu",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  hardSigmoid: "HardSigmoid", // 0.2 z + 0.5 by default, as in Keras
  softmax: "Softmax", // over the last axis by default
};

/** The names of the activations within recurrent operators. */
const CELL_OPERATORS: Readonly<Record<CellActivation, string>> = { ...OPERATORS, linear: "Affine" };

/** Adds the nodes of a network to a graph. */
class Writer {
  readonly #graph: OnnxGraph;
  readonly #parameters: Float32Array;
  /** The mask of the input, bool `[T, N]`: whether a step is read. */
  #mask: string | null = null;
  #maskedSteps: MaskedSteps | null = null;

  constructor(graph: OnnxGraph, parameters: Float32Array) {
    this.#graph = graph;
    this.#parameters = parameters;
  }

  write(network: Network, { input, output }: { input: string; output: string }): void {
    const layers = network.layers.filter(({ kind }) => kind !== "dropout");
    const { everyStep } = network.output;
    let value = this.#input(network, input), isSequence = true;
    for (const [index, layer] of layers.entries()) {
      isSequence = layer.kind === "repeat" || isSequence && !isLastStepOnly(layer);
      const isOutput = index === layers.length - 1 && !everyStep;
      value = this.#layer(layer, value, { isSequence, result: isOutput ? output : this.#name(isSequence) });
    }
    if (everyStep) this.#graph.add("Transpose", [value], output, { perm: [1, 0, 2] });
  }

  /** From `[N, T, …]` to features `[T, N, C]`, and the mask. */
  #input({ input }: Network, name: string): string {
    const graph = this.#graph;
    if (input.kind === "tokens") {
      const tokens = graph.add("Transpose", [name], "tokens", { perm: [1, 0] });
      if (input.maskZero) this.#mask = graph.add("Cast", [tokens], "mask", { to: ELEMENTS.bool });
      return graph.add("Gather", [this.#weight(input.embeddings), tokens], this.#name(true));
    }
    const x = graph.add("Transpose", [name], this.#name(true), { perm: [1, 0, 2] });
    if (input.maskValue === null) return x;
    const value = graph.floats("maskValue", [], Float32Array.of(input.maskValue));
    const differs = graph.add("Not", [graph.add("Equal", [x, value], "equals")], "differs");
    const numbers = graph.add("Cast", [differs], "differing", { to: ELEMENTS.float });
    const isRead = graph.add("ReduceMax", [numbers], "read", { axes: [2] }); // [T, N, 1]
    this.#mask = graph.add("Cast", [this.#squeeze(isRead, 2, "readFlat")], "mask", { to: ELEMENTS.bool });
    return graph.add("Mul", [x, isRead], this.#name(true));
  }

  /** @param isSequence Whether the result is a sequence */
  #layer(layer: Layer, x: string, { isSequence, result }: { isSequence: boolean; result: string }): string {
    switch (layer.kind) {
      case "dropout":
        return x;
      case "activation":
        return this.#graph.add(OPERATORS[layer.activation], [x], result);
      case "last":
        return this.#last(x, result);
      case "batchNorm":
        return this.#batchNorm(layer, x, { isSequence, result });
      case "repeat":
        return this.#repeat(x, layer.steps, result);
      case "dense":
        return this.#dense(layer, x, { isSequence, result });
      case "bidirectional":
        return this.#bidirectional(layer, x, result);
      default:
        return this.#oneDirection(layer, x, result);
    }
  }

  /** `[N, C]` → `[steps, N, C]`. */
  #repeat(x: string, steps: number, result: string): string {
    const once = this.#graph.add("Unsqueeze", [x, axisOf(this.#graph, 0)], `${result}.once`);
    return this.#graph.add("Expand", [once, this.#graph.wholes(`${result}.steps`, [steps, 1, 1])], result);
  }

  /** `[T, N, C]` → `[N, C]`. */
  #last(x: string, result: string): string {
    const index = this.#graph.wholes("lastStep", [-1], { scalar: true });
    return this.#graph.add("Gather", [x, index], result, { axis: 0 });
  }

  #batchNorm(
    { name, size, epsilon, gamma, beta, movingMean, movingVariance }: BatchNormLayer,
    x: string,
    { isSequence, result }: { isSequence: boolean; result: string },
  ): string {
    const graph = this.#graph, swapped = { perm: [0, 2, 1] };
    const constant = (part: string, value: number) =>
      graph.floats(`${name}.${part}`, [size], new Float32Array(size).fill(value));
    const tensors = [
      gamma ? this.#weight(gamma) : constant("gamma", 1),
      beta ? this.#weight(beta) : constant("beta", 0),
      this.#weight(movingMean),
      this.#weight(movingVariance),
    ];
    const normalize = (x: string, result: string) =>
      graph.add("BatchNormalization", [x, ...tensors], result, { epsilon: { float: epsilon } });
    if (!isSequence) return normalize(x, result);
    const features = graph.add("Transpose", [x], `${name}.x`, swapped); // [T, C, N]
    return graph.add("Transpose", [normalize(features, `${name}.y`)], result, swapped);
  }

  #dense(
    { name, kernel, bias, activation }: DenseLayer,
    x: string,
    { isSequence, result }: { isSequence: boolean; result: string },
  ): string {
    const graph = this.#graph, sum = activation === "linear" ? result : `${name}.z`;
    const weights = [kernel, ...(bias ? [bias] : [])].map((parameter) => this.#weight(parameter));
    if (!isSequence) graph.add("Gemm", [x, ...weights], sum);
    else if (!bias) graph.add("MatMul", [x, ...weights], sum);
    else graph.add("Add", [graph.add("MatMul", [x, weights[0]], `${name}.xW`), weights[1]], sum);
    return sum === result ? result : graph.add(OPERATORS[activation], [sum], result);
  }

  #oneDirection(layer: RecurrentLayer, x: string, result: string): string {
    const { returnSequences, backwards } = layer;
    const { output, masked } = this.#recurrent([layer], x);
    if (!returnSequences) return this.#squeeze(output, 0, result); // [1, N, H]
    const isDone = !masked && !backwards;
    const y = this.#squeeze(output, 1, isDone ? result : `${output}.squeezed`); // [T, 1, N, H]
    if (isDone) return y;
    const placed = masked ? placeOutputs(this.#graph, y, { masked, layer }) : y;
    if (!backwards) return this.#graph.add("Identity", [placed], result);
    // ONNX's outputs are in the order of t, those of the layer in the order in which it reads.
    const from = this.#graph.wholes("fromEnd", [-1]), to = this.#graph.wholes("toStart", [-(2 ** 62)]);
    return this.#graph.add("Slice", [placed, from, to, axisOf(this.#graph, 0), from], result);
  }

  #bidirectional(layer: BidirectionalLayer, x: string, result: string): string {
    const graph = this.#graph, { merge, forward, backward } = layer;
    const { output, masked } = this.#recurrent([forward, backward], x);
    const axis = forward.returnSequences ? 1 : 0; // of the directions
    const both = [forward, backward].map((direction, d) => {
      const index = graph.wholes(`direction${d}`, [d], { scalar: true });
      const y = graph.add("Gather", [output, index], `${output}.direction${d}`, { axis });
      return masked && forward.returnSequences ? placeOutputs(graph, y, { masked, layer: direction }) : y;
    });
    switch (merge) {
      case "concat":
        return graph.add("Concat", both, result, { axis: axis + 1 });
      case "sum":
        return graph.add("Add", both, result);
      case "mul":
        return graph.add("Mul", both, result);
      case "ave": {
        const half = graph.floats("half", [], Float32Array.of(0.5));
        return graph.add("Mul", [graph.add("Add", both, `${result}.sum`), half], result);
      }
    }
  }

  /**
   * One operator for D = 1 or 2 directions.
   *
   * @returns `[T, D, N, H]`, or with `returnSequences` false `[D, N, H]`; and where masked steps are
   */
  #recurrent(
    directions: readonly RecurrentLayer[],
    x: string,
  ): { output: string; masked: MaskedSteps | null } {
    const [{ kind, hiddenSize, returnSequences, inputSize }] = directions;
    const l = this.#graph.count("layer"), output = returnSequences ? `all${l}` : `last${l}`;
    const masked = directions[0].masked ? this.#masked() : null;
    const read = masked ? moveToFront(this.#graph, x, { masked, size: inputSize, result: `read${l}` }) : x;
    const tensors = this.#cellTensors(directions, `layer${l}`);
    this.#graph.addNode(OPERATORS_OF_KINDS[kind], {
      inputs: [read, ...tensors, ...(masked ? [masked.lengths] : [])],
      outputs: returnSequences ? [output] : ["", output],
    }, { hidden_size: hiddenSize, ...attributesOf(directions) });
    return { output, masked };
  }

  /** W `[D, G·H, C]`, R `[D, G·H, H]`, B `[D, 2·G·H]`. @returns Their names */
  #cellTensors(directions: readonly RecurrentLayer[], name: string): string[] {
    const [{ inputSize: C, hiddenSize: H }] = directions;
    const order = columnOrder(directions[0]), rows = order.length, D = directions.length;
    const join = (partOf: (layer: RecurrentLayer) => Float32Array) =>
      Float32Array.from(directions.flatMap((layer) => [...partOf(layer)]));
    const transposed = (parameter: Parameter, inputs: number) => {
      const data = this.#part(parameter); // [inputs, G·H]
      return data.map((_, k) => data[(k % inputs) * rows + order[Math.floor(k / inputs)]]);
    };
    const biases = ({ bias }: RecurrentLayer) => {
      const data = bias ? this.#part(bias) : []; // [G·H] or [2, G·H]
      return Float32Array.from(
        { length: 2 * rows },
        (_, k) => data[Math.floor(k / rows) * rows + order[k % rows]] ?? 0,
      );
    };
    return [
      this.#graph.floats(`${name}.W`, [D, rows, C], join(({ kernel }) => transposed(kernel, C))),
      this.#graph.floats(`${name}.R`, [D, rows, H], join((layer) => transposed(layer.recurrentKernel, H))),
      this.#graph.floats(`${name}.B`, [D, 2 * rows], join(biases)),
    ];
  }

  /** Where the steps of masked sequences are, found once for all layers. */
  #masked(): MaskedSteps {
    return this.#maskedSteps ??= findMaskedSteps(this.#graph, this.#mask!);
  }

  #squeeze(x: string, axis: number, result: string): string {
    return this.#graph.add("Squeeze", [x, axisOf(this.#graph, axis)], result);
  }

  #weight(parameter: Parameter): string {
    return this.#graph.floats(parameter.name, parameter.shape, this.#part(parameter));
  }

  #part({ offset, size }: Parameter): Float32Array {
    return this.#parameters.subarray(offset, offset + size);
  }

  /** A new name: x0, x1, … for sequences, and y, y1, … for single steps. */
  #name(isSequence: boolean): string {
    if (isSequence) return `x${this.#graph.count("x")}`;
    return `y${this.#graph.count("y") || ""}`;
  }
}

const OPERATORS_OF_KINDS = { lstm: "LSTM", gru: "GRU", rnn: "RNN" } as const;

function attributesOf(directions: readonly RecurrentLayer[]): Attributes {
  const [first] = directions;
  const direction = directions.length === 2 ? "bidirectional" : first.backwards ? "reverse" : "forward";
  const activations = directions.flatMap(activationsOf);
  return {
    activations,
    ...(activations.includes("Affine") ? scalesOf(activations) : {}),
    ...(direction === "forward" ? {} : { direction }),
    ...(first.kind === "gru" ? { linear_before_reset: Number(first.resetAfter) } : {}),
  };
}

/** Of the gates, of the new content, and of the LSTM's output. */
function activationsOf(layer: RecurrentLayer): string[] {
  const activation = CELL_OPERATORS[layer.activation];
  if (layer.kind === "rnn") return [activation];
  const gates = CELL_OPERATORS[layer.gateActivation];
  return layer.kind === "lstm" ? [gates, activation, activation] : [gates, activation];
}

/** α and β, in ONNX for the activations that have them: α z + β, and within 0 … 1 for HardSigmoid. */
function scalesOf(activations: readonly string[]): Attributes {
  const scaled = activations.filter((name) => name === "Affine" || name === "HardSigmoid");
  return {
    activation_alpha: Float32Array.from(scaled, (name) => name === "Affine" ? 1 : 0.2),
    activation_beta: Float32Array.from(scaled, (name) => name === "Affine" ? 0 : 0.5),
  };
}

/** The column of a kernel for each row in ONNX: the gates i o f c are the first, fourth, second and third of i f g o. */
function columnOrder({ kind, hiddenSize: H }: RecurrentLayer): number[] {
  const gates = kind === "lstm" ? [0, 3, 1, 2] : kind === "gru" ? [0, 1, 2] : [0];
  return gates.flatMap((gate) => Array.from({ length: H }, (_, j) => gate * H + j));
}

function isLastStepOnly(layer: Layer): boolean {
  if (layer.kind === "last") return true;
  const one = layer.kind === "bidirectional" ? layer.forward : layer;
  return "returnSequences" in one && !one.returnSequences;
}
