/**
 * What one thread does: the order in which the kernels run.
 *
 * A training step has four phases, and all threads meet between two of them:
 *
 * 1. for each group of eight images: forward through time, loss, backward through time;
 * 2. for each few columns of a kernel: the weight gradient over all images and steps;
 * 3. for each piece of the parameters: the update;
 * 4. for each few panels: packing, which lays the new parameters out as the products read them.
 *
 * Whoever is free takes the next item of a phase. No sum is ever split between threads, so the bits do not depend on who
 * computed what.
 *
 * @module
 */
import { dropoutThreshold } from "../../random.ts";
import type { Optimizer } from "../../model/optimizers.ts";
import type { Kernels } from "./kernels.ts";
import { GROUP, type LayerPlan, type MatrixPlan, type Plan, type WorkItem } from "./plan.ts";
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
  /** Where this thread's own memory starts. */
  readonly #own: number;
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
    this.#own = plan.thread.start + rank * plan.thread.bytes;
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
        this.#computeGradient(command.count, command.step, this.#plan.positions);
        return;
      case "train":
        command.counts.forEach((count, index) => {
          const step = command.firstStep + index;
          this.#computeGradient(count, step, this.#plan.positions + 4 * this.#plan.batchSize * index);
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

  #computeGradient(count: number, step: number, positions: number): void {
    const groups = Math.ceil(count / GROUP);
    for (let group = this.#team.takeItem(); group < groups; group = this.#team.takeItem()) {
      const batch = { count, groups, group, step, positions: positions + 4 * GROUP * group };
      this.#forward(batch, { images: this.#plan.images.train, training: true });
      this.#loss(batch);
      this.#backward(batch);
    }
    this.#team.barrier();
    this.#eachItem(this.#gradientItems, (item) => this.#weightGradient(item, groups));
  }

  /** Runs the items of a phase that this thread gets, and waits for the others. */
  #eachItem(items: readonly WorkItem[], work: (item: WorkItem) => void): void {
    for (let index = this.#team.takeItem(); index < items.length; index = this.#team.takeItem()) {
      work(items[index]);
    }
    this.#team.barrier();
  }

  /** All layers over all steps for one group; leaves the head's input in headInput and its logits in logits. */
  #forward(batch: Batch, { images, training }: { images: number; training: boolean }): void {
    const { layers, head, sequence, thread } = this.#plan;
    const kernels = this.#kernels, own = this.#own;
    layers.forEach((layer, index) => {
      const maskAll = index < layers.length - 1;
      if (training && layer.layer.dropout > 0) this.#drawMasks(batch, layer, index, maskAll);
      this.#clear(own + thread.xh[0] + layer.C * 32, layer.H * 32);
      if (layer.layer.kind === "lstm") this.#clear(own + layer.c, layer.H * 32);
      for (let t = 0; t < sequence.steps; t++) {
        const xh = own + thread.xh[t & 1];
        this.#input(batch, { images, training, index, t, xh });
        if (training) this.#recordInputs(batch, layer, t, xh);
        const z = own + layer.gates + t * layer.quads * 128;
        const K = t === 0 ? layer.C : layer.J; // h is 0 at the start
        kernels.product(K, layer.quads, xh, layer.panels, layer.J * 16, layer.bias, z);
        this.#activate(layer, t, z, own + thread.xh[(t + 1) & 1] + layer.C * 32);
      }
    });
    const top = layers[layers.length - 1], last = sequence.steps - 1;
    const mask = training ? this.#maskAddress(top, last) : 0;
    kernels.copyMasked(head.J, this.#outputAddress(top, last), mask, own + thread.headInput);
    kernels.product(
      head.J,
      head.quads,
      own + thread.headInput,
      head.panels,
      head.J * 16,
      head.bias,
      own + thread.logits,
    );
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
    const { layers, sequence, scale } = this.#plan;
    const { C } = layers[index];
    if (index === 0) {
      const count = Math.min(GROUP, batch.count - GROUP * batch.group);
      const first = t * sequence.stepStride, bytes = this.#plan.images.bytes;
      // deno-fmt-ignore
      this.#kernels.gather(count, C, images, bytes, batch.positions, first, sequence.inputStride, scale, xh);
    } else {
      const below = layers[index - 1];
      const mask = training ? this.#maskAddress(below, t) : 0;
      this.#kernels.copyMasked(C, this.#outputAddress(below, t), mask, xh);
    }
  }

  #activate(layer: LayerPlan, t: number, z: number, h: number): void {
    const y = this.#outputAddress(layer, t);
    if (layer.layer.kind === "lstm") {
      const c = this.#own + layer.c + t * layer.H * 32;
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      this.#kernels.lstmForward(layer.H, hard, z, c, c + layer.H * 32, h, y);
    } else {
      this.#kernels.rnnForward(layer.quads, Number(layer.layer.activation === "relu"), z, h, y);
    }
  }

  #drawMasks(batch: Batch, layer: LayerPlan, index: number, all: boolean): void {
    const { steps } = this.#plan.sequence, { dropout } = layer.layer;
    for (let t = all ? 0 : steps - 1; t < steps; t++) {
      this.#kernels.dropoutMask(
        Math.ceil(layer.H / 4),
        batch.group * GROUP,
        t + index * 65536,
        batch.step,
        this.#seed,
        dropoutThreshold(dropout),
        1 / (1 - dropout),
        this.#maskAddress(layer, t),
      );
    }
  }

  #recordInputs(batch: Batch, matrix: MatrixPlan, t: number, xh: number): void {
    const { steps } = this.#plan.sequence;
    const rows = batch.groups * steps * GROUP, row = (batch.group * steps + t) * GROUP;
    this.#kernels.recordRows(matrix.J, xh, matrix.inputRows + row * 32, rows * 32);
  }

  /** Losses and the gradient of the logits of one group, and from there of the top layer's last output. */
  #loss(batch: Batch): void {
    const { layers, head, thread, sequence, losses, correct, trainLabels } = this.#plan;
    const own = this.#own, first = GROUP * batch.group, rows = batch.groups * GROUP;
    this.#kernels.recordRows(head.J, own + thread.headInput, head.inputRows + first * 32, rows * 32);
    this.#kernels.crossEntropy(
      Math.min(GROUP, batch.count - first),
      head.classes,
      own + thread.logits,
      trainLabels,
      batch.positions,
      1 / batch.count,
      losses + 4 * first,
      correct + 4 * first,
      own + thread.dz,
      head.dzRows + first * 16,
      rows * 16,
    );
    const top = layers[layers.length - 1], last = sequence.steps - 1;
    const dy = this.#gradientAddress(top, last);
    const K = head.quads * 4;
    this.#clear(own + thread.dz + head.classes * 32, (K - head.classes) * 32);
    this.#kernels.product(K, Math.ceil(head.J / 4), own + thread.dz, head.back, K * 16, 0, dy);
    this.#mask(top, last, dy);
  }

  #backward(batch: Batch): void {
    const { layers, sequence, thread } = this.#plan;
    const own = this.#own, dz = own + thread.dz, dh = own + thread.dh;
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index], below = layers[index - 1];
      const isTop = index === layers.length - 1, K = layer.quads * 4;
      this.#clear(dh, Math.ceil(layer.H / 4) * 128);
      this.#clear(own + thread.dc, layer.H * 32);
      for (let t = sequence.steps - 1; t >= 0; t--) {
        const hasOutput = !isTop || t === sequence.steps - 1;
        this.#slopes(batch, layer, t, hasOutput ? this.#gradientAddress(layer, t) : 0);
        if (t > 0) this.#kernels.product(K, Math.ceil(layer.H / 4), dz, layer.recurrentBack, K * 16, 0, dh);
        if (below) {
          const dy = this.#gradientAddress(below, t);
          this.#kernels.product(K, Math.ceil(layer.C / 4), dz, layer.inputBack, K * 16, 0, dy);
          this.#mask(below, t, dy);
        }
      }
    }
  }

  /** dz of one layer and step. */
  #slopes(batch: Batch, layer: LayerPlan, t: number, dy: number): void {
    const { sequence: { steps }, thread } = this.#plan, own = this.#own;
    const rows = batch.groups * steps * GROUP, row = (batch.group * steps + t) * GROUP;
    const dz = own + thread.dz, dh = own + thread.dh, to = layer.dzRows + row * 16;
    if (layer.layer.kind === "lstm") {
      const hard = Number(layer.layer.gateActivation === "hardSigmoid");
      const gates = own + layer.gates + t * layer.quads * 128;
      const c = own + layer.c + t * layer.H * 32;
      // deno-fmt-ignore
      this.#kernels.lstmBackward(layer.H, hard, gates, c, c + layer.H * 32, dh, dy, own + thread.dc, dz, to, rows * 16);
    } else {
      const relu = Number(layer.layer.activation === "relu");
      this.#kernels.rnnBackward(layer.quads, relu, this.#outputAddress(layer, t), dh, dy, dz, to, rows * 16);
    }
  }

  /** Multiplies what comes back through dropped-out outputs by their mask. */
  #mask(layer: LayerPlan, t: number, dy: number): void {
    const mask = this.#maskAddress(layer, t);
    if (mask) this.#kernels.copyMasked(layer.H, dy, mask, dy);
  }

  #weightGradient({ matrix, from, to }: WorkItem, groups: number): void {
    const { layers, head, sequence, gradients, thread } = this.#plan;
    const m: MatrixPlan = matrix < layers.length ? layers[matrix] : head;
    const rows = groups * GROUP * (matrix < layers.length ? sequence.steps : 1);
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
      this.#own + thread.block,
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
    const plan = this.#plan, groups = Math.ceil(count / GROUP);
    const out = new Float32Array(this.#memory.buffer, plan.logits, count * plan.head.classes);
    const logits = new Float32Array(
      this.#memory.buffer,
      this.#own + plan.thread.logits,
      plan.head.classes * GROUP,
    );
    for (let group = this.#team.takeItem(); group < groups; group = this.#team.takeItem()) {
      const batch = { count, groups, group, step: 0, positions: plan.positions + 4 * GROUP * group };
      this.#forward(batch, { images: plan.images[images], training: false });
      const present = Math.min(GROUP, count - GROUP * group);
      for (let n = 0; n < present; n++) {
        const at = (GROUP * group + n) * plan.head.classes;
        for (let k = 0; k < plan.head.classes; k++) out[at + k] = logits[k * GROUP + n];
      }
    }
    this.#team.barrier();
  }

  /** The top layer's outputs of one group after every step. */
  #readOutputs(images: ImageSource, count: number): void {
    const { layers, sequence: { steps }, positions } = this.#plan, top = layers[layers.length - 1];
    this.#forward({ count, groups: 1, group: 0, step: 0, positions }, {
      images: this.#plan.images[images],
      training: false,
    });
    const out = new Float32Array(this.#memory.buffer, this.#plan.outputs, count * steps * top.H);
    for (let t = 0; t < steps; t++) {
      const y = new Float32Array(this.#memory.buffer, this.#outputAddress(top, t), top.H * GROUP);
      for (let n = 0; n < count; n++) {
        for (let unit = 0; unit < top.H; unit++) out[(n * steps + t) * top.H + unit] = y[unit * GROUP + n];
      }
    }
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

  #outputAddress(layer: LayerPlan, t: number): number {
    return this.#own + layer.y + t * paddedBytes(layer);
  }

  #gradientAddress(layer: LayerPlan, t: number): number {
    return this.#own + layer.dy + t * paddedBytes(layer);
  }

  /** 0 for a layer without dropout. */
  #maskAddress(layer: LayerPlan, t: number): number {
    return layer.mask ? this.#own + layer.mask + t * paddedBytes(layer) : 0;
  }

  #clear(address: number, bytes: number): void {
    new Uint8Array(this.#memory.buffer, address, bytes).fill(0);
  }
}

/** One group of a batch. */
interface Batch {
  /** Images of the whole batch. */
  readonly count: number;
  readonly groups: number;
  /** Which group this is. */
  readonly group: number;
  /** The number of the training step, for the masks. */
  readonly step: number;
  /** Address of this group's positions. */
  readonly positions: number;
}

function paddedBytes(layer: LayerPlan): number {
  return Math.ceil(layer.H / 4) * 128;
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
