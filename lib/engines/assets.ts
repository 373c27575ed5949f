/**
 * All that engines, and the loops that call them, take of the platform besides what browsers have too. A bundle for the
 * browser puts a module of its own, with the same exports, in the place of this one.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

/** The bytes of a build of the wasm kernels. Needs permission to read `lib`. */
export async function readKernels(build: "fused" | "plain"): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(`./wasm/${build}.wasm`, import.meta.url));
  return await response.bytes();
}

/** Starts a thread of the wasm engine. */
export function startWorker(): Worker {
  return new Worker(new URL("./wasm/worker.ts", import.meta.url), { type: "module" });
}

/** Lets timers and signals have their turn, where an engine computes on this thread. */
export async function turnOfEventLoop(): Promise<void> {
  await setImmediate();
}
