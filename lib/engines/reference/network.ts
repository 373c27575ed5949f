/**
 * A whole network over one batch: the input, the chain of layers, the loss; and backward.
 *
 * @module
 */
import { isRecurrent, type Layer, type Network } from "../../model/network.ts";
import { activationForward } from "./activation.ts";
import { batchNormForward } from "./batch_norm.ts";
import { bidirectionalForward } from "./bidirectional.ts";
import { denseForward } from "./dense.ts";
import { dropoutForward } from "./dropout.ts";
import type { Batch, BatchTargets } from "./gather.ts";
import { inputForward } from "./input.ts";
import { lastForward } from "./last.ts";
import { measure } from "./losses.ts";
import { recurrentForward } from "./recurrent.ts";
import { regularize } from "./regularizers.ts";
import { repeatForward } from "./repeat.ts";
import { bySequence, type Draw, type Pass, type Run, type Signal } from "./signal.ts";

/** What a network answers to a batch, the loss, and its gradient. */
export interface NetworkGradient {
  /** `[N,K]` or `[N,T,K]`. */
  readonly answers: Float64Array;
  /** With the terms of the regularizers. */
  readonly loss: number;
  /** Of each metric, the sum over the sequences of its mean over their steps. */
  readonly metrics: readonly number[];
  /** Flat as the parameters. */
  readonly gradient: Float64Array;
  /** Flat as the parameters, see {@link Run}. */
  readonly moments: Float64Array;
}

/**
 * Runs a network over a batch; by default as outside training, see {@link Run}.
 *
 * @param p The parameters, flat, as the network lays them out
 * @param run.watch Sees what recurrent layers do
 */
export function networkForward(
  { input, layers }: Pick<Network, "input" | "layers">,
  p: Float64Array,
  { batch, draw = null, moments = null, watch }: { batch: Batch } & Partial<Omit<Run, "p">>,
): Pass {
  const passes = [inputForward(input, batch, p)], run = { p, draw, moments, watch };
  for (const layer of layers) passes.push(layerForward(layer, passes.at(-1)!.output, run));
  return {
    output: passes.at(-1)!.output,
    back: (dy, d) => passes.reduceRight((dx, { back }) => back(dx, d), dy),
  };
}

/**
 * The loss of a batch and its gradient: forward, loss, and back.
 *
 * @param p The parameters, flat, as the network lays them out
 */
export function networkGradient(
  network: Network,
  p: Float64Array,
  { batch, targets, draw, labelSmoothing = 0 }: {
    batch: Batch;
    targets: BatchTargets;
    draw: Draw | null;
    labelSmoothing?: number;
  },
): NetworkGradient {
  const moments = new Float64Array(network.size);
  const { output, back } = networkForward(network, p, { batch, draw, moments });
  const { loss, metrics, dy } = measure(network, output, { ...targets, labelSmoothing });
  const gradient = new Float64Array(network.size);
  back(dy, gradient);
  const more = regularize(network, p, gradient);
  return { answers: bySequence(output), loss: loss + more, metrics, gradient, moments };
}

/** The outputs of the last recurrent layer at every t, `[N,T,H]`, in the order in which it reads. */
export function networkOutputs(network: Network, p: Float64Array, batch: Batch): Float64Array {
  const last = network.layers.findLastIndex(isRecurrent);
  const layers = network.layers.slice(0, last + 1).with(last, {
    ...network.layers[last],
    returnSequences: true,
  } as Layer);
  return bySequence(networkForward({ ...network, layers }, p, { batch }).output);
}

function layerForward(layer: Layer, input: Signal, run: Run): Pass {
  switch (layer.kind) {
    case "bidirectional":
      return bidirectionalForward(layer, input, run);
    case "last":
      return lastForward(input);
    case "batchNorm":
      return batchNormForward(layer, input, run);
    case "repeat":
      return repeatForward(layer, input);
    case "dropout":
      return dropoutForward(layer, input, run);
    case "activation":
      return activationForward(layer, input);
    case "dense":
      return denseForward(layer, input, run);
    default:
      return recurrentForward(layer, input, run);
  }
}
