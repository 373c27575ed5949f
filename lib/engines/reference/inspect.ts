/**
 * What recurrent layers do inside: their gates and states at every t, and how the loss depends on the state of every t.
 *
 * Time is that of the sequence: t of a layer that reads backwards is that of the x it reads, too.
 *
 * @module
 */
import { type Network, type RecurrentLayer, recurrentLayers } from "../../model/network.ts";
import type { Watch } from "./cell.ts";
import type { Batch, BatchTargets } from "./gather.ts";
import { measure } from "./losses.ts";
import { networkForward } from "./network.ts";
import { row } from "./signal.ts";

/** What the gates of each kind of layer are called, in the order of the kernels' columns. */
const GATES = { lstm: ["i", "f", "g", "o"], gru: ["z", "r", "g"], rnn: [] } as const;

/** What the state of each kind of layer is called; the first one is its output. */
const STATES = { lstm: ["h", "c"], gru: ["h"], rnn: ["h"] } as const;

/** Something that a layer has at every t. */
export interface Trace {
  /** `i`, `f`, `g` or `o` of an LSTM, `z`, `r` or `g` (activated) of a GRU, `h` or `c`. */
  readonly name: string;
  /** `[T,H]`, or `[T]` of norms. */
  readonly values: Float64Array;
}

/** A recurrent layer, and its place in the network. */
export interface PlacedLayer {
  /** The layer. */
  readonly layer: RecurrentLayer;
  /** Its number among those of the network, from 1 on; the halves of a bidirectional one share it. */
  readonly number: number;
}

/** What a recurrent layer does with one sequence. */
export interface LayerTraces extends PlacedLayer {
  /** `[T,H]` each, after their activations; none of a simple layer. */
  readonly gates: readonly Trace[];
  /** `[T,H]` each, after the step that reads x_t. */
  readonly states: readonly Trace[];
}

/** What happens in a network that reads one sequence. */
export interface NetworkTraces {
  /** What it answers, `[K]` or `[T,K]`. */
  readonly answers: Float64Array;
  /** Its recurrent layers, from the input up; of a bidirectional one the forward layer first. */
  readonly layers: readonly LayerTraces[];
}

/** How much the loss depends on the state of a recurrent layer. */
export interface LayerGradients extends PlacedLayer {
  /** `[T]` each: ‖∂loss/∂h_t‖, and ‖∂loss/∂c_t‖ of an LSTM, where h_t and c_t are each other's equals: c_t does not act through h_t. */
  readonly states: readonly Trace[];
}

/**
 * The gates and states of every recurrent layer, without dropout.
 *
 * @param p The parameters, flat, as the network lays them out
 * @param batch One sequence, N = 1
 */
export function traceNetwork(network: Network, p: Float64Array, batch: Batch): NetworkTraces {
  const rows = listsOf<Float64Array>(network, ({ kind }) => [...GATES[kind], ...STATES[kind]]);
  const forward: Watch["forward"] = (layer, t, { gates, next }) => {
    [...gates(), ...next].forEach((row, k) => rows.get(layer)![k].values[t] = row);
  };
  const { output } = networkForward(network, p, { batch, watch: { forward } });
  const layers = placedLayers(network).map(({ layer, number }) => {
    const lists = rows.get(layer)!;
    const traces = lists.map(({ name, values }) => ({ name, values: joined(values) }));
    const gates = GATES[layer.kind].length;
    return { layer, number, gates: traces.slice(0, gates), states: traces.slice(gates) };
  });
  return { answers: output.x, layers };
}

/**
 * The norms, at every t, of the gradient of a sequence's own loss, as means over the sequences of a batch; without dropout.
 *
 * @param p The parameters, flat, as the network lays them out
 */
export function measureGradients(
  network: Network,
  p: Float64Array,
  { batch, targets }: { batch: Batch; targets: BatchTargets },
): LayerGradients[] {
  const { N } = batch, norms = listsOf<number>(network, ({ kind }) => STATES[kind]);
  const backward: Watch["backward"] = (layer, t, dnext) => {
    dnext.forEach((d, k) => norms.get(layer)![k].values[t] = meanNorm(d, { N, H: layer.hiddenSize }));
  };
  const { output, back } = networkForward(network, p, { batch, watch: { backward } });
  back(measure(network, output, targets).dy, new Float64Array(network.size));
  return placedLayers(network).map(({ layer, number }) => ({
    layer,
    number,
    states: norms.get(layer)!.map(({ name, values }) => ({ name, values: Float64Array.from(values) })),
  }));
}

/** Rows `[H]` of every t as `[T,H]`. */
function joined(rows: readonly Float64Array[]): Float64Array {
  const H = rows[0].length, all = new Float64Array(rows.length * H);
  rows.forEach((row, t) => all.set(row, t * H));
  return all;
}

/** The recurrent layers, from the input up; of a bidirectional one the forward layer first. */
function placedLayers({ layers }: Network): PlacedLayer[] {
  const halves = layers.map((layer) => recurrentLayers({ layers: [layer] })).filter(({ length }) =>
    length > 0
  );
  return halves.flatMap((both, index) => both.map((layer) => ({ layer, number: index + 1 })));
}

/** Empty lists by layer and name, for the values of each t. */
function listsOf<Value>(network: Network, namesOf: (layer: RecurrentLayer) => readonly string[]) {
  return new Map(
    recurrentLayers(network).map((layer) => {
      return [layer, namesOf(layer).map((name) => ({ name, values: [] as Value[] }))];
    }),
  );
}

/** `1/N Σ_n ‖N d_n‖`: the loss of a batch is the mean of those of its sequences. @param d `[N,H]` */
function meanNorm(d: Float64Array, { N, H }: { N: number; H: number }): number {
  let sum = 0;
  for (let n = 0; n < N; n++) sum += Math.hypot(...row(d, n, H));
  return sum;
}
