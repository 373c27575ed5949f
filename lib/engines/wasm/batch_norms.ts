/**
 * What batch normalization computes over all groups of a batch, feature by feature; I = steps · sequences numbers.
 *
 *     m  = Σ x / I                  v  = Σ (x − m)² / I        from those of the groups, by Chan's formula
 *     s  = γ / √(v + ε)             y  = s (x − m) + β
 *
 *     dβ = Σ dy                     dγ = Σ dy (x − m) / √(v + ε)
 *     dx = s (dy − dβ/I − (x − m) q)                           q = Σ dy (x − m) / (v + ε) / I
 *
 * and after the update of a training step
 *
 *     M  ← µ M + (1 − µ) m          V  ← µ V + (1 − µ) v       v · I / max(I − 1, 1) with `unbiased`
 *
 * The groups are merged in their order, by one thread, in float64: bits do not depend on the number of threads.
 *
 * @module
 */
import type { Kernels } from "./kernels.ts";
import type { Workspace } from "./passes/pass.ts";
import type { NormPlan } from "./pass_plans.ts";
import { GROUP, WORD } from "./strides.ts";

const DOUBLE = Float64Array.BYTES_PER_ELEMENT;

/** The rows of {@link NormPlan.factors} and of {@link NormPlan.averages}. */
const MEAN = 0, SCALE = 1, SHIFT = 2, OFFSET = 3, TILT = 4;

/** The batch normalizations of a network, over the whole memory. */
export class BatchNorms {
  readonly #kernels: Kernels;
  readonly #floats: Float32Array;
  readonly #doubles: Float64Array;
  /** Where parameters and gradients start, in elements. */
  readonly #parameters: number;
  readonly #gradients: number;
  readonly #penalties: number;

  constructor({ kernels, plan, memory: { buffer } }: Workspace) {
    this.#kernels = kernels;
    this.#floats = new Float32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#parameters = plan.parameters / WORD;
    this.#gradients = plan.gradients / WORD;
    this.#penalties = plan.penalties / DOUBLE;
  }

  /** Mean and variance of a batch of `count` sequences, and the factors of y, after all groups are measured. */
  mergeMoments(norm: NormPlan, count: number): void {
    const { C, from: { steps }, sums, moments, deviations, factors, epsilon, unbiased } = norm,
      numbers = count * steps;
    const toPopulation = unbiased ? numbers / Math.max(numbers - 1, 1) : 1;
    for (let c = 0; c < C; c++) {
      let n = 0, mean = 0, squares = 0;
      for (let group = 0; group * GROUP < count; group++) {
        const [groupMean, groupSquares] = this.#pair(sums, group * C + c);
        const more = Math.min(GROUP, count - group * GROUP) * steps, distance = groupMean - mean;
        squares += groupSquares + distance * distance * n * more / (n + more);
        mean += distance * more / (n + more);
        n += more;
      }
      const variance = squares / n, deviation = Math.sqrt(variance + epsilon);
      this.#doubles[moments / DOUBLE + 2 * c] = mean;
      this.#doubles[moments / DOUBLE + 2 * c + 1] = variance * toPopulation;
      this.#doubles[deviations / DOUBLE + c] = deviation;
      this.#setFactors(factors, norm, { c, mean, deviation });
    }
  }

  /** The gradients of γ and β, and the factors of dx, after all groups are measured on the way back. */
  mergeGradients(norm: NormPlan, count: number): void {
    const { C, from: { steps }, sums, factors, gamma, beta } = norm, numbers = count * steps;
    for (let c = 0; c < C; c++) {
      let dBeta = 0, products = 0; // Σ dy, Σ dy (x − m)
      for (let group = 0; group * GROUP < count; group++) {
        const [sum, product] = this.#pair(sums, group * C + c);
        dBeta += sum;
        products += product;
      }
      const inverse = 1 / this.#doubles[norm.deviations / DOUBLE + c];
      if (gamma) this.#floats[this.#gradients + gamma.at + c] = products * inverse;
      if (beta) this.#floats[this.#gradients + beta.at + c] = dBeta;
      const first = factors / WORD + c;
      this.#floats[first + OFFSET * C] = dBeta / numbers;
      this.#floats[first + TILT * C] = products * inverse * inverse / numbers;
    }
  }

  /** Adds the gradients of the regularizers, and keeps their loss. */
  regularize({ gamma, beta, C, penalties }: NormPlan): void {
    if (penalties < 0) return;
    let loss = 0;
    for (const one of [gamma, beta]) {
      if (!one) continue;
      const p = WORD * (this.#parameters + one.at), g = WORD * (this.#gradients + one.at);
      loss += this.#kernels.regularize(C, p, g, one.l1, one.l2);
    }
    this.#doubles[this.#penalties + penalties] = loss;
  }

  /** Moves M and V towards the moments of the last batch. */
  moveAverages({ C, momentum, moments, mean, variance }: NormPlan): void {
    const M = this.#parameters + mean.at, V = this.#parameters + variance.at;
    for (let c = 0; c < C; c++) {
      const [m, v] = this.#pair(moments, c);
      this.#floats[M + c] = momentum * this.#floats[M + c] + (1 - momentum) * m;
      this.#floats[V + c] = momentum * this.#floats[V + c] + (1 - momentum) * v;
    }
  }

  /** The factors of a prediction, from M and V. */
  fold(norm: NormPlan): void {
    const M = this.#parameters + norm.mean.at, V = this.#parameters + norm.variance.at;
    for (let c = 0; c < norm.C; c++) {
      const mean = this.#floats[M + c], deviation = Math.sqrt(this.#floats[V + c] + norm.epsilon);
      this.#setFactors(norm.averages, norm, { c, mean, deviation });
    }
  }

  #setFactors(
    factors: number,
    { C, gamma, beta }: NormPlan,
    { c, mean, deviation }: { c: number; mean: number; deviation: number },
  ): void {
    const first = factors / WORD + c, floats = this.#floats;
    floats[first + MEAN * C] = mean;
    floats[first + SCALE * C] = (gamma ? floats[this.#parameters + gamma.at + c] : 1) / deviation;
    floats[first + SHIFT * C] = beta ? floats[this.#parameters + beta.at + c] : 0;
  }

  #pair(address: number, index: number): [number, number] {
    const at = address / DOUBLE + 2 * index;
    return [this.#doubles[at], this.#doubles[at + 1]];
  }
}
