/**
 * A chain of passes over one group of sequences: from the input to the loss and back.
 *
 * @module
 */
import type { SharedPrefix } from "../prefix.ts";
import type { CellPlan, GruPlan, PassPlan } from "../pass_plans.ts";
import { BidirectionalPass } from "./bidirectional.ts";
import { CellPass } from "./cell.ts";
import { GruPass } from "./gru.ts";
import { type GroupSequences, ImageReader, InputPass } from "./input.ts";
import { ActivationPass, DensePass, DropoutPass, LastPass, RepeatPass } from "./layers.ts";
import { LossPass, type SharedTargets } from "./loss.ts";
import { NormPass } from "./norm.ts";
import type { Group, Pass, Workspace } from "./pass.ts";
import type { RecurrentPass } from "./recurrent.ts";

/** A thread's passes. */
export class Chain {
  readonly #input: InputPass;
  /** From the input up. */
  readonly passes: readonly Pass[];
  readonly #prefix: SharedPrefix | null;
  /** Null in an engine that only predicts. */
  readonly #loss: LossPass | null;

  constructor(
    workspace: Workspace,
    { targets = null, prefix = null }: { targets?: SharedTargets | null; prefix?: SharedPrefix | null } = {},
  ) {
    const { input, passes } = workspace.plan;
    const images = input.kind === "images" ? new ImageReader(workspace) : null;
    this.#input = new InputPass(workspace);
    this.passes = passes.map((plan, index) => {
      return createPass(workspace, plan, {
        images: index === 0 ? images : null,
        shared: prefix?.cells[index] ?? null,
      });
    });
    this.#prefix = prefix;
    this.#loss = targets && new LossPass(workspace, targets);
  }

  /** The output of one group, in the memory of this chain. */
  forward(group: Group, sequences: GroupSequences): void {
    this.take(sequences);
    this.forwardThrough(group, 0, this.passes.length);
  }

  /** The losses of one group and its records of gradients. */
  train(group: Group, sequences: GroupSequences): void {
    this.forward(group, sequences);
    this.measure(group, sequences);
    this.backwardThrough(group, 0, this.passes.length);
    this.finish(group);
  }

  /** Takes the sequences of a group in: what {@link forward} begins with. */
  take(sequences: GroupSequences): void {
    this.#input.take(sequences);
    this.#input.forward();
  }

  /** Passes `from` … `to` − 1 forward. */
  forwardThrough(group: Group, from: number, to: number): void {
    for (let index = from; index < to; index++) this.passes[index].forward(group);
  }

  /** The losses of a group, and the gradient of its output. */
  measure(group: Group, { positions }: GroupSequences): void {
    this.#loss!.run(group, positions);
  }

  /** Passes `to` − 1 … `from` backward. */
  backwardThrough(group: Group, from: number, to: number): void {
    for (let index = to - 1; index >= from; index--) {
      const pass = this.passes[index];
      pass.backward(group);
      if (group.start > 0 && pass instanceof CellPass && pass.plan.shared) {
        this.#prefix!.collect(pass, group.index);
      }
    }
  }

  /** Keeps the gradient of the input: what {@link train} ends with. */
  finish(group: Group): void {
    this.#input.backward(group);
  }

  /** Replaces what the outputs are compared with. */
  aim(targets: SharedTargets): void {
    this.#loss!.aim(targets);
  }

  /** The outputs of the recurrent layer at `index` at step s, `[H,8]`. */
  outputsOf(index: number, s: number): number {
    return (this.passes[index] as RecurrentPass).y(s);
  }
}

function createPass(
  workspace: Workspace,
  plan: PassPlan,
  options: { images: ImageReader | null; shared: CellPass | null },
): Pass {
  switch (plan.kind) {
    case "bidirectional": {
      const [forward, backward] = [plan.forward, plan.backward].map((one) => createRecurrent(workspace, one));
      return new BidirectionalPass(workspace, plan, { forward, backward });
    }
    case "batchNorm":
      return new NormPass(workspace, plan);
    case "last":
      return new LastPass(workspace, plan);
    case "repeat":
      return new RepeatPass(workspace, plan);
    case "dropout":
      return new DropoutPass(workspace, plan);
    case "activation":
      return new ActivationPass(workspace, plan);
    case "dense":
      return new DensePass(workspace, plan);
    default:
      return createRecurrent(workspace, plan, options);
  }
}

function createRecurrent(
  workspace: Workspace,
  plan: CellPlan | GruPlan,
  options?: { images: ImageReader | null; shared: CellPass | null },
): RecurrentPass {
  return plan.kind === "gru" ? new GruPass(workspace, plan) : new CellPass(workspace, plan, options);
}
