/**
 * Rounds in turn: ours, peer, ours, next peer, …, so that what disturbs the machine disturbs both of a pair.
 *
 * @module
 */
import type { Contender, OpenRequest, WorkRequest } from "./protocol.ts";
import { pairedRatio, type Spread, spreadOf } from "../support/statistics.ts";

/** A process, and what it is opened with besides the workload. */
export interface Player {
  readonly label: string;
  readonly contender: Contender;
  readonly choice?: Pick<OpenRequest, "threads" | "math">;
}

/** How long to measure. */
export interface Effort {
  /** About how long one sample is. */
  readonly sampleMs: number;
  /** Of those whose step is quicker than a sample. */
  readonly rounds: number;
  /** Of the others: one step a round. */
  readonly slowRounds: number;
}

/** What was measured of one player at one kind of work. */
export interface Cost {
  /** Milliseconds for one batch. */
  readonly ms: Spread;
  /** How many times as long as ours it takes; pairs of samples, one right after the other. */
  readonly ratio: Spread | null;
}

/** What was measured of one player, or why it was not. */
export interface Standing {
  readonly label: string;
  readonly detail: string;
  readonly software: boolean;
  readonly train: Cost | null;
  readonly forward: Cost | null;
  /** The loss of the first batch: the same number for all who compute the same. */
  readonly firstLoss: number | null;
  readonly residentBytes: number | null;
  /** Why something is missing. */
  readonly problem: string | null;
}

/** Opening and the first step may compile for long, and some peers take seconds a step. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 25; // threads that spin before they sleep have gone to sleep by then
const MOST_STEPS = 250;

/** Opens a workload with ours and a peer's process, and measures both in turn. Ours comes first in every pair. */
export async function measureStandings(
  request: Omit<OpenRequest, "op">,
  { ours, peers, train, forward }: {
    ours: Player;
    peers: readonly Player[];
    train: Effort;
    forward?: Effort;
  },
): Promise<Standing[]> {
  const entered: Entry[] = [];
  for (const player of [ours, ...peers]) entered.push(await enter(player, request));
  await measureRounds("train", entered, train);
  if (forward) await measureRounds("forward", entered, forward);
  const standings: Standing[] = [];
  for (const entry of entered) standings.push(await conclude(entry));
  return standings;
}

/** A player while it is measured. */
interface Entry {
  readonly player: Player;
  detail: string;
  software: boolean;
  firstLoss: number | null;
  problem: string | null;
  readonly samples: Record<WorkRequest["op"], { steps: number; ms: number[]; pairs: Pair[] }>;
}

type Pair = { ours: number; theirs: number };

async function enter(player: Player, request: Omit<OpenRequest, "op">): Promise<Entry> {
  const entry: Entry = {
    ...{ player, detail: player.label, software: false, firstLoss: null, problem: null },
    samples: { train: { steps: 1, ms: [], pairs: [] }, forward: { steps: 1, ms: [], pairs: [] } },
  };
  await attempt(entry, async () => {
    const { contender, choice } = player;
    const { detail, software = false } = await contender.open({ ...request, ...choice }, {
      withinMs: PATIENCE_MS,
    });
    Object.assign(entry, { detail, software });
    entry.firstLoss = (await contender.work("train", 1, { withinMs: PATIENCE_MS })).loss ?? null;
  });
  return entry;
}

async function attempt(entry: Entry, measure: () => Promise<void>): Promise<void> {
  if (entry.problem !== null) return;
  try {
    await measure();
  } catch (error) {
    entry.problem = error instanceof Error ? error.message : String(error);
  }
}

async function measureRounds(
  op: WorkRequest["op"],
  [ours, ...peers]: Entry[],
  effort: Effort,
): Promise<void> {
  for (const entry of [ours, ...peers]) await attempt(entry, () => warmUp(entry, op, effort.sampleMs));
  for (let round = 0; round < Math.max(effort.rounds, effort.slowRounds); round++) {
    for (const peer of peers.length > 0 ? peers : [null]) {
      if (peer && (peer.problem !== null || round >= roundsOf(peer, op, effort))) continue;
      if (!peer && round >= effort.rounds) continue;
      await attempt(ours, async () => {
        const our = await sample(ours, op);
        if (!peer) return;
        await attempt(peer, async () => {
          peer.samples[op].pairs.push({ ours: our, theirs: await sample(peer, op) });
        });
      });
    }
  }
}

function roundsOf({ samples }: Entry, op: WorkRequest["op"], { rounds, slowRounds }: Effort): number {
  return samples[op].steps > 1 ? rounds : slowRounds;
}

/** Finds how many steps make a sample, on warm code. */
async function warmUp({ player, samples }: Entry, op: WorkRequest["op"], sampleMs: number): Promise<void> {
  const work = async (steps: number) =>
    (await player.contender.work(op, steps, { withinMs: PATIENCE_MS })).ms;
  let steps = 1, ms = await work(1);
  while (ms < sampleMs / 2 && steps < MOST_STEPS) {
    steps = Math.min(MOST_STEPS, Math.ceil(steps * Math.min(8, sampleMs / ms)));
    ms = await work(steps);
  }
  samples[op].steps = Math.max(1, Math.min(MOST_STEPS, Math.round(steps * sampleMs / ms)));
}

async function sample({ player, samples }: Entry, op: WorkRequest["op"]): Promise<number> {
  const { steps, ms } = samples[op];
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const worked = await player.contender.work(op, steps, { withinMs: PATIENCE_MS });
  ms.push(worked.ms / steps);
  return worked.ms / steps;
}

async function conclude(entry: Entry): Promise<Standing> {
  const { player, detail, software, firstLoss, samples } = entry;
  let residentBytes: number | null = null;
  await attempt(entry, async () => {
    residentBytes = await player.contender.residentBytes();
  });
  const costOf = ({ ms, pairs }: { ms: number[]; pairs: Pair[] }): Cost | null =>
    ms.length === 0 ? null : { ms: spreadOf(ms), ratio: pairs.length === 0 ? null : pairedRatio(pairs) };
  return {
    ...{ label: player.label, detail, software, firstLoss, residentBytes, problem: entry.problem },
    train: costOf(samples.train),
    forward: costOf(samples.forward),
  };
}
