import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { readWeights, toNetwork, writeWeights } from "../../lib/model/from_tensorflow.ts";
import { deserializeModel, serializeModel } from "../../lib/model/tensorflow_files.ts";
import { tinyParameters } from "../support/tiny_data.ts";
import { deepModel, dense, INPUT, lstm, rnn, sequential } from "./models.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

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

Deno.test("deserializeModel() builds the model that serializeModel() saw, to the bit", async () => {
  const { model, json, weights } = await saved(deepModel());
  const copy = await deserializeModel(json, weights);
  assert.deepEqual(predict(copy), predict(model));
  assert.deepEqual(toNetwork(copy), toNetwork(model));
  assert.equal(copy.name, "digits");
  assert.deepEqual(copy.layers.map(({ name }) => name), ["lower", "a", "reader", "b", "head"]);
});

Deno.test("serializeModel() and deserializeModel() keep every bit of a weight", async () => {
  const model = sequential(lstm(INPUT), dense());
  const { network } = toNetwork(model);
  const parameters = new Float32Array(network.size);
  const special = [NaN, Infinity, -Infinity, -0, 2 ** -149, 3.4028234663852886e38, Math.fround(0.1)];
  parameters.set(special);
  writeWeights(model, network, parameters);
  const { json, weights } = await serializeModel(model);
  assert.deepEqual(new Float32Array(weights.buffer).subarray(0, special.length), new Float32Array(special));
  const copy = await deserializeModel(json, weights);
  assert.deepEqual(await readWeights(copy, network), parameters);
});

Deno.test("serializeModel() writes what TensorFlow.js's own handlers load", async () => {
  const { model, json, weights } = await saved(deepModel());
  const artifacts = await tf.io.getModelArtifactsForJSON(JSON.parse(json), (manifest) => {
    assert.deepEqual(manifest.map(({ paths }) => paths), [["weights.bin"]]);
    return Promise.resolve([manifest.flatMap(({ weights }) => weights), weights.buffer]);
  });
  assert.equal(artifacts.format, "layers-model");
  const copy = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  assert.deepEqual(predict(copy), predict(model));
});

Deno.test("deserializeModel() takes an input layer, and bytes that start anywhere in their buffer", async () => {
  const { model, json, weights } = await saved(sequential(tf.layers.inputLayer(INPUT), lstm(), dense()));
  const moved = new Uint8Array(weights.length + 3);
  moved.set(weights, 1);
  const copy = await deserializeModel(json, moved.subarray(1, -2));
  moved.fill(0);
  assert.deepEqual(predict(copy), predict(model));
});

Deno.test("deserializeModel() runs no initializer", async () => {
  const { json, weights } = await saved(sequential(lstm(INPUT), dense()));
  const orthogonal = Object.getPrototypeOf(tf.initializers.orthogonal({ gain: 1 }));
  const root = JSON.parse(json);
  root.modelTopology.config.layers[0].config.recurrent_initializer = {
    class_name: "Orthogonal",
    config: { gain: 1, seed: null },
  };
  const apply = orthogonal.apply;
  orthogonal.apply = () => assert.fail("slow");
  try {
    await deserializeModel(JSON.stringify(root), weights);
  } finally {
    orthogonal.apply = apply;
  }
});

Deno.test("serializeModel() and deserializeModel() leave no tensor behind but the weights of the model", async () => {
  const { json, weights } = await saved(deepModel());
  const before = tf.memory().numTensors;
  const copy = await deserializeModel(json, weights);
  await serializeModel(copy);
  assert.equal(tf.memory().numTensors - before, copy.weights.length);
  copy.dispose();
  assert.equal(tf.memory().numTensors, before);
});

