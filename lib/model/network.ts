/**
 * A network as an engine sees it: how sequences come in, a chain of layers, a loss, and one flat layout of the parameters. It
 * knows nothing of TensorFlow.js.
 *
 * @module
 */
import {
  BOOLEAN,
  check,
  checkOptions,
  number,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  type Rules,
  whole,
} from "../options.ts";
import { type Loss, LOSSES, type Metric, METRICS } from "./losses.ts";

/** One array of parameters within the flat array. */
export interface Parameter {
  /**
   * `layer0.kernel`, `layer0.recurrentKernel`, `layer0.bias`, …: layers with weights are numbered from the input up. The last of
   * them is `head` if it is dense; the layers of a bidirectional one are `layer0.forward` and `layer0.backward`; the table of
   * tokens is `embeddings`.
   */
  readonly name: string;
  /** Keras's shape: kernel `[C, G·H]`, recurrent kernel `[H, G·H]`, bias `[G·H]`; G = 4 gates (i f g o), 3 (z r h) or 1. */
  readonly shape: readonly number[];
  /** Where it starts in the flat array, in elements. */
  readonly offset: number;
  /** The product of `shape`. */
  readonly size: number;
  /** The factor of its updates: 2 for the sum of two arrays that are trained alike (PyTorch's biases), else 1. */
  readonly updateScale: 1 | 2;
  /** λ₁: the loss has `λ₁ Σ|w|` more. */
  readonly l1: number;
  /** λ₂: the loss has `λ₂ Σw²` more. */
  readonly l2: number;
}

/** λ₁ and λ₂ of a {@link Parameter}; 0 by default. */
export interface Regularizer {
  readonly l1?: number;
  readonly l2?: number;
}

/** The functions that act on one number: z, max(z, 0), tanh z, 1/(1 + e⁻ᶻ), min(max(0.2 z + 0.5, 0), 1). */
export const CELL_ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "hardSigmoid"] as const;

/** One of {@link CELL_ACTIVATIONS}. */
export type CellActivation = typeof CELL_ACTIVATIONS[number];

/** One of {@link CELL_ACTIVATIONS}, or softmax over the features of a step. */
export type Activation = CellActivation | "softmax";

/** How sequences come in: as C features at each t, or as tokens whose features are a table's rows. */
export type Input = FeatureInput | TokenInput;

/** `x_t`, the C numbers of step t. */
export interface FeatureInput {
  /** Which of the inputs this is. */
  readonly kind: "features";
  /** C. */
  readonly size: number;
  /** A step all of whose features have this value is masked, and its features become 0; null: none is. */
  readonly maskValue: number | null;
}

/** `x_t = E[token_t]`. */
export interface TokenInput {
  /** Which of the inputs this is. */
  readonly kind: "tokens";
  /** V: tokens are 0 … V − 1. */
  readonly vocabulary: number;
  /** C, the features of a token. */
  readonly size: number;
  /** Whether steps with token 0 are masked. */
  readonly maskZero: boolean;
  /** E `[V, C]`. */
  readonly embeddings: Parameter;
}

/** What all recurrent layers have. T steps go in; T come out, or with `returnSequences` false the last one. */
export interface CellLayer {
  /** Begins the names of its parameters. */
  readonly name: string;
  /** The number of its dropout masks, see `dropoutWords()`. */
  readonly stream: number;
  /** C, the features at one t. */
  readonly inputSize: number;
  /** H, the hidden units. */
  readonly hiddenSize: number;
  /** φ. */
  readonly activation: CellActivation;
  /** Whether the outputs of all t go on, or of the last one read only. */
  readonly returnSequences: boolean;
  /** Whether it reads from t = T − 1 to 0; its outputs then come in the order in which it reads. */
  readonly backwards: boolean;
  /** The share of x that training drops: one mask a sequence, the same at all t and for all gates. */
  readonly inputDropout: number;
  /** The share of h that training drops before the product with R; one mask a sequence. */
  readonly recurrentDropout: number;
  /** Whether masked steps reach it: there it keeps its state, and its output is its last one (0 at the start). */
  readonly masked: boolean;
  /** W `[C, G·H]`. */
  readonly kernel: Parameter;
  /** R `[H, G·H]`. */
  readonly recurrentKernel: Parameter;
  /** b `[G·H]`; `[2, 3H]`, that of x and that of h, in a GRU with reset after; null without. */
  readonly bias: Parameter | null;
}

