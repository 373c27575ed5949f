/**
 * The layout of matrices: their parameters, the records for their gradients, and the transposed panels of the way back.
 *
 * Four columns of a matrix that are computed together are a *quad*: the gates i f g o of one unit of an LSTM, four units of
 * any other layer.
 *
 * @module
 */
import type { Parameter } from "../../model/network.ts";
import { roundUp } from "../round_up.ts";
import { Arena, CACHE_LINE } from "./arena.ts";
import { GROUP, OCTET, QUAD, TILE, WORD } from "./strides.ts";

/** The most quads of columns that one work item takes. */
export const MAX_QUADS = 8;
/** How many values of t a weight gradient sums together. */
export const T_PER_PIECE = 28;

/**
 * What is kept for the gradient of a matrix: one record for each group of a batch, and one for the lines that all images
 * share. Addresses are those of record 0; `…Bytes` lead from one record to the next.
 */
export interface RecordPlan {
  /** How many values of t a record holds. */
  readonly T: number;
  /** [T], `tBytes` apart, of [quads][4][8]: z, later its activations, later ∂loss/∂z. */
  readonly dz: number;
  readonly dzBytes: number;
  readonly tBytes: number;
  /** [ceil(J/8)][8·T][8]: the input of every t, one row for each sequence; or one row for each shared line. */
  readonly inputs: number;
  readonly inputBytes: number;
  /** [ceil(J/8)][2] int32: the first t at which a panel of the inputs is not all blank, and the one after the last. */
  readonly spans: number;
  readonly spanBytes: number;
}

/** Rows of a matrix that are rows of a parameter. */
export interface RowBlock {
  /** The first of them. */
  readonly row: number;
  readonly rows: number;
  /** The flat index of the parameter's first row; the next one is `stride` further. */
  readonly start: number;
  readonly stride: number;
  /** λ₁ and λ₂. */
  readonly l1: number;
  readonly l2: number;
}

/** Which parameter each column belongs to. */
export interface ColumnPlan {
  /** H of each block of columns. */
  readonly units: number;
  /** Whether quad q has unit q of four blocks, as the gates of an LSTM; else the quads of one block follow those of another. */
  readonly interleaved: boolean;
  /** The flat column where each block starts. */
  readonly starts: readonly number[];
}

/** Panels of the transpose of some rows, which the way back reads. */
export interface TransposePlan {
  readonly row: number;
  readonly rows: number;
  /** [ceil(rows/4)], `panelBytes` apart, of [4·quads][4]. */
  readonly panels: number;
  readonly panelBytes: number;
}

/** A product of the way back: out [4·quads][8] = panels [quads][K][4] times K rows of dz. */
export interface BackPlan {
  readonly panels: number;
  readonly K: number;
  readonly quads: number;
}

/** A matrix W [J,columns] with its bias, and the records for its gradient. */
export interface MatrixPlan {
  /** Rows of W. */
  readonly J: number;
  readonly quads: number;
  /** Where W [quads][J][4] starts, in elements of the parameters, of their gradients and of each slot. */
  readonly W: number;
  /** Where the biases [biases][quads][4] start, in elements of the same arrays; there is always room for one. */
  readonly b: number;
  /** How many vectors are trained, whose sum products add. */
  readonly biases: readonly BiasPlan[];
  /** Address of the bias that products add, where it is not the only one itself; else 0. */
  readonly joined: number;
  /** Features of x before h, and after it, that are given as x − blank. */
  readonly front: number;
  readonly back: number;
  readonly blank: number;
  /** Whether groups of a batch share their first t, see prefix.ts. */
  readonly shared: boolean;
  readonly rows: readonly RowBlock[];
  readonly columns: ColumnPlan;
  readonly transposes: readonly TransposePlan[];
  /** Where the losses of its regularizers start, one for each quad, in elements; −1 without. */
  readonly penalties: number;
  /** Where the sums of squares of its gradient start, one for each quad, in elements, see clip.ts. */
  readonly squares: number;
  readonly records: RecordPlan;
}

/** One vector of biases. */
export interface BiasPlan {
  /** The flat index of the first element. */
  readonly start: number;
  /** The factor of its updates. */
  readonly scale: number;
  readonly l1: number;
  readonly l2: number;
}

