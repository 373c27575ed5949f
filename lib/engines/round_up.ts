/**
 * Sizes in whole blocks.
 *
 * @module
 */

/** The next multiple of `multiple` from `value` on. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
