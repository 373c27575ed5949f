/**
 * What engines, and the loops that call them, need from Deno and browsers lack. A bundle for the browser replaces this
 * module by one with the same exports.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

/** The bytes of one build of the wasm kernels. Needs permission to read `lib`. */
export async function readKernels(build: "fused" | "plain"): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(`./wasm/${build}.wasm`, import.meta.url));
  return await response.bytes();
}

/** Starts a thread of the wasm engine. */
export function startWorker(): Worker {
  return new Worker(new URL("./wasm/worker.ts", import.meta.url), { type: "module" });
}

/** Lets timers and signals run where an engine computes on this thread. */
export async function turnOfEventLoop(): Promise<void> {
  await setImmediate();
}
