/**
 * The compiled kernels: their types, and the choice between the two builds.
 *
 * @module
 */
import { readKernels } from "../assets.ts";
import type { MathName } from "../open.ts";

/** An address in shared memory, in bytes; 0 where a kernel can do without the array. */
type Address = number;

/**
 * What assembly/index.ts exports. The comment beside each address gives the shape of its array, of float32 unless it says
 * otherwise. The equations are with the kernels.
 */
export interface Kernels {
  /** Not 0 where a multiply-add rounds once. */
  leavesOfSquare(): number;
  /** For tests of accuracy: y = f(x); f is 0 for tanh, 1 sigmoid, 2 exp, 3 ln. */
  evaluate(
    f: number,
    count: number,
    x: Address, // [count][4]
    y: Address, // [count][4]
  ): void;

  /** Interleaves the pixels of eight images. */
  interleave(
    imageBytes: number,
    images: Address, // u8 [8][imageBytes]
    pixels: Address, // u8 [imageBytes][8]
  ): void;
  /** Writes x_t of the first layer around h, and which of both is not blank. */
  spreadInputs(
    C: number,
    front: number, // features of x before h
    H: number,
    pixels: Address, // u8 [.][8], from the first pixel of t on
    cStride: number, // pixels from one feature to the next
    divisor: number,
    x: Address, // [C+H][8]; its rows front … front+H−1 stay as they are
    range: Address, // int32 [2]: the first row that is not blank, and the one after the last
  ): void;
  /** Draws the mask of the outputs of one layer at one t. */
  dropoutMask(
    blocks: number, // of four units
    firstImage: number,
    timeAndLayer: number, // t + layer·2¹⁶
    step: number,
    seed: number,
    threshold: number,
    scale: number,
    mask: Address, // [4·blocks][8]
  ): void;

  /** out = bias + aᵀ panels, for the eight columns of a. */
  product(
    K: number,
    quads: number,
    a: Address, // [K][8]
    panels: Address, // [quads][K][4]
    panelBytes: number, // from one quad's panel to the next
    bias: Address, // [quads][4]; 0: none
    out: Address, // [quads][4][8]
  ): void;
  /** The same for lane 0 of a only. */
  rowProduct(
    K: number,
    quads: number,
    a: Address, // [K][8]
    panels: Address, // [quads][K][4]
    panelBytes: number,
    bias: Address, // [quads][4]; 0: none
    spread: number, // 1: writes the result to all lanes; 0: to lane 0, and 0 to the others
    out: Address, // [quads][4][8]
  ): void;

  /** From z to gates, state and outputs. */
  lstmForward(
    H: number,
    hard: number, // 1: hard sigmoid
    gates: Address, // [H][4][8], z before, i f g o after
    c: Address, // [H][8], before t
    cNext: Address, // [H][8], after t
    tanhC: Address, // [H][8]
    h: Address, // [H][8]
    y: Address, // [H][8]
  ): void;
  /** From gates to dz. */
  lstmBackward(
    H: number,
    hard: number,
    gates: Address, // [H][4][8], i f g o before, dz after
    c: Address, // [H][8], before t
    tanhC: Address, // [H][8], after t
    dh: Address, // [H][8], from t+1
    dy: Address, // [H][8], from above; 0: none
    dc: Address, // [H][8], that of t+1 before, for t−1 after
  ): void;
  /** From z to state and outputs. */
  rnnForward(
    quads: number,
    relu: number, // 1: ReLU; 0: tanh
    z: Address, // [quads][4][8]
    h: Address, // [4·quads][8]
    y: Address, // [4·quads][8]
  ): void;
  /** From y to dz. */
  rnnBackward(
    quads: number,
    relu: number,
    y: Address, // [4·quads][8]
    dh: Address, // [4·quads][8], from t+1
    dy: Address, // [4·quads][8], from above; 0: none
    dz: Address, // [quads][4][8]
  ): void;
  /** to = from ∘ mask. */
  copyMasked(
    count: number,
    from: Address, // [count][8]
    mask: Address, // [count][8]; 0: a plain copy
    to: Address, // [count][8]
  ): void;