/** What all plans draw from while an engine's memory is laid out. */
export interface Frame {
  readonly arena: Arena;
  /** The memory of each thread. */
  readonly perThread: Arena;
  /** Elements of the parameters. */
  readonly elements: Arena;
  /** Elements of the losses of regularizers. */
  readonly penalties: Arena;
  /** Elements of the sums of squares of gradients. */
  readonly squares: Arena;
  /** Records of each matrix. */
  readonly recordCount: number;
  /** Groups of a batch. */
  readonly groups: number;
  readonly trains: boolean;
  /** Whether groups of a batch share their first t in the layers that follow. */
  readonly shared: boolean;
}

/** A new arena of elements, such as {@link Frame.elements}. */
export function elementArena(unit = CACHE_LINE / WORD): Arena {
  return new Arena(0, unit);
}

/** What a matrix is made of. */
export interface MatrixParts {
  readonly J: number;
  readonly quads: number;
  readonly rows: readonly RowBlock[];
  readonly columns: ColumnPlan;
  readonly biases: readonly BiasPlan[];
  readonly transposes?: readonly TransposePlan[];
  readonly blank?: { readonly front: number; readonly back: number; readonly value: number };
  readonly shared?: boolean;
  readonly T: number;
  /** Where its dz lie, if they are not its own. */
  readonly dz?: Pick<RecordPlan, "dz" | "dzBytes" | "tBytes">;
}

/** Lays out a matrix. */
export function planMatrix(
  parts: MatrixParts,
  { arena, elements, penalties, squares, recordCount, trains }: Frame,
): MatrixPlan {
  const { J, quads, rows, columns, biases, transposes = [], blank, shared = false, T } = parts;
  const panels = Math.ceil(J / 8), inputCount = trains ? recordCount : 0;
  const inputBytes = panels * T * GROUP * OCTET, spanBytes = roundUp(panels * 2 * WORD, CACHE_LINE);
  const isRegularized = [...rows, ...biases].some(({ l1, l2 }) => l1 > 0 || l2 > 0);
  const value = blank?.value ?? 0;
  return {
    J,
    quads,
    W: elements.take(quads * J * 4),
    b: elements.take(Math.max(1, biases.length) * quads * 4),
    biases,
    joined: value !== 0 || biases.length > 1 ? arena.take(quads * QUAD) : 0,
    front: blank?.front ?? 0,
    back: blank?.back ?? 0,
    blank: value,
    shared,
    rows,
    columns,
    transposes: trains ? transposes : [],
    penalties: isRegularized ? penalties.take(quads) : -1,
    squares: squares.take(quads),
    records: {
      T,
      ...(parts.dz ?? planGradients(T, quads, { arena, recordCount })),
      inputs: arena.take(inputCount * inputBytes),
      inputBytes,
      spans: arena.take(inputCount * spanBytes),
      spanBytes,
    },
  };
}

/** Room for the dz of some quads at every t of every record. */
export function planGradients(
  T: number,
  quads: number,
  { arena, recordCount }: Pick<Frame, "arena" | "recordCount">,
): Pick<RecordPlan, "dz" | "dzBytes" | "tBytes"> {
  const tBytes = quads * TILE, dzBytes = T * tBytes;
  return { dz: arena.take(recordCount * dzBytes), dzBytes, tBytes };
}

/** Room for the transpose of some rows of `columns` columns, and the product that reads it; in a training only. */
export function planBack(
  rows: number,
  columns: number,
  { arena, trains }: Pick<Frame, "arena" | "trains">,
): BackPlan {
  const quads = Math.ceil(rows / 4);
  return { panels: trains ? arena.take(quads * columns * QUAD) : 0, K: columns, quads };
}

/** The part of a {@link BackPlan} that one matrix fills, from column `column` on. */
export function fillBack({ panels, K }: BackPlan, row: number, rows: number, column = 0): TransposePlan {
  return { row, rows, panels: panels + column * QUAD, panelBytes: K * QUAD };
}

/** Some rows of a parameter as rows of a matrix. */
export function rowBlock(
  row: number,
  rows: number,
  { offset, shape, l1, l2 }: Parameter,
  first = 0,
): RowBlock {
  const stride = shape[shape.length - 1];
  return { row, rows, start: offset + first * stride, stride, l1, l2 };
}

/** The vectors of a bias: its rows from `column` on; none without. */
export function biasVectors(bias: Parameter | null, rows: readonly number[] = [0]): BiasPlan[] {
  if (!bias) return [];
  const { offset, shape, updateScale, l1, l2 } = bias, columns = shape[shape.length - 1];
  return rows.map((row) => ({ start: offset + row * columns, scale: updateScale, l1, l2 }));
}
