/**
 * What the cells of recurrent layers have in common: one step from a state to the next.
 *
 * N sequences, C inputs, H hidden units, G gates (4 in an LSTM, 3 in a GRU, else 1). Cells know nothing of masks and dropout:
 * `recurrent.ts` sees to both.
 *
 * @module
 */
import type { RecurrentLayer } from "../../model/network.ts";

/** h, and in an LSTM c: `[N,H]` each. */
export type State = readonly Float64Array[];

/** One step of a cell. */
export interface CellStep {
  /** The state after it; its first array is the output. */
  readonly next: State;
  /** The gates, `[N,H]` each, in the order of the kernels' columns; none in a simple layer. */
  readonly gates: () => readonly Float64Array[];
  /**
   * From the gradient of the state after the step to those of x and of the state before it.
   *
   * @param d Flat as the parameters; the gradients of the cell's parameters are added to it
   */
  readonly back: (dnext: State, d: Float64Array) => { readonly dx: Float64Array; readonly dstate: State };
}

/** Sees every step of every recurrent layer; t is that of the x that the step reads. */
export interface Watch {
  /** On the way there. */
  readonly forward?: (layer: RecurrentLayer, t: number, step: Pick<CellStep, "next" | "gates">) => void;
  /** On the way back. @param dnext The gradient of the state after the step */
  readonly backward?: (layer: RecurrentLayer, t: number, dnext: State) => void;
}

/**
 * Takes one step.
 *
 * @param x `[N,C]`
 */
export type Cell = (x: Float64Array, state: State) => CellStep;
