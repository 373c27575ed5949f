/**
 * A page that its host does not isolate, for alone_test.ts: it has no shared memory, and cannot start a worker with it.
 *
 * @module
 */
/// <reference lib="deno.worker" />
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
Reflect.deleteProperty(globalThis, "Worker");

const { trainHere } = await import("./alone.ts");
self.postMessage(await trainHere());
