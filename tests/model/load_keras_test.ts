/** Models of Keras 3, which tests/golden/keras/models.py wrote with the converter of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { toChain } from "../../lib/model/from_tensorflow.ts";
import { loadKeras } from "../../lib/model/load_keras.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import golden from "../golden/keras/models.json" with { type: "json" };
import { assertClose } from "../support/assert_close.ts";

interface Case {
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly weights: string;
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

const CASES: Readonly<Record<string, Case>> = golden;
const bytesOf = ({ weights }: Case) => new Uint8Array(Buffer.from(weights, "base64"));
const load = (test: Case) => loadKeras(JSON.stringify(test.json), bytesOf(test));

for (const [name, test] of Object.entries(CASES)) {
  Deno.test(`loadKeras() makes a model with the outputs of Keras: ${name}`, async () => {
    await tf.setBackend("cpu");
    const model = await load(test), { x, y } = test;
    const output = model.predict(tf.tensor(x.data, x.shape)) as tf.Tensor;
    assert.deepEqual(output.shape, y.shape);
    // Both compute in float32.
    assertClose(await output.data(), Float32Array.from(y.data), { atol: 1e-6, rtol: 0, name });

    const { network } = toChain(model, { action: "test", loss: "meanSquaredError" });
    const [count, T, C] = x.shape, isTokens = network.input.kind === "tokens";
    await using engine = await openReference({
      network,
      parameters: await readWeights(model, network),
      layout: isTokens ? { kind: "tokens", T, stride: T } : { kind: "floats", T, C, stride: T * C },
      training: null,
    });
    const data = isTokens ? Int32Array.from(x.data) : Float32Array.from(x.data);
    assertClose(await engine.predict({ data, count }), Float32Array.from(y.data), {
      atol: 1e-6,
      rtol: 0,
      name,
    });
    model.dispose();
  });
}