/** `i f g o = σ σ φ σ (x W + h R + b)`, `c' = f∘c + i∘g`, `h' = o∘φ(c')`. */
export interface LstmLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "lstm";
  /** σ. */
  readonly gateActivation: CellActivation;
}

/**
 * `z r = σ(x W + h R + b)`, `h' = z∘h + (1 − z)∘φ(g)`; `g = x W_g + (r∘h) R_g + b_g` (Keras's and tfjs's default), or with
 * `resetAfter` `g = x W_g + b_g + r∘(h R_g + b'_g)` (PyTorch, cuDNN, Keras 3). With recurrent dropout, h is the masked h
 * everywhere, as in TensorFlow.js.
 */
export interface GruLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "gru";
  /** σ. */
  readonly gateActivation: CellActivation;
  /** Whether r acts after the product with R. */
  readonly resetAfter: boolean;
}

/** `h' = φ(x W + h R + b)`. */
export interface RnnLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "rnn";
}

/** A recurrent layer. */
export type RecurrentLayer = LstmLayer | GruLayer | RnnLayer;

/** The ways to merge the outputs of two directions. */
export const MERGES = ["concat", "sum", "ave", "mul"] as const;

/** Two recurrent layers over the same sequence, the second from its end; the outputs of both are in the order of t. */
export interface BidirectionalLayer {
  /** Which of the layers this is. */
  readonly kind: "bidirectional";
  /** `[a, b]`, a + b, (a + b)/2, a∘b. */
  readonly merge: typeof MERGES[number];
  /** It reads from t = 0 on. */
  readonly forward: RecurrentLayer;
  /** Its `backwards` is true. Without `returnSequences` its output is that after t = 0, its own last one. */
  readonly backward: RecurrentLayer;
}

/** The one step that comes in, `steps` times. */
export interface RepeatLayer {
  /** Which of the layers this is. */
  readonly kind: "repeat";
  /** How many steps it returns. */
  readonly steps: number;
}

/** Inverted dropout: in training, each number of each step becomes 0 with probability `rate`, else 1/(1 − rate) times itself. */
export interface DropoutLayer {
  /** Which of the layers this is. */
  readonly kind: "dropout";
  /** The share of the numbers that training drops. */
  readonly rate: number;
  /** The number of its masks, see `dropoutWords()`. */
  readonly stream: number;
}

/** `y_t = φ(x_t)`. */
export interface ActivationLayer {
  /** Which of the layers this is. */
  readonly kind: "activation";
  /** φ. */
  readonly activation: Activation;
}

/** `y_t = φ(x_t W + b)` at every step. */
export interface DenseLayer {
  /** Which of the layers this is. */
  readonly kind: "dense";
  /** Begins the names of its parameters. */
  readonly name: string;
  /** C. */
  readonly inputSize: number;
  /** The features of its output. */
  readonly units: number;
  /** φ. */
  readonly activation: Activation;
  /** W `[C, units]`. */
  readonly kernel: Parameter;
  /** b `[units]`; null without. */
  readonly bias: Parameter | null;
}

/** One of the layers of a chain. */
export type Layer =
  | RecurrentLayer
  | BidirectionalLayer
  | RepeatLayer
  | DropoutLayer
  | ActivationLayer
  | DenseLayer;

