/**
 * Weight matrices, as plans describe them.
 *
 * @module
 */
import type { Parameter } from "../../../model/network.ts";

/** A weight matrix, with sizes named as the kernels name them. */
export interface Matrix {
  /** Part of the names of its buffers. */
  readonly name: string;
  readonly C: number;
  readonly C4: number;
  /** Hidden units; 0 for a dense layer, which has no recurrent kernel. */
  readonly H: number;
  readonly H4: number;
  /** Features of a row of inputs: x, h, in a GRU with reset before r∘h, and four for the bias. */
  readonly J: number;
  readonly columns: number;
  readonly quads: number;
  /** For each kind of feature, the gate of each lane of a quad; null where a quad is four columns side by side. */
  readonly gates: { readonly kernel: Lanes; readonly recurrent: Lanes; readonly reset: Lanes } | null;
  /** 2 in a GRU with reset after, 0 without a bias. */
  readonly biases: 0 | 1 | 2;
  readonly segments: readonly Segment[];
  /** The rows of its inputs: steps and quads of sequences. */
  readonly rows: number;
}

/** Four gates, or null where a lane has none. */
export type Lanes = readonly (number | null)[];

/** Parameters that lie one after another, flat and in a matrix, as `segments.wgsl` reads them. */
export interface Segment {
  readonly parameter: Parameter;
  readonly offset: number;
  readonly size: number;
  readonly columns: number;
  /** Of the matrix, where it starts. */
  readonly row: number;
  /** The lane of each gate. */
  readonly lanes: readonly number[];
}
