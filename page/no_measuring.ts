/**
 * In place of `lib/engines/auto.ts` and `lib/engines/webgpu/tune.ts` in the bundle: the page says itself which device it takes, and has
 * nowhere to remember what it would measure.
 *
 * @module
 */

export function openFaster(): never {
  throw new Error("Cannot choose a device: the page must name one");
}

export function tuneShapes(): never {
  throw new Error("Cannot time kernels: the page must take the usual shapes");
}

export function describeTuning(): string[] {
  return [];
}