/** Each change makes the files of {@link twoLayers} something that is rejected. */
const REJECTED: { name: string; change: (root: Json) => void; error: string; message: string }[] = [
  {
    name: "a path outside",
    change: (root) => root.weightsManifest[0].paths = ["../weights.bin"],
    error: "TypeError",
    message: 'paths of weightsManifest must be ["weights.bin"]: current value is ["../weights.bin"]',
  },
  {
    name: "an address",
    change: (root) => root.weightsManifest[0].paths = ["https://example.org/weights.bin"],
    error: "TypeError",
    message:
      'paths of weightsManifest must be ["weights.bin"]: current value is ["https://example.org/weights.bin"]',
  },
  {
    name: "two files of weights",
    change: (root) => root.weightsManifest[0].paths.push("weights.bin"),
    error: "TypeError",
    message:
      'paths of weightsManifest must be ["weights.bin"]: current value is ["weights.bin","weights.bin"]',
  },
  {
    name: "two groups of weights",
    change: (root) => root.weightsManifest.push({ paths: [], weights: [] }),
    error: "TypeError",
    message: 'paths of weightsManifest must be ["weights.bin"]: current value is ["weights.bin"]',
  },
  {
    name: "quantized weights",
    change: (root) => root.weightsManifest[0].weights[0].quantization = { dtype: "uint8", min: 0, scale: 1 },
    error: "TypeError",
    message: 'quantization of weight "lower/kernel" must be absent: current value is {"dtype":"uint8",',
  },
  {
    name: "strings for weights",
    change: (root) => root.weightsManifest[0].weights[0].dtype = "string",
    error: "TypeError",
    message: 'dtype of weight "lower/kernel" must be "float32": current value is "string"',
  },
  {
    name: "a shape whose product overflows",
    change: (root) => root.weightsManifest[0].weights[0].shape = Array(99).fill(Number.MAX_SAFE_INTEGER),
    error: "TypeError",
    message: "weights.bin must have Infinity bytes, as weightsManifest says: current value is ",
  },
  ...[-2, 0, 1.5, "2", null].map((size) => ({
    name: `a shape with ${JSON.stringify(size)}`,
    change: (root: Json) => root.weightsManifest[0].weights[0].shape[0] = size,
    error: "SyntaxError",
    message: `shape of weight "lower/kernel" must be an array of positive whole numbers: current value is [${
      JSON.stringify(size)
    },12]`,
  })),
  {
    name: "shapes that fill the file but are not the model's",
    change: (root) => root.weightsManifest[0].weights[0].shape.reverse(),
    error: "TypeError",
    message:
      'weight "lower/kernel" of weightsManifest must have shape [2,12], as modelTopology says: current value is [12,2]',
  },
  {
    name: "a weight under another name",
    change: (root) => root.weightsManifest[0].weights[0].name = "other/kernel",
    error: "TypeError",
    message:
      'weight "lower/kernel" of weightsManifest must have shape [2,12], as modelTopology says: current value is undefined',
  },
  {
    name: "weights without a layer",
    change: (root) => root.modelTopology.config.layers.pop(),
    error: "TypeError",
    message: "weights of weightsManifest must be those of modelTopology alone, once each: current value is [",
  },
  {
    name: "more units than there are weights for",
    change: (root) => root.modelTopology.config.layers[0].config.units = 1e9,
    error: "TypeError",
    message: 'weight "lower/kernel" of weightsManifest must have shape [2,4000000000], as modelTopology says',
  },
  {
    name: "more inputs than there are weights for",
    change: (root) => root.modelTopology.config.layers[0].config.batch_input_shape[2] = 1e9,
    error: "TypeError",
    message:
      'weight "lower/kernel" of weightsManifest must have shape [1000000000,12], as modelTopology says',
  },
  {
    name: "a property under its other spelling", // TensorFlow.js would take the last of the two
    change: (root) => root.modelTopology.config.layers[0].config.batchInputShape = [null, 5, 1e9],
    error: "TypeError",
    message:
      'batchInputShape of layer "lower" (LSTM) must be absent or null: current value is [null,5,1000000000]',
  },
  {
    name: "a regularizer",
    change: (root) => root.modelTopology.config.layers[0].config.kernel_regularizer = { class_name: "L1L2" },
    error: "TypeError",
    message:
      'kernel_regularizer of layer "lower" (LSTM) must be absent or null: current value is {"class_name":"L1L2"}',
  },
  {
    name: "an activation that is none",
    change: (root) => root.modelTopology.config.layers[2].config.activation = "Sequential",
    error: "TypeError",
    message: 'activation of layer "head" (Dense) must be one of linear, softmax, ',
  },
  ...["return_state", "stateful"].map((property) => ({
    name: `a layer with ${property}`,
    change: (root: Json) => root.modelTopology.config.layers[0].config[property] = true,
    error: "TypeError",
    message: `${property} of layer "lower" (LSTM) must be false: current value is true`,
  })),
  {
    name: "a layer above one that gives its last step alone",
    change: (root) => root.modelTopology.config.layers[0].config.return_sequences = false,
    error: "TypeError",
    message: 'input of layer "reader" (SimpleRNN) must be [N, T, C]: current value is [null,3]',
  },
  {
    name: "another kind of layer",
    change: (root) => root.modelTopology.config.layers[1].class_name = "GRU",
    error: "TypeError",
    message: 'class_name of a layer must be LSTM or SimpleRNN or Dropout or Dense: current value is "GRU"',
  },
  {
    name: "two layers of one name",
    change: (root) => {
      const { layers } = root.modelTopology.config;
      layers.splice(1, 0, ...Array(2).fill({ class_name: "Dropout", config: { name: "twin", rate: 0.5 } }));
    },
    error: "TypeError",
    message: 'names of layers must differ: current value is ["lower","twin","twin","reader","head"]',
  },
  {
    name: "a functional model",
    change: (root) => root.modelTopology.class_name = "Functional",
    error: "TypeError",
    message: 'class_name of modelTopology must be "Sequential": current value is "Functional"',
  },
];

