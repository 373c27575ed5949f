/**
 * The types of the kernels.
 *
 * @module
 */
import type { InputKernels } from "./input_kernels.ts";
import type { Address, OptimizerKernels } from "./optimizer_kernels.ts";

/**
 * What assembly/index.ts exports. The comment beside each address gives the shape of its array, of float32 unless it says
 * otherwise. The equations are with the kernels.
 */
export interface Kernels extends InputKernels, OptimizerKernels {
  /** Not 0 where a multiply-add rounds once. */
  leavesOfSquare(): number;
  /** For tests of accuracy: y = f(x); f is 0 for tanh, 1 sigmoid, 2 exp, 3 ln, 4 probability. */
  evaluate(
    f: number,
    count: number,
    x: Address, // [count][4]
    y: Address, // [count][4]
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
    gate: number,
    activation: number,
    gates: Address, // [H][4][8], z before, i f g o after
    c: Address, // [H][8], before t
    cNext: Address, // [H][8], after t
    phiC: Address, // [H][8], φ(c) after t
    h: Address, // [H][8]
    y: Address, // [H][8]
  ): void;
  /** From gates to dz. */
  lstmBackward(
    H: number,
    gate: number,
    activation: number,
    gates: Address, // [H][4][8], i f g o before, dz after
    c: Address, // [H][8], before t
    phiC: Address, // [H][8], after t
    dh: Address, // [H][8], from t+1
    dy: Address, // [H][8], from above; 0: none
    dc: Address, // [H][8], that of t+1 before, for t−1 after
  ): void;
  /** From z to state and outputs. */
  rnnForward(
    quads: number,
    activation: number,
    z: Address, // [quads][4][8]
    h: Address, // [4·quads][8]
    y: Address, // [4·quads][8]
  ): void;
  /** From y to dz. */
  rnnBackward(
    quads: number,
    activation: number,
    y: Address, // [4·quads][8]
    dh: Address, // [4·quads][8], from t+1
    dy: Address, // [4·quads][8], from above; 0: none
    dz: Address, // [quads][4][8]
  ): void;
  // Those of the GRU: z r g p q, h y, dh dy carried drh and mask are [H][8]; h is that before t.
  gruGates(H: number, gate: number, z: Address, r: Address, h: Address, rh: Address): void;
  gruForward(H: number, activation: number, z: Address, g: Address, h: Address, y: Address): void;
  gruResetAfter(H: number, gate: number, z: Address, r: Address, p: Address, q: Address): void;
  gruBackward(
    H: number,
    gate: number,
    activation: number,
    z: Address,
    g: Address,
    h: Address,
    mask: Address, // of h; 0: none
    dh: Address,
    dy: Address, // from above; 0: none
    carried: Address,
  ): void;
  gruGatesBackward(
    H: number,
    gate: number,
    r: Address,
    drh: Address,
    h: Address,
    mask: Address,
    carried: Address,
  ): void;
  gruResetAfterBackward(H: number, gate: number, r: Address, p: Address, q: Address): void;

  /** to = from ∘ mask. */
  copyMasked(
    count: number,
    from: Address, // [count][8]
    mask: Address, // [count][8]; 0: a plain copy
    to: Address, // [count][8]
  ): void;
  /** to += from, both [count][8]. */
  addTo(count: number, from: Address, to: Address): void;
  /** Masked steps, forward: in lanes where read is 0, now becomes before. */
  keepMasked(
    count: number,
    read: Address, // int32 [8], 0 or −1
    before: Address, // [count][8]
    now: Address, // [count][8]
  ): void;
  /** Masked steps, backward: what belongs to lanes where read is 0 goes from d to held. */
  holdMasked(
    count: number,
    read: Address, // int32 [8], 0 or −1
    d: Address, // [count][8]
    dy: Address, // [count][8], added to d first; 0: none
    held: Address, // [count][8]
  ): void;
  /** Finds steps all of whose features are `value`, and makes these 0. */
  readUnless(
    T: number,
    C: number,
    value: number,
    x: Address, // [T][C][8]
    read: Address, // int32 [T][8], 0 or −1
  ): void;
  /** Finds steps whose token is 0. */
  readTokens(
    T: number,
    tokens: Address, // int32 [T][8]
    read: Address, // int32 [T][8], 0 or −1
  ): void;
  /** to = the merge of a and b, all [count][8]. */
  merge(kind: number, count: number, a: Address, b: Address, to: Address): void;
  /** Its gradients, all [count][8]. */
  mergeBack(kind: number, count: number, d: Address, a: Address, b: Address, da: Address, db: Address): void;
  /** y = φ(x). */
  activate(
    kind: number,
    steps: number,
    count: number,
    x: Address, // [steps], `xBytes` apart, of [count][8]
    xBytes: number,
    y: Address,
    yBytes: number,
  ): void;
  /** dx = dy ∘ φ'(x), from y. */
  activateBack(
    kind: number,
    steps: number,
    count: number,
    padded: number, // rows of dx, those past `count` become 0
    y: Address,
    yBytes: number,
    dy: Address,
    dyBytes: number,
    dx: Address,
    dxBytes: number,
  ): void;

