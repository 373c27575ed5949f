/**
 * What engines need and browsers have in another way than Deno: stands in for `lib/engines/assets.ts` in the bundle. The kernels and
 * the thread lie beside the module that runs.
 *
 * @module
 */

/** The bytes of one build of the wasm kernels. @throws {Error} If the host does not have them. */
export async function readKernels(build: "fused" | "plain"): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL(`./${build}.wasm`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(
      `Cannot open the device wasm: ${url.pathname} must be on the host: current value is ${response.status}`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Starts a thread of the wasm engine. Called only where memory can be shared. */
export function startWorker(): Worker {
  return new Worker(new URL("./thread.js", import.meta.url), { type: "module" });
}

/** Nothing keeps a page from ending. */
export function holdProgram(): void {}

/** How long this thread may compute between two turns of its event loop. */
const TURN_MS = 20;
let lastTurn = 0;
const { port1: sender, port2: receiver } = new MessageChannel();

/**
 * Lets messages and timers run where an engine computes on this thread; does nothing if they ran just now. By a message, since
 * browsers let a timer that follows another one wait.
 */
export async function turnOfEventLoop(): Promise<void> {
  if (performance.now() - lastTurn < TURN_MS) return;
  await new Promise((resolve) => {
    receiver.addEventListener("message", resolve, { once: true });
    receiver.start();
    sender.postMessage(null);
  });
  lastTurn = performance.now();
}
