/**
 * The head: a linear classifier of the last layer's output at the last t, and softmax cross-entropy.
 *
 *     logits   = y W + b                             [N,K]
 *     p        = exp(logits) / Σ_k exp(logits_k)     [N,K]
 *     loss     = −1/N Σ_n ln p[n, label_n]           in nats
 *     dlogits  = (p − onehot(label)) / N             [N,K]
 *
 * @module
 */
import type { Head } from "../../model/network.ts";
import {
  addProduct,
  addProductTransposedA,
  addProductTransposedB,
  addSumOfRows,
  addToRows,
} from "./matrix.ts";
import { view } from "./recurrent.ts";

/** The parameters of the head, or their gradients. */
export interface HeadWeights {
  /** `[H,K]`. */
  readonly W: Float64Array;
  /** `[K]`. */
  readonly b: Float64Array;
}

/** The parameters of the head within a flat array, as views. */
export function headWeightsOf({ kernel, bias }: Head, flat: Float64Array): HeadWeights {
  return { W: view(flat, kernel), b: view(flat, bias) };
}

/**
 * `logits = y W + b`.
 *
 * @param y `[N,H]`, the last layer's output at the last t
 * @returns `[N,K]`
 */
export function headForward(y: Float64Array, { W, b }: HeadWeights): Float64Array {
  const K = b.length, H = W.length / K, N = y.length / H;
  const logits = new Float64Array(N * K);
  addProduct(logits, y, W, H);
  addToRows(logits, b);
  return logits;
}

/** The loss of a batch and its gradient. */
export interface Measured {
  /** Mean over the batch, in nats. */
  readonly loss: number;
  /** How many images have their largest logit (the first of equal ones) at their label. */
  readonly correct: number;
  /** The gradient of the loss, `[N,K]`. */
  readonly dlogits: Float64Array;
}

/**
 * The loss of a batch, its correct answers and its gradient. The largest logit is subtracted first, so that no `exp` overflows.
 *
 * @param logits `[N,K]`
 * @param labels `[N]`, each below K
 */
export function softmaxCrossEntropy(logits: Float64Array, labels: Uint8Array): Measured {
  const N = labels.length, K = logits.length / N;
  const dlogits = new Float64Array(N * K);
  let loss = 0, correct = 0;
  for (let n = 0; n < N; n++) {
    const row = logits.subarray(n * K, (n + 1) * K), label = labels[n];
    const largest = Math.max(...row);
    const sum = row.reduce((some, z) => some + Math.exp(z - largest), 0);
    loss += (Math.log(sum) - (row[label] - largest)) / N;
    if (row.indexOf(largest) === label) correct++;
    for (let k = 0; k < K; k++) {
      const p = Math.exp(row[k] - largest) / sum;
      dlogits[n * K + k] = (p - (k === label ? 1 : 0)) / N;
    }
  }
  return { loss, correct, dlogits };
}

/**
 * The backward pass of the head.
 *
 *     dW = yᵀ dlogits    db = 1ᵀ dlogits    dy = dlogits Wᵀ
 *
 * @param d Receives the gradients of the parameters; all 0 before
 * @param dlogits `[N,K]`
 * @returns dy `[N,H]`
 */
export function headBackward(
  d: HeadWeights,
  dlogits: Float64Array,
  { y, W }: { y: Float64Array; W: Float64Array },
): Float64Array {
  const K = d.b.length, N = dlogits.length / K;
  addProductTransposedA(d.W, y, dlogits, N);
  addSumOfRows(d.b, dlogits);
  const dy = new Float64Array(y.length);
  addProductTransposedB(dy, dlogits, W, K);
  return dy;
}
