/**
 * The wasm engine where memory cannot be shared, as on a page whose host does not isolate it: the calling thread computes, to the
 * same bits.
 */
import assert from "node:assert/strict";
import { lacks, named } from "../../support/permissions.ts";
import { type Ending, trainHere } from "./support/alone.ts";

const needs = [{ name: "read" }] as const;

Deno.test({
  name: named("without shared memory the wasm engine trains on the calling thread, to the same bits", needs),
  ignore: lacks(needs),
  fn: async () => {
    const worker = new Worker(new URL("./support/alone_worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<Ending>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    const alone = await promise.finally(() => worker.terminate());
    const { threads, messages, turns, ...ending } = alone;
    const { sha256, accuracy, readings } = await trainHere();
    assert.deepEqual(ending, { sha256, accuracy, readings });
    assert.equal(threads, 1);
    assert.ok(turns > 1, "timers run between the steps");
    assert.deepEqual(messages, [
      "Cannot open the device wasm: threads must be 1 where memory cannot be shared: current value is 2 (a page can share " +
      "it if its host sends the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: " +
      "require-corp)",
      "Cannot predict: the model must stay open until the call is done: current value is disposed",
    ]);
  },
});
