/**
 * The work of one thread: what it does of each command.
 *
 * @module
 */
import { Packing } from "./packing.ts";
import { Chain } from "./passes/chain.ts";
import type { SharedTargets } from "./passes/loss.ts";
import { type Group, presentIn, type Workspace } from "./passes/pass.ts";
import type { Plan } from "./plan.ts";
import type { CellPlan, GruPlan } from "./pass_plans.ts";
import { GROUP, WORD } from "./strides.ts";
import type { Team } from "./team.ts";
import { type SharedData, type ThreadTraining, TrainingSteps } from "./training_steps.ts";
import { splitWork, type WorkItem } from "./work_items.ts";

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

/** One of the threads over a {@link Plan}. */
export class Thread {
  readonly #plan: Plan;
  readonly #team: Team;
  readonly #rank: number;
  readonly #memory: WebAssembly.Memory;
  readonly #floats: Float32Array;
  readonly #base: number;
  /** For predictions. */
  readonly #chain: Chain;
  readonly #packing: Packing;
  readonly #items: readonly WorkItem[];
  /** Null in an engine that only predicts. */
  readonly #steps: TrainingSteps | null;

  constructor(
    { kernels, plan, memory, training, team, rank }: Omit<Workspace, "base"> & {
      readonly training: ThreadTraining | null;
      readonly team: Team;
      readonly rank: number;
    },
  ) {
    const { start, bytes } = plan.thread, base = start + rank * bytes;
    const workspace = { kernels, plan, memory, base }, packing = new Packing(workspace);
    const items = splitWork(plan);
    this.#plan = plan;
    this.#team = team;
    this.#rank = rank;
    this.#memory = memory;
    this.#floats = new Float32Array(memory.buffer);
    this.#base = base;
    this.#chain = new Chain(workspace);
    this.#packing = packing;
    this.#items = items;
    this.#steps = training && new TrainingSteps(workspace, { training, team, rank, packing, items });
  }

  /** Does this thread's share of a command. All threads must run the same one. */
  run(command: Command): void {
    switch (command.kind) {
      case "pack":
        this.#team.eachItem(this.#items.length, (index) => this.#packing.pack(this.#items[index]));
        return;
      case "replace":
        this.#steps!.replace(command.data, command.targets);
        return;
      case "gradient":
        this.#steps!.measure({ index: 0, count: command.count, step: command.step });
        return;
      case "train":
        command.counts.forEach((count, index) => {
          const batch = { index, count, step: command.firstStep + index };
          this.#steps!.take(batch, command.learningRates[index]);
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

  #predict(data: SharedData, count: number): void {
    const { answers, output: { y, yBytes, steps, features } } = this.#plan, from = (this.#base + y) / WORD;
    this.#team.eachItem(Math.ceil(count / GROUP), (index) => {
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

  /** The forward pass as it is outside training. */
  #infer(data: SharedData, { count, index }: { count: number; index: number }): Group {
    const group = { count, index, record: this.#rank, start: 0, training: null };
    const first = this.#plan.positions + WORD * GROUP * index;
    const positions = new Uint32Array(this.#memory.buffer, first, presentIn(group));
    this.#chain.forward(group, { data, positions, transforms: 0 });
    return group;
  }
}
