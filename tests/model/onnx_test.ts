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
import type { SequenceLayout, Sequences } from "../../lib/data/sequences.ts";
import type { EngineOptions } from "../../lib/engines/engine.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { gatherBatch } from "../../lib/engines/reference/gather.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { LayerOptions, NetworkOptions } from "../../lib/model/network_options.ts";
import { encodeOnnx, type OnnxOptions } from "../../lib/model/onnx.ts";
import { type Case, optionsOf } from "../engines/contract_cases.ts";
import { assertClose } from "../support/assert_close.ts";
import { lacks } from "../support/permissions.ts";
import { testStream, tinyParameters } from "../support/tiny_data.ts";

// Computed, so that the lock file does not name it: Deno fetches all packages in the lock file.
const ONNX_RUNTIME = ["npm:onnxruntime-web", "1.30.0/wasm"].join("@");
const asked = !lacks([{ name: "env", variable: "SCANLINE_ONNX" }]) && Deno.env.get("SCANLINE_ONNX") === "1";

/** Sizes are odd and unequal; H differs from layer to layer. The hash is of the bytes that ONNX Runtime 1.30.0 ran. */
const CLASSIFIERS: readonly { name: string; test: Case; sha256: string }[] = [
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
    sha256: "1ef5fe1529e2cbd0ec55ed61d77ebda542ab27380bff57dac759eb838a375421",
  },
  {
    name: "an LSTM with hardSigmoid, weights × 4",
    test: { kind: "LSTM, hardSigmoid", hidden: [6], images: 3, size: [7, 4], classes: 3, scale: 4 },
    sha256: "795f44c7077b8bbe13472ea8a3573115d3fdd24bf77423ffb32f5be538736365",
  },
  {
    name: "a ReLU RNN of two layers",
    test: { kind: "ReLU RNN", hidden: [4, 6], images: 5, size: [6, 3] },
    sha256: "263df5f65fae224537576457aa1c0ba2e782bd97fea64facc7240e27b44419be",
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

/** What is written, and what a reference engine reads. */
interface Written {
  readonly engine: EngineOptions;
  readonly sequences: Sequences;
  readonly options: OnnxOptions;
}

function writtenOf(test: Case): Written {
  const engine = optionsOf(test), { T } = engine.layout;
  const options = { T, input: "images", output: "logits", metadata: { axis: test.axis ?? "rows" } };
  return { engine, sequences: engine.test, options };
}

const cell = { hiddenSize: 5 };
const sequences = { returnSequences: true };
const dense: LayerOptions = { kind: "dense", units: 3 };
const FEATURES = { kind: "features", size: 3 } as const, MASKED = { ...FEATURES, maskValue: -1 } as const;
const TOKENS = { kind: "tokens", vocabulary: 11, size: 4 } as const, PADDED = { ...TOKENS, maskZero: true };

type Chain = Pick<NetworkOptions, "input" | "layers">;

/** Every kind of layer, with every property that changes the graph. */
const CHAINS: Readonly<Record<string, Chain>> = {
  "an LSTM of linear and ReLU, a dense stack": {
    input: FEATURES,
    layers: [
      { kind: "lstm", ...cell, ...sequences, activation: "linear", gateActivation: "hardSigmoid" },
      { kind: "lstm", hiddenSize: 4, activation: "relu", useBias: false },
      { kind: "dense", units: 6, activation: "relu" },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 2, activation: "sigmoid", useBias: false },
    ],
  },
  "a GRU with reset before": { input: FEATURES, layers: [{ kind: "gru", ...cell }, dense] },
  "a GRU with reset after": { input: FEATURES, layers: [{ kind: "gru", ...cell, resetAfter: true }, dense] },
  "GRUs without bias": {
    input: FEATURES,
    layers: [
      { kind: "gru", ...cell, ...sequences, useBias: false },
      { kind: "gru", ...cell, resetAfter: true, useBias: false },
    ],
  },
  "an RNN that reads backwards, every step": {
    input: FEATURES,
    layers: [
      { kind: "rnn", ...cell, ...sequences, backwards: true, activation: "sigmoid" },
      { kind: "dense", units: 4, activation: "tanh" },
      { kind: "rnn", ...cell, ...sequences },
      { kind: "dense", units: 2, useBias: false },
    ],
  },
  "an LSTM that reads backwards": { input: FEATURES, layers: [{ kind: "lstm", ...cell, backwards: true }] },
  ...Object.fromEntries((["concat", "sum", "ave", "mul"] as const).map((merge): [string, Chain] => [
    `bidirectional layers, ${merge}`,
    {
      input: FEATURES,
      layers: [
        {
          kind: "bidirectional",
          merge,
          forward: { kind: "lstm", ...cell, ...sequences },
          backward: { kind: "lstm", ...cell, ...sequences, activation: "relu", useBias: false },
        },
        { kind: "bidirectional", merge, forward: { kind: "gru", ...cell, resetAfter: true } },
      ],
    },
  ])),
  "tokens": {
    input: TOKENS,
    layers: [{ kind: "gru", ...cell }, { kind: "activation", activation: "softmax" }],
  },
  "tokens, masked at 0": {
    input: PADDED,
    layers: [{ kind: "lstm", ...cell, ...sequences }, { kind: "gru", ...cell }, dense],
  },
  "masked features, every step, forwards and backwards": {
    input: MASKED,
    layers: [
      { kind: "dense", units: 4 },
      { kind: "lstm", ...cell, ...sequences },
      { kind: "rnn", ...cell, ...sequences, backwards: true },
      { kind: "activation", activation: "hardSigmoid" },
    ],
  },
  "masked bidirectional layers": {
    input: PADDED,
    layers: [
      { kind: "bidirectional", merge: "concat", forward: { kind: "gru", ...cell, ...sequences } },
      { kind: "bidirectional", merge: "ave", forward: { kind: "lstm", ...cell } },
      { kind: "dense", units: 1, activation: "hardSigmoid" },
    ],
  },
  "an encoder and a decoder": {
    input: PADDED,
    layers: [
      { kind: "lstm", ...cell },
      { kind: "repeat", steps: 4 },
      { kind: "lstm", ...cell, ...sequences },
      { kind: "dense", units: 6, activation: "softmax" },
    ],
  },
  "batch normalization of every step, and of the last one": {
    input: FEATURES,
    layers: [
      { kind: "batchNorm", scale: false },
      { kind: "lstm", ...cell, ...sequences },
      { kind: "batchNorm", epsilon: 1e-5 },
      { kind: "gru", ...cell, resetAfter: true },
      { kind: "batchNorm", epsilon: 0.25, center: false },
      { kind: "dense", units: 6, activation: "relu" },
      { kind: "dropout", rate: 0.5 },
      dense,
      { kind: "batchNorm" },
    ],
  },
  "batch normalization as the output of every step": {
    input: PADDED,
    layers: [{ kind: "rnn", ...cell, ...sequences }, { kind: "batchNorm", scale: false, center: false }],
  },
  "the last step of both directions": {
    input: FEATURES,
    layers: [
      { kind: "bidirectional", merge: "concat", forward: { kind: "lstm", ...cell, ...sequences } },
      { kind: "last" },
      dense,
    ],
  },
  "the last step of a dense layer, masked": {
    input: MASKED,
    layers: [{ kind: "gru", ...cell, ...sequences }, dense, { kind: "last" }],
  },
  "one step, repeated": { input: FEATURES, layers: [{ kind: "rnn", ...cell }, { kind: "repeat", steps: 2 }] },
};

