/**
 * What a process holds in memory.
 *
 * @module
 */

/**
 * Frees what nobody uses any more, before something else needs room. Only where V8 was told to allow it, as the tasks of
 * the recipes do (`--v8-flags=--expose-gc`); elsewhere V8 frees it when it likes.
 */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
