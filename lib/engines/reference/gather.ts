/**
 * From sequences and targets, as they lie in memory, to the numbers of a batch.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../data/sequences.ts";
import { TRANSFORM_SIZE, transformImage } from "../../data/transform.ts";
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
 * Gathers sequences by position. Of sequence n, `data[positions[n]·stride …]`, which is first transformed if it is an image
 * and has a transform, `x[t,n,c] = scale[image[order[t·C + c]]]` of bytes, else `x[t,n,c] = sequence[t·C + c]`, where C is 1 for
 * tokens.
 *
 * @param positions `[N]`
 * @param transforms `[N, 6]`, for bytes only; none by default
 */
export function gatherBatch(
  { data }: Sequences,
  positions: Uint32Array,
  layout: SequenceLayout,
  transforms?: Int32Array,
): Batch {
  const { T, stride } = layout, N = positions.length;
  const C = layout.kind === "tokens" ? 1 : layout.C;
  const x = new Float64Array(T * N * C);
  positions.forEach((position, n) => {
    let sequence = data.subarray(position * stride, (position + 1) * stride);
    if (layout.kind === "bytes" && transforms) {
      const transform = transforms.subarray(n * TRANSFORM_SIZE, (n + 1) * TRANSFORM_SIZE);
      sequence = transformed(sequence as Uint8Array, transform, layout.width);
    }
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) {
        const at = t * C + c;
        x[(t * N + n) * C + c] = layout.kind === "bytes"
          ? layout.scale[sequence[layout.order[at]]]
          : sequence[at];
      }
    }
  });
  return { x, T, N };
}

function transformed(image: Uint8Array, transform: Int32Array, width: number): Uint8Array {
  const into = new Uint8Array(image.length);
  transformImage(image, into, { transform, width });
  return into;
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
