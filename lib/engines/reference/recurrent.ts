/**
 * A recurrent layer: its cell step after step, and back through time.
 *
 *     h_{t+1}, c_{t+1} = cell(x_t∘m_x, h_t∘m_h, c_t)     m_x [N,C], m_h [N,H]: dropout, one mask a sequence
 *     h_{t+1}, c_{t+1} = h_t, c_t                        where step t is masked
 *     y_t              = h_{t+1}                         or h_T alone
 *
 * h_0 = c_0 = 0. A layer that reads backwards begins with the last step, and its outputs are in the order in which it reads.
 *
 * @module
 */
import type { RecurrentLayer } from "../../model/network.ts";
import { DOMAIN } from "../../random.ts";
import type { Cell, CellStep, State } from "./cell.ts";
import { gruCell } from "./gru.ts";
import { lstmCell } from "./lstm.ts";
import { rnnCell } from "./rnn.ts";
import { type Pass, row, type Run, type Signal, times } from "./signal.ts";

/** The state before the first step: zeros. */
export function startOf({ kind, hiddenSize: H }: RecurrentLayer, N: number): State {
  return Array.from({ length: kind === "lstm" ? 2 : 1 }, () => new Float64Array(N * H));
}

/** Runs the layer over a batch. */
export function recurrentForward(layer: RecurrentLayer, input: Signal, run: Run): Pass {
  const { x, T, N, C, first, masked } = input, { hiddenSize: H, returnSequences } = layer;
  const cell = droppingCell(layer, N, run);
  const timeOf = (index: number) => layer.backwards ? T - 1 - index : index; // of the step that is read as number index
  const maskOf = (index: number) => masked && row(masked, timeOf(index), N);

  const steps: CellStep[] = [], y = new Float64Array(T * N * H);
  let state = startOf(layer, N);
  for (let index = 0; index < T; index++) {
    const step = takeStep(cell, { x: row(x, timeOf(index), N * C), state, masked: maskOf(index) });
    run.watch?.forward?.(layer, timeOf(index), step);
    state = step.next;
    y.set(state[0], index * N * H);
    steps.push(step);
  }

  const back = (dy: Float64Array, d: Float64Array) => {
    const dx = new Float64Array(x.length);
    let dstate = startOf(layer, N);
    for (let index = T - 1; index >= 0; index--) {
      if (returnSequences) addTo(dstate[0], row(dy, index, N * H));
      else if (index === T - 1) addTo(dstate[0], dy);
      run.watch?.backward?.(layer, timeOf(index), dstate);
      const before = steps[index].back(dstate, d);
      dx.set(before.dx, timeOf(index) * N * C);
      dstate = before.dstate;
    }
    return dx;
  };
  const output = returnSequences
    ? { x: y, T, N, C: H, first, masked }
    : { x: row(y, T - 1, N * H), T: 1, N, C: H, first: first + T - 1, masked: null };
  return { output, back };
}

/** Takes one step outside training. @param masked `[N]`, or null where no step is masked */
export function recurrentStep(
  layer: RecurrentLayer,
  at: { x: Float64Array; state: State; masked: Uint8Array | null },
  p: Float64Array,
): State {
  return takeStep(cellOf(layer, p), at).next;
}

function cellOf(layer: RecurrentLayer, p: Float64Array): Cell {
  switch (layer.kind) {
    case "lstm":
      return lstmCell(layer, p);
    case "gru":
      return gruCell(layer, p);
    case "rnn":
      return rnnCell(layer, p);
  }
}

/** The cell with its dropout: masks of x and of h that are the same at all steps. */
function droppingCell(layer: RecurrentLayer, N: number, { p, draw }: Run): Cell {
  const cell = cellOf(layer, p), { stream, inputDropout, recurrentDropout } = layer;
  const mask = (domain: number, rate: number, C: number) =>
    draw && rate > 0 ? draw({ domain, stream, rate, T: 1, first: 0, N, C }) : null;
  const ofX = mask(DOMAIN.inputDropout, inputDropout, layer.inputSize);
  const ofH = mask(DOMAIN.recurrentDropout, recurrentDropout, layer.hiddenSize);

  return (x, [h, ...c]) => {
    const { back, ...step } = cell(times(x, ofX), [times(h, ofH), ...c]);
    return {
      ...step,
      back: (dnext, d) => {
        const { dx, dstate: [dh, ...dc] } = back(dnext, d);
        return { dx: times(dx, ofX), dstate: [times(dh, ofH), ...dc] };
      },
    };
  };
}

/** Takes a step; sequences whose step is masked keep their state. */
function takeStep(
  cell: Cell,
  { x, state, masked }: { x: Float64Array; state: State; masked: Uint8Array | null },
): CellStep {
  const step = cell(x, state), { next, gates, back } = step;
  if (!masked) return step;
  return {
    gates,
    next: choose(masked, state, next),
    back: (dnext, d) => {
      const zero = dnext.map(({ length }) => new Float64Array(length));
      const { dx, dstate } = back(choose(masked, zero, dnext), d);
      return { dx, dstate: choose(masked, dnext, dstate) };
    },
  };
}

/** The rows of `kept` where a sequence is masked, of `moved` elsewhere: `[N,H]` each. */
function choose(masked: Uint8Array, kept: State, moved: State): State {
  return moved.map((array, index) => {
    const H = array.length / masked.length;
    return array.map((value, k) => masked[Math.floor(k / H)] ? kept[index][k] : value);
  });
}

function addTo(a: Float64Array, b: Float64Array): void {
  for (let k = 0; k < a.length; k++) a[k] += b[k];
}
