import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { sgd } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const needs = [{ name: "read", path: "lib" }] as const;
const train = tinySplit({ count: 600, height: 5, width: 4, classes: 3 });

function open(changes: Partial<CompileOptions>) {
  const model = tf.sequential({
    layers: [lstm({ units: 64, inputShape: [5, 4] }), tf.layers.dense({ units: 3 })],
  });
  return compile(model, {
    train,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: sgd({ learningRate: 0.1 }),
    initialize: "pytorch",
    device: "wasm",
    threads: 1,
    ...changes,
  });
}

Deno.test({
  name: named("compile() says how much memory wasm takes before it takes it, in bytes", needs),
  ignore: lacks(needs),
  fn: async () => {
    const { Memory } = WebAssembly, events: string[] = [], told: number[] = [];
    const onMemory = (bytes: number) => {
      told.push(bytes);
      events.push(`told ${bytes}`);
    };
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor);
        events.push(`taken ${this.buffer.byteLength}`);
      }
    };
    try {
      for (const batchSize of [8, 512]) {
        await using _ = await open({ batchSize, onMemory });
      }
    } finally {
      WebAssembly.Memory = Memory;
    }
    const [small, large] = told;
    const own = [`told ${small}`, `taken ${small}`, `told ${large}`, `taken ${large}`];
    assert.deepEqual(events.filter((event) => own.includes(event)), own); // kernels and images take some of their own
    assert.ok(large > small + 504 * 5 * 64 * 4, "a larger batch takes at least its outputs more");
  },
});

Deno.test({
  name: named("compile() takes nothing if onMemory throws", needs),
  ignore: lacks(needs),
  fn: async () => {
    const tooMuch = new RangeError("too much");
    const onMemory = () => {
      throw tooMuch;
    };
    await assert.rejects(open({ onMemory }), tooMuch);
  },
});

Deno.test({
  name: "compile() says how much memory webgpu takes, once" +
    (LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""),
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    const told: number[] = [], onMemory = (bytes: number) => void told.push(bytes);
    await using _ = await open({ device: "webgpu", threads: undefined, onMemory });
    assert.equal(told.length, 1);
    assert.ok(told[0] > train.pixels.length + 64 * 5 * 64 * 4, "the images and the outputs of a batch");
  },
});
