/**
 * From the layers of a TensorFlow.js model to those of a network: one entry for each class of layer.
 *
 * @module
 */
import type * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt } from "../excerpt.ts";
import {
  type Activation,
  CELL_ACTIVATIONS,
  type CellActivation,
  MERGES,
  type Regularizer,
} from "./network.ts";
import type { LayerOptions, NetworkOptions, RecurrentOptions } from "./network_options.ts";
import { GRU_RESET_AFTER } from "./tensorflow_gru.ts";
import { LAST_STEP } from "./tensorflow_last_step.ts";
import { refusal } from "./tensorflow_refusal.ts";

/** A layer of TensorFlow.js. */
export type TensorflowLayer = tf.layers.Layer;

/** What a property of a layer must be. */
export interface PropertyRule {
  /** For messages: `be true`. */
  readonly must: string;
  readonly holds: (value: unknown) => boolean;
  readonly remedy?: string;
}

/** A rule for each property of a class of layer. */
export type PropertyRules = Readonly<Record<string, PropertyRule>>;

/** One of these values. */
export function among(values: readonly unknown[], remedy?: string): PropertyRule {
  const must = `be ${values.map((one) => JSON.stringify(one)).join(" or ")}`;
  return { must, holds: (value) => values.includes(value), remedy };
}

/** Null, and nothing else. */
export const ONLY_NULL: PropertyRule = among([null]);

// TensorFlow.js clamps a share, and then drops nothing at 1.
const SHARE: PropertyRule = {
  must: "be at least 0 and below 1",
  holds: (value) => Number(value) >= 0 && Number(value) < 1,
};
const SIZE: PropertyRule = { must: "be a positive whole number", holds: isSize };
const FLAG: PropertyRule = among([true, false]);
const REGULARIZER: PropertyRule = {
  must: "be null or made by tf.regularizers.l1(), l2() or l1l2()",
  holds: (value) => value === null || isRegularizer(value),
};
const CELL_ACTIVATION = among(CELL_ACTIVATIONS);
const ACTIVATION = among([...CELL_ACTIVATIONS, "softmax"]);

const CONSTRAINTS: PropertyRules = {
  kernelConstraint: ONLY_NULL,
  biasConstraint: ONLY_NULL,
  activityRegularizer: ONLY_NULL,
};

/**
 * TensorFlow.js 4.22 never adds the regularizers of a recurrent cell to the loss, so no rule is about them, and no network has
 * them.
 */
const CELL_RULES: PropertyRules = {
  activation: CELL_ACTIVATION,
  useBias: FLAG,
  dropout: SHARE,
  recurrentDropout: SHARE,
  goBackwards: FLAG,
  stateful: among([false]),
  returnState: among([false]),
  dropoutFunc: ONLY_NULL,
  recurrentConstraint: ONLY_NULL,
  ...CONSTRAINTS,
};

const GATED_RULES: PropertyRules = { ...CELL_RULES, recurrentActivation: CELL_ACTIVATION };

/** How one class of layer is converted. */
interface Conversion {
  readonly rules: PropertyRules;
  /** @param config The layer's, whose properties meet the rules */
  readonly convert: (layer: TensorflowLayer, config: Config, action: string) => LayerOptions;
}

type Config = Readonly<Record<string, unknown>>;

