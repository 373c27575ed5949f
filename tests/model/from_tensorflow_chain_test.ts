import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { SequenceLayout } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { toChain } from "../../lib/model/from_tensorflow.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { Network } from "../../lib/model/network.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import { toTensorflow } from "../../lib/model/to_tensorflow.ts";
import { readWeights, writeWeights } from "../../lib/model/tensorflow_weights.ts";
import { assertClose } from "../support/assert_close.ts";
import { testStream } from "../support/tiny_data.ts";
import { buildChain, C, type ChainModel, CHAINS, T, VOCABULARY } from "./chains.ts";

const OPTIONS = { action: "fit the model", loss: "meanSquaredError" } as const;

/** The sequences of a test; some steps are masked where the model masks 0, 0.1 or token 0. */
const N = 4;

function inputOf({ tokens }: ChainModel): Float32Array | Int32Array {
  const random = testStream("x");
  if (tokens) return Int32Array.from({ length: N * T }, () => random.below(VOCABULARY));
  const x = Float32Array.from({ length: N * T * C }, () => 2 * random.uniform() - 1);
  x.fill(0, 0, 2 * C);
  x.fill(0.1, (T + 3) * C, (T + 5) * C);
  return x;
}

for (const chain of CHAINS) {
  Deno.test(`toChain() gives the network that predicts as TensorFlow.js does: ${chain.name}`, async () => {
    const model = buildChain(chain), { network, T: steps } = toChain(model, OPTIONS);
    assert.equal(steps, T);
    assert.equal(network.size, model.countParams());
    const x = inputOf(chain);
    const expected = tf.tidy(() => {
      const shape = chain.tokens ? [N, T] : [N, T, C];
      return (model.predict(tf.tensor(x, shape)) as tf.Tensor).dataSync().slice();
    });
    const actual = await predict(network, await readWeights(model, network), x);
    assertClose(actual, expected, { atol: 1.2e-6, rtol: 0, name: "output" }); // ten times what was measured
    model.dispose();
  });

  Deno.test(`toTensorflow() is the inverse of toChain(): ${chain.name}`, async () => {
    const model = buildChain(chain), { network } = toChain(model, OPTIONS);
    const parameters = await readWeights(model, network);
    const back = toTensorflow({ network, parameters, T });
    const again = toChain(back, OPTIONS);
    assert.deepEqual(again, { network, T });
    assert.deepEqual(await readWeights(back, again.network), parameters);
    model.dispose();
    back.dispose();
  });
}

/** The backpropagation of TensorFlow.js through its own layers, and through ours. */
for (const chain of CHAINS.filter(({ drops }) => !drops)) {
  Deno.test(`an engine takes the step that TensorFlow.js takes: ${chain.name}`, async () => {
    const model = buildChain(chain), data = inputOf(chain);
    model.compile({ loss: "meanSquaredError", optimizer: tf.train.sgd(0.1) });
    const { network } = toChain(model, OPTIONS);
    const before = await readWeights(model, network);
    const shape = [N, ...model.outputs[0].shape.slice(1) as number[]];
    const random = testStream("y");
    const y = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * random.uniform() - 1);
    await using engine = await openReference({
      network,
      layout: layoutOf(network),
      parameters: before,
      training: {
        optimizer: sgd({ learningRate: 0.1 }),
        sequences: { data, count: N },
        targets: { kind: "rows", data: y },
        seed: 1,
        batchSize: N,
      },
    });
    const [{ loss }] = await engine.train([Uint32Array.from({ length: N }, (_, n) => n)]);
    const xs = tf.tensor(data, chain.tokens ? [N, T] : [N, T, C]), ys = tf.tensor(y, shape);
    const { history } = await model.fit(xs, ys, { epochs: 1, batchSize: N, verbose: 0 });
    assertClose([loss], history.loss as number[], { atol: 0, rtol: 1e-5, name: "loss" });
    const [after, expected] = [await engine.readParameters(), await readWeights(model, network)];
    assertClose(after, expected, { atol: 6e-7, rtol: 0, name: "parameters" });
    model.dispose();
    tf.dispose([xs, ys]);
  });
}

function layoutOf({ input }: Network): SequenceLayout {
  return input.kind === "tokens" ? { kind: "tokens", T, stride: T } : { kind: "floats", T, C, stride: T * C };
}

async function predict(network: Network, parameters: Float32Array, data: Float32Array | Int32Array) {
  await using engine = await openReference({
    network,
    layout: layoutOf(network),
    parameters,
    training: null,
  });
  return await engine.predict({ data, count: N });
}

Deno.test("toChain() takes what a network has from the layers", () => {
  const { network } = toChain(
    tf.sequential({
      layers: [
        tf.layers.embedding({
          inputDim: 9,
          outputDim: 4,
          maskZero: true,
          embeddingsRegularizer: tf.regularizers.l1({ l1: 0.5 }),
        }),
        tf.layers.bidirectional({
          layer: tf.layers.gru({
            units: 3,
            dropout: 0.25,
            recurrentDropout: 0.5,
            returnSequences: true,
            recurrentInitializer: "zeros",
          }) as tf.RNN,
          mergeMode: "mul",
        }),
        tf.layers.dense({ units: 2, kernelRegularizer: tf.regularizers.l1l2({ l1: 0.125, l2: 0.25 }) }),
      ],
    }),
    { action: "fit the model", loss: "huber", metrics: ["meanAbsoluteError"] },
  );
  const cell = { hiddenSize: 3, gateActivation: "hardSigmoid", activation: "tanh", masked: true };
  assert.partialDeepStrictEqual(network, {
    input: { kind: "tokens", vocabulary: 9, size: 4, maskZero: true },
    layers: [
      {
        kind: "bidirectional",
        merge: "mul",
        forward: { kind: "gru", resetAfter: false, inputDropout: 0.25, recurrentDropout: 0.5, ...cell },
        backward: { kind: "gru", backwards: true, ...cell },
      },
      { kind: "dense", units: 2, activation: "linear" },
    ],
    output: { size: 2, everyStep: true },
    loss: "huber",
    metrics: ["meanAbsoluteError"],
  });
  assert.deepEqual(network.parameters.map(({ name, l1, l2 }) => [name, l1, l2]), [
    ["embeddings", 0.5, 0],
    ["layer0.forward.kernel", 0, 0],
    ["layer0.forward.recurrentKernel", 0, 0],
    ["layer0.forward.bias", 0, 0],
    ["layer0.backward.kernel", 0, 0],
    ["layer0.backward.recurrentKernel", 0, 0],
    ["layer0.backward.bias", 0, 0],
    ["head.kernel", 0.125, 0.25],
    ["head.bias", 0, 0],
  ]);
});

