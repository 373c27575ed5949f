/**
 * What engines, and the loops that call them, need from Deno and browsers lack. A bundle for the browser replaces this
 * module by one with the same exports.
 *
 * @module
 */

/** The bytes of one build of the wasm kernels. Needs permission to read `lib`. */
export async function readKernels(build: "fused" | "plain"): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`./wasm/${build}.wasm`, import.meta.url);
  const response = await fetch(url).catch((cause) => {
    if (cause?.name !== "NotCapable") throw cause;
    const folder = decodeURIComponent(new URL("../", import.meta.url).pathname);
    const remedy = `run Deno with --allow-read=${folder}`;
    throw new Error(`Cannot open the device wasm: Deno must allow it to read its kernels: ${remedy}`, {
      cause,
    });
  });
  return await response.bytes();
}

/** Starts a thread of the wasm engine. */
export function startWorker(): Worker {
  return new Worker(new URL("./wasm/worker.ts", import.meta.url), { type: "module" });
}

/**
 * Says whether a worker keeps the program from ending, as a new one does. What waits for the next call must not. Deno has this
 * for Node's workers, under a symbol without a name; where it is not there, the program ends when the worker is terminated.
 */
export function holdProgram(worker: Worker, holds: boolean): void {
  const symbols = Object.getOwnPropertySymbols(Object.getPrototypeOf(worker));
  const hold = symbols.find(({ description }) => description === undefined);
  if (hold) (worker as unknown as Record<symbol, (holds: boolean) => void>)[hold](holds);
}

/** How long this thread may compute between two turns of its event loop. */
const TURN_MS = 20;
let lastTurn = 0;

/**
 * Lets timers and signals run where an engine computes on this thread; does nothing if they ran just now. By a timer, since Deno
 * looks for signals only now and then while immediate callbacks follow each other.
 */
export async function turnOfEventLoop(): Promise<void> {
  if (performance.now() - lastTurn < TURN_MS) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  lastTurn = performance.now();
}
