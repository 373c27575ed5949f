/**
 * The published models as TensorFlow.js builds them.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type Examples, generateWeights, type Values } from "./generate.ts";
import type { ModelLayer, PublishedModel } from "./table.ts";

/** The module of TensorFlow.js: that of a browser, of Deno, or `@tensorflow/tfjs-node`. */
export type TensorFlow = typeof tf;

/**
 * Builds a model with weights that depend on a seed only, and compiles it.
 *
 * @param dropout Whether its Dropout layers drop anything: they are random, and TensorFlow.js's have no seed
 */
export function buildModel(
  tf: TensorFlow,
  published: PublishedModel,
  { dropout, seed = 1 }: { dropout: boolean; seed?: number },
): tf.Sequential {
  const model = tf.sequential();
  published.layers.forEach((layer, index) => {
    const spec = layer.kind === "dropout" && !dropout ? { ...layer, rate: 0 } : layer;
    model.add(buildLayer(tf, spec, index === 0 ? { inputShape: [...published.inputShape] } : {}));
  });
  const shapes = model.getWeights().map(({ shape }) => shape);
  const weights = generateWeights(shapes, seed).map((values, index) => tf.tensor(values, shapes[index]));
  model.setWeights(weights);
  tf.dispose(weights);
  const { loss, metrics } = published;
  model.compile({
    optimizer: buildOptimizer(tf, published),
    loss: loss === "softmaxCrossEntropy" ? tf.losses.softmaxCrossEntropy : loss,
    metrics: [...metrics],
  });
  return model;
}

/** The initializers that take no time: orthogonal, a recurrent layer's own, takes seconds. */
const STARTS = {
  kernelInitializer: "zeros",
  recurrentInitializer: "zeros",
  embeddingsInitializer: "zeros",
} as const;

function buildLayer(
  tf: TensorFlow,
  layer: ModelLayer,
  input: { inputShape?: number[] } = {},
): tf.layers.Layer {
  switch (layer.kind) {
    case "lstm":
      return tf.layers.lstm({ ...layer, ...STARTS, ...input });
    case "gru":
      return tf.layers.gru({ recurrentActivation: "hardSigmoid", ...layer, ...STARTS, ...input });
    case "simpleRNN":
      return tf.layers.simpleRNN({ ...layer, ...STARTS, ...input });
    case "bidirectional": {
      const { mergeMode } = layer;
      return tf.layers.bidirectional({ layer: buildLayer(tf, layer.layer) as tf.RNN, mergeMode, ...input });
    }
    case "timeDistributed":
      return tf.layers.timeDistributed({ layer: buildLayer(tf, layer.layer), ...input });
    case "embedding": {
      const { inputShape } = input;
      return tf.layers.embedding({ ...layer, ...STARTS, inputLength: inputShape?.[0], ...input });
    }
    case "masking":
      return tf.layers.masking({ maskValue: 0, ...input });
    case "repeatVector":
      return tf.layers.repeatVector({ n: layer.n, ...input });
    case "dropout":
      return tf.layers.dropout({ ...layer, ...input });
    case "activation":
      return tf.layers.activation({ activation: layer.activation, ...input });
    case "dense":
      return tf.layers.dense({ ...layer, ...STARTS, ...input });
  }
}

function buildOptimizer(tf: TensorFlow, { optimizer }: PublishedModel): tf.Optimizer {
  return tf.train[optimizer.kind](optimizer.learningRate);
}

/** The examples as tensors. */
export function toTensors(tf: TensorFlow, { x, y }: Examples): { x: tf.Tensor; y: tf.Tensor } {
  const toTensor = ({ data, shape }: Values) => tf.tensor(data, [...shape]);
  return { x: toTensor(x), y: toTensor(y) };
}
