/**
 * What one thread does: the order in which the kernels run.
 *
 * A training step has two phases, and all threads meet after each:
 *
 * 1. for each group of eight images: forward through time, loss, backward through time (what the images share at the
 *    start, see prefix.ts, is done once before and once after);
 * 2. for a few columns of a matrix: the weight gradient over all images and all t, the update, and the transposed panels
 *    that the way back of the next step reads.
 *
 * Whoever is free takes the next item of a phase. No sum is ever split between threads, so the bits do not depend on who
 * computed what.
 *
 * @module
 */
import type { Optimizer } from "../../model/optimizers.ts";
import type { Kernels } from "./kernels.ts";
import { GradientSums, type WorkItem } from "./gradient.ts";
import { type InputRange, Lanes } from "./lanes.ts";
import { type HeadPlan, type LayerPlan, type MatrixPlan, MAX_QUADS, type Plan } from "./plan.ts";
import { SharedPrefix } from "./prefix.ts";
import { GROUP, OCTET, QUAD, WORD } from "./strides.ts";
import { applyUpdate } from "./update.ts";
import type { Team } from "./team.ts";

/** What all threads are asked to do together. */
export type Command =
  | { readonly kind: "pack" }
  | { readonly kind: "train"; readonly counts: readonly number[]; readonly firstStep: number }
  | { readonly kind: "gradient"; readonly count: number; readonly step: number }
  | { readonly kind: "predict"; readonly images: SharedBytes; readonly count: number }
  | { readonly kind: "outputs"; readonly images: SharedBytes; readonly count: number };

/** Pixels where all threads see them. */
export type SharedBytes = Uint8Array<SharedArrayBuffer>;

