/**
 * Figures of a training out of JSON, where anything may stand in their place.
 *
 * @module
 */

/** Larger numbers are no figures: pictures could not compute with them. */
const MOST = 1e30;

/** A loss or a count; NaN where there is none. (JSON has no NaN: it became null.) */
export function numberOf(value: unknown): number {
  return typeof value === "number" && Math.abs(value) <= MOST ? value : NaN;
}

/** An accuracy, 0 … 1; NaN where there is none. */
export function shareOf(value: unknown): number {
  const share = numberOf(value);
  return share >= 0 && share <= 1 ? share : NaN;
}
