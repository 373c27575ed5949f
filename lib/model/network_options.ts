/**
 * What a network is created from: layers without their sizes and places, and the rules that they must keep.
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
import {
  type Activation,
  type ActivationLayer,
  type BatchNormLayer,
  CELL_ACTIVATIONS,
  type CellActivation,
  type DropoutLayer,
  type LastLayer,
  MERGES,
  type Regularizer,
  type RepeatLayer,
} from "./network.ts";

/** The options of every recurrent layer, without its sizes; what is left out is false or 0. */
export interface CellOptions {
  /** H, the hidden units. */
  readonly hiddenSize: number;
  /** tanh by default. */
  readonly activation?: CellActivation;
  /** Whether the outputs of all t go on, or of the last one read only. */
  readonly returnSequences?: boolean;
  /** Whether it reads from the last t to the first. */
  readonly backwards?: boolean;
  /** The share of x that training drops, at least 0 and below 1. */
  readonly inputDropout?: number;
  /** The share of h that training drops, at least 0 and below 1. */
  readonly recurrentDropout?: number;
  /** True by default. */
  readonly useBias?: boolean;
  /** Of W. */
  readonly kernelRegularizer?: Regularizer;
  /** Of R. */
  readonly recurrentRegularizer?: Regularizer;
  /** Of b. */
  readonly biasRegularizer?: Regularizer;
}

/** A recurrent layer for `createNetwork()`; σ is the sigmoid by default. */
export type RecurrentOptions =
  | CellOptions & { readonly kind: "lstm"; readonly gateActivation?: CellActivation }
  | CellOptions & {
    readonly kind: "gru";
    readonly gateActivation?: CellActivation;
    readonly resetAfter?: boolean;
  }
  | CellOptions & { readonly kind: "rnn" };

/** A layer for `createNetwork()`. */
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
  | LastLayer
  | Pick<BatchNormLayer, "kind"> & {
    /** 1e-3 by default, as in Keras; PyTorch has 1e-5. */
    readonly epsilon?: number;
    /** 0.99 by default, as in Keras; PyTorch's momentum of 0.1 is 0.9. */
    readonly momentum?: number;
    /** False by default; true in PyTorch. */
    readonly unbiased?: boolean;
    /** Whether there is a γ; true by default. */
    readonly scale?: boolean;
    /** Whether there is a β; true by default. */
    readonly center?: boolean;
    readonly gammaRegularizer?: Regularizer;
    readonly betaRegularizer?: Regularizer;
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

/** The options of `createNetwork()`. */
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

/** For messages: `Cannot <action>`. */
export const ACTION = "build the network";
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
const KIND = oneOf(
  "lstm",
  "gru",
  "rnn",
  "bidirectional",
  "last",
  "batchNorm",
  "repeat",
  "dropout",
  "activation",
  "dense",
);
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
    last: { kind: KIND },
    batchNorm: {
      kind: KIND,
      epsilon: optional(number("a positive number", (value) => value > 0)),
      momentum: optional(SHARE),
      unbiased: optional(BOOLEAN),
      scale: optional(BOOLEAN),
      center: optional(BOOLEAN),
      gammaRegularizer: REGULARIZER,
      betaRegularizer: REGULARIZER,
    },
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
 * Checks the options of a network, except for how its layers fit each other.
 *
 * @throws {TypeError} If an option or a property of a layer is missing, unknown or of the wrong type.
 * @throws {RangeError} If a value is out of range.
 */
export function checkNetworkOptions(options: NetworkOptions): NetworkOptions {
  const taken = checkOptions(ACTION, options, RULES);
  taken.layers.forEach(checkLayer);
  checkInput(taken.input);
  return taken;
}

/** @throws {TypeError} If a property of an input is of the wrong type. @throws {RangeError} If it is out of range. */
function checkInput(given: NetworkOptions["input"]): void {
  check(ACTION, "kind of input", { value: given.kind, rule: oneOf("features", "tokens") });
  check(ACTION, "size of input", { value: given.size, rule: SIZE });
  if (given.kind === "features") {
    check(ACTION, "maskValue of input", { value: given.maskValue ?? undefined, rule: optional(ANY_NUMBER) });
    return;
  }
  check(ACTION, "vocabulary of input", { value: given.vocabulary, rule: SIZE });
  check(ACTION, "maskZero of input", { value: given.maskZero, rule: optional(BOOLEAN) });
}

const ANY_NUMBER = number("a number", () => true);

/** @throws {TypeError} If it is no regularizer. @throws {RangeError} If a number is below 0. */
export function checkRegularizer(regularizer: Regularizer | undefined): Regularizer {
  return checkOptions(ACTION, regularizer ?? {}, REGULARIZER_RULES, "regularizer");
}

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
