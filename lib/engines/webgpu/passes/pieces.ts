/**
 * Pieces of time: what takes long over all steps is several dispatches, so that none blocks a GPU that also draws a screen, or is
 * taken for hung. The numbers are the same, to the bit, whatever the pieces.
 *
 * @module
 */
import type { Dispatch, Piece } from "../kernels.ts";
import type { Frame } from "./pass.ts";

/**
 * The most multiplications of a dispatch: 80 ms of Mesa's software adapter, which does 1.9e9 a second on two cores. Hardware does
 * some hundred times as many.
 */
const MOST_MULTIPLICATIONS = 1.5e8;
/** Mesa's software adapter leaves all loops of an invocation, without a word, after 65,535 turns in all. */
const MOST_TURNS = 60_000;
/** Shorter pieces than these are only made where {@link MOST_TURNS} needs them. */
const LEAST_STEPS = 4;
/** Bindings start at multiples of so many `vec4`. */
const ALIGNMENT = 16;

/** What is cut. */
export interface Whole {
  /** T. */
  readonly steps: number;
  /** For one row, a step of four sequences; those of slow kernels count more. */
  readonly multiplications: number;
  /** The turns of the loops of an invocation, for one step. */
  readonly turns: number;
  /** The buffer of which a piece sees only its own rows, and what lies between its rows, in `vec4`: a multiple of 4. */
  readonly buffer: string;
  readonly stride: number;
  /** Whether the kernel counts rows, not steps. */
  readonly inRows: boolean;
}

/** Makes the dispatches of all pieces, in the order of time. */
export function inPieces(
  { steps, multiplications, turns, buffer, stride, inRows }: Whole,
  { N4, windowBytes }: Pick<Frame, "N4" | "windowBytes">,
  make: (piece: Piece, rows: number) => Dispatch,
): Dispatch[] {
  const wanted = Math.min(MOST_MULTIPLICATIONS / (N4 * multiplications), windowBytes / (16 * N4 * stride));
  const most = Math.min(Math.max(LEAST_STEPS, wanted), MOST_TURNS / turns);
  const unit = unitOf(N4 * stride),
    length = most >= steps ? steps : Math.max(unit, Math.floor(most / unit) * unit);
  const count = Math.ceil(steps / length), places = inRows ? N4 : 1;
  return Array.from({ length: count }, (_, index) => {
    const first = index * length, end = Math.min(first + length, steps), rows = (end - first) * N4;
    const window = { buffer, offset: 16 * first * N4 * stride, size: 16 * rows * stride };
    const dispatch = make({ first: first * places, end: end * places, window }, rows);
    return count === 1
      ? dispatch
      : { ...dispatch, label: `${dispatch.label}, part ${index + 1} of ${count}` };
  });
}

/** The steps of which a window must hold a multiple to start where bindings can. */
function unitOf(stepVectors: number): number {
  let unit = 1;
  while (unit * stepVectors % ALIGNMENT !== 0) unit *= 2;
  return unit;
}
