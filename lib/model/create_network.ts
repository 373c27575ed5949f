/**
 * Networks from their options: layer by layer sizes, names, streams of dropout, and the place of each parameter.
 *
 * @module
 */
import {
  type BatchNormLayer,
  type BidirectionalLayer,
  type CellLayer,
  type DenseLayer,
  gateCount,
  type Input,
  type Layer,
  type Network,
  outputSize,
  type Parameter,
  type RecurrentLayer,
  type Regularizer,
} from "./network.ts";
import {
  ACTION,
  checkNetworkOptions,
  checkRegularizer,
  type LayerOptions,
  type NetworkOptions,
  type RecurrentOptions,
} from "./network_options.ts";

/** A Dropout that does not stand directly above another layer draws from streams of its own. */
const LOOSE_STREAMS = 32_768;
/** Added to the stream of the backward layer of a bidirectional one. */
const BACKWARD_STREAM = 16_384;

/**
 * Lays the parameters of a network out in one flat array: the table of tokens, then layer by layer kernel, recurrent kernel,
 * bias.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range, or a layer cannot stand where it does.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./create_network.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "features", size: 4 },
 *   layers: [
 *     { kind: "gru", hiddenSize: 8 },
 *     { kind: "dropout", rate: 0.2 },
 *     { kind: "dense", units: 1 },
 *   ],
 *   loss: "meanSquaredError",
 * });
 * assert.equal(network.size, 3 * 8 * (4 + 8 + 1) + 8 + 1);
 * assert.deepEqual(network.output, { size: 1, everyStep: false });
 * ```
 */
export function createNetwork(options: NetworkOptions): Network {
  const { input: given, layers: specs, loss, metrics = [], biases = 1 } = checkNetworkOptions(options);
  const layout = new Layout(biases);
  const input = placeInput(given, layout);
  const chain = new Chain(input, specs, layout);
  const layers = specs.map((_, index) => chain.place(index));
  return {
    input,
    layers,
    output: { size: chain.size, everyStep: chain.steps === "many" },
    loss,
    metrics,
    biases,
    parameters: layout.parameters,
    size: layout.size,
    parameterCount: layout.parameters.reduce((sum, p) => sum + p.size * p.updateScale, 0),
  };
}

/** The flat array, while it is laid out. */
class Layout {
  readonly parameters: Parameter[] = [];
  readonly biases: 1 | 2;
  size = 0;

  constructor(biases: 1 | 2) {
    this.biases = biases;
  }

  add(
    name: string,
    shape: readonly number[],
    { l1 = 0, l2 = 0 }: Regularizer = {},
    updateScale: Parameter["updateScale"] = 1,
  ): Parameter {
    const size = shape.reduce((a, b) => a * b, 1);
    const parameter = { name, shape, offset: this.size, size, updateScale, l1, l2 };
    this.parameters.push(parameter);
    this.size += size;
    return parameter;
  }
}

function placeInput(given: NetworkOptions["input"], layout: Layout): Input {
  if (given.kind === "features") {
    const { size, maskValue = null } = given;
    return { kind: "features", size, maskValue };
  }
  const { vocabulary, size, maskZero = false, regularizer } = given;
  const embeddings = layout.add("embeddings", [vocabulary, size], checkRegularizer(regularizer));
  return { kind: "tokens", vocabulary, size, maskZero, embeddings };
}

/** A chain, while its layers are placed one after another. */
class Chain {
  readonly #specs: readonly LayerOptions[];
  readonly #layout: Layout;
  readonly #lastWeighted: number;
  #weighted = 0;
  /** How many layers other than Dropout were placed. */
  #solid = 0;
  #masked: boolean;
  /** The features of what the last placed layer returns. */
  size: number;
  /** Whether that is a sequence, or one step. */
  steps: "many" | "one" = "many";

  constructor(input: Input, specs: readonly LayerOptions[], layout: Layout) {
    this.#specs = specs;
    this.#layout = layout;
    this.#lastWeighted = specs.findLastIndex(({ kind }) => HAS_WEIGHTS.includes(kind));
    this.#masked = input.kind === "features" ? input.maskValue !== null : input.maskZero;
    this.size = input.size;
  }

  place(index: number): Layer {
    const spec = this.#specs[index], inputSize = this.size;
    const layer = this.#create(spec, index);
    this.size = outputSize(layer, inputSize);
    if (spec.kind !== "dropout") this.#solid++;
    if (HAS_WEIGHTS.includes(spec.kind)) this.#weighted++;
    return layer;
  }

  #create(spec: LayerOptions, index: number): Layer {
    const isHead = spec.kind === "dense" && index === this.#lastWeighted;
    const name = isHead ? "head" : `layer${this.#weighted}`;
    switch (spec.kind) {
      case "dropout": {
        const above = index > 0 && this.#specs[index - 1].kind !== "dropout";
        return { kind: "dropout", rate: spec.rate, stream: above ? this.#solid - 1 : LOOSE_STREAMS + index };
      }
      case "activation":
        return { kind: "activation", activation: spec.activation };
      case "last":
        this.#need("many", spec, index);
        this.steps = "one";
        this.#masked = false;
        return { kind: "last" };
      case "batchNorm":
        return this.#batchNorm(spec, name);
      case "repeat":
        this.#need("one", spec, index);
        this.steps = "many";
        this.#masked = false;
        return { kind: "repeat", steps: spec.steps };
      case "dense":
        return this.#dense(spec, name);
      case "bidirectional":
        return this.#bidirectional(spec, name, index);
      default: {
        this.#need("many", spec, index);
        const layer = this.#recurrent(spec, name, this.#solid);
        this.#leave(layer);
        return layer;
      }
    }
  }