/** Two recurrent layers and a head. */
function twoLayers(): tf.Sequential {
  return sequential(lstm({ ...INPUT, returnSequences: true, name: "lower" }), rnn({ units: 6 }), dense());
}

for (const { name, change, error, message } of REJECTED) {
  Deno.test(`deserializeModel() rejects ${name}`, async () => {
    const { json, weights } = await saved(twoLayers());
    const root = JSON.parse(json);
    change(root);
    await assert.rejects(deserializeModel(JSON.stringify(root), weights), (found: Error) => {
      assert.equal(found.name, error);
      const expected = `Cannot load the model: ${message}`;
      assert.equal(found.message.slice(0, expected.length), expected);
      return true;
    });
  });
}

Deno.test("deserializeModel() rejects what only TensorFlow.js finds wrong, and names it as the cause", async () => {
  const topology = { class_name: "Dense", config: { name: "head", units: 1, batch_input_shape: [2] } };
  const json = JSON.stringify({
    modelTopology: { class_name: "Sequential", config: { name: "digits", layers: [topology] } },
    weightsManifest: [{
      paths: ["weights.bin"],
      weights: [
        { name: "head/kernel", shape: [2, 1], dtype: "float32" },
        { name: "head/bias", shape: [1], dtype: "float32" },
      ],
    }],
  });
  await assert.rejects(deserializeModel(json, new Uint8Array(12)), (error: Error) => {
    assert.equal(error.name, "TypeError");
    assert.match(error.message, /^Cannot load the model: .*ndim=2/);
    assert.equal((error.cause as Error).constructor.name, "ValueError");
    return true;
  });
});

Deno.test("deserializeModel() rejects weights that are a byte short or long", async () => {
  const { json, weights } = await saved(twoLayers());
  for (const length of [0, weights.length - 1, weights.length + 1]) {
    await assert.rejects(deserializeModel(json, new Uint8Array(length)), {
      name: "TypeError",
      message:
        `Cannot load the model: weights.bin must have ${weights.length} bytes, as weightsManifest says: ` +
        `current value is ${length}`,
    });
  }
});