/** Some steps are masked: in the middle, at both ends, and in sequence 2 all. */
function writtenChain(chain: Chain, { N, T }: { N: number; T: number }): Written {
  const network = createNetwork({ ...chain, loss: "meanSquaredError" }), { input } = network;
  const random = testStream("sequences"), C = input.kind === "tokens" ? 1 : input.size;
  const layout: SequenceLayout = input.kind === "tokens"
    ? { kind: "tokens", T, stride: T }
    : { kind: "floats", T, C, stride: T * C };
  const isMasked = Array.from({ length: N * T }, (_, k) => random.below(3) === 0 || Math.floor(k / T) === 2);
  const data = input.kind === "tokens"
    ? Int32Array.from(isMasked, (masked) => masked ? 0 : 1 + random.below(input.vocabulary - 1))
    : Float32Array.from({ length: N * T * C }, (_, k) => {
      return isMasked[Math.floor(k / C)] && input.maskValue !== null ? input.maskValue : random.normal();
    });
  const engine = { network, layout, parameters: tinyParameters(network, { scale: 2 }), training: null };
  return { engine, sequences: { data, count: N }, options: { T: null } };
}

const encode = ({ engine: { network, parameters }, options }: Written) =>
  encodeOnnx(network, parameters, options);

/** The hashes of the files of {@link CHAINS} that ONNX Runtime 1.30.0 ran. */
const SHA256: Readonly<Record<string, string>> = {
  "an LSTM of linear and ReLU, a dense stack":
    "16d9b4b574706a558750e3f59356d628f5daa07222b2bee3823f23ef8fbe8769",
  "a GRU with reset before": "fba5940413709241dc6381a908ab24cbad6be67036ca2cde214c28503896796e",
  "a GRU with reset after": "9058fff938bc4e2a30681e2467c9770ad1ec66710a32ecbd0300beee43d7cbb2",
  "GRUs without bias": "505a5d06f0314a75244b4f02c574b41a59e4b23c2184b53faba497f5974be6ab",
  "an RNN that reads backwards, every step":
    "43473a9475fe77bca1fdda7da36fa394300f24d1e2803e581e7aa7eb38876726",
  "an LSTM that reads backwards": "491108d52b31ebfc2de624056ddf34b3d382d60877c3ced4fcbdc066a91ee122",
  "bidirectional layers, concat": "a937e4d99f3e1bc0ad00a848dc8cfd031ea7143e2ab6a740c1474c9364e723df",
  "bidirectional layers, sum": "f2f8ca032dec1dac71c81d647b61fd52854dc278407da3d025839c1d517b5d95",
  "bidirectional layers, ave": "9a5ec37bac1e6e8c1359302bfc8b7d318e9bbb358b9094b0a8eda3474d329c46",
  "bidirectional layers, mul": "2fa1dc50d4b0e9e27b6db4111685d8e7efa04b1132c8908c45720ff81bf8cc39",
  "tokens": "830ee7b983601b6991bb337bef0d329ea3f34a4ee26f36f54b2195795c210c55",
  "tokens, masked at 0": "93287cacb90945ea992244ad594e933ee7dc8983092fef7719a60de706e70f13",
  "masked features, every step, forwards and backwards":
    "3aef2bfa99b151680d84a75db0f79969d1df5377f1363e07006c6cbea188e646",
  "masked bidirectional layers": "60764fcc2d42cd50508a1c1333e9b807f6b3adf66a44850d7102d76329b259b2",
  "an encoder and a decoder": "7a4563f6d8af6afb65483b848f109812794f4173c4d389b6a30351ec1c4ca9b1",
  "batch normalization of every step, and of the last one":
    "d131a80ab398aa5cc3e8bb0c628611ac00dc593c7450c17d424e5750855e43ce",
  "batch normalization as the output of every step":
    "2b7e4649c6d8c7dc6f81836d2901b6f62a857def7daacee018b2af0e88ec5c63",
  "the last step of both directions": "76c4f58437ca3787c175b74f3738af6fd1363c4ab9b85c167c2a8ab545c4230b",
  "the last step of a dense layer, masked":
    "89e187ac5218664c56fe5312802c445d16cf97c70784ad00acb9a5f80c824a4e",
  "one step, repeated": "de4ebeb600eeb4eb9615b76329ae4025ed5fd4621876f33d2aac5fe0a7416d95",
};

