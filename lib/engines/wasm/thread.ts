/**
 * What one thread does: the order in which the kernels run.
 *
 * A training step has four phases, and all threads meet between two of them:
 *
 * 1. for each group of eight images: forward through time, loss, backward through time (what the images share at the
 *    start, see prefix.ts, is done once before and once after);
 * 2. for each few columns of a kernel: the weight gradient over all images and steps;
 * 3. for each piece of the parameters: the update;
 * 4. for each few panels: packing, which lays the new parameters out as the products read them.
 *
 * Whoever is free takes the next item of a phase. No sum is ever split between threads, so the bits do not depend on who
 * computed what.
 *
 * @module
 */
import type { Optimizer } from "../../model/optimizers.ts";
import type { Kernels } from "./kernels.ts";
import { Lanes, type Rows } from "./lanes.ts";
import { GROUP, type LayerPlan, type MatrixPlan, type Plan, type WorkItem } from "./plan.ts";
import { type BatchLayout, layOutBatch, SharedPrefix } from "./prefix.ts";
import { applyUpdate } from "./update.ts";
import type { Team } from "./team.ts";

/** What all threads are asked to do together. */
export type Command =
  | { readonly kind: "pack" }
  | { readonly kind: "train"; readonly counts: readonly number[]; readonly firstStep: number }
  | { readonly kind: "gradient"; readonly count: number; readonly step: number }
  | { readonly kind: "predict"; readonly images: ImageSource; readonly count: number }
  | { readonly kind: "outputs"; readonly images: ImageSource; readonly count: number };

/** Images that the engine holds, and those that were handed over for a prediction. */
export type ImageSource = "train" | "test" | "staged";

/** Columns of a weight gradient that are one item: a panel of inputs is read once for all of them. */
const QUADS_AN_ITEM = 4;
const PANELS_AN_ITEM = 16;
const ELEMENTS_AN_ITEM = 8192;

/** One of the threads over a {@link Plan}. Thread 0 sums the losses. */
export class Thread {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #optimizer: Optimizer;
  readonly #seed: number;
  readonly #team: Team;
  readonly #rank: number;
  readonly #memory: WebAssembly.Memory;
  /** The group at hand. */
  readonly #lanes: Lanes;
  readonly #prefix: SharedPrefix;
  readonly #gradientItems: readonly WorkItem[];
  readonly #updateItems: readonly WorkItem[];
  readonly #packItems: readonly WorkItem[];

  constructor(
    options: {
      kernels: Kernels;
      plan: Plan;
      optimizer: Optimizer;
      seed: number;
      team: Team;
      rank: number;
      memory: WebAssembly.Memory;
    },
  ) {
    const { kernels, plan, optimizer, seed, team, rank, memory } = options;
    this.#kernels = kernels;
    this.#plan = plan;
    this.#optimizer = optimizer;
    this.#seed = seed;
    this.#team = team;
    this.#rank = rank;
    this.#memory = memory;
    const { start, bytes, lanesBytes } = plan.thread, base = start + rank * bytes;
    this.#lanes = new Lanes({ kernels, plan, memory, base });
    const shared = new Lanes({ kernels, plan, memory, base: base + lanesBytes });
    this.#prefix = new SharedPrefix({ kernels, plan, lanes: shared });
    const matrices: readonly MatrixPlan[] = [...plan.layers, plan.head];
    this.#gradientItems = splitWork(matrices.map((m) => m.quads), QUADS_AN_ITEM);
    this.#packItems = splitWork(matrices.map((m) => Math.max(m.quads, Math.ceil(m.J / 4))), PANELS_AN_ITEM);
    this.#updateItems = splitWork(plan.segments.map((s) => s.count), ELEMENTS_AN_ITEM);
  }

