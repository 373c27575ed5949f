/**
 * Optimizers as plain data. Every engine implements their equations in one pass over the flat parameters.
 *
 * p is a parameter, g its gradient, η the learning rate, k the number of the training step, from 1 on; slots start at 0.
 * A parameter whose `updateScale` is 2 moves twice as far; its slots are not scaled. One whose `updateScale` is 0 stays as it is.
 *
 * The equations and the defaults of the first seven are PyTorch's. Those whose names begin with `tf` are TensorFlow.js 4.22's,
 * for `fit()`: what `model.compile()` was given is trained with the equations it has there.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, checkOptions, number, OBJECT, type Rules } from "../options.ts";

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

/** RMSprop as in PyTorch, not as in TensorFlow.js: `v ← α v + (1 − α) g²`, `p ← p − η g / (√v + ε)`. */
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

/**
 * RMSprop with momentum, as in PyTorch: `v ← α v + (1 − α) g²`, `m ← µ m + g / (√v + ε)`, `p ← p − η m`.
 */
export interface RmsPropMomentum {
  /** Which of the optimizers this is. */
  readonly kind: "rmspropMomentum";
  /** η, positive. */
  readonly learningRate: number;
  /** α, in [0, 1). */
  readonly alpha: number;
  /** µ, in [0, 1). */
  readonly momentum: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter 2019), as in PyTorch: `p ← (1 − η λ) p`, then a step of {@link Adam}. All
 * parameters decay; `updateScale` is no factor of it.
 */
export interface AdamW {
  /** Which of the optimizers this is. */
  readonly kind: "adamw";
  /** η, positive. */
  readonly learningRate: number;
  /** β₁, in [0, 1). */
  readonly beta1: number;
  /** β₂, in [0, 1). */
  readonly beta2: number;
  /** ε, positive. */
  readonly epsilon: number;
  /** λ, 0 or more. */
  readonly weightDecay: number;
}

/** Adam: `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `p ← p − η m̂ / (√v̂ + ε)`, `m̂ = m / (1 − β₁ᵏ)`, `v̂ = v / (1 − β₂ᵏ)`. */
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

/** Adadelta as in PyTorch, not as in TensorFlow.js: `v ← ρ v + (1 − ρ) g²`, `d = √(u + ε) / √(v + ε) · g`, `p ← p − η d`, `u ← ρ u + (1 − ρ) d²`. */
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

/** Nesterov's momentum, as in TensorFlow.js: `m ← µ m + g`, `p ← p − η (g + µ m)`. */
export interface Nesterov {
  /** Which of the optimizers this is. */
  readonly kind: "nesterov";
  /** η, positive. */
  readonly learningRate: number;
  /** µ, in [0, 1). */
  readonly momentum: number;
}