  /** Label smoothing. */
  smooth(
    steps: number,
    K: number,
    share: number,
    y: Address, // [steps][K][8]
  ): void;
  /** The losses of one group, and their gradient. */
  loss(
    kind: number,
    steps: number,
    K: number,
    p: Address, // [steps], `pBytes` apart, of [K][8]
    pBytes: number,
    y: Address, // [steps][K][8]
    weights: Address, // [8]
    scale: number, // of the gradient: 1 / rows of the batch
    losses: Address, // [steps][8]
    d: Address, // as p
    dBytes: number,
  ): void;
  /** A metric of one group. */
  metric(
    kind: number,
    steps: number,
    K: number,
    p: Address,
    pBytes: number,
    y: Address,
    present: Address, // [8], 1 or 0
    values: Address, // [steps][8]
  ): void;

  /** Records the inputs of one t for the weight gradient, one row for each sequence. */
  recordRows(
    J: number,
    xh: Address, // [J][8]
    rows: Address, // [ceil(J/8)][8][8]
    panelBytes: number, // from one panel of rows to the next
  ): void;
  /** Turns dz of some t into rows for the weight gradient: one for each sequence, or one for lane 0 only. */
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
  /** The bias of a product: the sum of its vectors, shifted for inputs that are x − blank. */
  joinBias(
    J: number,
    front: number,
    back: number,
    quads: number,
    W: Address, // [quads][J][4]
    biases: number,
    biasBytes: number, // from one vector to the next
    bias: Address, // [quads][4]
    blank: number,
    joined: Address, // [quads][4]
  ): void;
  /** Adds the gradient of regularizers to g [count]; returns their loss. */
  regularize(count: number, p: Address, g: Address, l1: number, l2: number): number;
  /** Returns Σ g² of g [count]. */
  sumSquares(count: number, g: Address): number;
  /** g [count] times a factor. */
  scale(count: number, g: Address, factor: number): void;
  /** Cuts g [count] at −most and most. */
  cut(count: number, g: Address, most: number): void;

  /** Mean and sum of squares of each feature of a group. */
  moments(
    steps: number,
    C: number,
    x: Address, // [steps], `xBytes` apart, of [C][8]
    xBytes: number,
    present: number, // lanes that have a sequence
    to: Address, // float64 [C][2]
  ): void;
  /** Batch normalization. */
  normalize(
    steps: number,
    C: number,
    x: Address,
    xBytes: number,
    factors: Address, // [3][C]
    y: Address,
    yBytes: number,
  ): void;
  /** The sums of its gradient. */
  gradientSums(
    steps: number,
    C: number,
    x: Address,
    xBytes: number,
    dy: Address,
    dyBytes: number,
    factors: Address, // [5][C]
    to: Address, // float64 [C][2]
  ): void;
  /** Its gradient. */
  normalizeBack(
    steps: number,
    C: number,
    x: Address,
    xBytes: number,
    dy: Address,
    dyBytes: number,
    factors: Address, // [5][C]
    present: number,
    dx: Address,
    dxBytes: number,
  ): void;
}
