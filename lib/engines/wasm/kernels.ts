/**
 * The compiled kernels, and the choice between the two builds.
 *
 * @module
 */
import { readKernels } from "../assets.ts";
import type { MathName } from "../open.ts";
import { type Activation, CELL_ACTIVATIONS } from "../../model/network.ts";
import type { Kernels } from "./kernel_types.ts";

export type { Kernels };

/** The activations in the order that the kernels number them in. */
export const ACTIVATIONS: readonly Activation[] = [...CELL_ACTIVATIONS, "softmax"];

/** Bytes that the kernels' constants take at the start of memory. */
export const CONSTANT_BYTES = 4096;

/** Compiles one build. Needs permission to read `lib`. */
export async function compileKernels(math: MathName): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(await readKernels(math));
}

/** Instantiates the kernels over shared memory. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/** A module with one relaxed instruction: compiles where the fused build does (as in wasm-feature-detect of GoogleChromeLabs). */
const RELAXED = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0], // () → v128
  ...[10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
);

/** What this machine does with a relaxed multiply-add; replaced by tests. */
export interface FusedProbe {
  /** Whether the fused build compiles: not every browser has relaxed instructions. */
  compiles(): boolean;
  /** Whether its multiply-add rounds once. */
  roundsOnce(module: WebAssembly.Module): boolean;
}

const PROBE: FusedProbe = {
  compiles: () => WebAssembly.validate(RELAXED),
  roundsOnce(module) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return instantiateKernels(module, memory).leavesOfSquare() !== 0;
  },
};

/**
 * Compiles the build that was asked for; by default `fused`, unless this machine lacks the relaxed multiply-add, or rounds twice.
 *
 * @throws {RangeError} If `fused` was asked for and this machine cannot
 */
export async function chooseKernels(
  asked?: MathName,
  probe: FusedProbe = PROBE,
): Promise<{ math: MathName; module: WebAssembly.Module }> {
  if (asked !== "plain") {
    const module = probe.compiles() ? await compileKernels("fused") : null;
    if (module && probe.roundsOnce(module)) return { math: "fused", module };
    if (asked === "fused") {
      const found = module ? "it rounds twice" : "it has none";
      throw new RangeError(
        `Cannot train with --math fused: this machine's multiply-add must round once: ${found}; ` +
          "use --math plain, whose bits are different",
      );
    }
  }
  return { math: "plain", module: await compileKernels("plain") };
}
