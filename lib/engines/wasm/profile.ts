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
  gather: "gather",
  dropoutMask: "dropout masks",
  weightGradient: "weight gradients",
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
  packForward: "packing",
  packBackward: "packing",
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
  const forward = new Set(plan.layers.map(({ panels }) => panels));
  const head = new Set([plan.head.panels, plan.head.back]);
  const partOfProduct = (panels: number): Part =>
    forward.has(panels) ? "forward products" : head.has(panels) ? "head" : "backward products";

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

  override barrier(): void {
    const started = performance.now();
    super.barrier();
    this.#times.waiting += performance.now() - started;
  }
}