Deno.test("TensorFlow.js never adds the regularizers of recurrent layers to the loss, so a network has none", () => {
  const regularizer = tf.regularizers.l2({ l2: 1 });
  const regularizers = {
    kernelRegularizer: regularizer,
    recurrentRegularizer: regularizer,
    biasRegularizer: regularizer,
  };
  const args = {
    units: 3,
    kernelInitializer: "ones",
    recurrentInitializer: "ones",
    ...regularizers,
  } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ ...args, returnSequences: true, inputShape: [5, 2] }),
      tf.layers.bidirectional({ layer: tf.layers.gru(args) as tf.RNN, mergeMode: "sum" }),
      tf.layers.dense({ units: 2, kernelInitializer: "ones", kernelRegularizer: regularizer }),
    ],
  });
  model.compile({ loss: "meanSquaredError", optimizer: "sgd" });
  const losses = (model as unknown as { calculateLosses(): tf.Scalar[] }).calculateLosses();
  assert.deepEqual(losses.map((loss) => loss.dataSync()[0]), [6]); // that of the dense layer
  const { network } = toChain(model, OPTIONS);
  assert.deepEqual(network.parameters.filter(({ l2 }) => l2 > 0).map(({ name }) => name), ["head.kernel"]);
});

Deno.test("toChain() takes a tf.model that is one chain, and one of several that share its layers", async () => {
  const x = tf.input({ shape: [T, C] });
  const lstm = tf.layers.lstm({ units: 3, recurrentInitializer: "glorotUniform", returnSequences: true });
  const states = lstm.apply(x) as tf.SymbolicTensor;
  const last = tf.layers.gru({ units: 2, recurrentInitializer: "glorotUniform" }).apply(states);
  const model = tf.model({
    inputs: x,
    outputs: tf.layers.dense({ units: 4 }).apply(last) as tf.SymbolicTensor,
  });
  const encoder = tf.model({ inputs: x, outputs: states });
  const { network } = toChain(model, OPTIONS);
  assert.deepEqual(network.layers.map(({ kind }) => kind), ["lstm", "gru", "dense"]);
  assert.deepEqual(toChain(encoder, OPTIONS).network.layers.map(({ kind }) => kind), ["lstm"]);
  const data = inputOf({ name: "features", layers: () => [] });
  const expected = tf.tidy(() => (model.predict(tf.tensor(data, [N, T, C])) as tf.Tensor).dataSync().slice());
  const actual = await predict(network, await readWeights(model, network), data);
  assertClose(actual, expected, { atol: 1e-5, rtol: 0, name: "output" });
});

Deno.test("toChain() takes the number of steps from the input or from inputLength, and leaves an open one open", () => {
  const lengths = (args: Partial<Parameters<typeof tf.layers.embedding>[0]>) => {
    const cell = tf.layers.gru({ units: 2, recurrentInitializer: "zeros" });
    const model = tf.sequential({
      layers: [tf.layers.embedding({ inputDim: 3, outputDim: 2, ...args }), cell],
    });
    return toChain(model, OPTIONS).T;
  };
  assert.equal(lengths({}), null);
  assert.equal(lengths({ inputLength: 8 }), 8);
  assert.equal(lengths({ batchInputShape: [null, 8] }), 8);
  assert.equal(lengths({ inputLength: 8, batchInputShape: [null, null] as unknown as [null, number] }), 8);
});

Deno.test("readWeights() and writeWeights() know the weights by their layers, whatever is frozen", async () => {
  const chain = CHAINS.find(({ name }) => name === "lstm in both directions")!;
  const model = buildChain(chain), { network } = toChain(model, OPTIONS);
  const parameters = await readWeights(model, network);
  const { forwardLayer } = model.layers[0] as unknown as { forwardLayer: tf.RNN };
  (forwardLayer.cell as unknown as { kernel: tf.LayerVariable }).kernel.trainable = false as never;
  assert.deepEqual(await readWeights(model, network), parameters);
  const changed = parameters.map((value) => value + 1);
  writeWeights(model, network, changed);
  assert.deepEqual(await readWeights(model, network), changed);
});

Deno.test("toTensorflow() rejects directions that differ, which TensorFlow.js does not have", () => {
  const network = createNetwork({
    input: { kind: "features", size: 2 },
    layers: [{
      kind: "bidirectional",
      merge: "sum",
      forward: { kind: "rnn", hiddenSize: 3, activation: "tanh" },
      backward: { kind: "rnn", hiddenSize: 3, activation: "relu" },
    }],
    loss: "huber",
  });
  assert.throws(() => toTensorflow({ network, parameters: new Float32Array(network.size), T }), {
    name: "TypeError",
    message: /^Cannot convert the model: both directions of layer0.forward must have the same properties/,
  });
});
