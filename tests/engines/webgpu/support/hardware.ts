/**
 * The adapter of this machine as if it were hardware.
 *
 * @module
 */

/** Runs `body` with adapters that say of themselves that they are hardware. */
export async function asHardware<T>(body: () => Promise<T>): Promise<T> {
  const { prototype } = GPUAdapterInfo;
  const kept = Object.getOwnPropertyDescriptor(prototype, "isFallbackAdapter")!;
  Object.defineProperty(prototype, "isFallbackAdapter", { configurable: true, get: () => false });
  try {
    return await body();
  } finally {
    Object.defineProperty(prototype, "isFallbackAdapter", kept);
  }
}
