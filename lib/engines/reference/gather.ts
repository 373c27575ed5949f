/**
 * From sequences and targets, as they lie in memory, to the numbers of a batch.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../data/sequences.ts";
import { row } from "./signal.ts";

/** What comes into a network: features, or tokens. */
export interface Batch {
  /** `[T,N,C]`, or tokens `[T,N]`. */
  readonly x: Float64Array;
  readonly T: number;
  readonly N: number;
}

/** What a network is to answer to a batch. */
export interface BatchTargets {
  /** `[T,N,K]`: the T steps that come out, or one. */
  readonly rows: Float64Array;
  /** `[N]`. */
  readonly weights: Float64Array;
}

/**
 * Gathers sequences by position: `x[t,n,c] = scale[data[positions[n]·stride + order[t·C + c]]]` of bytes, else
 * `x[t,n,c] = data[positions[n]·stride + t·C + c]`, where C is 1 for tokens.
 *
 * @param positions `[N]`
 */
export function gatherBatch({ data }: Sequences, positions: Uint32Array, layout: SequenceLayout): Batch {
  const { T, stride } = layout, N = positions.length;
  const C = layout.kind === "tokens" ? 1 : layout.C;
  const valueOf = layout.kind === "bytes"
    ? (start: number, t: number, c: number) => layout.scale[data[start + layout.order[t * C + c]]]
    : (start: number, t: number, c: number) => data[start + t * C + c];
  const x = new Float64Array(T * N * C);
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      for (let c = 0; c < C; c++) x[(t * N + n) * C + c] = valueOf(positions[n] * stride, t, c);
    }
  }
  return { x, T, N };
}

/**
 * Gathers targets by position, `rows[t,n,k] = data[(positions[n]·T + t)·K + k]`; a class k becomes the row that is 1 at k.
 *
 * @param positions `[N]`
 * @param shape.T The steps that come out
 * @param shape.K The numbers of a row
 */
export function gatherTargets(
  { kind, data, weights }: Targets,
  positions: Uint32Array,
  { T, K }: { T: number; K: number },
): BatchTargets {
  const N = positions.length, rows = new Float64Array(T * N * K);
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < N; n++) {
      const target = row(rows, t * N + n, K), at = positions[n] * T + t;
      if (kind === "classes") target[data[at]] = 1;
      else target.set(data.subarray(at * K, (at + 1) * K));
    }
  }
  return { rows, weights: Float64Array.from(positions, (position) => weights?.[position] ?? 1) };
}
