/**
 * Shared prefixes: until its first line with ink, every image gives the network the same input from the same state. So
 * one row of h and c stands for all images there, on the way forward, and on the way back the gradients of all images
 * meet in it. Exact, but for the order of sums; falls away where dropout makes images differ.
 *
 * The batch is sorted by the number of blank lines in front. A group of eight starts where its first image does; the row
 * up to there is computed by every thread for itself, and its gradient by one of them.
 *
 * @module
 */
import type { Images } from "../../data/dataset.ts";
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Kernels } from "./kernels.ts";
import type { Lanes, Rows } from "./lanes.ts";
import { GROUP, type LayerPlan, type Plan } from "./plan.ts";

/** The number of blank lines in front of each image, at most all but one. */
export function countBlankLines(
  { pixels, count, height, width }: Images,
  layout: SequenceLayout,
): Uint16Array {
  const { steps, inputSize, stepStride, inputStride } = layout;
  return Uint16Array.from({ length: count }, (_, n) => {
    const start = n * height * width;
    for (let t = 0; t < steps - 1; t++) {
      for (let c = 0; c < inputSize; c++) {
        if (pixels[start + t * stepStride + c * inputStride] !== 0) return t;
      }
    }
    return steps - 1;
  });
}

/** The batch with the images of fewest blank lines first; those of as many stay in their order. */
export function sortByBlankLines(batch: Uint32Array, blankLines: Uint16Array): Uint32Array {
  return batch.toSorted((a, b) => blankLines[a] - blankLines[b]);
}

/** Where each group of a batch starts, and where its rows lie in the operands of the weight gradient. */
export interface BatchLayout {
  /** The first step of each group of eight that is its own. */
  readonly starts: ArrayLike<number>;
  /** The row of that step. */
  readonly firstRows: readonly number[];
  /** Steps of the shared row: where the last group starts. */
  readonly sharedSteps: number;
  /** The row of the shared row's last step; the step before it is the next row. */
  readonly sharedRow: number;
  readonly totalRows: number;
}

/** Lays the rows of a batch out: group by group, then the shared steps. */
export function layOutBatch(starts: ArrayLike<number>, steps: number): BatchLayout {
  const firstRows: number[] = [];
  let rows = 0, sharedSteps = 0;
  for (let group = 0; group < starts.length; group++) {
    firstRows.push(rows);
    rows += (steps - starts[group]) * GROUP;
    sharedSteps = Math.max(sharedSteps, starts[group]);
  }
  // A step of the shared row is one row; its kernels write eight, of which the next step overwrites seven.
  const totalRows = rows + (sharedSteps > 0 ? sharedSteps + GROUP - 1 : 0);
  return { starts, firstRows, sharedSteps, sharedRow: rows, totalRows };
}

/** The row that images share, in lanes of its own: all lanes alike on the way forward, lane 0 alone on the way back. */
export class SharedPrefix {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #lanes: Lanes;

  constructor({ kernels, plan, lanes }: { kernels: Kernels; plan: Plan; lanes: Lanes }) {
    this.#kernels = kernels;
    this.#plan = plan;
    this.#lanes = lanes;
  }

  /** All layers over the first `steps` blank lines; `blank` is the number that a blank pixel is. */
  forward(steps: number, blank: number): void {
    const lanes = this.#lanes;
    this.#plan.layers.forEach((layer, index) => {
      lanes.startState(layer, 0);
      for (let t = 0; t < steps; t++) {
        this.#input(layer, index, { t, blank, xh: lanes.xh(t) });
        const K = t === 0 ? layer.C : layer.J; // h is 0 at the start
        // deno-fmt-ignore
        this.#kernels.rowProduct(K, layer.quads, lanes.xh(t), layer.panels, layer.J * 16, layer.bias, 1, lanes.gates(layer, t));
        lanes.activate(layer, t);
      }
    });
  }

  /** The lanes, from which groups take their start. */
  get lanes(): Lanes {
    return this.#lanes;
  }

  /** What a group hands to the row where it starts: the sums over its images of dh and dc. */
  collect(from: Lanes, layer: LayerPlan, index: number, group: number): void {
    this.#kernels.sumLanes(layer.H, from.dh, this.#boundary(index, group, 0));
    if (layer.layer.kind === "lstm") {
      this.#kernels.sumLanes(layer.H, from.dc, this.#boundary(index, group, 1));
    }
  }

  /** The way back, once every group has handed over its part. */
  backward({ starts, sharedSteps, sharedRow, totalRows }: BatchLayout, blank: number): void {
    const { layers } = this.#plan, lanes = this.#lanes;
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index], below = layers[index - 1], isTop = index === layers.length - 1;
      const K = layer.quads * 4;
      lanes.clearCarried(layer);
      for (let t = sharedSteps - 1; t >= 0; t--) {
        this.#receive(starts, layer, index, t + 1);
        const rows = { first: sharedRow + sharedSteps - 1 - t, total: totalRows };
        lanes.slopes(layer, t, { dy: isTop ? 0 : lanes.dy(layer, t), rows });
        this.#recordInput(layer, index, { t, blank, rows });
        if (t > 0) this.#multiply(K, layer.H, layer.recurrentBack, lanes.dh);
        if (below) this.#multiply(K, layer.C, layer.inputBack, lanes.dy(below, t));
      }
    }
  }

  /** Adds what the groups that start before step `t` have handed over. */
  #receive(starts: ArrayLike<number>, layer: LayerPlan, index: number, t: number): void {
    const { dh, dc } = this.#lanes;
    for (let group = 0; group < starts.length; group++) {
      if (starts[group] !== t) continue;
      this.#kernels.addToFirstLane(layer.H, this.#boundary(index, group, 0), dh);
      if (layer.layer.kind === "lstm") {
        this.#kernels.addToFirstLane(layer.H, this.#boundary(index, group, 1), dc);
      }
    }
  }

  /** out [features,8] = the transpose of the panels' matrix times dz. */
  #multiply(K: number, features: number, panels: number, out: number): void {
    this.#kernels.rowProduct(K, Math.ceil(features / 4), this.#lanes.dz, panels, K * 16, 0, 0, out);
  }

  #input(
    { C }: LayerPlan,
    index: number,
    { t, blank, xh }: { t: number; blank: number; xh: number },
  ): void {
    if (index === 0) this.#lanes.fill(xh, C, blank);
    else this.#kernels.copyMasked(C, this.#lanes.y(this.#plan.layers[index - 1], t), 0, xh);
  }

  /** x_t beside h_{t−1} once more, for the weight gradient. */
  #recordInput(
    layer: LayerPlan,
    index: number,
    { t, blank, rows }: { t: number; blank: number; rows: Rows },
  ): void {
    const lanes = this.#lanes, xh = lanes.xh(0), h = xh + layer.C * 32;
    this.#input(layer, index, { t, blank, xh });
    if (t > 0) this.#kernels.copyMasked(layer.H, lanes.y(layer, t - 1), 0, h);
    else lanes.clear(h, layer.H * 32);
    lanes.recordRows(layer, xh, rows);
  }

  /** [layers][groups][dh, dc][H] of all threads. */
  #boundary(index: number, group: number, which: 0 | 1): number {
    const { address, layerBytes, groupBytes, arrayBytes } = this.#plan.boundaries;
    return address + index * layerBytes + group * groupBytes + which * arrayBytes;
  }
}
