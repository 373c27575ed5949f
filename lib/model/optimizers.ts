/**
 * Optimizers as plain data, with the equations that every engine implements in one pass over the flat parameters.
 *
 * p parameter, g its gradient, η the learning rate, t the number of the step from 1 on; slots start at 0.
 * The equations are PyTorch's, which differ from `tf.train`'s in Adadelta (which average divides) and RMSprop and
 * Adam (where ε stands). A parameter whose `updateScale` is 2 moves twice as far; its slots do not notice.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";

/** Stochastic gradient descent: `p ← p − η g`. */
export interface Sgd {
  /** Which of the optimizers this is. */
  readonly kind: "sgd";
  /** η, positive. */
  readonly learningRate: number;
}

/** Momentum, not Nesterov's: `m ← µ m + g`, `p ← p − η m`. */
export interface Momentum {
  /** Which of the optimizers this is. */
  readonly kind: "momentum";
  /** η, positive. */
  readonly learningRate: number;
  /** µ, in [0, 1). */
  readonly momentum: number;
}

/** RMSprop: `v ← α v + (1 − α) g²`, `p ← p − η g / (√v + ε)`. */
export interface RmsProp {
  /** Which of the optimizers this is. */
  readonly kind: "rmsprop";
  /** η, positive. */
  readonly learningRate: number;
  /** α, in [0, 1). */
  readonly alpha: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** Adam: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `p ← p − η m̂ / (√v̂ + ε)`, `m̂ = m / (1 − β₁ᵗ)`, `v̂ = v / (1 − β₂ᵗ)`. */
export interface Adam {
  /** Which of the optimizers this is. */
  readonly kind: "adam";
  /** η, positive. */
  readonly learningRate: number;
  /** β₁, in [0, 1). */
  readonly beta1: number;
  /** β₂, in [0, 1). */
  readonly beta2: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** Adadelta: `v ← ρ v + (1 − ρ) g²`, `d = √(u + ε) / √(v + ε) · g`, `p ← p − η d`, `u ← ρ u + (1 − ρ) d²`. */
export interface Adadelta {
  /** Which of the optimizers this is. */
  readonly kind: "adadelta";
  /** η, positive. */
  readonly learningRate: number;
  /** ρ, in [0, 1). */
  readonly rho: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** One of the five optimizers. */
export type Optimizer = Sgd | Momentum | RmsProp | Adam | Adadelta;

/** How many flat arrays, each as long as the parameters, an optimizer keeps between steps (in the order of its equations). */
export const SLOT_COUNT: Readonly<Record<Optimizer["kind"], number>> = {
  sgd: 0,
  momentum: 1, // m
  rmsprop: 1, // v
  adam: 2, // m, v
  adadelta: 2, // v, u
};

/** Stochastic gradient descent. @throws {RangeError} If a value is out of range. */
export function sgd(options: { learningRate: number }): Sgd {
  return checked({ kind: "sgd", learningRate: options.learningRate });
}

/** Momentum (Polyak's heavy ball; TensorFlow's `MomentumOptimizer`). @throws {RangeError} If a value is out of range. */
export function momentum(options: { learningRate: number; momentum?: number }): Momentum {
  return checked({ kind: "momentum", learningRate: options.learningRate, momentum: options.momentum ?? 0.9 });
}

/** RMSprop with PyTorch's defaults. @throws {RangeError} If a value is out of range. */
export function rmsprop(options: { learningRate: number; alpha?: number; epsilon?: number }): RmsProp {
  const { learningRate, alpha = 0.99, epsilon = 1e-8 } = options;
  return checked({ kind: "rmsprop", learningRate, alpha, epsilon });
}

/** Adam with PyTorch's defaults (Kingma, Ba 2015). @throws {RangeError} If a value is out of range. */
export function adam(
  options: { learningRate: number; beta1?: number; beta2?: number; epsilon?: number },
): Adam {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  return checked({ kind: "adam", learningRate, beta1, beta2, epsilon });
}

/** Adadelta with PyTorch's defaults (Zeiler 2012). @throws {RangeError} If a value is out of range. */
export function adadelta(options: { learningRate: number; rho?: number; epsilon?: number }): Adadelta {
  const { learningRate, rho = 0.9, epsilon = 1e-6 } = options;
  return checked({ kind: "adadelta", learningRate, rho, epsilon });
}

/** `learningRate` and `epsilon` must be positive and finite, every decay lie in [0, 1). */
function checked<O extends Optimizer>(optimizer: O): O {
  for (const [name, value] of Object.entries(optimizer)) {
    if (name === "kind") continue;
    const positive = name === "learningRate" || name === "epsilon";
    const valid = typeof value === "number" && Number.isFinite(value) &&
      (positive ? value > 0 : value >= 0 && value < 1);
    if (!valid) {
      const wanted = positive ? "a positive number" : "at least 0 and below 1";
      throw new RangeError(
        `Cannot use the optimizer ${optimizer.kind}: ${name} must be ${wanted}: current value is ${
          excerpt(value)
        }`,
      );
    }
  }
  return optimizer;
}

/**
 * What Adam's bias correction makes of a step: `p ← p − rate · m / (√v · correction + ε)`.
 *
 * @param step The number of the step, from 1 on
 */
export function adamFactors(
  { learningRate, beta1, beta2 }: Adam,
  step: number,
): { rate: number; correction: number } {
  return {
    rate: learningRate / (1 - integerPower(beta1, step)),
    correction: 1 / Math.sqrt(1 - integerPower(beta2, step)),
  };
}

/** x to a whole power by multiplications alone, so that its bits are the same everywhere (`Math.pow`'s need not be). */
export function integerPower(x: number, exponent: number): number {
  let power = 1;
  for (let e = exponent, square = x; e > 0; e = Math.floor(e / 2), square *= square) {
    if (e % 2 === 1) power *= square;
  }
  return power;
}
