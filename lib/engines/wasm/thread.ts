/**
 * The work of one thread: the order in which the kernels run.
 *
 * A training step has two phases, with a barrier after each:
 *
 * 1. for each group of eight images: forward through time, loss, backward through time (the t that all images share, see
 *    prefix.ts, are computed once before and once after);
 * 2. for a few columns of a matrix: the weight gradient over all images and all t, the update, and the transposed panels
 *    that the backward pass of the next step reads.
 *
 * A free thread takes the next item of a phase. No sum is split between threads, so the bits do not depend on which thread
 * computed which item.
 *
 * @module
 */
import type { Optimizer } from "../../model/optimizers.ts";
import { dropoutThreshold } from "../../random.ts";
import type { Kernels } from "./kernels.ts";
import { GradientSums, type WorkItem } from "./gradient.ts";
import { type InputRange, Lanes, type Workspace } from "./lanes.ts";
import { type HeadPlan, type LayerPlan, type MatrixPlan, MAX_QUADS, type Plan } from "./plan.ts";
import { SharedPrefix } from "./prefix.ts";
import { GROUP, OCTET, QUAD, WORD } from "./strides.ts";
import { applyUpdate } from "./update.ts";
import type { Team } from "./team.ts";

/** A command, which all threads run together. */
export type Command =
  | { readonly kind: "pack" }
  | { readonly kind: "train"; readonly counts: readonly number[]; readonly firstStep: number }
  | { readonly kind: "gradient"; readonly count: number; readonly step: number }
  | { readonly kind: "predict"; readonly images: SharedBytes; readonly count: number }
  | { readonly kind: "outputs"; readonly images: SharedBytes; readonly count: number };

/** Pixels in shared memory. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>;

/** A training, as the threads need it. */
export interface ThreadTraining {
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly images: SharedBytes;
}

/** One of the threads over a {@link Plan}. Thread 0 sums the losses. */
export class Thread {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  /** Null in an engine that only predicts. */
  readonly #training:
    | (ThreadTraining & { readonly prefix: SharedPrefix; readonly sums: GradientSums })
    | null;
  readonly #team: Team;
  readonly #rank: number;
  readonly #memory: WebAssembly.Memory;
  /** The current group. */
  readonly #lanes: Lanes;
  readonly #workItems: readonly WorkItem[];

