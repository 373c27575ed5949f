/**
 * Where the time of a training step goes: kernels and barriers that are timed, and whose operations are counted.
 *
 * @module
 */
import type { Kernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { GROUP, WORD } from "./strides.ts";
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

/** What a thread spent on each part. */
export interface Profile {
  readonly ms: Record<Part, number>;
  /** Floating-point operations of products, two for each multiply-add. */
  readonly flops: Record<Part, number>;
}

const PART_OF: Readonly<Record<Exclude<keyof Kernels, "product">, Part>> = {
  leavesOfSquare: "packing",
  evaluate: "packing",
  interleave: "gather",
  interleaveWords: "gather",
  reorder: "gather",
  transformImage: "gather",
  spreadInputs: "gather",
  scaleBytes: "gather",
  gatherRows: "gather",
  readUnless: "gather",
  readTokens: "gather",
  expandClasses: "head",
  dropoutMask: "dropout masks",
  packRows: "rows for them",
  recordRows: "rows for them",
  spreadRows: "rows for them",
  addGradient: "weight gradients",
  storeGradient: "weight gradients",
  sumRows: "weight gradients",
  regularize: "weight gradients",
  lstmForward: "activations",
  rnnForward: "activations",
  gruForward: "activations",
  gruGates: "activations",
  gruResetAfter: "activations",
  copyMasked: "activations",
  addTo: "activations",
  keepMasked: "activations",
  merge: "activations",
  activate: "activations",
  moments: "activations",
  normalize: "activations",
  lstmBackward: "slopes",
  rnnBackward: "slopes",
  gruBackward: "slopes",
  gruGatesBackward: "slopes",
  gruResetAfterBackward: "slopes",
  holdMasked: "slopes",
  mergeBack: "slopes",
  activateBack: "slopes",
  gradientSums: "slopes",
  normalizeBack: "slopes",
  sumLanes: "shared prefix",
  addToFirstLane: "shared prefix",
  rowProduct: "shared prefix",
  loss: "head",
  metric: "head",
  smooth: "head",
  transpose: "packing",
  joinBias: "packing",
  sumSquares: "update",
  scale: "update",
  cut: "update",
  decay: "update",
  sgd: "update",
  momentum: "update",
  rmsprop: "update",
  rmspropMomentum: "update",
  adam: "update",
  adadelta: "update",
  nesterov: "update",
  tfAdagrad: "update",
  tfAdadelta: "update",
  tfAdamax: "update",
  tfRmsprop: "update",
  tfCenteredRmsprop: "update",
};

/** A profile of nothing. */
export function startProfile(): Profile {
  const zeros = () => Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  return { ms: zeros(), flops: zeros() };
}

/** The same kernels; each call adds to its part. The part of a product depends on its panels. */
export function timedKernels(
  kernels: Kernels,
  { plan, memory, profile }: { plan: Plan; memory: WebAssembly.Memory; profile: Profile },
): Kernels {
  const words = new Int32Array(memory.buffer);
  const head = new Set<number>(), back = new Set<number>(), { parameters } = plan;
  for (const matrix of plan.matrices) {
    for (const { panels } of matrix.transposes) back.add(panels);
  }
  for (const pass of plan.passes) {
    if (pass.kind !== "dense") continue;
    head.add(parameters + WORD * pass.matrix.W);
    if (pass.inputBack) head.add(pass.inputBack.panels);
  }
  const partOfProduct = (panels: number): Part =>
    head.has(panels) ? "head" : back.has(panels) ? "backward products" : "forward products";

  const timed: Record<string, unknown> = {};
  for (const [name, kernel] of Object.entries(kernels)) {
    if (typeof kernel !== "function") continue;
    timed[name] = (...args: number[]) => {
      const started = performance.now();
      const result = kernel(...args);
      const part = name === "product" ? partOfProduct(args[3]) : PART_OF[name as keyof typeof PART_OF];
      profile.ms[part] += performance.now() - started;
      profile.flops[part] += countFlops(name, args, words);
      return result;
    };
  }
  return timed as unknown as Kernels;
}

function countFlops(kernel: string, args: readonly number[], words: Int32Array): number {
  if (kernel === "product") {
    const [K, quads] = args;
    return 2 * K * quads * 4 * GROUP;
  }
  if (kernel === "rowProduct") {
    const [K, quads] = args;
    return 2 * K * quads * 4;
  }
  if (kernel !== "addGradient") return 0;
  const [from, to, rowsPerT, panels, quads, , , , spans] = args;
  let times = 0;
  for (let panel = 0; panel < panels; panel++) {
    const [first, end] = words.subarray((spans >>> 2) + 2 * panel);
    times += Math.max(0, Math.min(to, end) - Math.max(from, first));
  }
  return 2 * times * rowsPerT * quads * 4 * 8;
}

/** A team whose barriers add their waiting time. */
export class TimedTeam extends Team {
  readonly #profile: Profile;

  constructor(words: Int32Array, options: { threads: number; spins: number; profile: Profile }) {
    super(words, options.threads, options.spins);
    this.#profile = options.profile;
  }

  override barrier(last?: () => void): void {
    const started = performance.now();
    let workedMs = 0;
    super.barrier(() => {
      const began = performance.now();
      last?.();
      workedMs = performance.now() - began;
    });
    this.#profile.ms.waiting += performance.now() - started - workedMs;
  }
}
