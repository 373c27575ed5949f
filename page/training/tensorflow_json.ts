/**
 * The `model.json` that TensorFlow.js loads, written without it.
 *
 * @module
 */
import type { BatchNormLayer, CellLayer, DenseLayer, Layer, Parameter, RecurrentLayer } from "../../run.ts";
import type { TrainedModel } from "../../core.ts";

/** JSON of some kind. */
type Json = Readonly<Record<string, unknown>>;

/** A layer of TensorFlow.js, and the names of its weights in the order of the flat parameters. */
interface Written {
  readonly className: string;
  readonly config: Json;
  readonly weights: readonly (readonly [name: string, parameter: Parameter])[];
}

const WEIGHTS_FILE = "weights.bin";

/** The text of `model.json`, whose weights are in `weights.bin`: the flat parameters, float32, little-endian. */
export function tensorflowJson({ network, T }: Pick<TrainedModel, "network" | "T">): string {
  const names = new Names(), layers: Json[] = [], weights: Json[] = [];
  for (const [index, layer] of network.layers.entries()) {
    const written = write(layer, names), name = written.config.name;
    const place = index === 0 ? { batch_input_shape: [null, T, network.input.size], dtype: "float32" } : {};
    layers.push({ class_name: written.className, config: { ...written.config, ...place } });
    for (const [weight, { shape }] of written.weights) {
      weights.push({ name: `${name}/${weight}`, shape, dtype: "float32" });
    }
  }
  return JSON.stringify({
    modelTopology: {
      class_name: "Sequential",
      config: { name: "sequential_1", layers },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    format: "layers-model",
    generatedBy: "Scanline",
    convertedBy: null,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights }],
  });
}

/** Names layers as TensorFlow.js does: `lstm_LSTM1`, `lstm_LSTM2`, … */
class Names {
  readonly #counts = new Map<string, number>();

  of(className: string): string {
    const count = (this.#counts.get(className) ?? 0) + 1;
    this.#counts.set(className, count);
    return `${NAMES[className]}_${className}${count}`;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  LSTM: "lstm",
  GRU: "gru",
  GRUResetAfter: "gru_reset_after",
  SimpleRNN: "simple_rnn",
  Bidirectional: "bidirectional",
  LastStep: "last_step",
  BatchNormalization: "batch_normalization",
  RepeatVector: "repeat_vector",
  Dropout: "dropout",
  Activation: "activation",
  Dense: "dense",
};

const ZEROS = { class_name: "Zeros", config: {} }, ONES = { class_name: "Ones", config: {} };

function write(layer: Layer, names: Names): Written {
  const plain = (className: string, config: Json): Written => {
    return { className, config: { ...config, name: names.of(className), trainable: true }, weights: [] };
  };
  switch (layer.kind) {
    case "bidirectional": {
      const forward = writeRecurrent(layer.forward, names), backward = weightsOf(layer.backward);
      const inner = { class_name: forward.className, config: forward.config }, { name } = forward.config;
      const of = (direction: string, weights: Written["weights"]) =>
        weights.map(([weight, parameter]) => [`${direction}_${name}/${weight}`, parameter] as const);
      return {
        ...plain("Bidirectional", { merge_mode: layer.merge, layer: inner }),
        weights: [...of("forward", forward.weights), ...of("backward", backward)],
      };
    }
    case "last":
      return plain("LastStep", {});
    case "batchNorm":
      return { ...plain("BatchNormalization", batchNormConfig(layer)), weights: batchNormWeights(layer) };
    case "repeat":
      return plain("RepeatVector", { n: layer.steps });
    case "dropout":
      return plain("Dropout", { rate: layer.rate, noise_shape: null, seed: null });
    case "activation":
      return plain("Activation", { activation: layer.activation });
    case "dense":
      return {
        ...plain("Dense", denseConfig(layer)),
        weights: present({ kernel: layer.kernel, bias: layer.bias }),
      };
    default:
      return writeRecurrent(layer, names);
  }
}

function writeRecurrent(layer: RecurrentLayer, names: Names): Written {
  const className = classOf(layer), isGated = layer.kind !== "rnn";
  const config = {
    name: names.of(className),
    trainable: true,
    units: layer.hiddenSize,
    activation: layer.activation,
    ...(isGated ? { recurrent_activation: layer.gateActivation } : {}),
    use_bias: layer.bias !== null,
    kernel_initializer: ZEROS,
    recurrent_initializer: ZEROS,
    bias_initializer: ZEROS,
    ...(layer.kind === "lstm" ? { unit_forget_bias: null } : {}),
    kernel_regularizer: regularizer(layer.kernel),
    recurrent_regularizer: regularizer(layer.recurrentKernel),
    bias_regularizer: regularizer(layer.bias),
    activity_regularizer: null,
    kernel_constraint: null,
    recurrent_constraint: null,
    bias_constraint: null,
    dropout: layer.inputDropout,
    recurrent_dropout: layer.recurrentDropout,
    ...(isGated ? { implementation: null } : {}),
    ...(layer.kind === "gru" ? { reset_after: layer.resetAfter } : {}),
    return_sequences: layer.returnSequences,
    return_state: false,
    go_backwards: layer.backwards,
    stateful: false,
    unroll: false,
  };
  return { className, config, weights: weightsOf(layer) };
}

function classOf(layer: RecurrentLayer): string {
  if (layer.kind === "gru") return layer.resetAfter ? "GRUResetAfter" : "GRU";
  return layer.kind === "lstm" ? "LSTM" : "SimpleRNN";
}

function weightsOf({ kernel, recurrentKernel, bias }: CellLayer): Written["weights"] {
  return present({ kernel, recurrent_kernel: recurrentKernel, bias });
}

function denseConfig({ units, activation, kernel, bias }: DenseLayer): Json {
  return {
    units,
    activation,
    use_bias: bias !== null,
    kernel_initializer: ZEROS,
    bias_initializer: ZEROS,
    kernel_regularizer: regularizer(kernel),
    bias_regularizer: regularizer(bias),
    activity_regularizer: null,
    kernel_constraint: null,
    bias_constraint: null,
  };
}

function batchNormConfig({ momentum, epsilon, gamma, beta }: BatchNormLayer): Json {
  return {
    axis: -1,
    momentum,
    epsilon,
    center: beta !== null,
    scale: gamma !== null,
    beta_initializer: ZEROS,
    gamma_initializer: ONES,
    moving_mean_initializer: ZEROS,
    moving_variance_initializer: ONES,
    beta_regularizer: regularizer(beta),
    gamma_regularizer: regularizer(gamma),
    beta_constraint: null,
    gamma_constraint: null,
  };
}

function batchNormWeights({ gamma, beta, movingMean, movingVariance }: BatchNormLayer): Written["weights"] {
  return present({ gamma, beta, moving_mean: movingMean, moving_variance: movingVariance });
}

function present(parameters: Readonly<Record<string, Parameter | null>>): Written["weights"] {
  return Object.entries(parameters).filter((entry): entry is [string, Parameter] => entry[1] !== null);
}

function regularizer(parameter: Parameter | null): Json | null {
  const { l1 = 0, l2 = 0 } = parameter ?? {};
  return l1 > 0 || l2 > 0 ? { class_name: "L1L2", config: { l1, l2 } } : null;
}