  /** Softmax cross-entropy of one group, and its gradient. */
  crossEntropy(
    count: number, // images of the group, 1 … 8
    K: number,
    logits: Address, // [K][8]
    labels: Address, // u8 [images of the training split]
    positions: Address, // uint32 [count]
    scale: number, // 1 / images of the batch
    losses: Address, // [8]
    correct: Address, // int32 [8]
    dz: Address, // [K][8]
  ): void;

  /** Records the inputs of one t for the weight gradient, one row for each image. */
  recordRows(
    J: number,
    xh: Address, // [J][8]
    rows: Address, // [ceil(J/8)][8][8]
    panelBytes: number, // from one panel of rows to the next
  ): void;
  /** Turns dz of some t into rows for the weight gradient: one for each image, or one for lane 0 only. */
  packRows(
    times: number,
    quads: number,
    dz: Address, // [times][quads][4][8]
    tBytes: number, // from one t of dz to the next
    single: number, // 1: lane 0 only
    rows: Address, // [quads][8·times][4]; single: [quads][times][4]
  ): void;
  /** sums += the share of t = from … to − 1 of one record. */
  addGradient(
    from: number,
    to: number,
    rowsPerT: number,
    panels: number,
    quads: number,
    a: Address, // [panels][rowsPerT·T][8]
    panelBytes: number, // from one panel of a to the next
    dz: Address, // [quads][rowsPerT·(to−from)][4]
    spans: Address, // int32 [panels][2]
    sums: Address, // [panels][quads][4][8], then [quads][4]
  ): void;
  /** Moves the sums to the gradient of a matrix and its bias, and leaves them 0. */
  storeGradient(
    J: number,
    quads: number,
    sums: Address, // [ceil(J/8)][quads][4][8], then [quads][4]
    dW: Address, // [quads][J][4]
    dbias: Address, // [quads][4]
    front: number, // rows at the start, and at the end, whose inputs were x − blank
    back: number,
    blank: number,
  ): void;
  /** to = Σ_lanes from. */
  sumLanes(
    count: number,
    from: Address, // [count][8]
    to: Address, // [count]
  ): void;
  /** Lane 0 of to += from. */
  addToFirstLane(
    count: number,
    from: Address, // [count]
    to: Address, // [count][8]
  ): void;

  /** Writes rows of W into panels of its transpose. */
  transpose(
    rows: number,
    quads: number,
    W: Address, // [quads][J][4], from the first of these rows on
    quadBytes: number, // from one quad of W to the next
    panels: Address, // [ceil(rows/4)][4·quads][4]
    panelBytes: number, // from one panel to the next
  ): void;
  /** The bias of a product whose inputs are x − blank. */
  shiftBias(
    J: number,
    front: number,
    back: number,
    quads: number,
    W: Address, // [quads][J][4]
    bias: Address, // [quads][4]
    blank: number,
    shifted: Address, // [quads][4]
  ): void;

  // The optimizers: p, g, m, u and v are [count], parameters, gradients and slots.
  sgd(count: number, p: Address, g: Address, rate: number): void;
  momentum(count: number, p: Address, g: Address, m: Address, rate: number, decay: number): void;
  rmsprop(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    rate: number,
    alpha: number,
    rest: number,
    epsilon: number,
  ): void;
  adam(
    count: number,
    p: Address,
    g: Address,
    m: Address,
    v: Address,
    rate: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    correction: number,
    epsilon: number,
  ): void;
  adadelta(
    count: number,
    p: Address,
    g: Address,
    v: Address,
    u: Address,
    rate: number,
    rho: number,
    rest: number,
    epsilon: number,
  ): void;
}

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