/** What an engine computes: an input, layers, a loss, and the place of each parameter in one flat float32 array. */
export interface Network {
  /** How sequences come in. */
  readonly input: Input;
  /** From the input up. */
  readonly layers: readonly Layer[];
  /** What comes out: K numbers, once a sequence or at every step. */
  readonly output: { readonly size: number; readonly everyStep: boolean };
  /** What training minimizes. */
  readonly loss: Loss;
  /** What training measures besides. */
  readonly metrics: readonly Metric[];
  /** In the order of the flat array. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat array. */
  readonly size: number;
  /** How many numbers are trained; a bias of two vectors counts twice, as in PyTorch. */
  readonly parameterCount: number;
}

/** The options of every recurrent layer, without its sizes; what is left out is false or 0. */
interface CellOptions {
  readonly hiddenSize: number;
  /** tanh by default. */
  readonly activation?: CellActivation;
  readonly returnSequences?: boolean;
  readonly backwards?: boolean;
  readonly inputDropout?: number;
  readonly recurrentDropout?: number;
  /** True by default. */
  readonly useBias?: boolean;
  readonly kernelRegularizer?: Regularizer;
  readonly recurrentRegularizer?: Regularizer;
  readonly biasRegularizer?: Regularizer;
}

/** A recurrent layer for {@link createNetwork}; σ is the sigmoid by default. */
export type RecurrentOptions =
  | CellOptions & { readonly kind: "lstm"; readonly gateActivation?: CellActivation }
  | CellOptions & {
    readonly kind: "gru";
    readonly gateActivation?: CellActivation;
    readonly resetAfter?: boolean;
  }
  | CellOptions & { readonly kind: "rnn" };

/** A layer for {@link createNetwork}. */
export type LayerOptions =
  | RecurrentOptions
  | {
    readonly kind: "bidirectional";
    readonly merge: typeof MERGES[number];
    /** Its `backwards` is left out. */
    readonly forward: RecurrentOptions;
    /** The same as `forward` by default; its `backwards` is left out. */
    readonly backward?: RecurrentOptions;
  }
  | Pick<RepeatLayer, "kind" | "steps">
  | Pick<DropoutLayer, "kind" | "rate">
  | Pick<ActivationLayer, "kind" | "activation">
  | {
    readonly kind: "dense";
    readonly units: number;
    /** linear by default. */
    readonly activation?: Activation;
    /** True by default. */
    readonly useBias?: boolean;
    readonly kernelRegularizer?: Regularizer;
    readonly biasRegularizer?: Regularizer;
  };

/** The options of {@link createNetwork}. */
export interface NetworkOptions {
  readonly input:
    | { readonly kind: "features"; readonly size: number; readonly maskValue?: number | null }
    | {
      readonly kind: "tokens";
      readonly vocabulary: number;
      readonly size: number;
      readonly maskZero?: boolean;
      readonly regularizer?: Regularizer;
    };
  /** From the input up, at least one. */
  readonly layers: readonly LayerOptions[];
  readonly loss: Loss;
  readonly metrics?: readonly Metric[];
  /** 2 to train the sum of PyTorch's two bias vectors in every recurrent layer; 1 by default. */
  readonly biases?: 1 | 2;
}

/** How many columns the kernels of a layer have for each unit. */
export function gateCount({ kind }: Pick<RecurrentLayer, "kind">): 1 | 3 | 4 {
  return kind === "lstm" ? 4 : kind === "gru" ? 3 : 1;
}

/** The recurrent layers of a chain, from the input up; of a bidirectional one the forward layer first. */
export function recurrentLayers({ layers }: Pick<Network, "layers">): RecurrentLayer[] {
  return layers.flatMap((layer): RecurrentLayer[] => {
    if (layer.kind === "bidirectional") return [layer.forward, layer.backward];
    return isRecurrent(layer) ? [layer] : [];
  });
}

