/**
 * What the cells of recurrent layers have in common: one step from a state to the next.
 *
 * N sequences, C inputs, H hidden units, G gates (4 in an LSTM, 3 in a GRU, else 1). Cells know nothing of masks and dropout:
 * `recurrent.ts` sees to both.
 *
 * @module
 */

/** h, and in an LSTM c: `[N,H]` each. */
export type State = readonly Float64Array[];

/** One step of a cell. */
export interface CellStep {
  /** The state after it; its first array is the output. */
  readonly next: State;
  /**
   * From the gradient of the state after the step to those of x and of the state before it.
   *
   * @param d Flat as the parameters; the gradients of the cell's parameters are added to it
   */
  readonly back: (dnext: State, d: Float64Array) => { readonly dx: Float64Array; readonly dstate: State };
}

/**
 * Takes one step.
 *
 * @param x `[N,C]`
 */
export type Cell = (x: Float64Array, state: State) => CellStep;
