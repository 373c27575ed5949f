/**
 * Shared prefixes: until its first line with ink, every image gives a network the same input in the same state, so one
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
import type { Kernels } from "./kernels.ts";
import { CellPass } from "./passes/cell.ts";
import type { Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import type { CellPlan } from "./pass_plans.ts";
import { OCTET } from "./strides.ts";

/** Up to which t the images of a batch share their states. */
export interface BatchLayout {
  /** The first t that each group of eight computes on its own. */
  readonly starts: ArrayLike<number>;
  /** The number of t in the shared row: where the last group starts. */
  readonly sharedT: number;
}

/** The row that images share. All its lanes are equal in the forward pass; the backward pass uses lane 0 only. */
export class SharedPrefix {
  readonly #kernels: Kernels;
  readonly #sharedBy: Int32Array;
  readonly #rank: number;
  /** From the input up; the groups start from their states. */
  readonly cells: readonly CellPass[];

  /** @param workspace With memory of its own for this row */
  constructor(workspace: Workspace, rank: number) {
    const { kernels, plan, memory } = workspace;
    this.#kernels = kernels;
    this.#sharedBy = new Int32Array(memory.buffer, plan.sharedBy, 1);
    this.#rank = rank;
    this.cells = sharedCells(plan).map((cell) => new CellPass(workspace, cell, { rowsPerT: 1 }));
    for (const { matrix } of this.cells) matrix.use(plan.sharedRecord + rank);
  }

  /** All cells over the first `sharedT` blank lines. */
  forward(sharedT: number): void {
    for (const cell of this.cells) {
      const { plan: { C, H, front, from: below, matrix: { J } }, matrix } = cell;
      const from = below ? 0 : front, to = below ? J : front + H; // a blank line leaves only h
      matrix.emptySpans();
      if (!below) {
        cell.clear(cell.xh(0), J * OCTET);
        cell.clear(cell.xh(1), J * OCTET);
      }
      cell.startState(0);
      for (let t = 0; t < sharedT; t++) {
        const xh = cell.xh(t);
        if (below) this.#kernels.copyMasked(C, cell.x(t), 0, xh);
        matrix.recordRange(t, xh, from, to);
        matrix.multiplyRange(t, xh, from, to);
        cell.activate(t);
      }
    }
  }

  /** Keeps what a group hands to the shared row where it starts: the sums over its images of dh and dc. */
  collect({ dh, dc, plan }: CellPass, group: number): void {
    const to = boundary(plan, group);
    this.#kernels.sumLanes(plan.H, dh, to.dh);
    if (plan.kind === "lstm") this.#kernels.sumLanes(plan.H, dc, to.dc);
  }

  /** The backward pass of the shared row, after every group has called {@link collect}. */
  backward({ starts, sharedT }: BatchLayout): void {
    this.#sharedBy[0] = this.#rank;
    for (const cell of this.cells.toReversed()) {
      cell.beginBackward();
      for (let t = sharedT - 1; t >= 0; t--) {
        this.#receive(starts, cell, t + 1);
        cell.slopes(t, cell.dy(t));
        cell.sendBack(t, t);
      }
    }
  }

  /** Adds what was collected from the groups that start at `t`. */
  #receive(starts: ArrayLike<number>, { plan, dh, dc }: CellPass, t: number): void {
    for (let group = 0; group < starts.length; group++) {
      if (starts[group] !== t) continue;
      const from = boundary(plan, group);
      this.#kernels.addToFirstLane(plan.H, from.dh, dh);
      if (plan.kind === "lstm") this.#kernels.addToFirstLane(plan.H, from.dc, dc);
    }
  }
}

/** The cells whose groups share their first t. */
function sharedCells({ passes }: Plan): CellPlan[] {
  return passes.filter((pass): pass is CellPlan => {
    return (pass.kind === "lstm" || pass.kind === "rnn") && pass.shared;
  });
}

/** The addresses of the sums that a group hands to the shared row, `[H]` each. */
function boundary(plan: CellPlan, group: number): { dh: number; dc: number } {
  const dh = plan.boundary + 2 * group * plan.boundaryBytes;
  return { dh, dc: dh + plan.boundaryBytes };
}