/** Whether a layer is recurrent, in one direction. */
export function isRecurrent(layer: Layer): layer is RecurrentLayer {
  return layer.kind === "lstm" || layer.kind === "gru" || layer.kind === "rnn";
}

/** The steps of a sequence somewhere in a chain. */
export interface Steps {
  /** How many there are. */
  readonly count: number;
  /** The t of the first one, which dropout masks depend on: the last step alone keeps its t. */
  readonly first: number;
}

/**
 * The steps before and after each layer: element 0 is what comes in, element i + 1 what layer i returns.
 *
 * @param T The steps that come in
 */
export function stepsOf({ layers }: Pick<Network, "layers">, T: number): Steps[] {
  const steps: Steps[] = [{ count: T, first: 0 }];
  for (const layer of layers) {
    const { count, first } = steps[steps.length - 1];
    const recurrent = layer.kind === "bidirectional" ? layer.forward : isRecurrent(layer) ? layer : null;
    if (layer.kind === "repeat") steps.push({ count: layer.steps, first: 0 });
    else if (recurrent && !recurrent.returnSequences) steps.push({ count: 1, first: first + count - 1 });
    else steps.push({ count, first });
  }
  return steps;
}

/** The features of what a layer returns, from those of what comes in. */
export function outputSize(layer: Layer, inputSize: number): number {
  switch (layer.kind) {
    case "dense":
      return layer.units;
    case "bidirectional":
      return layer.forward.hiddenSize * (layer.merge === "concat" ? 2 : 1);
    case "repeat":
    case "dropout":
    case "activation":
      return inputSize;
    default:
      return layer.hiddenSize;
  }
}

const ACTION = "build the network";
/** A Dropout that does not stand directly above another layer draws from streams of its own. */
const LOOSE_STREAMS = 32_768;
/** Added to the stream of the backward layer of a bidirectional one. */
const BACKWARD_STREAM = 16_384;

const RULES: Rules<NetworkOptions> = {
  input: OBJECT,
  layers: {
    must: "a list of at least one layer",
    isKind: Array.isArray,
    holds: (layers: readonly LayerOptions[]) => layers.length > 0,
  },
  loss: oneOf(...LOSSES),
  metrics: optional({
    must: `a list of ${METRICS.join(", ")}`,
    isKind: (value) =>
      Array.isArray(value) && value.every((one) => (METRICS as readonly unknown[]).includes(one)),
  }),
  biases: optional(oneOf(1, 2)),
};

const SIZE = whole(1);
const SHARE = number("at least 0 and below 1", (value) => value >= 0 && value < 1);
const WEIGHT = number("a number from 0 on", (value) => value >= 0);
const REGULARIZER_RULES: Rules<Regularizer> = { l1: optional(WEIGHT), l2: optional(WEIGHT) };
const REGULARIZER = optional(OBJECT);
const KIND = oneOf("lstm", "gru", "rnn", "bidirectional", "repeat", "dropout", "activation", "dense");
const CELL_KIND = oneOf("lstm", "gru", "rnn");
const CELL_ACTIVATION = optional(oneOf(...CELL_ACTIVATIONS));

const CELL_RULES = {
  kind: CELL_KIND,
  hiddenSize: SIZE,
  activation: CELL_ACTIVATION,
  returnSequences: optional(BOOLEAN),
  backwards: optional(BOOLEAN),
  inputDropout: optional(SHARE),
  recurrentDropout: optional(SHARE),
  useBias: optional(BOOLEAN),
  kernelRegularizer: REGULARIZER,
  recurrentRegularizer: REGULARIZER,
  biasRegularizer: REGULARIZER,
};

