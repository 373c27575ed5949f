/**
 * Batches that were read one by one, as one piece of data.
 *
 * @module
 */
import type { Targets } from "../data/sequences.ts";
import type { SessionData } from "./fit_session.ts";

/**
 * Lays batches of one layout one behind another.
 *
 * @returns All sequences, and the positions of those of each batch
 */
export function joinBatches(
  batches: readonly SessionData[],
): { data: SessionData; positions: Uint32Array[] } {
  let first = 0;
  const positions = batches.map(({ sequences: { count } }) => {
    const from = first;
    first += count;
    return Uint32Array.from({ length: count }, (_, n) => from + n);
  });
  if (batches.length === 1) return { data: batches[0], positions };
  const { layout } = batches[0];
  const sequences = { data: concat(batches.map(({ sequences: { data } }) => data)), count: first };
  return { data: { layout, sequences, targets: joinTargets(batches), identity: null }, positions };
}

function joinTargets(batches: readonly SessionData[]): Targets {
  const { kind } = batches[0].targets;
  const data = concat(batches.map(({ targets }) => targets.data));
  const weights = batches.map((batch) => batch.targets.weights).filter((one) => one !== undefined);
  return weights.length > 0 ? { kind, data, weights: concat(weights) } : { kind, data };
}

/** Arrays of one type, one behind another. */
function concat<Data extends Float32Array | Int32Array | Uint8Array>(arrays: readonly Data[]): Data {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new (arrays[0].constructor as new (length: number) => Data)(length);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
