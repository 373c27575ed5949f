/**
 * ONNX Runtime proves that ONNX files compute what the network computes. It has 140 MB, so this runs only on request:
 *
 *     SCANLINE_ONNX=1 deno test --no-lock -A tests/model/onnx_test.ts
 *
 * Otherwise the files must have the hashes of those that passed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { gatherBatch } from "../../lib/engines/reference/gather.ts";
import { encodeOnnx } from "../../lib/model/onnx.ts";
import { type Case, optionsOf } from "../engines/contract_cases.ts";
import { assertClose } from "../support/assert_close.ts";
import { lacks } from "../support/permissions.ts";

// Computed, so that the lock file does not name it: Deno fetches all packages in the lock file.
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
    sha256: "6d61545332e74d8bdb397ec62a2c6ece5c73b917cfe832a04f0114862b564303",
  },
  {
    name: "an LSTM with hardSigmoid, weights × 4",
    test: { kind: "LSTM, hardSigmoid", hidden: [6], images: 3, size: [7, 4], classes: 3, scale: 4 },
    sha256: "795f44c7077b8bbe13472ea8a3573115d3fdd24bf77423ffb32f5be538736365",
  },
  {
    name: "a ReLU RNN of two layers",
    test: { kind: "ReLU RNN", hidden: [4, 6], images: 5, size: [6, 3] },
    sha256: "62659499f4050c5e138f6086b04d5baef8f752dcd09c4a006e9e081d841bd060",
  },
  {
    name: "a tanh RNN, pixel by pixel",
    test: { kind: "tanh RNN", hidden: [8], images: 4, size: [3, 5], axis: "pixels" },
    sha256: "f0e4c2deb62845d23ce6d72f84a3d786bf566e6eb29acf5bcb8468cb4246baa5",
  },
];

/** Collects what Emscripten's WebAssembly prints with `fs`. */
function catchPrinted(): Disposable & { readonly lines: readonly unknown[] } {
  const { writeSync } = fs, lines: unknown[] = [];
  fs.writeSync = ((_file: number, text: unknown) => lines.push(text)) as typeof writeSync;
  return { lines, [Symbol.dispose]: () => fs.writeSync = writeSync };
}

function encode(test: Case) {
  const options = optionsOf(test);
  const layout = layOutSequence(options.sequence, options.test);
  const bytes = encodeOnnx(options.network, options.parameters, {
    T: layout.T,
    metadata: { axis: options.sequence.axis },
  });
  return { options, layout, bytes };
}

for (const { name, test, sha256 } of CASES) {
  Deno.test(`encodeOnnx() writes the bytes that ONNX Runtime has run: ${name}`, () => {
    const hash = createHash("sha256").update(encode(test).bytes).digest("hex");
    assert.equal(
      hash,
      sha256,
      "if the change is meant, run this file with SCANLINE_ONNX=1 and put the new hash here",
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
      const expected = await reference.predict(options.test);

      const positions = Uint32Array.from({ length: options.test.count }, (_, n) => n);
      const { x, T, N } = gatherBatch(options.test, positions, layout); // [T,N,C]
      const C = layout.C;
      const images = Float32Array.from({ length: x.length }, (_, k) => {
        const n = Math.floor(k / (T * C)), t = Math.floor(k / C) % T;
        return x[(t * N + n) * C + k % C];
      }); // [N,T,C]
      using printed = catchPrinted();
      const session = await ort.InferenceSession.create(bytes);
      assert.deepEqual(printed.lines, []); // it warns about what is not used
      const { logits } = await session.run({ images: new ort.Tensor("float32", images, [N, T, C]) });
      assert.deepEqual([...logits.dims], [N, options.network.head.classes]);
      assertClose(logits.data, expected, { atol: 1e-5, rtol: 0, name: "logits" });
      await session.release();
    },
  });
}

Deno.test("encodeOnnx() writes no tensor that no node reads", () => {
  for (const { test } of CASES) {
    const text = new TextDecoder("latin1").decode(encode(test).bytes);
    assert.ok(text.includes("axis0"));
    assert.equal(text.includes("axis1"), test.hidden.length > 1);
  }
});

Deno.test("encodeOnnx() documents the input by its shape, or by the metadata", () => {
  const { network, parameters } = optionsOf(CASES[0].test);
  const textOf = (T: number | null, metadata?: Record<string, string>) =>
    new TextDecoder().decode(encodeOnnx(network, parameters, { T, metadata }));
  const shape = `float32 [N, 9, ${network.inputSize}]: N sequences of 9 steps`;
  const count = (text: string, part: string) => text.split(part).length - 1;
  assert.equal(count(textOf(9), shape), 2); // of the model and of its input
  assert.equal(count(textOf(null), `[N, T, ${network.inputSize}]: N sequences of T steps`), 2);
  assert.equal(count(textOf(9), `float32 [N, ${network.head.classes}]: a logit for each class`), 2);
  const said = textOf(9, { input: "rows, x / 255" });
  assert.deepEqual([count(said, shape), count(said, "rows, x / 255")], [0, 3]); // in metadata_props too
});

Deno.test("encodeOnnx() rejects an invalid length and metadata that is not text", () => {
  const { network, parameters } = optionsOf(CASES[0].test);
  const encode = (options: unknown) => () => encodeOnnx(network, parameters, options as { T: number });
  const length = /^RangeError: Cannot write ONNX: T must be a positive whole number, or null: .* value is /;
  for (const wrong of [0, -1, 1.5, NaN, "28", undefined]) assert.throws(encode({ T: wrong }), length);
  const metadata = /^TypeError: Cannot write ONNX: metadata must map names to strings: .* {"epochs":3}$/;
  assert.throws(encode({ T: 28, metadata: { epochs: 3 } }), metadata);
});

Deno.test("encodeOnnx() rejects the parameters of another network", () => {
  const { network } = optionsOf(CASES[0].test);
  for (const parameters of [new Float32Array(3), new Float64Array(network.size) as never]) {
    assert.throws(
      () => encodeOnnx(network, parameters, { T: null }),
      new RegExp(
        `^TypeError: Cannot write ONNX: parameters must have ${network.size} float32 elements: ` +
          `current value is Float(32Array\\(3|64Array\\(684)\\)$`,
      ),
    );
  }
});
