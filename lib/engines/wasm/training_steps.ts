/**
 * Training steps. One has two phases, with a barrier after each:
 *
 * 1. for each group of eight sequences: the passes of the chain forward, the loss, the passes backward, see groups.ts;
 * 2. for a few columns of a matrix: the weight gradient over all sequences and all t, the update, and what the passes of the next
 *    step read besides; or for some rows of the table of tokens, or for a batch normalization.
 *
 * Where the norm of the gradient is clipped, the second phase ends after the gradients, and the updates are a third one. A free
 * thread takes the next item of a phase. No sum is split between threads, so the bits do not depend on which thread computed
 * which item.
 *
 * @module
 */
import type { Shareable, Shared } from "../../data/shared.ts";
import { type Optimizer, stepFactors } from "../../model/optimizers.ts";
import { BatchNorms } from "./batch_norms.ts";
import { cutGradient, GradientNorm, scaleGradient } from "./clip.ts";
import { GradientSums } from "./gradient.ts";
import { createGroups, type Groups, type GroupsOfBatch } from "./groups.ts";
import type { Packing } from "./packing.ts";
import { type GroupSequences, TRANSFORM_BYTES } from "./passes/input.ts";
import type { SharedTargets } from "./passes/loss.ts";
import { type Group, presentIn, type Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import { GROUP, WORD } from "./strides.ts";
import type { Team } from "./team.ts";
import { applyUpdate, type Update } from "./update.ts";
import { rangesOf, type WorkItem } from "./work_items.ts";

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
export interface Batch {
  /** Its place in the command. */
  readonly index: number;
  readonly count: number;
  /** The number of the training step. */
  readonly step: number;
}

/** One thread's share of training steps. Thread 0 sums the losses. */
export class TrainingSteps {
  readonly #workspace: Workspace;
  readonly #plan: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #floats: Float32Array;
  readonly #team: Team;
  readonly #rank: number;
  readonly #groups: Groups;
  readonly #sums: GradientSums;
  readonly #norm: GradientNorm;
  readonly #batchNorms: BatchNorms;
  readonly #packing: Packing;
  readonly #items: readonly WorkItem[];
  readonly #optimizer: Optimizer;
  readonly #seed: number;
  #data: SharedData;

  constructor(
    workspace: Workspace,
    { training, team, rank, packing, items }: {
      training: ThreadTraining;
      team: Team;
      rank: number;
      packing: Packing;
      items: readonly WorkItem[];
    },
  ) {
    const { optimizer, seed, data, targets } = training, { plan, memory } = workspace;
    this.#workspace = workspace;
    this.#plan = plan;
    this.#memory = memory;
    this.#floats = new Float32Array(memory.buffer);
    this.#team = team;
    this.#rank = rank;
    this.#groups = createGroups(workspace, { targets, team, rank });
    this.#sums = new GradientSums(workspace);
    this.#norm = new GradientNorm(workspace);
    this.#batchNorms = new BatchNorms(workspace);
    this.#packing = packing;
    this.#items = items;
    this.#optimizer = optimizer;
    this.#seed = seed;
    this.#data = data;
  }

  /** Trains on other data from now on. */
  replace(data: SharedData, targets: SharedTargets): void {
    this.#data = data;
    this.#groups.aim(targets);
  }

  /** Takes one step. */
  take(batch: Batch, learningRate: number): void {
    const { step } = batch, optimizer = this.#optimizer, { clip } = this.#plan;
    const update = { optimizer, ...stepFactors(optimizer, { learningRate, step }) };
    if (clip?.kind === "norm") {
      this.#measure(batch, (item) => this.#norm.measure(item));
      const factor = this.#norm.factor(clip.most);
      this.#eachWorkItem((item) => this.#update(item, update, factor));
    } else this.#measure(batch, (item) => this.#update(item, update, 1));
  }

  /** Computes the gradient of a batch. */
  measure(batch: Batch): void {
    this.#measure(batch, () => {});
  }

  /** The losses and the gradient of a batch; `then` runs after the gradient of each item. */
  #measure(batch: Batch, then: (item: WorkItem) => void): void {
    const groups = this.#groupsOf(batch);
    this.#groups.run(groups);
    if (this.#rank === 0) this.#sumMeasured(batch);
    this.#eachWorkItem((item) => {
      this.#sums.compute(item, groups);
      then(item);
    });
    if (this.#rank === 0 && this.#plan.penaltyCount > 0) this.#addPenalties(batch);
  }

  #eachWorkItem(work: (item: WorkItem) => void): void {
    this.#team.eachItem(this.#items.length, (index) => work(this.#items[index]));
  }

  #groupsOf(batch: Batch): GroupsOfBatch {
    const { starts: allStarts, groupsABatch, shared } = this.#plan, { index, count, step } = batch;
    const groups = Math.ceil(count / GROUP), training = { step, seed: this.#seed };
    const starts = new Uint32Array(this.#memory.buffer, allStarts + WORD * groupsABatch * index, groups);
    return {
      count,
      starts,
      sharedT: shared ? starts[groups - 1] : 0,
      groupAt: (at) => ({ count, index: at, record: at, start: starts[at], training }),
      sequencesOf: (group) => this.#sequencesOf(group, batch),
    };
  }

  #sequencesOf(group: Group, { index }: Batch): GroupSequences {
    const { positions, batchSize, input: { transform } } = this.#plan;
    const first = batchSize * index + GROUP * group.index;
    return {
      data: this.#data,
      positions: new Uint32Array(this.#memory.buffer, positions + WORD * first, presentIn(group)),
      transforms: transform ? transform.transforms + TRANSFORM_BYTES * first : 0,
    };
  }

  /** Clips and updates. @param factor Of the gradient */
  #update(item: WorkItem, update: Update, factor: number): void {
    const { kernels } = this.#workspace, plan = this.#plan, { clip } = plan;
    for (const range of rangesOf(item)) {
      if (clip?.kind === "norm") scaleGradient(kernels, plan, range, factor);
      if (clip?.kind === "value") cutGradient(kernels, plan, range, clip.most);
      applyUpdate(kernels, plan, update, range);
    }
    if ("norm" in item) this.#batchNorms.moveAverages(item.norm);
    this.#packing.pack(item);
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
  #addPenalties({ index }: Batch): void {
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
