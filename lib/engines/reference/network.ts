/**
 * A whole network over one batch: recurrent layers, head, loss; and backward.
 *
 * @module
 */
import type { Network, RecurrentLayer } from "../../model/network.ts";
import { applyMask, type Masks } from "./dropout.ts";
import { headBackward, headForward, headWeightsOf, type Measured, softmaxCrossEntropy } from "./head.ts";
import { GATE_ACTIVATIONS, lstmBackward, lstmForward } from "./lstm.ts";
import { inputGradient, parameterGradients, row, type Sizes, type Weights, weightsOf } from "./recurrent.ts";
import { RNN_ACTIVATIONS, rnnBackward, rnnForward } from "./rnn.ts";

/** The input of a batch. */
export interface Batch {
  /** `[T,N,C]`. */
  readonly x: Float64Array;
  readonly T: number;
  readonly N: number;
}

/** The forward pass of one layer. */
export interface LayerRun {
  /** Its states, `[T+1,N,H]`. */
  readonly h: Float64Array;
  /** The backward pass: from the gradient of its output `[T,N,H]` to that of z `[T,N,G·H]`. */
  readonly back: (dh: Float64Array) => Float64Array;
}

/** The forward pass of a network. */
export interface NetworkTrace {
  /** Each layer with its input, `[T,N,C]`. */
  readonly layers: readonly (LayerRun & { readonly x: Float64Array })[];
  /** The input of the head, `[N,H]`. */
  readonly y: Float64Array;
  /** `[N,K]`. */
  readonly logits: Float64Array;
}

/** The logits and the loss of a batch, and the gradient of the loss. */
export interface NetworkGradient extends Measured {
  /** `[N,K]`. */
  readonly logits: Float64Array;
  /** Flat as the parameters. */
  readonly gradient: Float64Array;
}

function sizesOf(layer: RecurrentLayer, { T, N }: Batch): Sizes {
  return { T, N, C: layer.inputSize, H: layer.hiddenSize };
}

/**
 * From the input to the logits.
 *
 * @param p The parameters, flat, as the network lays them out
 * @param masks One for each layer, or `[]` to drop nothing
 */
export function networkForward(
  network: Network,
  p: Float64Array,
  { batch, masks }: { batch: Batch; masks: Masks },
): NetworkTrace {
  const layers = [];
  let x = batch.x; // [T,N,C], the input of each layer in turn
  for (const [index, layer] of network.layers.entries()) {
    const sizes = sizesOf(layer, batch);
    const run = runLayer(layer, x, { weights: weightsOf(layer, p), sizes });
    layers.push({ x, ...run });
    x = applyMask(run.h.subarray(sizes.N * sizes.H), masks[index]); // h_1 … h_T, [T,N,H]
  }
  const y = row(x, batch.T - 1, batch.N * network.head.inputSize);
  return { layers, y, logits: headForward(y, headWeightsOf(network.head, p)) };
}

/**
 * The loss of a batch and its gradient: forward, loss, and back.
 *
 * @param p The parameters, flat, as the network lays them out
 */
export function networkGradient(
  network: Network,
  p: Float64Array,
  { batch, labels, masks }: { batch: Batch; labels: Uint8Array; masks: Masks },
): NetworkGradient {
  const { layers, y, logits } = networkForward(network, p, { batch, masks });
  const measured = softmaxCrossEntropy(logits, labels);

  const gradient = new Float64Array(network.size);
  const { W } = headWeightsOf(network.head, p);
  const dyLast = headBackward(headWeightsOf(network.head, gradient), measured.dlogits, { y, W });

  let dy: Float64Array = new Float64Array(batch.T * dyLast.length); // [T,N,H]: the head reads only the last t
  dy.set(dyLast, (batch.T - 1) * dyLast.length);
  for (let index = layers.length - 1; index >= 0; index--) {
    const layer = network.layers[index], { x, h, back } = layers[index], sizes = sizesOf(layer, batch);
    const dz = back(applyMask(dy, masks[index]));
    parameterGradients(weightsOf(layer, gradient), dz, { x, h, sizes });
    if (index > 0) dy = inputGradient(dz, weightsOf(layer, p), sizes);
  }
  return { ...measured, logits, gradient };
}

function runLayer(
  layer: RecurrentLayer,
  x: Float64Array,
  { weights, sizes }: { weights: Weights; sizes: Sizes },
): LayerRun {
  if (layer.kind === "lstm") {
    const gateActivation = GATE_ACTIVATIONS[layer.gateActivation];
    const trace = lstmForward(x, weights, { sizes, gateActivation });
    return { h: trace.h, back: (dh) => lstmBackward(dh, weights, { trace, sizes, gateActivation }) };
  }
  const activation = RNN_ACTIVATIONS[layer.activation];
  const h = rnnForward(x, weights, { sizes, activation });
  return { h, back: (dh) => rnnBackward(dh, weights, { h, sizes, activation }) };
}
