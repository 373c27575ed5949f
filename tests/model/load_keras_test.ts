/** Models of Keras 3, which tests/golden/keras/models.py wrote with the converter of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { toChain } from "../../lib/model/from_tensorflow.ts";
import { loadKeras } from "../../lib/model/load_keras.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import { fit } from "../../lib/train/fit.ts";
import golden from "../golden/keras/models.json" with { type: "json" };
import { assertClose } from "../support/assert_close.ts";

/** `data` is float32 in base64. */
interface Numbers {
  readonly shape: number[];
  readonly data: string;
}

interface Case {
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly weights: string;
  readonly x: Numbers;
  readonly y: Numbers;
}

const CASES: Readonly<Record<string, Case>> = golden;
const bytesOf = ({ weights }: Case) => new Uint8Array(Buffer.from(weights, "base64"));
const numbersOf = ({ data }: Numbers) => new Float32Array(new Uint8Array(Buffer.from(data, "base64")).buffer);
const load = (test: Case) => loadKeras(JSON.stringify(test.json), bytesOf(test));

for (const [name, test] of Object.entries(CASES)) {
  Deno.test(`loadKeras() makes a model with the outputs of Keras: ${name}`, async () => {
    await tf.setBackend("cpu");
    const model = await load(test), { x, y } = test;
    const output = model.predict(tf.tensor(numbersOf(x), x.shape)) as tf.Tensor;
    assert.deepEqual(output.shape, y.shape);
    // Both compute in float32.
    assertClose(await output.data(), numbersOf(y), { atol: 1e-6, rtol: 0, name });

    const { network } = toChain(model, { action: "test", loss: "meanSquaredError" });
    const [count, T, C] = x.shape, isTokens = network.input.kind === "tokens";
    await using engine = await openReference({
      network,
      parameters: await readWeights(model, network),
      layout: isTokens ? { kind: "tokens", T, stride: T } : { kind: "floats", T, C, stride: T * C },
      training: null,
    });
    const data = isTokens ? Int32Array.from(numbersOf(x)) : numbersOf(x);
    assertClose(await engine.predict({ data, count }), numbersOf(y), {
      atol: 1e-6,
      rtol: 0,
      name,
    });
    model.dispose();
  });
}

// deno-lint-ignore no-explicit-any
type Changes = (layers: any[], file: any) => void;

/** The file of a case, changed. */
function changed(name: string, change: Changes): string {
  const file = structuredClone(CASES[name].json);
  change(file.modelTopology.model_config.config.layers, file);
  return JSON.stringify(file);
}

Deno.test("the loader of TensorFlow.js refuses the files of Keras 3", async () => {
  for (const name of ["LSTMs, h5", "GRUs, keras", "functional, keras"]) {
    const { json: { modelTopology, weightsManifest } } = CASES[name];
    const artifacts = {
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: bytesOf(CASES[name]).buffer,
    };
    await assert.rejects(tf.loadLayersModel(tf.io.fromMemory(artifacts)), name);
  }
});

Deno.test("loadKeras() reads the weights from several files, and starts without any", async () => {
  const test = CASES["GRUs, keras"], bytes = bytesOf(test);
  const model = await loadKeras(JSON.stringify(test.json), [bytes.slice(0, 100), bytes.slice(100)]);
  const whole = await load(test);
  const read = (of: tf.LayersModel) => Promise.all(of.getWeights().map((weight) => weight.data()));
  assert.deepEqual(await read(model), await read(whole));
  const { model_config: config } = test.json.modelTopology;
  const { modelTopology: _, ...toJson } = { modelTopology: null, registered_name: null, ...config }; // model.to_json()
  const anew = await loadKeras(JSON.stringify(toJson));
  assert.deepEqual(anew.getWeights().map(({ shape }) => shape), whole.getWeights().map(({ shape }) => shape));
  assert.ok((await anew.getWeights()[1].data()).some((value) => value !== 0));
});

Deno.test("loadKeras() takes mixed precision, whose weights are float32", async () => {
  const json = changed("GRUs, h5", ([, gru]) => gru.config.dtype.config.name = "mixed_bfloat16");
  const model = await loadKeras(json, bytesOf(CASES["GRUs, h5"]));
  assert.equal(model.getWeights()[0].dtype, "float32");
});

Deno.test("loadKeras() rejects models that TensorFlow.js computes otherwise, or not at all", async () => {
  const otherwise: [string, Changes, string][] = [
    [
      "LSTMs, h5",
      ([, lstm]) => lstm.config.recurrent_activation = "hard_sigmoid",
      'recurrent_activation of layer "lstm" (LSTM) must be one that TensorFlow.js has: current value is ' +
      '"hard_sigmoid", which in Keras 3 is z / 6 + 0.5 within 0 … 1, not 0.2 z + 0.5',
    ],
    [
      "LSTMs, h5",
      ([, lstm]) => lstm.config.activation = { class_name: "function", config: "swish2" },
      'activation of layer "lstm" (LSTM) must be one that TensorFlow.js has: ' +
      'current value is {"class_name":"function","config":"swish2"}',
    ],
    [
      "LSTMs, h5",
      ([, lstm]) => lstm.config.dtype.config.name = "float64",
      'dtype of layer "lstm" (LSTM) must be float32: current value is "float64"',
    ],
    [
      "LSTMs, h5",
      ([, , dropout]) => dropout.class_name = "Jumble",
      "TensorFlow.js must know its layers: current value is Unknown layer: Jumble.",
    ],
    [
      "bidirectional, h5",
      ([, , , { config: { layer, backward_layer: backward } }]) => {
        for (const { config } of [layer, backward]) {
          config.zero_output_for_mask = config.return_sequences = true;
        }
      },
      'zero_output_for_mask of layer "bidirectional_1" (Bidirectional) must be false where steps are masked: ' +
      "current value is true: there TensorFlow.js repeats the last output",
    ],
    [
      "functional, keras",
      ([, , activation]) => activation.inbound_nodes[0].kwargs.state = activation.inbound_nodes[0].args[0],
      'layer "activation" (Activation) must read one tensor of other layers: current value is more, by name',
    ],
  ];
  for (const [name, change, message] of otherwise) {
    const expected = { name: "TypeError", message: `Cannot load the model of Keras: ${message}` };
    await assert.rejects(loadKeras(changed(name, change), bytesOf(CASES[name])), expected);
  }
  const other = changed("bidirectional, h5", ([, , both]) => both.config.backward_layer.config.units = 5);
  await assert.rejects(
    loadKeras(other),
    /^TypeError: .*backward_layer of layer "bidirectional" .* as its layer: /,
  );
});