/** `tf.train.adagrad`: `v ← v + g²`, `p ← p − η g / √(v + ε)`; v starts at `start`. */
export interface TfAdagrad {
  /** Which of the optimizers this is. */
  readonly kind: "tfAdagrad";
  /** η, positive. */
  readonly learningRate: number;
  /** The first v, 0 or more. */
  readonly start: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** `tf.train.adadelta`: `d = √(u + ε) / √(v + ε) · g` with the v before this step; `v ← ρ v + (1 − ρ) g²`, `u ← ρ u + (1 − ρ) d²`, `p ← p − η d`. */
export interface TfAdadelta {
  /** Which of the optimizers this is. */
  readonly kind: "tfAdadelta";
  /** η, positive. */
  readonly learningRate: number;
  /** ρ, in [0, 1). */
  readonly rho: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** `tf.train.adam`: {@link Adam}, with β₁ᵏ and β₂ᵏ multiplied up in float32. */
export interface TfAdam {
  /** Which of the optimizers this is. */
  readonly kind: "tfAdam";
  /** η, positive. */
  readonly learningRate: number;
  /** β₁, in [0, 1). */
  readonly beta1: number;
  /** β₂, in [0, 1). */
  readonly beta2: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/**
 * `tf.train.adamax`: `m ← β₁ m + (1 − β₁) g`, `u ← max(β₂ u, |g|)`, `p ← p − η / ((1 − β₁ᵏ)(1 + δ (k − 1))) · m / (u + ε)`.
 */
export interface TfAdamax {
  /** Which of the optimizers this is. */
  readonly kind: "tfAdamax";
  /** η, positive. */
  readonly learningRate: number;
  /** β₁, in [0, 1). */
  readonly beta1: number;
  /** β₂, in [0, 1). */
  readonly beta2: number;
  /** ε, positive. */
  readonly epsilon: number;
  /** δ, 0 or more. */
  readonly decay: number;
}

/** `tf.train.rmsprop`: `v ← α v + (1 − α) g²`, `m ← µ m + η g / √(v + ε)`, `p ← p − m`. */
export interface TfRmsProp {
  /** Which of the optimizers this is. */
  readonly kind: "tfRmsprop";
  /** η, positive. */
  readonly learningRate: number;
  /** α, in [0, 1). */
  readonly decay: number;
  /** µ, in [0, 1). */
  readonly momentum: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** `tf.train.rmsprop`, centered: `a ← α a + (1 − α) g` too, and `m ← µ m + η g / √(v − a² − ε)`: TensorFlow.js subtracts ε, so
 * that g = 0 at the start gives NaN there. */
export interface TfCenteredRmsProp {
  /** Which of the optimizers this is. */
  readonly kind: "tfCenteredRmsprop";
  /** η, positive. */
  readonly learningRate: number;
  /** α, in [0, 1). */
  readonly decay: number;
  /** µ, in [0, 1). */
  readonly momentum: number;
  /** ε, positive. */
  readonly epsilon: number;
}

/** One of the optimizers. */
export type Optimizer =
  | Sgd
  | Momentum
  | RmsProp
  | RmsPropMomentum
  | Adam
  | AdamW
  | Adadelta
  | Nesterov
  | TfAdagrad
  | TfAdadelta
  | TfAdam
  | TfAdamax
  | TfRmsProp
  | TfCenteredRmsProp;

/** How many slots an optimizer has: arrays as long as the parameters that it keeps between steps. */
export const SLOT_COUNT: Readonly<Record<Optimizer["kind"], number>> = {
  sgd: 0,
  momentum: 1, // m
  rmsprop: 1, // v
  rmspropMomentum: 2, // v, m
  adam: 2, // m, v
  adamw: 2, // m, v
  adadelta: 2, // v, u
  nesterov: 1, // m
  tfAdagrad: 1, // v
  tfAdadelta: 2, // v, u
  tfAdam: 2, // m, v
  tfAdamax: 2, // m, u
  tfRmsprop: 2, // v, m
  tfCenteredRmsprop: 3, // v, m, a
};

/** What the slots of an optimizer are at the start. */
export function slotStart(optimizer: Optimizer): number {
  return optimizer.kind === "tfAdagrad" ? optimizer.start : 0;
}

/** Stochastic gradient descent, the same as `tf.train.sgd`. @throws {RangeError} If a value is out of range. */
export function sgd(options: { learningRate: number }): Sgd {
  return make<Sgd>("sgd", {}, options);
}

/** Momentum (Polyak's heavy ball; `tf.train.momentum`). @throws {RangeError} If a value is out of range. */
export function momentum(options: { learningRate: number; momentum?: number }): Momentum {
  return make<Momentum>("momentum", { momentum: 0.9 }, options);
}

/**
 * RMSprop with PyTorch's equations and defaults. `tf.train.rmsprop` differs: its ε is inside the root, and its decay is 0.9
 * by default.
 *
 * @param options.momentum Adds momentum; none by default
 * @throws {RangeError} If a value is out of range.
 */
export function rmsprop(
  options: { learningRate: number; alpha?: number; epsilon?: number; momentum?: number },
): RmsProp | RmsPropMomentum {
  const defaults = { alpha: 0.99, epsilon: 1e-8 };
  return (options as typeof options | undefined)?.momentum === undefined
    ? make<RmsProp>("rmsprop", defaults, options)
    : make<RmsPropMomentum>("rmspropMomentum", { ...defaults, momentum: 0 }, options);
}

/**
 * Adam with PyTorch's defaults (Kingma, Ba 2015). `tf.train.adam` is the same with `epsilon: 1e-7`.
 *
 * @throws {RangeError} If a value is out of range.
 */
export function adam(
  options: { learningRate: number; beta1?: number; beta2?: number; epsilon?: number },
): Adam {
  return make<Adam>("adam", { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, options);
}

/**
 * Adam with decoupled weight decay, with PyTorch's defaults (Loshchilov, Hutter 2019).
 *
 * @throws {RangeError} If a value is out of range.
 */
export function adamw(
  options: { learningRate: number; beta1?: number; beta2?: number; epsilon?: number; weightDecay?: number },
): AdamW {
  return make<AdamW>("adamw", { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 }, options);
}

/**
 * Adadelta with PyTorch's equations and defaults (Zeiler 2012). `tf.train.adadelta` differs: it divides by the average of
 * the gradients before the current one.
 *
 * @throws {RangeError} If a value is out of range.
 */
export function adadelta(options: { learningRate: number; rho?: number; epsilon?: number }): Adadelta {
  return make<Adadelta>("adadelta", { rho: 0.9, epsilon: 1e-6 }, options);
}

const POSITIVE = number("a positive number", (value) => value > 0);
const NOT_NEGATIVE = number("a number from 0 on", (value) => value >= 0);
const DECAY = number("at least 0 and below 1", (value) => value >= 0 && value < 1);

/** The rules for the numbers of each optimizer. */
const RULES: {
  readonly [Kind in Optimizer["kind"]]: Rules<Omit<Extract<Optimizer, { kind: Kind }>, "kind">>;
} = {
  sgd: { learningRate: POSITIVE },
  momentum: { learningRate: POSITIVE, momentum: DECAY },
  rmsprop: { learningRate: POSITIVE, alpha: DECAY, epsilon: POSITIVE },
  adam: { learningRate: POSITIVE, beta1: DECAY, beta2: DECAY, epsilon: POSITIVE },
  rmspropMomentum: { learningRate: POSITIVE, alpha: DECAY, momentum: DECAY, epsilon: POSITIVE },
  adamw: { learningRate: POSITIVE, beta1: DECAY, beta2: DECAY, epsilon: POSITIVE, weightDecay: NOT_NEGATIVE },
  adadelta: { learningRate: POSITIVE, rho: DECAY, epsilon: POSITIVE },
  nesterov: { learningRate: POSITIVE, momentum: DECAY },
  tfAdagrad: { learningRate: POSITIVE, start: NOT_NEGATIVE, epsilon: POSITIVE },
  tfAdadelta: { learningRate: POSITIVE, rho: DECAY, epsilon: POSITIVE },
  tfAdam: { learningRate: POSITIVE, beta1: DECAY, beta2: DECAY, epsilon: POSITIVE },
  tfAdamax: { learningRate: POSITIVE, beta1: DECAY, beta2: DECAY, epsilon: POSITIVE, decay: NOT_NEGATIVE },
  tfRmsprop: { learningRate: POSITIVE, decay: DECAY, momentum: DECAY, epsilon: POSITIVE },
  tfCenteredRmsprop: { learningRate: POSITIVE, decay: DECAY, momentum: DECAY, epsilon: POSITIVE },
};

/** The kinds that people make, by a function of the same name. */
const MADE: readonly Optimizer["kind"][] = ["sgd", "momentum", "rmsprop", "adam", "adamw", "adadelta"];

function make<O extends Optimizer>(
  kind: O["kind"],
  defaults: Omit<O, "kind" | "learningRate">,
  options: Partial<O>,
): O {
  const action = `use the optimizer ${kind}`;
  check(action, "options", { value: options, rule: OBJECT, remedy: `${kind}({ learningRate: 0.01 })` });
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const numbers: Record<string, number> = { ...defaults, ...given };
  return { kind, ...checkOptions(action, numbers, RULES[kind]) } as O;
}

/**
 * Checks that a value is an optimizer of Scanline.
 *
 * @param mayRest Whether its learning rate can be 0, as a schedule of TensorFlow.js may end with
 * @returns A copy of it
 * @throws {TypeError} If it is something else, such as a name or an optimizer of TensorFlow.js; says which one to use.
 * @throws {RangeError} If one of its numbers is out of range.
 */
export function checkOptimizer(
  action: string,
  optimizer: Optimizer,
  { mayRest = false }: { mayRest?: boolean } = {},
): Optimizer {
  const kind: unknown = (optimizer as Partial<Optimizer> | null | undefined)?.kind;
  if (typeof optimizer !== "object" || typeof kind !== "string" || !Object.hasOwn(RULES, kind)) {
    const found = optimizer === undefined ? "missing" : excerpt(optimizer);
    const like = new RegExp(`^"?(${MADE.join("|")})(?:optimizer)?"?$`, "i").exec(found)?.[1].toLowerCase();
    throw new TypeError(
      `Cannot ${action}: optimizer must be made by one of ${MADE.join(", ")}: current value is ${found} ` +
        `(scanline.${like ?? "adam"}({ learningRate: 0.01 }) makes one)`,
    );
  }
  const { kind: known, ...numbers } = optimizer;
  const rules = mayRest ? { ...RULES[known], learningRate: NOT_NEGATIVE } : RULES[known];
  return {
    kind: known,
    ...checkOptions<Record<string, number>>(action, numbers, rules, "optimizer"),
  } as Optimizer;
}

/**
 * The factors of one step that depend on its number, for the kinds that have such: for Adam those of
 * `p ← keep · p − rate · m / (√v · correction + ε)`, for Adamax that of `p ← p − rate · m / (u + ε)`; else the learning rate and 1.
 *
 * @param learningRate That of this step
 * @param step The number of the training step, from 1 on
 */
export function stepFactors(
  optimizer: Optimizer,
  { learningRate, step }: { learningRate: number; step: number },
): { rate: number; correction: number; keep: number } {
  switch (optimizer.kind) {
    case "adam":
    case "adamw":
    case "tfAdam": {
      const power = optimizer.kind === "tfAdam" ? singlePower : integerPower;
      return {
        rate: learningRate / (1 - power(optimizer.beta1, step)),
        correction: 1 / Math.sqrt(1 - power(optimizer.beta2, step)),
        keep: optimizer.kind === "adamw" ? 1 - learningRate * optimizer.weightDecay : 1,
      };
    }
    case "tfAdamax": {
      const rate = learningRate / (1 + optimizer.decay * (step - 1));
      return { rate: rate / (1 - singlePower(optimizer.beta1, step)), correction: 1, keep: 1 };
    }
    default:
      return { rate: learningRate, correction: 1, keep: 1 };
  }
}

/** For each number, its last power: that of the next step is one multiplication further. */
const LAST_POWERS = new Map<number, { exponent: number; power: number }>();

/** x to a whole power, multiplied up in float32 as TensorFlow.js does. */
export function singlePower(x: number, exponent: number): number {
  const factor = Math.fround(x), last = LAST_POWERS.get(factor);
  let { exponent: k, power } = last && last.exponent <= exponent ? last : { exponent: 1, power: factor };
  for (; k < exponent && power > 0; k++) power = Math.fround(power * factor);
  LAST_POWERS.set(factor, { exponent, power });
  return power;
}

/** x to a whole power by multiplication only, so that the bits are the same on every machine, unlike those of `Math.pow`. */
export function integerPower(x: number, exponent: number): number {
  let power = 1;
  for (let e = exponent, square = x; e > 0; e = Math.floor(e / 2), square *= square) {
    if (e % 2 === 1) power *= square;
  }
  return power;
}
