/**
 * In place of `lib/engines/assets.ts` in the bundle: what the engines need, from the folder of the page.
 *
 * @module
 */
import { fetchBytes } from "./data/fetch_bytes.ts";

/** The folder of the page. Workers lie one folder below it. */
export const ROOT: URL = new URL("document" in globalThis ? "./" : "../", location.href);

/** The bytes of one build of the wasm kernels. */
export async function readKernels(build: "fused" | "plain"): Promise<Uint8Array<ArrayBuffer>> {
  const path = `kernels/${build}.wasm`;
  try {
    const bytes = await fetchBytes(new URL(path, ROOT));
    if (String.fromCharCode(...bytes.subarray(0, 4)) !== "\0asm") throw new Error("it is no WebAssembly");
    return bytes;
  } catch (cause) {
    throw new Error(`Cannot load ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Starts a thread of the wasm engine. */
export function startWorker(): Worker {
  return new Worker(new URL("workers/thread.js", ROOT), { type: "module" });
}

/** A page is never held open by its workers. */
export function holdProgram(_worker: Worker, _holds: boolean): void {}

/** How long this thread may compute between two turns of its event loop. */
const TURN_MS = 20;
let lastTurn = 0;

/** Lets messages arrive where an engine computes on this thread; does nothing if they could just now. */
export async function turnOfEventLoop(): Promise<void> {
  if (performance.now() - lastTurn < TURN_MS) return;
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null); // a timer would wait for four milliseconds
  });
  port1.close();
  lastTurn = performance.now();
}
