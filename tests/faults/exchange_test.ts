/** Models of PyTorch and Keras that are damaged: each becomes a model or a clear error, and takes no memory that it does not have. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fromPyTorch } from "../../lib/model/from_pytorch.ts";
import { loadKeras } from "../../lib/model/load_keras.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import keras from "../golden/keras/models.json" with { type: "json" };
import torch from "../golden/torch/chains.safetensors" with { type: "bytes" };
import { assertClear, fuzz, hostileJson, type Target } from "../support/fuzz.ts";
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
const KERAS = ["GRUs, h5", "bidirectional, keras", "functional, keras"] as const;

const TARGETS: readonly Target[] = [
  {
    name: "fromPyTorch()",
    seeds: ["a dense stack", "both ends", "padded"].map(fileOf),
    parse: (bytes) => fromPyTorch(bytes).dispose(),
    errors: [SyntaxError, TypeError, RangeError],
    message: /^Cannot (read safetensors|take PyTorch's weights|read the metadata|build the network): /,
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

for (const target of TARGETS.slice(1)) {
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