/** The layers that read other layers. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  LSTM: {
    rules: GATED_RULES,
    convert: (_, config) => ({ kind: "lstm", ...gateOf(config), ...cellOf(config) }),
  },
  GRU: {
    rules: GATED_RULES,
    convert: (_, config) => ({ kind: "gru", ...gateOf(config), ...cellOf(config) }),
  },
  [GRU_RESET_AFTER]: {
    rules: GATED_RULES,
    convert: (_, config) => ({ kind: "gru", resetAfter: true, ...gateOf(config), ...cellOf(config) }),
  },
  SimpleRNN: { rules: CELL_RULES, convert: (_, config) => ({ kind: "rnn", ...cellOf(config) }) },
  Bidirectional: { rules: { mergeMode: among(MERGES) }, convert: convertBidirectional },
  RepeatVector: { rules: { n: SIZE }, convert: (_, { n }) => ({ kind: "repeat", steps: Number(n) }) },
  [LAST_STEP]: { rules: {}, convert: () => ({ kind: "last" }) },
  BatchNormalization: {
    rules: {
      axis: among([-1]),
      momentum: SHARE,
      epsilon: { must: "be a positive number", holds: (value) => Number(value) > 0 },
      scale: FLAG,
      center: FLAG,
      gammaRegularizer: REGULARIZER,
      betaRegularizer: REGULARIZER,
      gammaConstraint: ONLY_NULL,
      betaConstraint: ONLY_NULL,
    },
    convert: convertBatchNormalization,
  },
  // A seed gives every step the same mask in TensorFlow.js; here masks follow from the seed of the training.
  Dropout: {
    rules: { rate: SHARE, noiseShape: ONLY_NULL },
    convert: (_, { rate }) => ({ kind: "dropout", rate: Number(rate) }),
  },
  Activation: {
    rules: { activation: ACTIVATION },
    convert: (_, { activation }) => ({ kind: "activation", activation: activation as Activation }),
  },
  Dense: {
    rules: {
      activation: ACTIVATION,
      useBias: FLAG,
      kernelRegularizer: REGULARIZER,
      biasRegularizer: REGULARIZER,
      ...CONSTRAINTS,
    },
    convert: convertDense,
  },
  TimeDistributed: { rules: {}, convert: convertTimeDistributed },
};

/** The layers that read the input itself. */
const INPUT_RULES: Readonly<Record<string, PropertyRules>> = {
  Embedding: {
    embeddingsRegularizer: REGULARIZER,
    embeddingsConstraint: ONLY_NULL,
    activityRegularizer: ONLY_NULL,
  },
  Masking: {
    maskValue: { must: "be a finite number", holds: (value) => Number.isFinite(value) },
  },
};

/** The classes of layers that a network can have. */
export const LAYER_CLASSES: readonly string[] = [...Object.keys(INPUT_RULES), ...Object.keys(CONVERSIONS)];

/** Whether a layer gives the network its input, so that it must be the first. */
export function readsInput(layer: TensorflowLayer): boolean {
  return Object.hasOwn(INPUT_RULES, layer.getClassName());
}

/**
 * Converts a layer that reads other layers.
 *
 * @param narrower Rules that come before those of every network
 * @throws {TypeError} If a property means something else to an engine.
 */
export function convertLayer(
  action: string,
  layer: TensorflowLayer,
  narrower: PropertyRules = {},
): LayerOptions {
  const { rules, convert } = CONVERSIONS[layer.getClassName()];
  return convert(layer, checkProperties(action, layer, { rules, narrower }), action);
}

/** The input of a network, from the first layer above it and the number of features that come in. */
export function convertInput(
  action: string,
  first: TensorflowLayer,
  features: number,
): NetworkOptions["input"] {
  const rules = INPUT_RULES[first.getClassName()];
  if (!rules) return { kind: "features", size: features };
  const config = checkProperties(action, first, { rules });
  if (first.getClassName() === "Masking") {
    return { kind: "features", size: features, maskValue: Math.fround(Number(config.maskValue)) };
  }
  return {
    kind: "tokens",
    vocabulary: Number(config.inputDim),
    size: Number(config.outputDim),
    maskZero: !!config.maskZero,
    regularizer: regularizerOf(config.embeddingsRegularizer),
  };
}

function checkProperties(
  action: string,
  layer: TensorflowLayer,
  { rules, narrower = {} }: { rules: PropertyRules; narrower?: PropertyRules },
): Config {
  const config = configOf(layer);
  for (const [property, rule] of [...Object.entries(narrower), ...Object.entries(rules)]) {
    const value = config[property] ?? null;
    if (rule.holds(value)) continue;
    throw refusal(action, {
      subject: `${property} of ${describe(layer)}`,
      must: rule.must,
      found: excerpt(value),
      remedy: rule.remedy,
    });
  }
  return config;
}

/**
 * Checks that all weights of a layer are trained.
 *
 * @throws {TypeError} If one is frozen.
 */
export function checkTrainable(action: string, layer: TensorflowLayer): void {
  // Not layer.trainable: a cell or a single weight can be frozen without it.
  const { movingMean, movingVariance } = layer as TensorflowLayer & Averages;
  if (layer.nonTrainableWeights.every((weight) => weight === movingMean || weight === movingVariance)) return;
  throw refusal(action, { subject: `trainable of ${describe(layer)}`, must: "be true", found: "false" });
}

/** What batch normalization averages; no optimizer moves it. */
export interface Averages {
  readonly movingMean?: tf.LayerVariable;
  readonly movingVariance?: tf.LayerVariable;
}

