/**
 * The work of one thread: the order in which passes and kernels run.
 *
 * A training step has two phases, with a barrier after each:
 *
 * 1. for each group of eight sequences: the passes of the chain forward, the loss, the passes backward (the t that all images
 *    share, see prefix.ts, are computed once before and once after);
 * 2. for a few columns of a matrix: the weight gradient over all sequences and all t, the update, and the transposed panels
 *    that the backward pass of the next step reads; or for some rows of the table of tokens.
 *
 * A free thread takes the next item of a phase. No sum is split between threads, so the bits do not depend on which thread
 * computed which item.
 *
 * @module
 */
import type { Shareable, Shared } from "../../data/shared.ts";
import { type Optimizer, stepFactors } from "../../model/optimizers.ts";
import { GradientSums, rangesOf, splitWork, type WorkItem } from "./gradient.ts";
import type { Kernels } from "./kernels.ts";
import { Chain, presentIn } from "./passes/chain.ts";
import type { SharedTargets } from "./passes/loss.ts";
import type { Group, Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import type { MatrixPlan, TransposePlan } from "./plan_matrix.ts";
import type { CellPlan, GruPlan } from "./pass_plans.ts";
import { SharedPrefix } from "./prefix.ts";
import { GROUP, QUAD, WORD } from "./strides.ts";
import type { Team } from "./team.ts";
import { applyUpdate, type Update } from "./update.ts";

/** A command, which all threads run together. */
export type Command =
  | { readonly kind: "pack" }
  | {
    readonly kind: "train";
    /** The sequences of each batch. */
    readonly counts: readonly number[];
    readonly firstStep: number;
    /** One for each batch. */
    readonly learningRates: readonly number[];
  }
  | { readonly kind: "replace"; readonly data: SharedData; readonly targets: SharedTargets }
  | { readonly kind: "gradient"; readonly count: number; readonly step: number }
  | { readonly kind: "predict" | "outputs"; readonly data: SharedData; readonly count: number };

/** Sequences in shared memory. */
export type SharedData = Shared<Shareable>;

/** A training, as the threads need it. */
export interface ThreadTraining {
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly data: SharedData;
  readonly targets: SharedTargets;
}

/** One batch of a command. */
interface Batch {
  /** Its place in the command. */
  readonly index: number;
  readonly count: number;
  /** The number of the training step. */
  readonly step: number;
}

/** One of the threads over a {@link Plan}. Thread 0 sums the losses. */
export class Thread {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  /** Null in an engine that only predicts. */
  #training: (ThreadTraining & { readonly sums: GradientSums }) | null;
  /** Null where groups share nothing. */
  readonly #prefix: SharedPrefix | null;
  readonly #chain: Chain;
  readonly #team: Team;
  readonly #rank: number;
  readonly #memory: WebAssembly.Memory;
  readonly #floats: Float32Array;
  readonly #base: number;
  readonly #workItems: readonly WorkItem[];

  constructor(
    { kernels, plan, memory, training, team, rank }: Omit<Workspace, "base"> & {
      readonly training: ThreadTraining | null;
      readonly team: Team;
      readonly rank: number;
    },
  ) {
    const { start, bytes, lanesBytes } = plan.thread, base = start + rank * bytes;
    const workspace = { kernels, plan, memory, base };
    this.#kernels = kernels;
    this.#plan = plan;
    this.#team = team;
    this.#rank = rank;
    this.#memory = memory;
    this.#floats = new Float32Array(memory.buffer);
    this.#base = base;
    this.#training = training && { ...training, sums: new GradientSums(workspace) };
    this.#prefix = plan.shared ? new SharedPrefix({ ...workspace, base: base + lanesBytes }, rank) : null;
    this.#chain = new Chain(workspace, { targets: training?.targets ?? null, prefix: this.#prefix });
    this.#workItems = splitWork(plan);
  }

  /** Does this thread's share of a command. All threads must run the same one. */
  run(command: Command): void {
    switch (command.kind) {
      case "pack":
        this.#eachItem(this.#workItems.length, (index) => this.#pack(this.#workItems[index]));
        return;
      case "replace":
        this.#training = { ...this.#training!, data: command.data, targets: command.targets };
        this.#chain.aim(command.targets);
        return;
      case "gradient":
        this.#processBatch({ index: 0, count: command.count, step: command.step }, null);
        return;
      case "train":
        command.counts.forEach((count, index) => {
          const learningRate = command.learningRates[index],
            step = command.firstStep + index,
            { optimizer } = this.#training!;
          const update = { optimizer, ...stepFactors(optimizer, { learningRate, step }) };
          this.#processBatch({ index, count, step }, update);
        });
        return;
      case "predict":
        this.#predict(command.data, command.count);
        return;
      case "outputs":
        if (this.#rank === 0) this.#writeOutputs(command.data, command.count);
        return;
    }
  }

  /** The gradient of a batch and, with `update`, one step of the optimizer. */
  #processBatch(batch: Batch, update: Update | null): void {
    const { starts: allStarts, groupsABatch, penaltyCount } = this.#plan, { index, count, step } = batch;
    const groups = Math.ceil(count / GROUP), { data, sums, seed } = this.#training!, prefix = this.#prefix;
    const starts = new Uint32Array(this.#memory.buffer, allStarts + WORD * groupsABatch * index, groups);
    const layout = { starts, sharedT: prefix ? starts[groups - 1] : 0 }, training = { step, seed };
    prefix?.forward(layout.sharedT);
    this.#eachItem(groups, (at) => {
      const group = { count, index: at, record: at, start: starts[at], training };
      this.#chain.train(group, data, this.#positionsOf(group, batch));
    }, prefix ? () => prefix.backward(layout) : undefined);
    if (this.#rank === 0) this.#sumMeasured(batch);
    this.#eachItem(this.#workItems.length, (at) => {
      const item = this.#workItems[at];
      sums.compute(item, layout);
      if (update) this.#update(item, update);
    });
    if (this.#rank === 0 && penaltyCount > 0) this.#addPenalties(index);
  }

  /** Runs the items that this thread takes, then waits for the others; the last thread to finish runs `last`. */
  #eachItem(count: number, work: (index: number) => void, last?: () => void): void {
    for (let index = this.#team.takeItem(); index < count; index = this.#team.takeItem()) work(index);
    this.#team.barrier(last);
  }

  #positionsOf(group: Group, { index }: Pick<Batch, "index">): Uint32Array {
    const { positions, batchSize } = this.#plan;
    const first = positions + WORD * (batchSize * index + GROUP * group.index);
    return new Uint32Array(this.#memory.buffer, first, presentIn(group));
  }

  #update(item: WorkItem, update: Update): void {
    for (const range of rangesOf(item)) applyUpdate(this.#kernels, this.#plan, update, range);
    this.#pack(item);
  }

  /** Updates what products read besides the parameters: transposed panels and joined biases. */
  #pack(item: WorkItem): void {
    if ("embedding" in item) return;
    const { matrix, from, to } = item, { parameters } = this.#plan;
    for (const transpose of matrix.transposes) this.#transpose(matrix, { from, to, transpose });
    if (!matrix.joined) return;
    const { J, quads, W, b, front, back, biases, blank } = matrix, panels = parameters + WORD * W;
    this.#kernels.joinBias(
      J,
      front,
      back,
      to - from,
      panels + from * J * QUAD,
      biases.length,
      quads * QUAD,
      parameters + WORD * b + from * QUAD,
      blank,
      matrix.joined + from * QUAD,
    );
  }

  /** Writes quads `from` … `to` − 1 into the panels of the transpose of some rows. */
  #transpose(
    { J, W }: MatrixPlan,
    { from, to, transpose: { row, rows, panels, panelBytes } }: {
      from: number;
      to: number;
      transpose: TransposePlan;
    },
  ): void {
    const first = this.#plan.parameters + WORD * W + (from * J + row) * QUAD;
    this.#kernels.transpose(rows, to - from, first, J * QUAD, panels + from * 4 * QUAD, panelBytes);
  }

  #predict(data: SharedData, count: number): void {
    const { answers, output: { y, yBytes, steps, features } } = this.#plan, from = (this.#base + y) / WORD;
    this.#eachItem(Math.ceil(count / GROUP), (index) => {
      const group = this.#infer(data, { count, index });
      const first = answers / WORD + GROUP * index * steps * features;
      this.#separate(presentIn(group), { steps, features, from, stepBytes: yBytes, to: first });
    });
  }

  /** Writes the last recurrent layer's outputs of one group at every t. */
  #writeOutputs(data: SharedData, count: number): void {
    const { lastRecurrent, passes, outputs } = this.#plan;
    const { T, H, yBytes } = passes[lastRecurrent] as CellPlan | GruPlan;
    this.#infer(data, { count, index: 0 });
    const from = this.#chain.outputsOf(lastRecurrent, 0) / WORD;
    this.#separate(count, { steps: T, features: H, from, stepBytes: yBytes, to: outputs / WORD });
  }

  /** Moves what a group has computed, [steps][features][8], to one row for each sequence. */
  #separate(
    present: number,
    { steps, features, from, stepBytes, to }: {
      steps: number;
      features: number;
      from: number;
      stepBytes: number;
      to: number;
    },
  ): void {
    const floats = this.#floats;
    for (let n = 0; n < present; n++) {
      for (let s = 0; s < steps; s++) {
        const at = to + (n * steps + s) * features, step = from + s * stepBytes / WORD + n;
        for (let k = 0; k < features; k++) floats[at + k] = floats[step + k * GROUP];
      }
    }
  }

  /** The forward pass without dropout. */
  #infer(data: SharedData, { count, index }: { count: number; index: number }): Group {
    const group = { count, index, record: this.#rank, start: 0, training: null };
    this.#chain.forward(group, data, this.#positionsOf(group, { index: 0 }));
    return group;
  }

  /** Sums the losses and the metrics of a batch in its order, in float64. */
  #sumMeasured({ count, index }: Batch): void {
    const { measured, measuredBytes, output: { steps } } = this.#plan;
    const results = this.#results(index), rows = Math.ceil(count / GROUP) * steps * GROUP;
    for (let measure = 0; measure < results.length; measure++) {
      const first = (measured + measure * measuredBytes) / WORD;
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += this.#floats[first + row];
      results[measure] = sum / (measure === 0 ? count * steps : steps);
    }
  }

  /** Adds the losses of the regularizers. */
  #addPenalties(index: number): void {
    const { penalties, penaltyCount } = this.#plan, results = this.#results(index);
    const losses = new Float64Array(this.#memory.buffer, penalties, penaltyCount);
    results[0] += losses.reduce((sum, loss) => sum + loss, 0);
  }

  /** The mean loss and the sums of metrics of one batch. */
  #results(index: number): Float64Array {
    const count = 1 + this.#plan.loss.metrics.length, bytes = count * Float64Array.BYTES_PER_ELEMENT;
    return new Float64Array(this.#memory.buffer, this.#plan.results + index * bytes, count);
  }
}