Deno.test("loadKeras() rejects weights that are not those of the layers", async () => {
  const test = CASES["GRUs, h5"], bytes = bytesOf(test), [group] = test.json.weightsManifest;
  const without = changed("GRUs, h5", (_, file) => {
    file.weightsManifest[0].weights = [group.weights[0], ...group.weights.slice(2)];
  });
  const kernel = group.weights.findIndex(({ name }: { name: string }) =>
    name.endsWith("gru/gru_cell/kernel")
  );
  const turned = changed("GRUs, h5", (_, file) => file.weightsManifest[0].weights[kernel].shape = [12, 3]);
  const renamed = changed("GRUs, h5", ([, gru]) => gru.config.name = "other");
  const wrong: [string, Uint8Array, RegExp][] = [
    [
      without,
      bytes.subarray(20),
      /weights of layer "dense_1" \(Dense\) must have the shapes \[\[4,5\],\[5\]\]: .* \[\[4,5\]\]$/,
    ],
    [
      turned,
      bytes,
      /weights of layer "gru" \(GRUResetAfter\) must have .*: current value is \[\[12,3\],\[4,12\],\[2,12\]\]$/,
    ],
    [renamed, bytes, /weights of layer "other" .*: current value is missing$/],
    [
      JSON.stringify(test.json),
      bytes.subarray(0, 40),
      /the weights must be those of weightsManifest: current value is /,
    ],
  ];
  for (const [json, weights, reason] of wrong) {
    await assert.rejects(loadKeras(json, weights), (error: Error) => {
      assert.match(`${error}`, reason);
      return error instanceof TypeError;
    });
  }
  await assert.rejects(
    loadKeras("{}", "weights" as never),
    /^TypeError: .* weights must be bytes, or a list of bytes: /,
  );
});

Deno.test("loadKeras() rejects text that is not the JSON of a model", async () => {
  const layer = { class_name: "Dense", config: { name: "dense", units: 1 } };
  const model = (config: unknown) => JSON.stringify({ class_name: "Sequential", config });
  const wrong: [string, RegExp][] = [
    ["", /it must be JSON: current value is /],
    ["[".repeat(10_000), /it must be JSON: .* 100 levels deep/],
    ["3", /it must be an object: current value is 3$/],
    ["[]", /the file must be an object: current value is \[\]$/],
    ["{}", /class_name must be a text: current value is undefined$/],
    ['{"modelTopology":null}', /modelTopology must be an object: current value is null$/],
    [model(3), /config must be an object: current value is 3$/],
    [model({}), /layers must be a list: current value is undefined$/],
    [model({ layers: [3] }), /a layer must be an object: current value is 3$/],
    [
      model({ layers: [{ class_name: "Dense" }] }),
      /config of a layer must be an object: current value is undefined$/,
    ],
    [model({ layers: [{ ...layer, config: {} }] }), /a layer must have a class_name and a name: /],
    [
      model({ layers: [{ ...layer, inbound_nodes: 3 }] }),
      /inbound_nodes of layer "dense" \(Dense\) must be a list: /,
    ],
  ];
  for (const [json, reason] of wrong) {
    await assert.rejects(loadKeras(json), (error: Error) => {
      assert.match(`${error}`, reason);
      return error instanceof SyntaxError && error.message.startsWith("Cannot read model.json: ");
    });
  }
  const noManifest = changed("GRUs, h5", (_, file) => delete file.weightsManifest);
  await assert.rejects(
    loadKeras(noManifest, new Uint8Array(4)),
    /^SyntaxError: .* weightsManifest must be a list/,
  );
});

Deno.test("fit() trains a model of Keras as TensorFlow.js does", async () => {
  const test = CASES["functional, h5"], x = tf.tensor(numbersOf(test.x), test.x.shape);
  const y = tf.tensor(numbersOf(test.y).map(Math.sin), test.y.shape);
  const losses = await Promise.all(["fit", "stock"].map(async (which) => {
    const model = await load(test);
    model.compile({ optimizer: "rmsprop", loss: "meanSquaredError" });
    const args = { epochs: 3, batchSize: 2, shuffle: false, verbose: 0 } as const;
    const { history } = which === "fit"
      ? await fit(model, x, y, { ...args, device: "reference" })
      : await model.fit(x, y, args);
    return Float32Array.from(history.loss as number[]);
  }));
  assertClose(losses[0], losses[1], { atol: 1e-6, rtol: 0, name: "losses" });
});