/** With the one property of cells that TensorFlow.js does not serialize; the last axis is −1, also where it was counted. */
function configOf(layer: TensorflowLayer): Config {
  const { cell } = layer as TensorflowLayer & { cell?: { dropoutFunc?: unknown } };
  const config = layer.getConfig(), isLast = config.axis === (layer.inputSpec?.[0].ndim ?? NaN) - 1;
  return { ...config, ...(isLast ? { axis: -1 } : {}), dropoutFunc: cell?.dropoutFunc };
}

/** A layer as messages name it. */
export function describe(layer: TensorflowLayer): string {
  return `layer "${layer.name}" (${layer.getClassName()})`;
}

function cellOf(config: Config) {
  return {
    hiddenSize: Number(config.units),
    activation: config.activation as CellActivation,
    returnSequences: !!config.returnSequences,
    backwards: !!config.goBackwards,
    inputDropout: Number(config.dropout),
    recurrentDropout: Number(config.recurrentDropout),
    useBias: !!config.useBias,
  };
}

function gateOf({ recurrentActivation }: Config) {
  return { gateActivation: recurrentActivation as CellActivation };
}

function convertDense(_: TensorflowLayer, config: Config): LayerOptions {
  return {
    kind: "dense",
    units: Number(config.units),
    activation: config.activation as Activation,
    useBias: !!config.useBias,
    kernelRegularizer: regularizerOf(config.kernelRegularizer),
    biasRegularizer: regularizerOf(config.biasRegularizer),
  };
}

function convertBatchNormalization(_: TensorflowLayer, config: Config): LayerOptions {
  return {
    kind: "batchNorm",
    epsilon: Number(config.epsilon),
    momentum: Number(config.momentum),
    scale: !!config.scale,
    center: !!config.center,
    gammaRegularizer: regularizerOf(config.gammaRegularizer),
    betaRegularizer: regularizerOf(config.betaRegularizer),
  };
}

function convertBidirectional(layer: TensorflowLayer, config: Config, action: string): LayerOptions {
  const { forwardLayer, backwardLayer } = layer as TensorflowLayer & Directions;
  const [forward, backward] = [forwardLayer, backwardLayer].map((one) => {
    const kind = one.getClassName();
    if (!RECURRENT_CLASSES.includes(kind)) {
      throw refusal(action, { subject: `layer of ${describe(layer)}`, must: `be ${CELLS}`, found: kind });
    }
    return convertLayer(action, one, {
      goBackwards: among([one === backwardLayer], "it reads in both directions by itself"),
    }) as RecurrentOptions & { backwards?: boolean };
  });
  return {
    kind: "bidirectional",
    merge: config.mergeMode as typeof MERGES[number],
    forward: withoutDirection(forward),
    backward: withoutDirection(backward),
  };
}

/** What a `tf.layers.bidirectional` consists of. */
export interface Directions {
  readonly forwardLayer: TensorflowLayer;
  readonly backwardLayer: TensorflowLayer;
}

function withoutDirection({ backwards: _, ...options }: RecurrentOptions): RecurrentOptions {
  return options;
}

const RECURRENT_CLASSES: readonly string[] = ["LSTM", "GRU", GRU_RESET_AFTER, "SimpleRNN"];
const CELLS = "LSTM, GRU or SimpleRNN";

/** TensorFlow.js computes the same with the layer alone, on each step of a sequence. */
function convertTimeDistributed(layer: TensorflowLayer, _: Config, action: string): LayerOptions {
  const { layer: inner } = layer as TensorflowLayer & { layer: TensorflowLayer };
  const kind = inner.getClassName();
  if (!["Dense", "Activation", "Dropout"].includes(kind)) {
    throw refusal(action, {
      subject: `layer of ${describe(layer)}`,
      must: "be Dense, Activation or Dropout",
      found: kind,
    });
  }
  return convertLayer(action, inner);
}

function isRegularizer(value: unknown): boolean {
  const { className, config } = value as { className?: unknown; config?: Regularizer };
  return className === "L1L2" && [config?.l1, config?.l2].every((weight) => Number(weight) >= 0);
}

function regularizerOf(value: unknown): Regularizer | undefined {
  if (value === null || value === undefined) return undefined;
  const { l1, l2 } = (value as { config: Regularizer }).config;
  return { l1, l2 };
}

/** Whether a value can be a number of units or features: a positive whole number. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
