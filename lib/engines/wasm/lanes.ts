/**
 * Eight images on their way through the network together, in memory of their own: what one step of one layer calls.
 *
 * @module
 */
import { dropoutThreshold } from "../../random.ts";
import type { Kernels } from "./kernels.ts";
import { GROUP, type LayerPlan, type MatrixPlan, type Plan } from "./plan.ts";

/** Which rows of a weight gradient's operands a step writes. */
export interface Rows {
  /** The first of eight. */
  readonly first: number;
  /** Of the whole batch: from a panel to the next. */
  readonly total: number;
}

/** The activations of eight images, from address `base` on. */
export class Lanes {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #base: number;

  constructor(
    { kernels, plan, memory, base }: {
      kernels: Kernels;
      plan: Plan;
      memory: WebAssembly.Memory;
      base: number;
    },
  ) {
    this.#kernels = kernels;
    this.#plan = plan;
    this.#memory = memory;
    this.#base = base;
  }

  /** x beside h of a step, `[J,8]`; two of them take turns. */
  xh(t: number): number {
    return this.#base + this.#plan.thread.xh[t & 1];
  }

  /** ∂loss/∂h of the step at hand, `[H,8]`. */
  get dh(): number {
    return this.#base + this.#plan.thread.dh;
  }

  /** ∂loss/∂c, `[H,8]`. */
  get dc(): number {
    return this.#base + this.#plan.thread.dc;
  }

  /** Of the step at hand, `[quads,4,8]`. */
  get dz(): number {
    return this.#base + this.#plan.thread.dz;
  }

  /** z of a layer and step, then its activations, `[quads,4,8]`. */
  gates(layer: LayerPlan, t: number): number {
    return this.#base + layer.gates + t * layer.quads * 128;
  }

  /** c before step t, `[H,8]`. */
  c(layer: LayerPlan, t: number): number {
    return this.#base + layer.c + t * layer.H * 32;
  }

  /** tanh c after step t, `[H,8]`. */
  tanhC(layer: LayerPlan, t: number): number {
    return this.#base + layer.tanhC + t * layer.H * 32;
  }

  /** The outputs of a step, `[H,8]`. */
  y(layer: LayerPlan, t: number): number {
    return this.#base + layer.y + t * paddedBytes(layer);
  }

  /** ∂loss/∂y, `[H,8]`. */
  dy(layer: LayerPlan, t: number): number {
    return this.#base + layer.dy + t * paddedBytes(layer);
  }

  /** The mask of a step's outputs, `[H,8]`; 0 for a layer without dropout. */
  mask(layer: LayerPlan, t: number): number {
    return layer.mask ? this.#base + layer.mask + t * paddedBytes(layer) : 0;
  }

  /** The head's input, `[J,8]`. */
  get headInput(): number {
    return this.#base + this.#plan.thread.headInput;
  }

  /** `[quads,4,8]`. */
  get logits(): number {
    return this.#base + this.#plan.thread.logits;
  }

  /** Room for the tiles of a weight gradient. */
  get block(): number {
    return this.#base + this.#plan.thread.block;
  }

  /** The state before step `t`: 0, or what `before` holds there. */
  startState(layer: LayerPlan, t: number, before?: Lanes): void {
    const h = this.xh(t) + layer.C * 32, lstm = layer.layer.kind === "lstm";
    if (before && t > 0) {
      this.#kernels.copyMasked(layer.H, before.y(layer, t - 1), 0, h);
      if (lstm) this.#kernels.copyMasked(layer.H, before.c(layer, t), 0, this.c(layer, t));
    } else {
      this.clear(h, layer.H * 32);
      if (lstm) this.clear(this.c(layer, t), layer.H * 32);
    }
  }

  /** From z to the activations, the next state and the outputs. */
  activate(layer: LayerPlan, t: number): void {
    const z = this.gates(layer, t), h = this.xh(t + 1) + layer.C * 32, y = this.y(layer, t);
    if (layer.layer.kind === "lstm") {
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      const c = this.c(layer, t), next = this.c(layer, t + 1);
      this.#kernels.lstmForward(layer.H, hard, z, c, next, this.tanhC(layer, t), h, y);
    } else {
      this.#kernels.rnnForward(layer.quads, Number(layer.layer.activation === "relu"), z, h, y);
    }
  }

  /** dz of a step, for the products in `dz` and for the weight gradient in its rows; `dy` 0: nothing from above. */
  slopes(layer: LayerPlan, t: number, { dy, rows }: { dy: number; rows: Rows }): void {
    const to = layer.dzRows + rows.first * 16, panelBytes = rows.total * 16;
    if (layer.layer.kind === "lstm") {
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      const gates = this.gates(layer, t), c = this.c(layer, t), tanhC = this.tanhC(layer, t);
      // deno-fmt-ignore
      this.#kernels.lstmBackward(layer.H, hard, gates, c, tanhC, this.dh, dy, this.dc, this.dz, to, panelBytes);
    } else {
      const relu = Number(layer.layer.activation === "relu");
      this.#kernels.rnnBackward(layer.quads, relu, this.y(layer, t), this.dh, dy, this.dz, to, panelBytes);
    }
  }

  /** Lays a matrix's input down for its weight gradient. */
  recordRows(matrix: MatrixPlan, input: number, rows: Rows): void {
    this.#kernels.recordRows(matrix.J, input, matrix.inputRows + rows.first * 32, rows.total * 32);
  }

  /** Draws the dropout masks of a layer from step `from` on, for images `firstImage` … of a batch. */
  drawMasks(
    layer: LayerPlan,
    index: number,
    { from, firstImage, step, seed }: { from: number; firstImage: number; step: number; seed: number },
  ): void {
    const { steps } = this.#plan.sequence, { dropout } = layer.layer;
    for (let t = from; t < steps; t++) {
      this.#kernels.dropoutMask(
        Math.ceil(layer.H / 4),
        firstImage,
        t + index * 65536,
        step,
        seed,
        dropoutThreshold(dropout),
        1 / (1 - dropout),
        this.mask(layer, t),
      );
    }
  }

  /** No gradient comes from later steps. */
  clearCarried(layer: LayerPlan): void {
    this.clear(this.dh, paddedBytes(layer));
    this.clear(this.dc, layer.H * 32);
  }

  /** Sets bytes to 0. */
  clear(address: number, bytes: number): void {
    new Uint8Array(this.#memory.buffer, address, bytes).fill(0);
  }

  /** Fills `[count,8]` with one number. */
  fill(address: number, count: number, value: number): void {
    new Float32Array(this.#memory.buffer, address, count * GROUP).fill(value);
  }
}

/** Bytes of `[H,8]`, H rounded up to fours. */
export function paddedBytes(layer: LayerPlan): number {
  return Math.ceil(layer.H / 4) * 128;
}