/** What threads are told of a training. */
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
  /** The group at hand. */
  readonly #lanes: Lanes;
  readonly #workItems: readonly WorkItem[];

  constructor(
    options: {
      kernels: Kernels;
      plan: Plan;
      training: ThreadTraining | null;
      team: Team;
      rank: number;
      memory: WebAssembly.Memory;
    },
  ) {
    const { kernels, plan, training, team, rank, memory } = options;
    this.#kernels = kernels;
    this.#plan = plan;
    this.#team = team;
    this.#rank = rank;
    this.#memory = memory;
    const { start, bytes, lanesBytes } = plan.thread, base = start + rank * bytes;
    this.#lanes = new Lanes({ kernels, plan, memory, base });
    this.#training = training && {
      ...training,
      prefix: new SharedPrefix({ kernels, plan, memory, base: base + lanesBytes, rank }),
      sums: new GradientSums({ kernels, plan, memory, base }),
    };
    this.#workItems = [...plan.layers, plan.head].flatMap((matrix) => splitWork(matrix, plan.threads));
  }

  /** Does this thread's share of a command. Every thread must be given the same one. */
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
        if (this.#rank === 0) this.#readOutputs(command.images, command.count);
        return;
    }
  }

  /** The gradient of batch `index` of the command, and one step of the optimizer, if it is to `update`. */
  #processBatch(
    index: number,
    { count, step, update }: { count: number; step: number; update: boolean },
  ): void {
    const { positions, batchSize } = this.#plan, groups = Math.ceil(count / GROUP);
    const { images, prefix, sums, optimizer } = this.#training!;
    const starts = this.#startsOf(index, groups), layout = { starts, sharedT: starts[groups - 1] };
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

  /** Runs the items of a phase that this thread gets, and waits for the others; the last thread then does `last`. */
  #eachItem(count: number, work: (index: number) => void, last?: () => void): void {
    for (let index = this.#team.takeItem(); index < count; index = this.#team.takeItem()) work(index);
    this.#team.barrier(last);
  }

  /** All layers and all t of one group; leaves the head's input in headInput and its logits in logits. */
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
   * x_t of a layer: pixels for the first, the (dropped-out) outputs of the layer below for the others.
   *
   * @returns What of it and of h beside it is not blank
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

  /** Of every t, or of the last one in the top layer, which alone is read. */
  #drawMasks(batch: Batch, layer: LayerPlan, index: number): void {
    const isTop = index === this.#plan.layers.length - 1;
    this.#lanes.drawMasks(layer, index, {
      from: isTop ? this.#plan.sequence.T - 1 : 0,
      firstImage: batch.group * GROUP,
      step: batch.step,
      seed: this.#training!.seed,
    });
  }

  /** Losses and the gradient of the logits of one group, and from there of the top layer's last output. */
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
      if (start > 0) this.#training!.prefix.collect(lanes, layer, index, batch.group);
    }
  }

  /** Multiplies what comes back through dropped-out outputs by their mask. */
  #mask(layer: LayerPlan, t: number): void {
    const mask = this.#lanes.mask(layer, t), dy = this.#lanes.dy(layer, t);
    if (mask) this.#kernels.copyMasked(layer.H, dy, mask, dy);
  }

  /** Where the groups of batch `index` of the command start. */
  #startsOf(index: number, groups: number): Uint32Array {
    const { starts, groupsABatch } = this.#plan;
    return new Uint32Array(this.#memory.buffer, starts + WORD * groupsABatch * index, groups);
  }

  #update({ matrix: { J, W, b, biasScale }, from, to }: WorkItem, optimizer: Optimizer, step: number): void {
    const update = (start: number, count: number, updateScale: number) =>
      applyUpdate(this.#kernels, this.#plan, optimizer, { start, count, updateScale, step });
    update(W + from * J * 4, (to - from) * J * 4, 1);
    update(b + from * 4, (to - from) * 4, biasScale);
  }

  /** Lays out anew what products read besides the parameters themselves. */
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

  /** Writes the columns of quads `from` … `to` − 1 to the panels of the transpose of rows `row` … `row + rows` − 1. */
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
    const groups = Math.ceil(count / GROUP);
    for (let group = this.#team.takeItem(); group < groups; group = this.#team.takeItem()) {
      this.#read(images, { count, group });
      const present = Math.min(GROUP, count - GROUP * group);
      for (let n = 0; n < present; n++) {
        const at = (GROUP * group + n) * classes;
        for (let k = 0; k < classes; k++) out[at + k] = logits[k * GROUP + n];
      }
    }
    this.#team.barrier();
  }

  /** The top layer's outputs of one group at every t. */
  #readOutputs(images: SharedBytes, count: number): void {
    const { layers, sequence: { T } } = this.#plan, top = layers[layers.length - 1];
    this.#read(images, { count, group: 0 });
    const out = this.#floats(this.#plan.outputs, count * T * top.H);
    for (let t = 0; t < T; t++) {
      const y = this.#floats(this.#lanes.y(top, t), top.H * GROUP);
      for (let n = 0; n < count; n++) {
        for (let unit = 0; unit < top.H; unit++) out[(n * T + t) * top.H + unit] = y[unit * GROUP + n];
      }
    }
  }

  /** Forward alone, without dropout. */
  #read(images: SharedBytes, { count, group }: { count: number; group: number }): void {
    const batch = { count, group, step: 0, positions: this.#plan.positions + WORD * GROUP * group, start: 0 };
    this.#lanes.record = this.#rank;
    this.#forward(batch, { images, training: false });
  }

  /** In the order of the batch, in float64. */
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
  /** The number of the training step, for the masks. */
  readonly step: number;
  /** Address of this group's positions. */
  readonly positions: number;
  /** The first t that is not shared with the other groups. */
  readonly start: number;
}

/** Pieces of a matrix that one thread takes at a time: few enough to be quick, enough to keep all threads busy. */
function splitWork(matrix: LayerPlan | HeadPlan, threads: number): WorkItem[] {
  const { quads } = matrix, most = quads >= 2 * MAX_QUADS * threads ? MAX_QUADS : MAX_QUADS / 2;
  return Array.from({ length: Math.ceil(quads / most) }, (_, piece) => ({
    matrix,
    from: piece * most,
    to: Math.min((piece + 1) * most, quads),
  }));
}
