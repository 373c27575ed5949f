/**
 * Loaded before a program, it makes this machine's adapter say of itself that it is hardware.
 *
 * @module
 */
Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
