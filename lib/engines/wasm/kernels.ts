/**
 * The compiled kernels: their types, and which of the two builds this machine takes.
 *
 * @module
 */

/** What assembly/index.ts exports; addresses and byte counts are numbers of bytes, the comments there say the rest. */
export interface Kernels {
  leavesOfSquare(): number;
  evaluate(f: number, count: number, x: number, y: number): void;
  // deno-fmt-ignore
  interleave(imageBytes: number, images: number, pixels: number): void;
  // deno-fmt-ignore
  spreadInputs(C: number, front: number, H: number, pixels: number, inputStride: number, divisor: number, x: number, range: number): void;
  // deno-fmt-ignore
  dropoutMask(blocks: number, firstImage: number, timeAndLayer: number, step: number, seed: number, threshold: number, scale: number, mask: number): void;
  // deno-fmt-ignore
  product(K: number, quads: number, a: number, panels: number, panelBytes: number, bias: number, out: number): void;
  packRows(steps: number, quads: number, dz: number, stepBytes: number, single: number, rows: number): void;
  // deno-fmt-ignore
  addGradient(from: number, to: number, rowsAStep: number, panels: number, quads: number, a: number, panelBytes: number, dz: number, spans: number, sums: number): void;
  // deno-fmt-ignore
  storeGradient(J: number, quads: number, sums: number, dW: number, dbias: number, front: number, back: number, blank: number): void;
  // deno-fmt-ignore
  lstmForward(H: number, hard: number, gates: number, c: number, cNext: number, tanhC: number, h: number, y: number): void;
  // deno-fmt-ignore
  lstmBackward(H: number, hard: number, gates: number, c: number, tanhC: number, dh: number, dy: number, dc: number): void;
  rnnForward(quads: number, relu: number, z: number, h: number, y: number): void;
  rnnBackward(quads: number, relu: number, y: number, dh: number, dy: number, dz: number): void;
  // deno-fmt-ignore
  rowProduct(K: number, quads: number, a: number, panels: number, panelBytes: number, bias: number, spread: number, out: number): void;
  sumLanes(count: number, from: number, to: number): void;
  addToFirstLane(count: number, from: number, to: number): void;
  copyMasked(count: number, from: number, mask: number, to: number): void;
  recordRows(J: number, xh: number, rows: number, panelBytes: number): void;
  // deno-fmt-ignore
  crossEntropy(count: number, K: number, logits: number, labels: number, positions: number, scale: number, losses: number, correct: number, dz: number): void;
  transpose(
    rows: number,
    quads: number,
    W: number,
    quadBytes: number,
    panels: number,
    panelBytes: number,
  ): void;
  // deno-fmt-ignore
  shiftBias(J: number, front: number, back: number, quads: number, W: number, bias: number, blank: number, shifted: number): void;
  sgd(count: number, p: number, g: number, rate: number): void;
  momentum(count: number, p: number, g: number, m: number, rate: number, decay: number): void;
  // deno-fmt-ignore
  rmsprop(count: number, p: number, g: number, v: number, rate: number, alpha: number, rest: number, epsilon: number): void;
  // deno-fmt-ignore
  adam(count: number, p: number, g: number, m: number, v: number, rate: number, beta1: number, rest1: number, beta2: number, rest2: number, correction: number, epsilon: number): void;
  // deno-fmt-ignore
  adadelta(count: number, p: number, g: number, v: number, u: number, rate: number, rho: number, rest: number, epsilon: number): void;
}

/** `fused`: a multiply-add rounds once; `plain`: it rounds twice. The bits of a training differ between the two. */
export type MathKind = "fused" | "plain";

/** Bytes at the start of memory that the kernels' constants take. */
export const CONSTANT_BYTES = 4096;

/** The compiled build of one kind. Reads `lib`. */
export async function compileKernels(math: MathKind): Promise<WebAssembly.Module> {
  const response = await fetch(new URL(`./${math}.wasm`, import.meta.url));
  return await WebAssembly.compile(await response.bytes());
}

/** Kernels over a memory that all threads share. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/**
 * Compiles what was asked for, or what this machine can: `fused` unless its relaxed multiply-add turns out to round twice.
 *
 * @param asked `fused`, `plain`, or nothing to let the machine decide
 * @param probe Says whether the fused build rounds once here; tests put their own in
 * @throws {RangeError} If `fused` was asked for and this machine does not fuse
 */
export async function chooseKernels(
  asked?: MathKind,
  probe: (module: WebAssembly.Module) => boolean = roundsOnce,
): Promise<{ math: MathKind; module: WebAssembly.Module }> {
  if (asked === "plain") return { math: "plain", module: await compileKernels("plain") };
  const module = await compileKernels("fused");
  if (probe(module)) return { math: "fused", module };
  if (asked === "fused") {
    throw new RangeError(
      "Cannot train with --math fused: this machine's multiply-add must round once: it rounds twice; " +
        "use --math plain, whose bits are other ones",
    );
  }
  return { math: "plain", module: await compileKernels("plain") };
}

function roundsOnce(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return instantiateKernels(module, memory).leavesOfSquare() !== 0;
}
