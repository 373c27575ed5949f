import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { createStack, type StackLayer } from "../support/stack.ts";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { createClassifier } from "../../lib/model/classifier.ts";
import { toOnnx, toSafetensors } from "../../lib/model/formats.ts";
import { fromPyTorch } from "../../lib/model/from_pytorch.ts";
import { toChain } from "../../lib/model/from_tensorflow.ts";
import { encodeOnnx } from "../../lib/model/onnx.ts";
import { decodeSafetensors } from "../../lib/model/safetensors.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { gru } from "../../lib/model/to_tensorflow.ts";
import { loadModel } from "../../lib/run/open_model.ts";
import { tinyParameters } from "../support/tiny_data.ts";

const zeros = { recurrentInitializer: "zeros" } as const;

/** Tokens in, an answer at every step. */
const tagger = () =>
  tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: 9, outputDim: 3, inputShape: [null] }),
      tf.layers.bidirectional({
        layer: gru({ units: 4, resetAfter: true, returnSequences: true }) as tf.RNN,
        mergeMode: "concat",
      }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 2, activation: "softmax" }),
    ],
  });

Deno.test("toOnnx() takes a TensorFlow.js model, compiled or not", async () => {
  const model = tagger();
  const { network, T } = toChain(model, { action: "test", loss: "meanSquaredError" });
  const expected = encodeOnnx(network, await readWeights(model, network), {
    T,
    metadata: { producer: "scanline", about: "tags" },
  });
  assert.deepEqual(await toOnnx(model, { about: "tags" }), expected);
  model.compile({ loss: "categoricalCrossentropy", optimizer: "sgd" });
  assert.deepEqual(await toOnnx(model, { about: "tags" }), expected);
});

Deno.test("toSafetensors() takes a TensorFlow.js model, and fromPyTorch() gives it back without its dropout", async () => {
  const model = tagger();
  const file = await toSafetensors(model, { rnn: "tagger", head: "tags" });
  const { tensors, metadata } = decodeSafetensors(file);
  assert.deepEqual([...tensors.keys()].filter((name) => name.includes("_hh_")), [
    "tagger.bias_hh_l0",
    "tagger.bias_hh_l0_reverse",
    "tagger.weight_hh_l0",
    "tagger.weight_hh_l0_reverse",
  ]);
  assert.equal(metadata.chain, '["embedding","tagger","tags","softmax"]');
  const back = fromPyTorch(file), x = tf.tensor([[1, 5, 3], [8, 0, 2]]);
  const [expected, found] = [model, back].map((one) => (one.predict(x) as tf.Tensor).dataSync());
  assert.deepEqual(found, expected);
});

Deno.test("toOnnx() and toSafetensors() reject models with layers that they do not know", async () => {
  const flat = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [3, 2] }), tf.layers.dense({ units: 1 })],
  });
  await assert.rejects(
    async () => await toOnnx(flat),
    /^TypeError: Cannot write ONNX: class of layer "flatten_/,
  );
  const layer = tf.layers.gru({ units: 2, inputShape: [3, 2], ...zeros });
  await assert.rejects(
    async () => await toSafetensors(tf.sequential({ layers: [layer] })),
    /^TypeError: Cannot give PyTorch's names: gates of layer 0 must be sigmoid, as those of torch\.nn\.GRU: .* hardSigmoid$/,
  );
  await assert.rejects(
    async () => await toOnnx(null as never),
    /^TypeError: Cannot write ONNX: the model must be /,
  );
});

Deno.test("a classifier whose layers differ goes through safetensors without a changed bit", async () => {
  const layers: StackLayer[] = [
    { kind: "rnn", inputSize: 3, hiddenSize: 5, activation: "relu", dropout: 0.5 },
    { kind: "lstm", inputSize: 5, hiddenSize: 4, gateActivation: "sigmoid", dropout: 0 },
    { kind: "rnn", inputSize: 4, hiddenSize: 2, activation: "relu", dropout: 0 },
  ];
  const network = createStack({ layers, classes: 2, biases: 2 });
  const model = {
    network,
    parameters: tinyParameters(network),
    T: 4,
    sequence: { axis: "rows", range: [0, 1] } as const,
    classNames: ["no", "yes"],
  };
  const file = toSafetensors(model);
  assert.ok(decodeSafetensors(file).tensors.has("rnn2.weight_ih_l0"));
  const { dataset: _, preparation: __, ...found } = await loadModel(file);
  assert.deepEqual(found, model);
});

Deno.test("the file of a model that reads permuted pixels says their order, which other programs cannot draw", () => {
  const layers = [{ kind: "gru", hiddenSize: 3, resetAfter: true }, { kind: "dense", units: 2 }] as const;
  const network = createClassifier({ inputSize: 1, layers });
  const model = {
    network,
    parameters: tinyParameters(network),
    T: 6,
    sequence: { axis: "pixels", permutation: 3, range: [0, 1] } as const,
    classNames: ["no", "yes"],
  };
  const { metadata } = decodeSafetensors(toSafetensors(model));
  const order = JSON.parse(metadata.order);
  assert.deepEqual(order, [...layOutSequence(model.sequence, { height: 2, width: 3 }).order]);
  assert.notDeepEqual(order, order.toSorted());
  assert.match(metadata.input, /step t is pixel order\[t\]/);
  const usual = toSafetensors({ ...model, sequence: { axis: "pixels", range: [0, 1] } });
  assert.equal(decodeSafetensors(usual).metadata.order, undefined);
});

Deno.test("toSafetensors() calls the modules as asked: those of the official PyTorch example", () => {
  const network = createClassifier({
    inputSize: 28,
    layers: [
      { kind: "lstm", hiddenSize: 4 },
      { kind: "batchNorm", epsilon: 1e-5, momentum: 0.9, unbiased: true },
      { kind: "dropout", rate: 0.25 },
      { kind: "dense", units: 3, activation: "relu" },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 2 },
    ],
    biases: 2,
  });
  const sequence = { axis: "rows", mean: 0.1307, deviation: 0.3081 } as const;
  const model = { network, parameters: tinyParameters(network), T: 28, sequence, classNames: ["no", "yes"] };
  const { tensors, metadata } = decodeSafetensors(toSafetensors(model, { linear: "fc1", head: "fc2" }));
  // The keys of its state_dict(), which load_state_dict(strict=True) wants, no more and no fewer.
  const parts = {
    rnn: ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"],
    batchnorm: ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
    fc1: ["weight", "bias"],
    fc2: ["weight", "bias"],
  };
  const names = Object.entries(parts).flatMap(([module, parts]) => parts.map((part) => `${module}.${part}`));
  assert.deepEqual([...tensors.keys()].sort(), names.sort());
  assert.equal(metadata.chain, '["rnn","last","batchnorm","fc1","relu","fc2"]');
});
