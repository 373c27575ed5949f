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
export interface GroupsParts {
  readonly targets: SharedTargets;
  readonly team: Team;
  readonly rank: number;
}

/** @param workspace With the memory of this thread */
export function createGroups(workspace: Workspace, parts: GroupsParts): Groups {
  return workspace.plan.norms.length > 0
    ? new MeetingGroups(workspace, parts)
    : new SeparateGroups(workspace, parts);
}

/** A free thread takes the next group, through the whole chain and back. The t that all images share are computed around that. */
class SeparateGroups implements Groups {
  readonly #team: Team;
  /** Null where groups share nothing. */
  readonly #prefix: SharedPrefix | null;
  readonly #chain: Chain;

  constructor(workspace: Workspace, { targets, team, rank }: GroupsParts) {
    const { plan, base } = workspace, forPrefix = { ...workspace, base: base + plan.thread.lanesBytes };
    this.#team = team;
    this.#prefix = plan.shared ? new SharedPrefix(forPrefix, rank) : null;
    this.#chain = new Chain(workspace, { targets, prefix: this.#prefix });
  }

  run(batch: GroupsOfBatch): void {
    const prefix = this.#prefix;
    prefix?.forward(batch.sharedT);
    this.#team.eachItem(batch.starts.length, (index) => {
      const group = batch.groupAt(index);
      this.#chain.train(group, batch.sequencesOf(group));
    }, prefix ? () => prefix.backward(batch) : undefined);
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
  readonly #norms: BatchNorms;
  /** The places of these layers in the chain. */
  readonly #places: readonly number[];
  readonly #plans: readonly NormPlan[];
  /** One for each group of a batch, with its own memory. */
  readonly #chains: readonly Chain[];

  constructor(workspace: Workspace, { targets, team }: GroupsParts) {
    const { passes, norms, groupsABatch, thread: { start, bytes } } = workspace.plan;
    this.#team = team;
    this.#norms = new BatchNorms(workspace);
    this.#plans = norms;
    this.#places = norms.map((norm) => passes.indexOf(norm));
    this.#chains = Array.from({ length: groupsABatch }, (_, group) => {
      return new Chain({ ...workspace, base: start + group * bytes }, { targets });
    });
  }

  run(batch: GroupsOfBatch): void {
    const groups = this.#start(batch), places = this.#places, { count } = batch;
    places.forEach((place, index) => {
      for (const group of groups) this.#normAt(place, group).measure(group);
      this.#team.barrier(() => this.#norms.mergeMoments(this.#plans[index], count));
      const end = places[index + 1] ?? this.#chains[0].passes.length;
      for (const group of groups) this.#chains[group.index].forwardThrough(group, place, end);
    });
    for (const group of groups) this.#chains[group.index].measure(group, batch.sequencesOf(group));
    let end = this.#chains[0].passes.length;
    places.toReversed().forEach((place, index) => {
      for (const group of groups) {
        this.#chains[group.index].backwardThrough(group, place + 1, end);
        this.#normAt(place, group).measureBack(group);
      }
      this.#team.barrier(() => this.#norms.mergeGradients(this.#plans.at(-1 - index)!, count));
      end = place + 1;
    });
    for (const group of groups) {
      this.#chains[group.index].backwardThrough(group, 0, end);
      this.#chains[group.index].finish(group);
    }
    this.#team.barrier();
  }

  aim(targets: SharedTargets): void {
    for (const chain of this.#chains) chain.aim(targets);
  }

  /** Takes groups up to the first batch normalization. @returns Those that this thread has taken */
  #start(batch: GroupsOfBatch): Group[] {
    const groups: Group[] = [];
    this.#team.takeItems(batch.starts.length, (index) => {
      const group = batch.groupAt(index), chain = this.#chains[index];
      chain.take(batch.sequencesOf(group));
      chain.forwardThrough(group, 0, this.#places[0]);
      groups.push(group);
    });
    return groups;
  }

  #normAt(place: number, { index }: Group): NormPass {
    return this.#chains[index].passes[place] as NormPass;
  }
}
