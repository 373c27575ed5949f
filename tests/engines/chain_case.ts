/**
 * A chain of layers that engines are compared over, and short names for its layers.
 *
 * @module
 */
import type { Targets } from "../../lib/data/sequences.ts";
import type { Loss } from "../../lib/model/losses.ts";
import type { LayerOptions, NetworkOptions, RecurrentOptions } from "../../lib/model/network_options.ts";

/** A network and the batch it is compared on. */
export interface ChainCase {
  /** What is special about it. */
  readonly name: string;
  /** The steps that come in. */
  readonly T: number;
  readonly N: number;
  /** C features, or tokens. */
  readonly input: number | Omit<Extract<NetworkOptions["input"], { kind: "tokens" }>, "kind">;
  readonly maskValue?: number;
  readonly layers: readonly LayerOptions[];
  readonly loss: Loss;
  readonly metrics?: NetworkOptions["metrics"];
  /** Classes by default where the loss allows them. */
  readonly targets?: Targets["kind"];
  /** Whether sequences have weights; false by default. */
  readonly weighted?: boolean;
  /** Of every recurrent layer; 1 by default. */
  readonly biases?: NetworkOptions["biases"];
  /** 0 by default. */
  readonly labelSmoothing?: number;
  /** N by default; a larger one makes the batch a short one. */
  readonly batchSize?: number;
  /** Multiplies the parameters. */
  readonly scale?: number;
  /**
   * Multiplies the tolerances where float32 is coarser than elsewhere: where terms cancel, or probabilities are clipped at 1 − ε,
   * which becomes 1 − 1.19ε.
   */
  readonly coarse?: number;
}

/** The name of a case, with its sizes. */
export function describeChain({ name, T, N, input, layers }: ChainCase): string {
  const sizes = layers.flatMap((layer) => {
    if (layer.kind === "bidirectional") return [layer.forward.hiddenSize];
    return "hiddenSize" in layer ? [layer.hiddenSize] : "units" in layer ? [layer.units] : [];
  });
  const first = typeof input === "number" ? input : `${input.vocabulary}→${input.size}`;
  return `${name} (${[first, ...sizes].join("→")}, T ${T}, N ${N})`;
}

/** The sizes of a recurrent layer, and its other options. */
type Cell = Partial<Omit<Extract<RecurrentOptions, { kind: "gru" }>, "kind" | "hiddenSize">>;

export const lstm = (hiddenSize: number, options: Omit<Cell, "resetAfter"> = {}) =>
  ({ kind: "lstm", hiddenSize, ...options }) as const;
export const gru = (hiddenSize: number, options: Cell = {}) =>
  ({ kind: "gru", hiddenSize, ...options }) as const;
export const rnn = (hiddenSize: number, options: Omit<Cell, "resetAfter" | "gateActivation"> = {}) =>
  ({ kind: "rnn", hiddenSize, ...options }) as const;
export const dense = (
  units: number,
  options: Omit<Extract<LayerOptions, { kind: "dense" }>, "kind" | "units"> = {},
) => ({ kind: "dense", units, ...options }) as const;
export const drop = (rate: number) => ({ kind: "dropout", rate }) as const;
export const repeat = (steps: number) => ({ kind: "repeat", steps }) as const;
export const norm = (options: Omit<Extract<LayerOptions, { kind: "batchNorm" }>, "kind"> = {}) =>
  ({ kind: "batchNorm", ...options }) as const;
export const LAST = { kind: "last" } as const;
export const EVERY = { returnSequences: true } as const;
