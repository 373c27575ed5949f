/**
 * Says what went wrong in a training, with a remedy that the page has.
 *
 * @module
 */

const REMEDIES: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [
    /^Cannot load MNIST: /,
    (message) => message,
  ],
  [
    /loss must be finite: current value is (\S+) at step (\d+)/,
    (_, value, step) =>
      `The loss became ${value} at step ${step}, and nothing more can be learned. Choose a smaller learning rate and train again.`,
  ],
  [
    /device webgpu was lost: (.*?)(?:; try again|$)/s,
    (_, reason) =>
      `The graphics device was lost (${reason}). Train again, or choose the device wasm, which needs none.`,
  ],
  [
    /must have a WebGPU adapter/,
    () => "This browser offers no WebGPU. Choose the device wasm.",
  ],
  [
    /gradients must be right|answers must be right/,
    () =>
      "The graphics device does not compute what it should, so nothing was trained on it. Choose the device wasm.",
  ],
  [
    /MiB of (?:memory|buffers)|allocat|out of memory|Invalid typed array length/i,
    () =>
      "There is not enough memory. Close other pages, or choose a smaller network, fewer images or fewer threads, and train again.",
  ],
  [
    /thread of the device wasm failed: its file could not be loaded/,
    () => fileLost("workers/thread.js", "no thread began"),
  ],
  [
    /thread of the device wasm failed: (.*)/s,
    (_, reason) =>
      `A thread that trains has stopped (${reason}). Train again; with one thread it needs less memory.`,
  ],
  [
    /^Cannot load (\S+): (.*)/s,
    (_, path, reason) => fileLost(path, reason),
  ],
  [
    /import(?:ing|ed)? (?:a )?module|dynamically imported|Failed to fetch|NetworkError|Load failed/i,
    (message) => fileLost("A file of this page", message),
  ],
  [
    /WebAssembly is not defined|variable: WebAssembly/,
    () => "This browser offers no WebAssembly. Allow it for this page, or choose the device webgpu.",
  ],
];

/** Says that a file of the page could not be loaded. */
export function fileLost(path: string, reason: string): string {
  return `${path} could not be loaded (${reason}). Check the connection and load the page again.`;
}

/** One sentence or two for whatever was thrown. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, say] of REMEDIES) {
    const found = pattern.exec(message);
    if (found) return found.length > 1 ? say(found[0], ...found.slice(1)) : say(message);
  }
  return `The training ended: ${message}. Train again, or choose other settings.`;
}