  #dense(spec: Extract<LayerOptions, { kind: "dense" }>, name: string): DenseLayer {
    const { units, activation = "linear", useBias = true, kernelRegularizer, biasRegularizer } = spec;
    return {
      kind: "dense",
      name,
      inputSize: this.size,
      units,
      activation,
      kernel: this.#layout.add(`${name}.kernel`, [this.size, units], checkRegularizer(kernelRegularizer)),
      bias: useBias ? this.#layout.add(`${name}.bias`, [units], checkRegularizer(biasRegularizer)) : null,
    };
  }

  #batchNorm(spec: Extract<LayerOptions, { kind: "batchNorm" }>, name: string): BatchNormLayer {
    const { epsilon = 1e-3, momentum = 0.99, unbiased = false, scale = true, center = true } = spec;
    const layout = this.#layout, shape = [this.size];
    return {
      kind: "batchNorm",
      name,
      size: this.size,
      epsilon,
      momentum,
      unbiased,
      gamma: scale ? layout.add(`${name}.gamma`, shape, checkRegularizer(spec.gammaRegularizer)) : null,
      beta: center ? layout.add(`${name}.beta`, shape, checkRegularizer(spec.betaRegularizer)) : null,
      movingMean: layout.add(`${name}.movingMean`, shape, {}, 0),
      movingVariance: layout.add(`${name}.movingVariance`, shape, {}, 0),
    };
  }

  #bidirectional(
    spec: Extract<LayerOptions, { kind: "bidirectional" }>,
    name: string,
    index: number,
  ): BidirectionalLayer {
    this.#need("many", spec, index);
    const { merge, forward: one, backward: other = one } = spec;
    if (one.hiddenSize !== other.hiddenSize || !!one.returnSequences !== !!other.returnSequences) {
      throw new RangeError(
        `Cannot ${ACTION}: both directions of layer ${index} must have the same hiddenSize and returnSequences: ` +
          `current value is ${one.hiddenSize} and ${other.hiddenSize}`,
      );
    }
    const stream = this.#solid;
    const forward = this.#recurrent({ ...one, backwards: false }, `${name}.forward`, stream);
    const backward = this.#recurrent(
      { ...other, backwards: true },
      `${name}.backward`,
      stream + BACKWARD_STREAM,
    );
    this.#leave(forward);
    return { kind: "bidirectional", merge, forward, backward };
  }

  #recurrent(spec: RecurrentOptions, name: string, stream: number): RecurrentLayer {
    const { hiddenSize, activation = "tanh", returnSequences = false, backwards = false } = spec;
    const { inputDropout = 0, recurrentDropout = 0, useBias = true } = spec;
    const columns = gateCount(spec) * hiddenSize, layout = this.#layout;
    const resetAfter = spec.kind === "gru" && (spec.resetAfter ?? false);
    const cell: CellLayer = {
      name,
      stream,
      inputSize: this.size,
      hiddenSize,
      activation,
      returnSequences,
      backwards,
      inputDropout,
      recurrentDropout,
      masked: this.#masked,
      kernel: layout.add(`${name}.kernel`, [this.size, columns], checkRegularizer(spec.kernelRegularizer)),
      recurrentKernel: layout.add(
        `${name}.recurrentKernel`,
        [hiddenSize, columns],
        checkRegularizer(spec.recurrentRegularizer),
      ),
      bias: useBias
        ? layout.add(
          `${name}.bias`,
          resetAfter ? [2, columns] : [columns],
          checkRegularizer(spec.biasRegularizer),
          resetAfter ? 1 : layout.biases,
        )
        : null,
    };
    if (spec.kind === "rnn") return { kind: "rnn", ...cell };
    const { gateActivation = "sigmoid" } = spec;
    if (spec.kind === "lstm") return { kind: "lstm", gateActivation, ...cell };
    return { kind: "gru", gateActivation, resetAfter, ...cell };
  }

  /** What a recurrent layer leaves to the layers above. */
  #leave({ returnSequences }: RecurrentLayer): void {
    if (returnSequences) return;
    this.steps = "one";
    this.#masked = false;
  }

  #need(steps: "one" | "many", { kind }: LayerOptions, index: number): void {
    if (this.steps === steps) return;
    const must = steps === "many" ? "read a sequence" : "read one step";
    const found = steps === "many" ? "one step: returnSequences below it is false" : "a sequence";
    throw new RangeError(
      `Cannot ${ACTION}: layer ${index} (${kind}) must ${must}: current value is ${found}`,
    );
  }
}

const HAS_WEIGHTS: readonly LayerOptions["kind"][] = [
  "lstm",
  "gru",
  "rnn",
  "bidirectional",
  "batchNorm",
  "dense",
];
