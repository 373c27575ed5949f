import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { toNetwork } from "../../lib/model/from_tensorflow.ts";
import { lastStep } from "../../lib/model/to_tensorflow.ts";
import { writeWeights } from "../../lib/model/tensorflow_weights.ts";
import { serializeModel } from "../../lib/model/tensorflow_files.ts";
import { tinyParameters } from "../support/tiny_data.ts";
import { deepModel, dense, INPUT, lstm, sequential } from "./models.ts";

/** A model whose averages stand between other weights. */
function normalizedModel(): tf.Sequential {
  const layer = lstm({ returnSequences: true }) as tf.RNN;
  return sequential(
    tf.layers.bidirectional({ layer, mergeMode: "concat", ...INPUT }),
    tf.layers.batchNormalization(),
    lastStep(),
    tf.layers.batchNormalization({ scale: false }),
    dense(),
  );
}

/** A model with weights that are all different, and its two files. */
async function saved(model: tf.Sequential) {
  const { network } = toNetwork(model);
  writeWeights(model, network, tinyParameters(network));
  return { model, ...await serializeModel(model) };
}

function predict(model: tf.LayersModel): Float32Array {
  return tf.tidy(() =>
    (model.predict(tf.linspace(-1, 1, 30).reshape([3, 5, 2])) as tf.Tensor).dataSync()
  ) as Float32Array;
}

Deno.test("weights.bin is the flat parameters, to the bit: what Scanline reads back", async () => {
  const model = sequential(lstm(INPUT), dense());
  const { network } = toNetwork(model);
  const parameters = new Float32Array(network.size);
  const special = [NaN, Infinity, -Infinity, -0, 2 ** -149, 3.4028234663852886e38, Math.fround(0.1)];
  parameters.set(special);
  writeWeights(model, network, parameters);
  const { weights } = await serializeModel(model);
  assert.deepEqual(new Float32Array(weights.buffer), parameters);
  for (const other of [deepModel(), normalizedModel()]) {
    const { network: layers } = toNetwork(other);
    writeWeights(other, layers, tinyParameters(layers));
    assert.deepEqual(new Float32Array((await serializeModel(other)).weights.buffer), tinyParameters(layers));
  }
});

Deno.test("serializeModel() writes what TensorFlow.js's own handlers load", async () => {
  for (const one of [deepModel(), normalizedModel()]) {
    const { model, json, weights } = await saved(one);
    const artifacts = await tf.io.getModelArtifactsForJSON(JSON.parse(json), (manifest) => {
      assert.deepEqual(manifest.map(({ paths }) => paths), [["weights.bin"]]);
      return Promise.resolve([manifest.flatMap(({ weights }) => weights), weights.buffer]);
    });
    assert.equal(artifacts.format, "layers-model");
    const copy = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    assert.deepEqual(predict(copy), predict(model));
  }
});

Deno.test("serializeModel() leaves no tensor behind", async () => {
  const model = deepModel();
  const before = tf.memory().numTensors;
  await serializeModel(model);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("serializeModel() writes metadata where TensorFlow.js finds it, beside what the model has", async () => {
  const model = deepModel();
  model.setUserDefinedMetadata({ author: "Ada", axis: "columns" });
  const { json, weights } = await serializeModel(model, { axis: "rows" });
  const loaded = await tf.loadLayersModel({
    load: () =>
      tf.io.getModelArtifactsForJSON(
        JSON.parse(json),
        ([{ weights: specs }]) => Promise.resolve([specs, weights.buffer]),
      ),
  });
  assert.deepEqual(loaded.getUserDefinedMetadata(), { author: "Ada", axis: "rows" });
  assert.equal((await serializeModel(sequential(lstm(INPUT), dense()))).json.includes("userDefined"), false);
});
