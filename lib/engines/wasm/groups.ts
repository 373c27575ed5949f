/**
 * The first phase of a training step: all groups of a batch go through the chain and back.
 *
 * @module
 */
import { BatchNorms } from "./batch_norms.ts";
import { Chain } from "./passes/chain.ts";
import type { GroupSequences } from "./passes/input.ts";
import type { SharedTargets } from "./passes/loss.ts";
import type { NormPass } from "./passes/norm.ts";
import type { Group, Workspace } from "./passes/pass.ts";
import type { NormPlan } from "./pass_plans.ts";
import { type BatchLayout, SharedPrefix } from "./prefix.ts";
import type { Team } from "./team.ts";

/** The groups of one batch. */
export interface GroupsOfBatch extends BatchLayout {
  /** Sequences of the batch. */
  readonly count: number;
  groupAt(index: number): Group;
  sequencesOf(group: Group): GroupSequences;
}

/** One thread's share of the first phase. */
export interface Groups {
  /** Leaves the losses and the records of all groups; ends with a barrier. */
  run(batch: GroupsOfBatch): void;
  /** Replaces what the outputs are compared with. */
  aim(targets: SharedTargets): void;
}

/** What both kinds of groups are made of. */
interface GroupsParts {
  readonly targets: SharedTargets;
  readonly team: Team;
  /** The t that all images share, which are computed around the others; null where groups share none. */
  readonly prefix: SharedPrefix | null;
}

/** @param workspace With the memory of this thread */
export function createGroups(
  workspace: Workspace,
  { targets, team, rank }: { targets: SharedTargets; team: Team; rank: number },
): Groups {
  const { shared, norms, thread: { prefix: start, bytes } } = workspace.plan;
  const prefix = shared ? new SharedPrefix({ ...workspace, base: start + rank * bytes }, rank) : null;
  const parts = { targets, team, prefix };
  return norms.length > 0 ? new MeetingGroups(workspace, parts) : new SeparateGroups(workspace, parts);
}

/** A free thread takes the next group, through the whole chain and back. */
class SeparateGroups implements Groups {
  readonly #team: Team;
  readonly #prefix: SharedPrefix | null;
  readonly #chain: Chain;

  constructor(workspace: Workspace, { targets, team, prefix }: GroupsParts) {
    this.#team = team;
    this.#prefix = prefix;
    this.#chain = new Chain(workspace, { targets, prefix });
  }

  run(batch: GroupsOfBatch): void {
    this.#prefix?.forward(batch.sharedT);
    this.#team.eachItem(batch.starts.length, (index) => {
      const group = batch.groupAt(index);
      this.#chain.train(group, batch.sequencesOf(group));
    }, () => this.#prefix?.backward(batch));
  }

  aim(targets: SharedTargets): void {
    this.#chain.aim(targets);
  }
}

/**
 * With batch normalization all groups meet at each such layer, on the way there and back: every thread stops before it with the
 * groups that it has taken, and the last one to arrive computes what the layer needs of all.
 */
class MeetingGroups implements Groups {
  readonly #team: Team;
  readonly #prefix: SharedPrefix | null;
  readonly #norms: BatchNorms;
  /** The places of these layers in the chain. */
  readonly #places: readonly number[];
  readonly #plans: readonly NormPlan[];
  /** The passes of the chain. */
  readonly #length: number;
  /** One for each group of a batch, with its own memory. */
  readonly #chains: readonly Chain[];

  constructor(workspace: Workspace, { targets, team, prefix }: GroupsParts) {
    const { passes, norms, groupsABatch, thread: { start, bytes } } = workspace.plan;
    this.#team = team;
    this.#prefix = prefix;
    this.#norms = new BatchNorms(workspace);
    this.#plans = norms;
    this.#places = norms.map((norm) => passes.indexOf(norm));
    this.#length = passes.length;
    this.#chains = Array.from({ length: groupsABatch }, (_, group) => {
      return new Chain({ ...workspace, base: start + group * bytes }, { targets, prefix });
    });
  }

  run(batch: GroupsOfBatch): void {
    const groups = this.#start(batch), last = this.#places.length - 1;
    for (let layer = 0; layer <= last; layer++) this.#goOn(groups, { layer, count: batch.count });
    for (const group of groups) this.#chains[group.index].measure(group, batch.sequencesOf(group));
    for (let layer = last; layer >= 0; layer--) this.#goBack(groups, { layer, count: batch.count });
    for (const group of groups) {
      this.#chains[group.index].backwardThrough(group, 0, this.#places[0] + 1);
      this.#chains[group.index].finish(group);
    }
    this.#team.barrier(() => this.#prefix?.backward(batch));
  }

  aim(targets: SharedTargets): void {
    for (const chain of this.#chains) chain.aim(targets);
  }

  /** Takes groups up to the first batch normalization. @returns Those that this thread has taken */
  #start(batch: GroupsOfBatch): Group[] {
    const groups: Group[] = [];
    this.#prefix?.forward(batch.sharedT);
    this.#team.takeItems(batch.starts.length, (index) => {
      const group = batch.groupAt(index), chain = this.#chains[index];
      chain.take(batch.sequencesOf(group));
      chain.forwardThrough(group, 0, this.#places[0]);
      groups.push(group);
    });
    return groups;
  }

  /** From one of these layers up to the next one, or to the end. */
  #goOn(groups: readonly Group[], { layer, count }: { layer: number; count: number }): void {
    const place = this.#places[layer];
    for (const group of groups) this.#normAt(place, group).measure(group);
    this.#team.barrier(() => this.#norms.mergeMoments(this.#plans[layer], count));
    const end = this.#places[layer + 1] ?? this.#length;
    for (const group of groups) this.#chains[group.index].forwardThrough(group, place, end);
  }

  /** Back to one of these layers, from the next one, which is passed, or from the end. */
  #goBack(groups: readonly Group[], { layer, count }: { layer: number; count: number }): void {
    const place = this.#places[layer],
      end = Math.min((this.#places[layer + 1] ?? this.#length) + 1, this.#length);
    for (const group of groups) {
      this.#chains[group.index].backwardThrough(group, place + 1, end);
      this.#normAt(place, group).measureBack(group);
    }
    this.#team.barrier(() => this.#norms.mergeGradients(this.#plans[layer], count));
  }

  #normAt(place: number, { index }: Group): NormPass {
    return this.#chains[index].passes[place] as NormPass;
  }
}
