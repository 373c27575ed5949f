/**
 * That ONNX files compute what the network computes is proven by ONNX Runtime, which is 140 MB, so only where it is asked for:
 *
 *     SCANLINE_ONNX=1 deno test --no-lock -A tests/model/onnx_test.ts
 *
 * Everywhere else a hash stands for the bytes that passed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { gatherBatch } from "../../lib/engines/reference/gather.ts";
import { encodeOnnx } from "../../lib/model/onnx.ts";
import { type Case, optionsOf } from "../engines/contract_cases.ts";
import { assertClose } from "../support/assert_close.ts";
import { lacks } from "../support/permissions.ts";

// Computed, so that no lock file names it: Deno fetches all that a lock file names.
const ONNX_RUNTIME = ["npm:onnxruntime-web", "1.30.0/wasm"].join("@");
const asked = !lacks([{ name: "env", variable: "SCANLINE_ONNX" }]) && Deno.env.get("SCANLINE_ONNX") === "1";

/** Sizes are odd and unequal; H differs from layer to layer. The hash is of the bytes that ONNX Runtime 1.30.0 ran. */
const CASES: readonly { name: string; test: Case; sha256: string }[] = [
  {
    name: "an LSTM of two layers, columns in −1…1",
    test: {
      kind: "LSTM",
      hidden: [7, 5],
      images: 6,
      size: [5, 9],
      axis: "columns",
      scaled: { range: [-1, 1] },
    },
    sha256: "3cfb5b0445d6cd038e27c0a9443cfd92d4fa256a0296843a8b914f2adfbe693c",
  },
  {
    name: "an LSTM with hardSigmoid, weights × 4",
    test: { kind: "LSTM, hardSigmoid", hidden: [6], images: 3, size: [7, 4], classes: 3, scale: 4 },
    sha256: "bba862c9a397e5bf1fd0b0df12e30c15e5c7aea8fe78b8c0a34a9233c7b9b101",
  },
  {
    name: "a ReLU RNN of two layers",
    test: { kind: "ReLU RNN", hidden: [4, 6], images: 5, size: [6, 3] },
    sha256: "4b5c97ed56a4ce7bc11f3425b6b894c4b93bfc051c290d4ffa266d433adc73e8",
  },
  {
    name: "a tanh RNN, pixel by pixel",
    test: { kind: "tanh RNN", hidden: [8], images: 4, size: [3, 5], axis: "pixels" },
    sha256: "bc539e30d11e67f5f5ed3eb2b39e57258f04530f28ba459583944c9608f96542",
  },
];

function encode(test: Case) {
  const options = optionsOf(test);
  const layout = layOutSequence(options.sequence, options.test);
  const bytes = encodeOnnx(options.network, options.parameters, {
    steps: layout.steps,
    metadata: { axis: options.sequence.axis },
  });
  return { options, layout, bytes };
}

for (const { name, test, sha256 } of CASES) {
  Deno.test(`encodeOnnx() writes the bytes that ONNX Runtime was seen to run: ${name}`, () => {
    const hash = createHash("sha256").update(encode(test).bytes).digest("hex");
    assert.equal(
      hash,
      sha256,
      "if this is meant, run this file with SCANLINE_ONNX=1 and put the new hash here",
    );
  });

  const reason = asked ? "" : " (ignored: needs SCANLINE_ONNX=1, and 140 MB)";
  Deno.test({
    name: `ONNX Runtime computes the same logits: ${name}${reason}`,
    ignore: !asked,
    fn: async () => {
      const ort = await import(ONNX_RUNTIME);
      ort.env.wasm.numThreads = 1;
      const { options, layout, bytes } = encode(test);
      await using reference = await openReference(options);
      const expected = await reference.predict("test");

      const positions = Uint32Array.from({ length: options.test.count }, (_, n) => n);
      const { x, T, N } = gatherBatch(options.test, positions, layout); // [T,N,C]
      const C = layout.inputSize;
      const images = Float32Array.from({ length: x.length }, (_, k) => {
        const n = Math.floor(k / (T * C)), t = Math.floor(k / C) % T;
        return x[(t * N + n) * C + k % C];
      }); // [N,T,C]
      const session = await ort.InferenceSession.create(bytes);
      const { logits } = await session.run({ images: new ort.Tensor("float32", images, [N, T, C]) });
      assert.deepEqual([...logits.dims], [N, options.network.head.classes]);
      assertClose(logits.data, expected, { atol: 1e-5, rtol: 0, name: "logits" });
      await session.release();
    },
  });
}

Deno.test("encodeOnnx() refuses parameters of another network", () => {
  const { network } = optionsOf(CASES[0].test);
  for (const parameters of [new Float32Array(3), new Float64Array(network.size) as never]) {
    assert.throws(
      () => encodeOnnx(network, parameters, { steps: null }),
      new RegExp(
        `^TypeError: Cannot write ONNX: parameters must have ${network.size} float32 elements: ` +
          `current value is Float(32Array\\(3|64Array\\(684)\\)$`,
      ),
    );
  }
});