Deno.test("deserializeModel() rejects every proper prefix of a valid model.json", async () => {
  const { json, weights } = await saved(twoLayers());
  for (let length = 0; length < json.length; length++) {
    await assert.rejects(deserializeModel(json.slice(0, length), weights), {
      name: "SyntaxError",
      message: /^Cannot load the model: model.json must be JSON: /,
    });
  }
});

Deno.test("deserializeModel() rejects JSON that is not of a model", async () => {
  for (
    const json of ["null", "1", '"model"', "[]", "{}", '{"weightsManifest":[{}]}', '{"weightsManifest":{}}']
  ) {
    await assert.rejects(deserializeModel(json, new Uint8Array(0)), {
      name: "SyntaxError",
      message: /^Cannot load the model: .* must be an? (object|array): current value is /,
    });
  }
});

Deno.test("deserializeModel() loads or rejects a file with any one value replaced, and leaves no tensor behind", async () => {
  const { json, weights } = await saved(twoLayers());
  const before = tf.memory().numTensors;
  for (const path of pathsIn(JSON.parse(json))) {
    for (const value of [undefined, null, true, -1, 0, 1.5, 1e9, "x", [], {}]) {
      const changed = JSON.stringify(withValue(JSON.parse(json), path, value));
      const name = `${path.join(".")} = ${JSON.stringify(value)}`;
      try {
        (await deserializeModel(changed, weights)).dispose();
      } catch (error) {
        assert.ok(error instanceof SyntaxError || error instanceof TypeError, name);
        assert.match(error.message, /^Cannot load the model: /, name);
      }
      assert.equal(tf.memory().numTensors, before, name);
    }
  }
});

/** The way to every value inside a value. */
function pathsIn(value: Json, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).flatMap((key) => [[...path, key], ...pathsIn(value[key], [...path, key])]);
}

/** `root` with another value at the end of a path. */
function withValue(root: Json, path: readonly string[], value: unknown): Json {
  const parent = path.slice(0, -1).reduce((at, key) => at[key], root);
  parent[path[path.length - 1]] = value;
  return root;
}

Deno.test("serializeModel() writes metadata where TensorFlow.js finds it, beside what the model has", async () => {
  const model = deepModel();
  model.setUserDefinedMetadata({ author: "Ada", axis: "columns" });
  const { json, weights } = await serializeModel(model, { metadata: { axis: "rows" } });
  const loaded = await tf.loadLayersModel({
    load: () =>
      tf.io.getModelArtifactsForJSON(
        JSON.parse(json),
        ([{ weights: specs }]) => Promise.resolve([specs, weights.buffer]),
      ),
  });
  assert.deepEqual(loaded.getUserDefinedMetadata(), { author: "Ada", axis: "rows" });
  assert.deepEqual(toNetwork(await deserializeModel(json, weights)), toNetwork(model));
  assert.equal((await serializeModel(sequential(lstm(INPUT), dense()))).json.includes("userDefined"), false);
});

Deno.test("deserializeModel() shows what a file says escaped and cut", async () => {
  const wild = "\x1b[31m\x9b\u202e" + "x".repeat(100_000);
  const { json, weights } = await saved(sequential(lstm(INPUT), dense()));
  const texts = [
    json.replaceAll('"name":"reader"', `"name":${JSON.stringify(wild)}`),
    json.replace('"units":3', `"units":3,${JSON.stringify(wild)}:1`),
    json.replace('"LSTM"', JSON.stringify(wild)),
    json.replace('"units":3', `"units":${JSON.stringify(wild)}`),
    json.replace('"float32"}', `"float32","quantization":${"[".repeat(20_000)}${"]".repeat(20_000)}}`),
    json.replace('"float32"}', `"float32","shape":[${"1,".repeat(50_000)}0]}`),
    `{"a":\x1b[31m\x9b}`,
  ];
  for (const text of texts) {
    await assert.rejects(deserializeModel(text, weights), ({ message }: Error) => {
      assert.match(message, /^Cannot load the model: /);
      assert.ok(message.length < 700, `${message.length} characters`);
      assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
      return true;
    });
  }
});
