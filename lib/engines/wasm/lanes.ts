/**
 * Eight images that go through the network together: the kernels that one layer calls at one t.
 *
 * @module
 */
import { roundUp } from "../round_up.ts";
import type { Kernels } from "./kernels.ts";
import type { LayerPlan, MatrixPlan, Plan } from "./plan.ts";
import { GROUP, OCTET, QUAD, TILE } from "./strides.ts";

/** The inputs of a matrix that are not blank: `from` … `to` − 1 of J. */
export interface InputRange {
  readonly from: number;
  readonly to: number;
}

/** The kernels, and the memory of one thread that they compute in. */
export interface Workspace {
  readonly kernels: Kernels;
  readonly plan: Plan;
  readonly memory: WebAssembly.Memory;
  /** Where that memory starts. */
  readonly base: number;
}

/** The activations of eight images, and the record that they write. */
export class Lanes {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #rowsPerT: number;
  /** ∂loss/∂h of the current t, `[H,8]`. */
  readonly dh: number;
  /** ∂loss/∂c, `[H,8]`. */
  readonly dc: number;
  /** The head's input, `[J,8]`. */
  readonly headInput: number;
  /** The logits, `[quads,4,8]`. */
  readonly logits: number;
  /** The number of the record that these images write. */
  record = 0;

  /** @param rowsPerT Rows that each t writes to the inputs of a record: one for each lane, or one for all */
  constructor({ kernels, plan, memory, base }: Workspace, rowsPerT: 1 | typeof GROUP = GROUP) {
    this.#rowsPerT = rowsPerT;
    this.#kernels = kernels;
    this.#plan = plan;
    this.#words = new Int32Array(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#base = base;
    this.dh = base + plan.thread.dh;
    this.dc = base + plan.thread.dc;
    this.headInput = base + plan.thread.headInput;
    this.logits = base + plan.thread.logits;
  }

  /** x_t and h_{t−1}, `[J,8]`; two buffers alternate. */
  xh(t: number): number {
    return this.#base + this.#plan.thread.xh[t & 1];
  }

  /** h_{t−1} within {@link xh}, `[H,8]`. */
  h(layer: LayerPlan, t: number): number {
    return this.xh(t) + layer.front * OCTET;
  }

  /** z of a matrix at t, later its activations, later ∂loss/∂z, `[quads,4,8]`. */
  dz({ quads, records }: MatrixPlan, t: number): number {
    return records.dz + this.record * records.dzBytes + t * quads * TILE;
  }

  /** c before t, `[H,8]`. */
  c(layer: LayerPlan, t: number): number {
    return this.#base + layer.c + t * layer.H * OCTET;
  }

  /** tanh c after t, `[H,8]`. */
  tanhC(layer: LayerPlan, t: number): number {
    return this.#base + layer.tanhC + t * layer.H * OCTET;
  }

  /** The outputs at t, `[H,8]`. */
  y(layer: LayerPlan, t: number): number {
    return this.#base + layer.y + t * paddedBytes(layer);
  }

  /** ∂loss/∂y, `[H,8]`. */
  dy(layer: LayerPlan, t: number): number {
    return this.#base + layer.dy + t * paddedBytes(layer);
  }

  /** The mask of the outputs at t, `[H,8]`; 0 for a layer without dropout. */
  mask(layer: LayerPlan, t: number): number {
    return layer.mask ? this.#base + layer.mask + t * paddedBytes(layer) : 0;
  }

  /** Loads one to eight images; the lanes that are left repeat the last one. */
  takeImages(pixels: Uint8Array, positions: Uint32Array): void {
    const { imageBytes, thread } = this.#plan, images = this.#base + thread.images;
    for (let lane = 0; lane < GROUP; lane++) {
      const start = positions[Math.min(lane, positions.length - 1)] * imageBytes;
      this.#bytes.set(pixels.subarray(start, start + imageBytes), images + lane * imageBytes);
    }
    this.#kernels.interleave(imageBytes, images, this.#base + thread.pixels);
  }