const FILES = [
  ...CLASSIFIERS.map(({ name, test, sha256 }) => ({ name, sha256, batches: [writtenOf(test)] })),
  ...Object.entries(CHAINS).map(([name, chain]) => ({
    name,
    sha256: SHA256[name],
    batches: [1, 3, 64].map((N) => writtenChain(chain, { N, T: N === 3 ? 5 : 8 })),
  })),
];

for (const { name, batches, sha256 } of FILES) {
  Deno.test(`encodeOnnx() writes the bytes that ONNX Runtime has run: ${name}`, () => {
    const hash = createHash("sha256").update(encode(batches[0])).digest("hex");
    assert.equal(
      hash,
      sha256,
      "if the change is meant, run this file with SCANLINE_ONNX=1 and put the new hash here",
    );
  });

  const reason = asked ? "" : " (ignored: needs SCANLINE_ONNX=1, and 140 MB)";
  Deno.test({
    name: `ONNX Runtime computes the same outputs: ${name}${reason}`,
    ignore: !asked,
    fn: async () => {
      const ort = await import(ONNX_RUNTIME);
      ort.env.wasm.numThreads = 1;
      using printed = catchPrinted();
      const session = await ort.InferenceSession.create(encode(batches[0]));
      assert.deepEqual(printed.lines, []); // it warns about what is not used
      for (const { engine, sequences, options } of batches) {
        await using reference = await openReference(engine);
        const expected = await reference.predict(sequences);
        const { input = "input", output = "output" } = options;
        const results = await session.run({ [input]: tensorOf(ort, { engine, sequences }) });
        assert.equal(results[output].dims[0], sequences.count);
        assertClose(results[output].data, expected, { atol: 1e-5, rtol: 0, name });
      }
      await session.release();
    },
  });
}