/** The rules of each kind of layer. */
const LAYER_RULES: { readonly [Kind in LayerOptions["kind"]]: Rules<Extract<LayerOptions, { kind: Kind }>> } =
  {
    lstm: { ...CELL_RULES, gateActivation: CELL_ACTIVATION },
    gru: { ...CELL_RULES, gateActivation: CELL_ACTIVATION, resetAfter: optional(BOOLEAN) },
    rnn: CELL_RULES,
    bidirectional: { kind: KIND, merge: oneOf(...MERGES), forward: OBJECT, backward: optional(OBJECT) },
    repeat: { kind: KIND, steps: SIZE },
    dropout: { kind: KIND, rate: SHARE },
    activation: { kind: KIND, activation: oneOf(...CELL_ACTIVATIONS, "softmax") },
    dense: {
      kind: KIND,
      units: SIZE,
      activation: optional(oneOf(...CELL_ACTIVATIONS, "softmax")),
      useBias: optional(BOOLEAN),
      kernelRegularizer: REGULARIZER,
      biasRegularizer: REGULARIZER,
    },
  };

/**
 * Lays the parameters of a network out in one flat array: the table of tokens, then layer by layer kernel, recurrent kernel,
 * bias.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range, or a layer cannot stand where it does.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./network.ts";
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
  const { input: given, layers: specs, loss, metrics = [], biases = 1 } = checkOptions(
    ACTION,
    options,
    RULES,
  );
  specs.forEach(checkLayer);
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
    updateScale: 1 | 2 = 1,
  ): Parameter {
    const size = shape.reduce((a, b) => a * b, 1);
    const parameter = { name, shape, offset: this.size, size, updateScale, l1, l2 };
    this.parameters.push(parameter);
    this.size += size;
    return parameter;
  }
}

function placeInput(given: NetworkOptions["input"], layout: Layout): Input {
  check(ACTION, "kind of input", { value: given.kind, rule: oneOf("features", "tokens") });
  check(ACTION, "size of input", { value: given.size, rule: SIZE });
  if (given.kind === "features") {
    const { size, maskValue = null } = given;
    check(ACTION, "maskValue of input", { value: maskValue ?? undefined, rule: optional(WHOLE_LINE) });
    return { kind: "features", size, maskValue };
  }
  const { vocabulary, size, maskZero = false, regularizer } = given;
  check(ACTION, "vocabulary of input", { value: vocabulary, rule: SIZE });
  check(ACTION, "maskZero of input", { value: maskZero, rule: BOOLEAN });
  const embeddings = layout.add("embeddings", [vocabulary, size], checkRegularizer(regularizer));
  return { kind: "tokens", vocabulary, size, maskZero, embeddings };
}

const WHOLE_LINE = number("a number", () => true);

function checkRegularizer(regularizer: Regularizer | undefined): Regularizer {
  return checkOptions(ACTION, regularizer ?? {}, REGULARIZER_RULES, "regularizer");
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

const HAS_WEIGHTS: readonly LayerOptions["kind"][] = ["lstm", "gru", "rnn", "bidirectional", "dense"];

function checkLayer(layer: LayerOptions, index: number): void {
  check(ACTION, `layer ${index}`, { value: layer, rule: OBJECT });
  check(ACTION, `kind of layer ${index}`, { value: layer.kind, rule: KIND });
  checkProperties(layer, LAYER_RULES[layer.kind], `layer ${index}`);
  if (layer.kind !== "bidirectional") return;
  for (const [direction, one] of Object.entries({ forward: layer.forward, backward: layer.backward })) {
    if (one === undefined) continue;
    const where = `${direction} of layer ${index}`;
    check(ACTION, `kind of ${where}`, { value: one.kind, rule: CELL_KIND });
    checkProperties(one, LAYER_RULES[one.kind], where);
  }
}

function checkProperties(layer: object, rules: Readonly<Record<string, Rule>>, where: string): void {
  const unknown = Object.keys(layer).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot ${ACTION}: ${where} has no property ${unknown}`);
  }
  for (const [name, rule] of Object.entries(rules)) {
    check(ACTION, `${name} of ${where}`, { value: layer[name as keyof typeof layer], rule });
  }
}
