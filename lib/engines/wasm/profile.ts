/**
 * Where the time of a training step goes: kernels and barriers that keep a stopwatch.
 *
 * @module
 */
import type { Kernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { Team } from "./team.ts";

/** Parts of a training step. */
export const PARTS = [
  "gather",
  "forward products",
  "activations",
  "head",
  "backward products",
  "slopes",
  "weight gradients",
  "rows for them",
  "dropout masks",
  "update",
  "packing",
  "shared prefix",
  "waiting",
] as const;

/** One of {@link PARTS}. */
export type Part = typeof PARTS[number];

/** Milliseconds by part. */
export type Times = Record<Part, number>;

const PART_OF: Readonly<Record<Exclude<keyof Kernels, "product">, Part>> = {
  leavesOfSquare: "packing",
  evaluate: "packing",
  interleave: "gather",
  spreadInputs: "gather",
  dropoutMask: "dropout masks",
  packRows: "rows for them",
  addGradient: "weight gradients",
  storeGradient: "weight gradients",
  lstmForward: "activations",
  rnnForward: "activations",
  lstmBackward: "slopes",
  rnnBackward: "slopes",
  copyMasked: "activations",
  sumLanes: "shared prefix",
  addToFirstLane: "shared prefix",
  rowProduct: "shared prefix",
  recordRows: "rows for them",
  crossEntropy: "head",
  transpose: "packing",
  shiftBias: "packing",
  sgd: "update",
  momentum: "update",
  rmsprop: "update",
  adam: "update",
  adadelta: "update",
};

/** A stopwatch a part, all at 0. */
export function startTimes(): Times {
  return Object.fromEntries(PARTS.map((part) => [part, 0])) as Times;
}

/** The same kernels; each call adds its time to its part. A product's part is told by its panels. */
export function timedKernels(kernels: Kernels, plan: Plan, times: Times): Kernels {
  const back = new Set(plan.layers.flatMap(({ recurrentBack, inputBack }) => [recurrentBack, inputBack]));
  const head = new Set([plan.head.panels, plan.head.inputBack]);
  const partOfProduct = (panels: number): Part =>
    head.has(panels) ? "head" : back.has(panels) ? "backward products" : "forward products";

  const timed: Record<string, unknown> = {};
  for (const [name, kernel] of Object.entries(kernels)) {
    if (typeof kernel !== "function") continue;
    timed[name] = (...args: number[]) => {
      const started = performance.now();
      const result = kernel(...args);
      const part = name === "product" ? partOfProduct(args[3]) : PART_OF[name as keyof typeof PART_OF];
      times[part] += performance.now() - started;
      return result;
    };
  }
  return timed as unknown as Kernels;
}

/** A team whose barriers add the time that they take. */
export class TimedTeam extends Team {
  readonly #times: Times;

  /** As {@link Team}'s, and where the time goes. */
  constructor(words: Int32Array, options: { threads: number; spins: number; times: Times }) {
    super(words, options.threads, options.spins);
    this.#times = options.times;
  }

  override barrier(last?: () => void): void {
    const started = performance.now();
    let workedMs = 0;
    super.barrier(() => {
      const began = performance.now();
      last?.();
      workedMs = performance.now() - began;
    });
    this.#times.waiting += performance.now() - started - workedMs;
  }
}