  /** Does this thread's share of a command. Every thread must be given the same one. */
  run(command: Command): void {
    switch (command.kind) {
      case "pack":
        this.#pack();
        return;
      case "gradient":
        this.#computeGradient(command.count, command.step, 0);
        return;
      case "train":
        command.counts.forEach((count, index) => {
          const step = command.firstStep + index;
          this.#computeGradient(count, step, index);
          if (this.#rank === 0) this.#sumLosses(count, index);
          this.#update(step);
          this.#pack();
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

  /** The gradient of batch `index` of the command. */
  #computeGradient(count: number, step: number, index: number): void {
    const { positions, batchSize, sequence } = this.#plan, groups = Math.ceil(count / GROUP);
    const layout = layOutBatch(this.#startsOf(index, groups), sequence.steps);
    const blank = this.#blank;
    this.#prefix.forward(layout.sharedSteps, blank);
    for (let group = this.#team.takeItem(); group < groups; group = this.#team.takeItem()) {
      const first = positions + 4 * (batchSize * index + GROUP * group);
      const batch = { count, group, step, positions: first, layout };
      this.#forward(batch, { images: this.#plan.images.train, training: true });
      this.#loss(batch);
      this.#backward(batch);
    }
    this.#team.barrier();
    if (layout.sharedSteps > 0) {
      if (this.#rank === 0) this.#prefix.backward(layout, blank);
      this.#team.barrier();
    }
    this.#eachItem(this.#gradientItems, (item) => this.#weightGradient(item, { layout, groups }));
  }

  /** Runs the items of a phase that this thread gets, and waits for the others. */
  #eachItem(items: readonly WorkItem[], work: (item: WorkItem) => void): void {
    for (let index = this.#team.takeItem(); index < items.length; index = this.#team.takeItem()) {
      work(items[index]);
    }
    this.#team.barrier();
  }

  /** All layers over the steps of one group; leaves the head's input in headInput and its logits in logits. */
  #forward(batch: Batch, { images, training }: { images: number; training: boolean }): void {
    const { layers, head, sequence } = this.#plan, kernels = this.#kernels, lanes = this.#lanes;
    const start = batch.layout.starts[batch.group];
    layers.forEach((layer, index) => {
      if (training && layer.layer.dropout > 0) this.#drawMasks(batch, layer, index);
      lanes.startState(layer, start, this.#prefix.lanes);
      for (let t = start; t < sequence.steps; t++) {
        const xh = lanes.xh(t);
        this.#input(batch, { images, training, index, t, xh });
        if (training) lanes.recordRows(layer, xh, rowsOf(batch, t));
        const K = t === 0 ? layer.C : layer.J; // h is 0 at the start
        kernels.product(K, layer.quads, xh, layer.panels, layer.J * 16, layer.bias, lanes.gates(layer, t));
        lanes.activate(layer, t);
      }
    });
    const top = layers[layers.length - 1], last = sequence.steps - 1;
    kernels.copyMasked(head.J, lanes.y(top, last), training ? lanes.mask(top, last) : 0, lanes.headInput);
    kernels.product(head.J, head.quads, lanes.headInput, head.panels, head.J * 16, head.bias, lanes.logits);
  }

  /** x_t of a layer: pixels for the first, the (dropped-out) outputs of the layer below for the others. */
  #input(
    batch: Batch,
    { images, training, index, t, xh }: {
      images: number;
      training: boolean;
      index: number;
      t: number;
      xh: number;
    },
  ): void {
    const { layers, sequence, scale } = this.#plan, { C } = layers[index];
    if (index === 0) {
      const count = Math.min(GROUP, batch.count - GROUP * batch.group);
      const first = t * sequence.stepStride, bytes = this.#plan.images.bytes;
      // deno-fmt-ignore
      this.#kernels.gather(count, C, images, bytes, batch.positions, first, sequence.inputStride, scale, xh);
    } else {
      const below = layers[index - 1], lanes = this.#lanes;
      this.#kernels.copyMasked(C, lanes.y(below, t), training ? lanes.mask(below, t) : 0, xh);
    }
  }

  /** Of every step, or of the top layer's last one, which alone is read. */
  #drawMasks(batch: Batch, layer: LayerPlan, index: number): void {
    const isTop = index === this.#plan.layers.length - 1;
    this.#lanes.drawMasks(layer, index, {
      from: isTop ? this.#plan.sequence.steps - 1 : 0,
      firstImage: batch.group * GROUP,
      step: batch.step,
      seed: this.#seed,
    });
  }

  /** Losses and the gradient of the logits of one group, and from there of the top layer's last output. */
  #loss(batch: Batch): void {
    const { layers, head, sequence, losses, correct, trainLabels } = this.#plan, lanes = this.#lanes;
    const first = GROUP * batch.group, rows = { first, total: batch.layout.starts.length * GROUP };
    lanes.recordRows(head, lanes.headInput, rows);
    this.#kernels.crossEntropy(
      Math.min(GROUP, batch.count - first),
      head.classes,
      lanes.logits,
      trainLabels,
      batch.positions,
      1 / batch.count,
      losses + 4 * first,
      correct + 4 * first,
      lanes.dz,
      head.dzRows + first * 16,
      rows.total * 16,
    );
    const top = layers[layers.length - 1], last = sequence.steps - 1, K = head.quads * 4;
    lanes.clear(lanes.dz + head.classes * 32, (K - head.classes) * 32);
    this.#kernels.product(K, Math.ceil(head.J / 4), lanes.dz, head.back, K * 16, 0, lanes.dy(top, last));
    this.#mask(top, last);
  }

  #backward(batch: Batch): void {
    const { layers, sequence } = this.#plan, lanes = this.#lanes;
    const start = batch.layout.starts[batch.group], last = sequence.steps - 1;
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index], below = layers[index - 1], K = layer.quads * 4;
      const isTop = index === layers.length - 1;
      lanes.clearCarried(layer);
      for (let t = last; t >= start; t--) {
        const dy = !isTop || t === last ? lanes.dy(layer, t) : 0;
        lanes.slopes(layer, t, { dy, rows: rowsOf(batch, t) });
        if (t > 0) this.#multiply(K, layer.H, layer.recurrentBack, lanes.dh);
        if (below) {
          this.#multiply(K, layer.C, layer.inputBack, lanes.dy(below, t));
          this.#mask(below, t);
        }
      }
      if (start > 0) this.#prefix.collect(lanes, layer, index, batch.group);
    }
  }

  /** out [features,8] = the transpose of the panels' matrix times dz. */
  #multiply(K: number, features: number, panels: number, out: number): void {
    this.#kernels.product(K, Math.ceil(features / 4), this.#lanes.dz, panels, K * 16, 0, out);
  }

  /** Multiplies what comes back through dropped-out outputs by their mask. */
  #mask(layer: LayerPlan, t: number): void {
    const mask = this.#lanes.mask(layer, t), dy = this.#lanes.dy(layer, t);
    if (mask) this.#kernels.copyMasked(layer.H, dy, mask, dy);
  }

  /** Where the groups of batch `index` of the command start. */
  #startsOf(index: number, groups: number): Uint32Array {
    const { starts, groupsABatch } = this.#plan;
    return new Uint32Array(this.#memory.buffer, starts + 4 * groupsABatch * index, groups);
  }

  /** The number that a blank pixel is. */
  get #blank(): number {
    return new Float32Array(this.#memory.buffer, this.#plan.scale, 1)[0];
  }

  #weightGradient(
    { matrix, from, to }: WorkItem,
    { layout, groups }: { layout: BatchLayout; groups: number },
  ): void {
    const { layers, head, gradients } = this.#plan;
    const m: MatrixPlan = matrix < layers.length ? layers[matrix] : head;
    const rows = matrix < layers.length ? layout.totalRows : groups * GROUP;
    this.#kernels.weightGradient(
      rows,
      m.J,
      to - from,
      m.inputRows,
      m.dzRows + from * rows * 16,
      gradients + 4 * m.kernelOffset + from * m.quadBytes,
      m.rowBytes,
      m.quadBytes,
      m.laneBytes,
      to === m.quads ? m.valid : 4,
      gradients + 4 * m.biasOffset + from * m.quadBytes,
      this.#lanes.block,
    );
  }

  #update(step: number): void {
    this.#eachItem(this.#updateItems, ({ matrix, from, to }) => {
      const { updateScale, offset } = this.#plan.segments[matrix];
      applyUpdate(this.#kernels, this.#plan, this.#optimizer, {
        start: offset + from,
        count: to - from,
        updateScale,
        step,
      });
    });
  }

  #pack(): void {
    const { layers, head } = this.#plan;
    this.#eachItem(this.#packItems, ({ matrix, from, to }) => {
      const m: MatrixPlan = matrix < layers.length ? layers[matrix] : head;
      this.#packForward(m, from, Math.min(to, m.quads));
      if (matrix === layers.length) {
        this.#packBackward(m, { row: 0, rows: head.J, panels: head.back }, from, to);
        return;
      }
      const { C, H, recurrentBack, inputBack } = layers[matrix];
      this.#packBackward(m, { row: C, rows: H, panels: recurrentBack }, from, to);
      if (inputBack) this.#packBackward(m, { row: 0, rows: C, panels: inputBack }, from, to);
    });
  }

  #packForward(m: MatrixPlan, from: number, to: number): void {
    if (from >= to) return;
    const W = this.#plan.parameters + 4 * m.kernelOffset + from * m.quadBytes;
    const bias = this.#plan.parameters + 4 * m.biasOffset + from * m.quadBytes;
    const valid = to === m.quads ? m.valid : 4;
    // deno-fmt-ignore
    this.#kernels.packForward(m.J, to - from, W, m.rowBytes, m.quadBytes, m.laneBytes, valid, m.panels + from * m.J * 16);
    this.#kernels.packForward(
      1,
      to - from,
      bias,
      m.rowBytes,
      m.quadBytes,
      m.laneBytes,
      valid,
      m.bias + from * 16,
    );
  }

  /** Packs panels `from` … `to` − 1 (four rows each) of the transpose of rows `row` … `row + rows` − 1. */
  #packBackward(
    m: MatrixPlan,
    { row, rows, panels }: { row: number; rows: number; panels: number },
    from: number,
    to: number,
  ): void {
    const first = 4 * from, end = Math.min(4 * to, rows);
    if (first >= end) return;
    const W = this.#plan.parameters + 4 * m.kernelOffset + (row + first) * m.rowBytes;
    const out = panels + from * m.quads * 64;
    // deno-fmt-ignore
    this.#kernels.packBackward(end - first, m.quads, W, m.rowBytes, m.quadBytes, m.laneBytes, m.valid, out);
  }

  #predict(images: ImageSource, count: number): void {
    const { classes } = this.#plan.head, out = this.#floats(this.#plan.logits, count * classes);
    const logits = this.#floats(this.#lanes.logits, classes * GROUP);
    const layout = layOutBatch(new Uint32Array(Math.ceil(count / GROUP)), this.#plan.sequence.steps);
    for (let group = this.#team.takeItem(); group < layout.starts.length; group = this.#team.takeItem()) {
      this.#read(images, { count, group, layout });
      const present = Math.min(GROUP, count - GROUP * group);
      for (let n = 0; n < present; n++) {
        const at = (GROUP * group + n) * classes;
        for (let k = 0; k < classes; k++) out[at + k] = logits[k * GROUP + n];
      }
    }
    this.#team.barrier();
  }

  /** The top layer's outputs of one group after every step. */
  #readOutputs(images: ImageSource, count: number): void {
    const { layers, sequence: { steps } } = this.#plan, top = layers[layers.length - 1];
    this.#read(images, { count, group: 0, layout: layOutBatch([0], steps) });
    const out = this.#floats(this.#plan.outputs, count * steps * top.H);
    for (let t = 0; t < steps; t++) {
      const y = this.#floats(this.#lanes.y(top, t), top.H * GROUP);
      for (let n = 0; n < count; n++) {
        for (let unit = 0; unit < top.H; unit++) out[(n * steps + t) * top.H + unit] = y[unit * GROUP + n];
      }
    }
  }

  /** Forward alone, without dropout. */
  #read(images: ImageSource, chosen: { count: number; group: number; layout: BatchLayout }): void {
    const positions = this.#plan.positions + 4 * GROUP * chosen.group;
    this.#forward({ ...chosen, step: 0, positions }, { images: this.#plan.images[images], training: false });
  }

  /** In the order of the batch, in float64. */
  #sumLosses(count: number, index: number): void {
    const { buffer } = this.#memory, plan = this.#plan;
    const losses = new Float32Array(buffer, plan.losses, count),
      correct = new Int32Array(buffer, plan.correct, count);
    const results = new Float64Array(buffer, plan.results + 16 * index, 2);
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
  readonly layout: BatchLayout;
}

/** The rows of a group's step. */
function rowsOf({ group, layout: { firstRows, starts, totalRows } }: Batch, t: number): Rows {
  return { first: firstRows[group] + (t - starts[group]) * GROUP, total: totalRows };
}

/** Pieces of at most `size` of each of the things counted. */
function splitWork(counts: readonly number[], size: number): WorkItem[] {
  return counts.flatMap((count, matrix) =>
    Array.from({ length: Math.ceil(count / size) }, (_, piece): WorkItem => ({
      matrix,
      from: piece * size,
      to: Math.min((piece + 1) * size, count),
    }))
  );
}
