/**
 * What a network reads and what it is to answer: sequences and targets, as they lie in memory.
 *
 * @module
 */
import type { Images } from "./images.ts";

/** Images of one byte a pixel: x at (t, c) of sequence n is `scale[data[n·stride + order[t·C + c]]]`. */
export interface ByteLayout {
  readonly kind: "bytes";
  /** The length of a sequence: lines, or pixels. */
  readonly T: number;
  /** The features at each t. */
  readonly C: number;
  /** The pixels of an image. */
  readonly stride: number;
  /** The pixels of a row of an image. */
  readonly width: number;
  /** `[T, C]`: which pixel, counted row by row, is feature c of step t. */
  readonly order: Uint32Array;
  /** The float32 that each of the 256 bytes becomes. */
  readonly scale: Float32Array;
}

/** Numbers f32 `[N, T, C]`. */
export interface FloatLayout {
  readonly kind: "floats";
  readonly T: number;
  readonly C: number;
  /** T·C. */
  readonly stride: number;
}

/** Tokens int32 `[N, T]`, which the network's table turns into features. */
export interface TokenLayout {
  readonly kind: "tokens";
  readonly T: number;
  /** T. */
  readonly stride: number;
}

/** How one sequence lies in memory. */
export type SequenceLayout = ByteLayout | FloatLayout | TokenLayout;

/** The array that holds sequences of each kind. */
export interface SequenceData {
  readonly bytes: Uint8Array;
  readonly floats: Float32Array;
  readonly tokens: Int32Array;
}

/** Sequences of one layout. */
export interface Sequences {
  /** An array of the layout's kind, `[count, stride]`. */
  readonly data: SequenceData[SequenceLayout["kind"]];
  /** N. */
  readonly count: number;
}

/** What the network is to answer for each sequence, or for each step of it. */
export interface Targets {
  /**
   * `[N]` or `[N, T]`: classes, whole numbers below K. `[N, K]` or `[N, T, K]`: rows of numbers, as float32.
   */
  readonly data: Uint8Array | Int32Array | Float32Array;
  /** `classes` or `rows`. */
  readonly kind: "classes" | "rows";
  /** f32 `[N]`, the weight of each sequence in the loss; 1 by default. */
  readonly weights?: Float32Array;
}

/** Images as sequences, without a copy. */
export function sequencesOf({ pixels, count }: Pick<Images, "pixels" | "count">): Sequences {
  return { data: pixels, count };
}

/**
 * Copies some sequences, one after another.
 *
 * @param positions Which ones; each below `count`
 * @param into The target, as long as the copies together, and of the same kind as the data
 */
export function pickSequences<Data extends Sequences["data"]>(
  { data }: { data: Data },
  { stride }: Pick<SequenceLayout, "stride">,
  { positions, into = new (data.constructor as new (length: number) => Data)(positions.length * stride) }: {
    positions: Uint32Array;
    into?: Data;
  },
): Data {
  positions.forEach((position, index) => {
    into.set(data.subarray(position * stride, (position + 1) * stride), index * stride);
  });
  return into;
}
