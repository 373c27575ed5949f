import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createClassifier } from "../../lib/model/classifier.ts";
import { fromTensorflow, toNetwork } from "../../lib/model/from_tensorflow.ts";
import { serializeModel } from "../../lib/model/tensorflow_files.ts";
import { lastStep, toTensorflow } from "../../lib/model/to_tensorflow.ts";
import { testStream, tinyParameters } from "../support/tiny_data.ts";
import { INPUT, rnn, sequential } from "./models.ts";

function randomTensor(name: string, shape: number[]): tf.Tensor {
  const random = testStream(name);
  const values = Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * random.uniform() - 1);
  return tf.tensor(values, shape);
}

Deno.test("lastStep() leaves the last step, and gives its gradient to that alone", async () => {
  const x = randomTensor("x", [3, 5, 2]) as tf.Tensor3D, model = sequential(lastStep(INPUT));
  const y = model.predict(x) as tf.Tensor, steps = await x.array();
  assert.deepEqual(await y.array(), steps.map((sequence) => sequence[4]));
  const gradient = tf.grad((x) => tf.sum(model.apply(x, { training: true }) as tf.Tensor));
  assert.deepEqual(
    await (gradient(x) as tf.Tensor3D).array(),
    steps.map((sequence) => sequence.map((_, t) => t === 4 ? [1, 1] : [0, 0])),
  );
  assert.deepEqual(lastStep().computeOutputShape([null, null, 7]), [null, 7]);
});

Deno.test("lastStep() takes what it must, and one step is no sequence to it", () => {
  assert.throws(
    () => lastStep({ units: 3 } as object),
    /arguments of lastStep\(\) must be among inputShape, name/,
  );
  assert.throws(() => sequential(rnn(INPUT), lastStep()), /ndim=3/);
});

Deno.test("lastStep() takes the last step where it is masked, too", async () => {
  const model = sequential(
    tf.layers.masking({ inputShape: [null as unknown as number, 2] }),
    rnn({ returnSequences: true, kernelInitializer: "ones" }),
    lastStep(),
  );
  const x = tf.tensor([[[1, 2], [3, 4], [0, 0], [0, 0], [0, 0]]]);
  const [last] = await (model.predict(x) as tf.Tensor2D).array();
  const [before] = await (model.predict(x.slice([0, 0], [1, 2])) as tf.Tensor2D).array();
  assert.deepEqual(last, before); // the output stays
});

Deno.test("a model of every kind of layer goes through files and a trained model without a changed bit", async () => {
  const network = createClassifier({
    inputSize: 2,
    layers: [
      { kind: "dropout", rate: 0.25 },
      {
        kind: "bidirectional",
        merge: "concat",
        forward: { kind: "lstm", hiddenSize: 3, gateActivation: "hardSigmoid", returnSequences: true },
      },
      { kind: "batchNorm", momentum: 0.5, epsilon: 0.01 },
      { kind: "gru", hiddenSize: 4, resetAfter: true, returnSequences: true },
      { kind: "last" },
      { kind: "batchNorm", scale: false, betaRegularizer: { l2: 0.5 } },
      { kind: "dense", units: 5, activation: "relu" },
      { kind: "batchNorm", center: false },
      { kind: "dense", units: 3, useBias: false },
    ],
  });
  const parameters = tinyParameters(network);
  const about = { sequence: { axis: "rows", range: [0, 1] }, classNames: ["a", "b", "c"] } as const;
  const trained = { network, T: 5, parameters, ...about };
  const model = toTensorflow(trained), x = randomTensor("x", [4, 5, 2]);
  assert.deepEqual(await fromTensorflow(model, about), trained);
  const { json, weights } = await serializeModel(model),
    { modelTopology, weightsManifest } = JSON.parse(json);
  const loaded = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: weights.buffer }),
  );
  assert.deepEqual(
    [...await (loaded.predict(x) as tf.Tensor).data()],
    [...await (model.predict(x) as tf.Tensor).data()],
  );
  assert.deepEqual(toNetwork(loaded).network, network);
});