/** The sequences as ONNX Runtime takes them: float32 `[N, T, C]`, or int64 `[N, T]`. */
// deno-lint-ignore no-explicit-any
function tensorOf(ort: any, { engine: { layout }, sequences }: Pick<Written, "engine" | "sequences">) {
  const positions = Uint32Array.from({ length: sequences.count }, (_, n) => n);
  const { x, T, N } = gatherBatch(sequences, positions, layout); // [T,N,C]
  const C = layout.kind === "tokens" ? 1 : layout.C;
  const numbers = Float32Array.from({ length: x.length }, (_, k) => {
    const n = Math.floor(k / (T * C)), t = Math.floor(k / C) % T;
    return x[(t * N + n) * C + k % C];
  }); // [N,T,C]
  if (layout.kind !== "tokens") return new ort.Tensor("float32", numbers, [N, T, C]);
  return new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), [N, T]);
}

Deno.test("encodeOnnx() writes no tensor that no node reads", () => {
  for (const { test } of CLASSIFIERS) {
    const text = new TextDecoder("latin1").decode(encode(writtenOf(test)));
    assert.ok(text.includes("axis0"));
    assert.equal(text.includes("axis1"), test.hidden.length > 1);
  }
});

Deno.test("encodeOnnx() documents the input by its shape, or by the metadata", () => {
  const { network, parameters } = optionsOf(CLASSIFIERS[0].test);
  const textOf = (T: number | null, metadata?: Record<string, string>) =>
    new TextDecoder().decode(
      encodeOnnx(network, parameters, { T, metadata, input: "images", output: "logits" }),
    );
  const shape = `float32 [N, 9, ${network.input.size}]: N sequences of 9 steps`;
  const count = (text: string, part: string) => text.split(part).length - 1;
  assert.equal(count(textOf(9), shape), 2); // of the model and of its input
  assert.equal(count(textOf(null), `[N, T, ${network.input.size}]: N sequences of T steps`), 2);
  assert.equal(count(textOf(9), `float32 [N, ${network.classes}]: a logit for each class`), 2);
  const said = textOf(9, { input: "rows, x / 255" });
  assert.deepEqual([count(said, shape), count(said, "rows, x / 255")], [0, 3]); // in metadata_props too
});

Deno.test("encodeOnnx() rejects an invalid length and metadata that is not text", () => {
  const { network, parameters } = optionsOf(CLASSIFIERS[0].test);
  const encode = (options: unknown) => () => encodeOnnx(network, parameters, options as { T: number });
  const length = /^RangeError: Cannot write ONNX: T must be a positive whole number, or null: .* value is /;
  for (const wrong of [0, -1, 1.5, NaN, "28", undefined]) assert.throws(encode({ T: wrong }), length);
  const metadata = /^TypeError: Cannot write ONNX: metadata must map names to strings: .* {"epochs":3}$/;
  assert.throws(encode({ T: 28, metadata: { epochs: 3 } }), metadata);
});

Deno.test("encodeOnnx() rejects the parameters of another network", () => {
  const { network } = optionsOf(CLASSIFIERS[0].test);
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
