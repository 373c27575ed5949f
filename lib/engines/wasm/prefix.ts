/**
 * Shared prefixes: until its first line with ink, every image gives the network the same input in the same state, so one
 * row of h and c serves for all images n. With x_t = β, the blank line, for all t before the first ink:
 *
 *     h_t, c_t = layer(β, h_{t−1}, c_{t−1})               one row instead of N
 *     dh_t     = Σ_n dh_{n,t}     dc_t = Σ_n dc_{n,t}     where the images part; for earlier t, one row
 *     dW       = Σ_t βᵀ dz_t      dR = Σ_t h_{t−1}ᵀ dz_t  one row for each t instead of N
 *
 * because the backward pass is linear in dh and dc. This is exact except for the order of sums. It is not used with
 * dropout, which makes the images differ. Without it a training step of LSTM-64, LSTM-100×2 and RNN-128 on MNIST takes 16,
 * 23 and 14 % longer (one thread, medians of 21 alternating rounds).
 *
 * The batch is sorted by the number of leading blank lines, and a group of eight starts where its first image does. Every
 * thread computes the shared row for itself; the last thread to finish the groups computes its gradient.
 *
 * @module
 */
import type { Images } from "../../data/images.ts";
import type { Kernels } from "./kernels.ts";
import { type InputRange, Lanes, type Workspace } from "./lanes.ts";
import type { LayerPlan, Plan } from "./plan.ts";
import { OCTET, QUAD } from "./strides.ts";

/** How many blank lines each image begins with; at most T − 1. */
export function countBlankLines(
  { pixels, count, height, width }: Images,
  { T, C, tStride, cStride }: Plan["sequence"],
): Uint16Array {
  return Uint16Array.from({ length: count }, (_, n) => {
    const start = n * height * width;
    for (let t = 0; t < T - 1; t++) {
      for (let c = 0; c < C; c++) {
        if (pixels[start + t * tStride + c * cStride] !== 0) return t;
      }
    }
    return T - 1;
  });
}

/** Sorts a batch by its images' numbers of blank lines, fewest first; equal ones keep their order. */
export function sortByBlankLines(batch: Uint32Array, blankLines: Uint16Array): Uint32Array {
  return batch.toSorted((a, b) => blankLines[a] - blankLines[b]);
}

/** Up to which t the images of a batch share their states. */
export interface BatchLayout {
  /** The first t that each group of eight computes on its own. */
  readonly starts: ArrayLike<number>;
  /** The number of t in the shared row: where the last group starts. */
  readonly sharedT: number;
}

/** The part of a layer's input that is not blank at a blank line. */
function inputsWithoutInk({ H, J, front }: LayerPlan, index: number): InputRange {
  return index === 0 ? { from: front, to: front + H } : { from: 0, to: J };
}

/** The row that images share. All its lanes are equal in the forward pass; the backward pass uses lane 0 only. */
export class SharedPrefix {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  /** The groups start from its states. */
  readonly lanes: Lanes;
  readonly #sharedBy: Int32Array;
  readonly #rank: number;

  constructor(workspace: Workspace, rank: number) {
    const { kernels, plan, memory } = workspace;
    this.#kernels = kernels;
    this.#plan = plan;
    this.lanes = new Lanes(workspace, 1);
    this.lanes.record = plan.sharedRecord + rank;
    this.#sharedBy = new Int32Array(memory.buffer, plan.sharedBy, 1);
    this.#rank = rank;
  }

  /** All layers over the first `sharedT` blank lines. */
  forward(sharedT: number): void {
    const lanes = this.lanes;
    this.#plan.layers.forEach((layer, index) => {
      lanes.beginRecord(layer);
      if (index === 0) lanes.clearInputs(layer);
      lanes.startState(layer, 0);
      const range = inputsWithoutInk(layer, index), { from, to } = range, panels = layer.panels + from * QUAD;
      for (let t = 0; t < sharedT; t++) {
        const xh = lanes.xh(t), z = lanes.dz(layer, t);
        if (index > 0) this.#kernels.copyMasked(layer.C, lanes.y(this.#plan.layers[index - 1], t), 0, xh);
        lanes.recordInput(layer, t, xh, range);
        // deno-fmt-ignore
        this.#kernels.rowProduct(to - from, layer.quads, xh + from * OCTET, panels, layer.J * QUAD, layer.bias, 1, z);
        lanes.activate(layer, t);
      }
    });
  }

  /** Keeps what a group hands to the shared row where it starts: the sums over its images of dh and dc. */
  collect(from: Lanes, layer: LayerPlan, group: number): void {
    const { dh, dc } = boundary(layer, group);
    this.#kernels.sumLanes(layer.H, from.dh, dh);
    if (layer.layer.kind === "lstm") this.#kernels.sumLanes(layer.H, from.dc, dc);
  }

  /** The backward pass of the shared row, after every group has called {@link collect}. */
  backward({ starts, sharedT }: BatchLayout): void {
    const { layers } = this.#plan, lanes = this.lanes;
    this.#sharedBy[0] = this.#rank;
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index], below = layers[index - 1], isTop = index === layers.length - 1;
      lanes.clearCarried(layer);
      for (let t = sharedT - 1; t >= 0; t--) {
        this.#receive(starts, layer, t + 1);
        lanes.slopes(layer, t, isTop ? 0 : lanes.dy(layer, t));
        lanes.sendBack(layer, below, t);
      }
    }
  }

  /** Adds what was collected from the groups that start at `t`. */
  #receive(starts: ArrayLike<number>, layer: LayerPlan, t: number): void {
    for (let group = 0; group < starts.length; group++) {
      if (starts[group] !== t) continue;
      const { dh, dc } = boundary(layer, group);
      this.#kernels.addToFirstLane(layer.H, dh, this.lanes.dh);
      if (layer.layer.kind === "lstm") this.#kernels.addToFirstLane(layer.H, dc, this.lanes.dc);
    }
  }
}

/** The addresses of the sums that a group hands to the shared row, `[H]` each. */
function boundary(layer: LayerPlan, group: number): { dh: number; dc: number } {
  const dh = layer.boundary + 2 * group * layer.boundaryBytes;
  return { dh, dc: dh + layer.boundaryBytes };
}
