/** Models of PyTorch and Keras that are damaged: each becomes a model or a clear error, and takes no memory that it does not have. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createClassifier } from "../../lib/model/classifier.ts";
import { toSafetensors } from "../../lib/model/formats.ts";
import { fromPyTorch } from "../../lib/model/from_pytorch.ts";
import { loadKeras } from "../../lib/model/load_keras.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { loadModel } from "../../lib/run/open_model.ts";
import keras from "../golden/keras/models.json" with { type: "json" };
import torch from "../golden/torch/chains.safetensors" with { type: "bytes" };
import { assertClear, fuzz, hostileJson, type Target } from "../support/fuzz.ts";
import { tinyParameters } from "../support/tiny_data.ts";
import { share } from "../support/soak.ts";

const MUTANTS = share({ usual: 100, soak: 20_000 });
/** Of the variants of a JSON file, one of so many is tried. */
const STRIDE = share({ usual: 7, soak: 1 });

/** The state_dict of a case, with its chain in the metadata. */
function fileOf(name: string): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = decodeSafetensors(torch);
  const of = `${name}|`;
  const state = [...tensors].filter(([key]) => key.startsWith(of)).map(([key, tensor]): [string, Tensor] => {
    return [key.slice(of.length), tensor];
  });
  const { chain } = JSON.parse(metadata.chains)[name];
  return encodeSafetensors(new Map(state.filter(([key]) => key !== "x" && key !== "y")), {
    producer: "scanline",
    chain: JSON.stringify(chain),
  });
}

const bytesOf = ({ weights }: { weights: string }) => new Uint8Array(Buffer.from(weights, "base64"));
const KERAS = [
  "GRUs, h5",
  "bidirectional, keras",
  "functional, keras",
  "batch normalization, keras",
] as const;

/** A file of toSafetensors(), of a classifier with every kind of module. */
function classifierFile(): Uint8Array<ArrayBuffer> {
  const network = createClassifier({
    inputSize: 3,
    layers: [
      {
        kind: "bidirectional",
        merge: "sum",
        forward: { kind: "lstm", hiddenSize: 2, returnSequences: true },
      },
      { kind: "batchNorm" },
      { kind: "gru", hiddenSize: 2, resetAfter: true, returnSequences: true },
      { kind: "last" },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 2, activation: "relu" },
      { kind: "dense", units: 2 },
    ],
  });
  const sequence = { axis: "rows", range: [0, 1] } as const;
  return toSafetensors({
    network,
    T: 5,
    sequence,
    parameters: tinyParameters(network),
    classNames: ["a", "b"],
  });
}

const TARGETS: readonly Target[] = [
  {
    name: "fromPyTorch()",
    seeds: ["a dense stack", "both ends", "padded", "batch norm of every step"].map(fileOf),
    parse: (bytes) => fromPyTorch(bytes).dispose(),
    errors: [SyntaxError, TypeError, RangeError],
    message: /^Cannot (read safetensors|take PyTorch's weights|read the metadata|build the network): /,
    memory: 60,
  },
  {
    name: "loadModel()",
    seeds: [classifierFile()],
    parse: loadModel,
    errors: [SyntaxError, TypeError, RangeError],
    message:
      /^Cannot (read safetensors|take PyTorch's weights|read the metadata|build the network|open the model): /,
    memory: 60,
  },
  ...KERAS.map((name): Target => ({
    name: `loadKeras(): ${name}`,
    seeds: [new TextEncoder().encode(JSON.stringify(keras[name].json))],
    parse: async (bytes) =>
      (await loadKeras(new TextDecoder().decode(bytes), bytesOf(keras[name]))).dispose(),
    errors: [SyntaxError, TypeError],
    message: /^Cannot (read model.json|load the model of Keras): /,
    memory: 60,
  })),
];

for (const target of TARGETS) {
  Deno.test(`${target.name}: a damaged file becomes a model or a clear error`, async () => {
    for (const seed of target.seeds) await target.parse(seed.slice());
    const { accepted, rejected } = await fuzz(target, MUTANTS);
    assert.ok(rejected > MUTANTS / 20, `${accepted} of ${MUTANTS} were accepted: they are hardly damaged`);
  });
}

for (const target of TARGETS.slice(-KERAS.length)) {
  Deno.test(`${target.name}: whatever value is replaced, it becomes a model or a short, clear error`, async () => {
    let index = 0;
    for (const variant of hostileJson(new TextDecoder().decode(target.seeds[0]))) {
      if (index++ % STRIDE > 0) continue;
      const bytes = new TextEncoder().encode(variant), started = performance.now();
      try {
        await target.parse(bytes);
      } catch (error) {
        assertClear(target, error, bytes.subarray(0, 1000));
      }
      assert.ok(performance.now() - started < 2000, `hangs on ${variant.slice(0, 200)}`);
    }
  });
}

Deno.test("loadModel(): whatever value of its metadata is replaced, it becomes a model or a short, clear error", async () => {
  const target = TARGETS.find(({ name }) => name === "loadModel()")!;
  const { tensors, metadata } = decodeSafetensors(target.seeds[0]);
  let index = 0;
  for (const part of ["network", "chain"]) {
    for (const variant of hostileJson(metadata[part])) {
      if (index++ % STRIDE > 0) continue;
      try {
        await target.parse(encodeSafetensors(tensors, { ...metadata, [part]: variant }));
      } catch (error) {
        assertClear(target, error, new TextEncoder().encode(variant).subarray(0, 1000));
      }
    }
  }
});
