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

/**
 * Compiles the build that was asked for; by default `fused`, unless this machine's relaxed multiply-add rounds twice.
 *
 * @param probe Whether the fused build rounds once on this machine; replaced by tests
 * @throws {RangeError} If `fused` was asked for and this machine rounds twice
 */
export async function chooseKernels(
  asked?: MathName,
  probe: (module: WebAssembly.Module) => boolean = roundsOnce,
): Promise<{ math: MathName; module: WebAssembly.Module }> {
  if (asked === "plain") return { math: "plain", module: await compileKernels("plain") };
  const module = await compileKernels("fused");
  if (probe(module)) return { math: "fused", module };
  if (asked === "fused") {
    throw new RangeError(
      "Cannot train with --math fused: this machine's multiply-add must round once: it rounds twice; " +
        "use --math plain, whose bits are different",
    );
  }
  return { math: "plain", module: await compileKernels("plain") };
}

function roundsOnce(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return instantiateKernels(module, memory).leavesOfSquare() !== 0;
}