  /**
   * Writes x_t of the first layer around h as x − β, where β is the blank pixel. With the bias b' = b + β 1ᵀW
   *
   *     xW + b = (x − β)W + b'
   *
   * and features that are blank in all eight images are 0: products and weight gradients skip them. Without this, a training
   * step of LSTM-64, LSTM-100×2 and RNN-128 on MNIST takes 9, 2 and 5 % longer (measured as in prefix.ts).
   *
   * @returns Which inputs are not blank
   */
  spreadInputs({ C, front, H }: LayerPlan, t: number): InputRange {
    const { sequence: { tStride, cStride }, divisor, thread } = this.#plan,
      range = this.#base + thread.range;
    const pixels = this.#base + thread.pixels + t * tStride * GROUP;
    this.#kernels.spreadInputs(C, front, H, pixels, cStride, divisor, this.xh(t), range);
    return { from: this.#words[range >>> 2], to: this.#words[(range >>> 2) + 1] };
  }

  /** Sets the state before `t` to that of `before`, or to 0. */
  startState(layer: LayerPlan, t: number, before?: Lanes): void {
    const h = this.h(layer, t), lstm = layer.layer.kind === "lstm";
    if (before && t > 0) {
      this.#kernels.copyMasked(layer.H, before.y(layer, t - 1), 0, h);
      if (lstm) this.#kernels.copyMasked(layer.H, before.c(layer, t), 0, this.c(layer, t));
    } else {
      this.clear(h, layer.H * OCTET);
      if (lstm) this.clear(this.c(layer, t), layer.H * OCTET);
    }
  }

  /** Computes the activations, the next state and the outputs from z. */
  activate(layer: LayerPlan, t: number): void {
    const z = this.dz(layer, t), h = this.h(layer, t + 1), y = this.y(layer, t);
    if (layer.layer.kind === "lstm") {
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      const c = this.c(layer, t), next = this.c(layer, t + 1);
      this.#kernels.lstmForward(layer.H, hard, z, c, next, this.tanhC(layer, t), h, y);
    } else {
      this.#kernels.rnnForward(layer.quads, Number(layer.layer.activation === "relu"), z, h, y);
    }
  }

  /** Computes dz from the activations at t; `dy` is 0 where nothing comes from above. */
  slopes(layer: LayerPlan, t: number, dy: number): void {
    const dz = this.dz(layer, t);
    if (layer.layer.kind === "lstm") {
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      const c = this.c(layer, t), tanhC = this.tanhC(layer, t);
      this.#kernels.lstmBackward(layer.H, hard, dz, c, tanhC, this.dh, dy, this.dc);
    } else {
      const relu = Number(layer.layer.activation === "relu");
      this.#kernels.rnnBackward(layer.quads, relu, this.y(layer, t), this.dh, dy, dz);
    }
  }

  /** Computes dh at t − 1, and dy of the layer below, from dz at t. */
  sendBack(layer: LayerPlan, below: LayerPlan | undefined, t: number): void {
    if (t > 0) this.#multiplyBack(layer, t, { features: layer.H, panels: layer.recurrentBack, out: this.dh });
    if (below) {
      this.#multiplyBack(layer, t, { features: layer.C, panels: layer.inputBack, out: this.dy(below, t) });
    }
  }

  /** out [features,8] = panels of a transposed matrix times dz at t. */
  #multiplyBack(
    layer: LayerPlan,
    t: number,
    { features, panels, out }: { features: number; panels: number; out: number },
  ): void {
    const K = layer.quads * 4, quads = Math.ceil(features / 4), dz = this.dz(layer, t);
    if (this.#rowsPerT === 1) this.#kernels.rowProduct(K, quads, dz, panels, K * QUAD, 0, 0, out);
    else this.#kernels.product(K, quads, dz, panels, K * QUAD, 0, out);
  }

  /** Empties the record of a matrix's inputs. */
  beginRecord({ J, records: { T, spans, spanBytes } }: MatrixPlan): void {
    const first = spans + this.record * spanBytes >>> 2, end = first + 2 * Math.ceil(J / 8);
    for (let at = first; at < end; at += 2) {
      this.#words[at] = T;
      this.#words[at + 1] = 0;
    }
  }

  /** Records the input at t for the weight gradient; only `from` … `to` − 1 is not blank. */
  recordInput({ J, records }: MatrixPlan, t: number, input: number, { from, to }: InputRange): void {
    const rows = records.inputs + this.record * records.inputBytes + t * this.#rowsPerT * OCTET;
    this.#kernels.recordRows(J, input, rows, records.T * GROUP * OCTET);
    const spans = records.spans + this.record * records.spanBytes >>> 2;
    for (let panel = from >> 3; panel << 3 < to; panel++) {
      const span = spans + 2 * panel;
      this.#words[span] = Math.min(this.#words[span], t);
      this.#words[span + 1] = Math.max(this.#words[span + 1], t + 1);
    }
  }

  /** Makes the inputs of a layer blank. */
  clearInputs({ J }: LayerPlan): void {
    this.clear(this.xh(0), J * OCTET);
    this.clear(this.xh(1), J * OCTET);
  }

  /** Sets the gradients that come from later t to 0. */
  clearCarried(layer: LayerPlan): void {
    this.clear(this.dh, paddedBytes(layer));
    this.clear(this.dc, layer.H * OCTET);
  }

  /** Sets bytes to 0. */
  clear(address: number, bytes: number): void {
    this.#bytes.fill(0, address, address + bytes);
  }
}

/** Bytes of `[H,8]`, H rounded up to a multiple of four. */
function paddedBytes(layer: LayerPlan): number {
  return roundUp(layer.H, 4) * OCTET;
}