  constructor(
    { kernels, plan, memory, training, team, rank }: Omit<Workspace, "base"> & {
      readonly training: ThreadTraining | null;
      readonly team: Team;
      readonly rank: number;
    },
  ) {
    this.#kernels = kernels;
    this.#plan = plan;
    this.#team = team;
    this.#rank = rank;
    this.#memory = memory;
    const { start, bytes, lanesBytes } = plan.thread, base = start + rank * bytes;
    const workspace = { kernels, plan, memory, base };
    this.#lanes = new Lanes(workspace);
    this.#training = training && {
      ...training,
      prefix: new SharedPrefix({ ...workspace, base: base + lanesBytes }, rank),
      sums: new GradientSums(workspace),
    };
    this.#workItems = [...plan.layers, plan.head].flatMap((matrix) => splitWork(matrix, plan.threads));
  }

  /** Does this thread's share of a command. All threads must run the same one. */
  run(command: Command): void {
    switch (command.kind) {
      case "pack":
        this.#eachItem(this.#workItems.length, (index) => this.#pack(this.#workItems[index]));
        return;
      case "gradient":
        this.#processBatch(0, { count: command.count, step: command.step, update: false });
        return;
      case "train":
        command.counts.forEach((count, index) => {
          this.#processBatch(index, { count, step: command.firstStep + index, update: true });
        });
        return;
      case "predict":
        this.#predict(command.images, command.count);
        return;
      case "outputs":
        if (this.#rank === 0) this.#writeOutputs(command.images, command.count);
        return;
    }
  }

  /** The gradient of batch `index` of the command and, with `update`, one step of the optimizer. */
  #processBatch(
    index: number,
    { count, step, update }: { count: number; step: number; update: boolean },
  ): void {
    const { positions, batchSize, starts: allStarts, groupsABatch } = this.#plan;
    const groups = Math.ceil(count / GROUP);
    const { images, prefix, sums, optimizer } = this.#training!;
    const starts = new Uint32Array(this.#memory.buffer, allStarts + WORD * groupsABatch * index, groups);
    const layout = { starts, sharedT: starts[groups - 1] };
    prefix.forward(layout.sharedT);
    this.#eachItem(groups, (group) => {
      const first = positions + WORD * (batchSize * index + GROUP * group);
      const batch = { count, group, step, positions: first, start: starts[group] };
      this.#lanes.record = group;
      this.#forward(batch, { images, training: true });
      this.#loss(batch);
      this.#backward(batch);
    }, () => prefix.backward(layout));
    if (this.#rank === 0) this.#sumLosses(count, index);
    this.#eachItem(this.#workItems.length, (index) => {
      const item = this.#workItems[index];
      sums.compute(item, layout);
      if (!update) return;
      this.#update(item, optimizer, step);
      this.#pack(item);
    });
  }

  /** Runs the items that this thread takes, then waits for the others; the last thread to finish runs `last`. */
  #eachItem(count: number, work: (index: number) => void, last?: () => void): void {
    for (let index = this.#team.takeItem(); index < count; index = this.#team.takeItem()) work(index);
    this.#team.barrier(last);
  }

  /** The forward pass of one group: all layers, all t, and the head's logits. */
  #forward(batch: Batch, { images, training }: { images: Uint8Array; training: boolean }): void {
    const { layers, head, sequence } = this.#plan, kernels = this.#kernels, lanes = this.#lanes;
    const { start } = batch, present = Math.min(GROUP, batch.count - GROUP * batch.group);
    lanes.takeImages(images, new Uint32Array(this.#memory.buffer, batch.positions, present));
    layers.forEach((layer, index) => {
      if (training && layer.layer.dropout > 0) this.#drawMasks(batch, layer, index);
      if (training) lanes.beginRecord(layer);
      lanes.startState(layer, start, this.#training?.prefix.lanes);
      for (let t = start; t < sequence.T; t++) {
        const range = this.#input(layer, { training, index, t }), { from, to } = range;
        const xh = lanes.xh(t), panels = layer.panels + from * QUAD, z = lanes.dz(layer, t);
        if (training) lanes.recordInput(layer, t, xh, range);
        kernels.product(to - from, layer.quads, xh + from * OCTET, panels, layer.J * QUAD, layer.bias, z);
        lanes.activate(layer, t);
      }
    });
    const top = layers[layers.length - 1], last = sequence.T - 1;
    kernels.copyMasked(head.J, lanes.y(top, last), training ? lanes.mask(top, last) : 0, lanes.headInput);
    kernels.product(head.J, head.quads, lanes.headInput, head.panels, head.J * QUAD, head.bias, lanes.logits);
  }

  /**
   * Writes x_t of a layer: pixels for the first layer, the outputs of the layer below, with dropout, for the others.
   *
   * @returns Which of its inputs are not blank
   */
  #input(
    layer: LayerPlan,
    { training, index, t }: { training: boolean; index: number; t: number },
  ): InputRange {
    const lanes = this.#lanes;
    if (index === 0) return lanes.spreadInputs(layer, t);
    const below = this.#plan.layers[index - 1], mask = training ? lanes.mask(below, t) : 0;
    this.#kernels.copyMasked(layer.C, lanes.y(below, t), mask, lanes.xh(t));
    return { from: 0, to: layer.J };
  }

  /** Draws the masks of every t; of the last t only in the top layer, whose other outputs are not read. */
  #drawMasks({ group, step }: Batch, layer: LayerPlan, index: number): void {
    const { layers, sequence: { T } } = this.#plan, isTop = index === layers.length - 1;
    const { dropout } = layer.layer, threshold = dropoutThreshold(dropout), scale = 1 / (1 - dropout);
    const blocks = Math.ceil(layer.H / 4), firstImage = group * GROUP, { seed } = this.#training!;
    for (let t = isTop ? T - 1 : 0; t < T; t++) {
      const mask = this.#lanes.mask(layer, t), at = t + index * 65536;
      this.#kernels.dropoutMask(blocks, firstImage, at, step, seed, threshold, scale, mask);
    }
  }

  /** The losses of one group, and their gradient for the logits and for the top layer's last output. */
  #loss(batch: Batch): void {
    const { layers, head, sequence, losses, correct, trainLabels } = this.#plan, lanes = this.#lanes;
    const first = GROUP * batch.group, dz = lanes.dz(head, 0);
    lanes.beginRecord(head);
    lanes.recordInput(head, 0, lanes.headInput, { from: 0, to: head.J });
    this.#kernels.crossEntropy(
      Math.min(GROUP, batch.count - first),
      head.classes,
      lanes.logits,
      trainLabels,
      batch.positions,
      1 / batch.count,
      losses + WORD * first,
      correct + WORD * first,
      dz,
    );
    const top = layers[layers.length - 1], last = sequence.T - 1, K = head.quads * 4;
    lanes.clear(dz + head.classes * OCTET, (K - head.classes) * OCTET);
    this.#kernels.product(K, Math.ceil(head.J / 4), dz, head.inputBack, K * QUAD, 0, lanes.dy(top, last));
    this.#mask(top, last);
  }

  /** The backward pass of one group. */
  #backward(batch: Batch): void {
    const { layers, sequence } = this.#plan, lanes = this.#lanes;
    const { start } = batch, last = sequence.T - 1;
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index], below = layers[index - 1];
      const isTop = index === layers.length - 1;
      lanes.clearCarried(layer);
      for (let t = last; t >= start; t--) {
        lanes.slopes(layer, t, !isTop || t === last ? lanes.dy(layer, t) : 0);
        lanes.sendBack(layer, below, t);
        if (below) this.#mask(below, t);
      }
      if (start > 0) this.#training!.prefix.collect(lanes, layer, batch.group);
    }
  }

  /** Multiplies the gradient of outputs with dropout by their mask. */
  #mask(layer: LayerPlan, t: number): void {
    const mask = this.#lanes.mask(layer, t), dy = this.#lanes.dy(layer, t);
    if (mask) this.#kernels.copyMasked(layer.H, dy, mask, dy);
  }

  #update({ matrix: { J, W, b, biasScale }, from, to }: WorkItem, optimizer: Optimizer, step: number): void {
    const update = (start: number, count: number, updateScale: number) =>
      applyUpdate(this.#kernels, this.#plan, optimizer, { start, count, updateScale, step });
    update(W + from * J * 4, (to - from) * J * 4, 1);
    update(b + from * 4, (to - from) * 4, biasScale);
  }

  /** Updates what products read besides the parameters: transposed panels and the shifted bias. */
  #pack({ matrix, from, to }: WorkItem): void {
    const { layers: [first], parameters, blank } = this.#plan;
    const { J, front, back, b, bias } = matrix, W = matrix.panels + from * J * QUAD;
    if ("H" in matrix) {
      this.#transpose(matrix, { from, to, row: front, rows: matrix.H, panels: matrix.recurrentBack });
    }
    if (matrix.inputBack) {
      this.#transpose(matrix, { from, to, row: 0, rows: front, panels: matrix.inputBack });
    }
    if (matrix !== first || blank === 0) return;
    const own = parameters + WORD * (b + from * 4), shifted = bias + from * QUAD;
    this.#kernels.shiftBias(J, front, back, to - from, W, own, blank, shifted);
  }

  /** Writes quads `from` … `to` − 1 into the panels of the transpose of rows `row` … `row + rows` − 1. */
  #transpose(
    { J, quads, panels: W }: MatrixPlan,
    { from, to, row, rows, panels }: { from: number; to: number; row: number; rows: number; panels: number },
  ): void {
    const first = W + (from * J + row) * QUAD;
    this.#kernels.transpose(rows, to - from, first, J * QUAD, panels + from * 4 * QUAD, quads * 4 * QUAD);
  }

  #predict(images: SharedBytes, count: number): void {
    const { classes } = this.#plan.head, out = this.#floats(this.#plan.logits, count * classes);
    const logits = this.#floats(this.#lanes.logits, classes * GROUP);
    this.#eachItem(Math.ceil(count / GROUP), (group) => {
      this.#infer(images, { count, group });
      const present = Math.min(GROUP, count - GROUP * group);
      for (let n = 0; n < present; n++) {
        const at = (GROUP * group + n) * classes;
        for (let k = 0; k < classes; k++) out[at + k] = logits[k * GROUP + n];
      }
    });
  }

  /** Writes the top layer's outputs of one group at every t. */
  #writeOutputs(images: SharedBytes, count: number): void {
    const { layers, sequence: { T } } = this.#plan, top = layers[layers.length - 1];
    this.#infer(images, { count, group: 0 });
    const out = this.#floats(this.#plan.outputs, count * T * top.H);
    for (let t = 0; t < T; t++) {
      const y = this.#floats(this.#lanes.y(top, t), top.H * GROUP);
      for (let n = 0; n < count; n++) {
        for (let unit = 0; unit < top.H; unit++) out[(n * T + t) * top.H + unit] = y[unit * GROUP + n];
      }
    }
  }

  /** The forward pass without dropout. */
  #infer(images: SharedBytes, { count, group }: { count: number; group: number }): void {
    const batch = { count, group, step: 0, positions: this.#plan.positions + WORD * GROUP * group, start: 0 };
    this.#lanes.record = this.#rank;
    this.#forward(batch, { images, training: false });
  }

  /** Sums the losses of a batch in its order, in float64. */
  #sumLosses(count: number, index: number): void {
    const { buffer } = this.#memory, plan = this.#plan;
    const losses = new Float32Array(buffer, plan.losses, count),
      correct = new Int32Array(buffer, plan.correct, count);
    const results = new Float64Array(buffer, plan.results + 2 * Float64Array.BYTES_PER_ELEMENT * index, 2);
    let loss = 0, right = 0;
    for (let n = 0; n < count; n++) {
      loss += losses[n];
      right += correct[n];
    }
    results[0] = loss / count;
    results[1] = right;
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }
}

/** One group of a batch. */
interface Batch {
  /** Images of the whole batch. */
  readonly count: number;
  /** Which group this is. */
  readonly group: number;
  /** The number of the training step, which masks depend on. */
  readonly step: number;
  /** Address of this group's positions. */
  readonly positions: number;
  /** The first t that this group computes on its own. */
  readonly start: number;
}

/** Splits a matrix into work items: few enough to be quick, enough to keep all threads busy. */
function splitWork(matrix: LayerPlan | HeadPlan, threads: number): WorkItem[] {
  const { quads } = matrix, most = quads >= 2 * MAX_QUADS * threads ? MAX_QUADS : MAX_QUADS / 2;
  return Array.from({ length: Math.ceil(quads / most) }, (_, piece) => ({
    matrix,
    from: piece * most,
    to: Math.min((piece + 1) * most, quads),
  }));
}
