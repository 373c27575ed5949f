/**
 * Measures in turn: ours, a peer, ours, the next peer, …, so that disturbances of the machine affect both of a pair.
 *
 * @module
 */
import type { Contender, OpenRequest, WorkRequest } from "./protocol.ts";
import { pairedRatio, type Spread, spreadOf } from "./statistics.ts";

/** A process, and what it is opened with besides the workload. */
export interface Player<Open extends object = OpenRequest> {
  readonly label: string;
  readonly contender: Contender<Open>;
  readonly choice?: Pick<OpenRequest, "threads" | "math" | "device">;
}

/** How long to measure. */
export interface Effort {
  /** The approximate length of a sample. */
  readonly sampleMs: number;
  /** For players whose step is shorter than a sample. */
  readonly rounds: number;
  /** For the others, with one step a round. */
  readonly slowRounds: number;
  /** The most steps of a sample; 250 by default. */
  readonly mostSteps?: number;
}

/** The cost of one kind of work for a player. */
export interface Cost {
  /** Milliseconds a batch. */
  readonly ms: Spread;
  /** How many times as long as ours it takes, from pairs of samples. */
  readonly ratio: Spread | null;
}

/** The measurements of a player, or why there are none. */
export interface Standing {
  readonly label: string;
  readonly detail: string;
  readonly software: boolean;
  readonly train: Cost | null;
  readonly forward: Cost | null;
  /** The loss of the first batch, equal for all that compute the same. */
  readonly firstLoss: number | null;
  readonly residentBytes: number | null;
  /** Why something is missing. */
  readonly problem: string | null;
}

/** Opening and the first step may compile for long, and some peers take seconds for a step. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 25; // until then, spinning threads have gone to sleep
const MOST_STEPS = 250;

/** Opens a workload with our process and the peers', and measures them in turn. Ours comes first in every pair. */
export async function measureStandings<Open extends object = OpenRequest>(
  request: Open,
  { ours, peers, train, forward }: {
    ours: Player<Open>;
    peers: readonly Player<Open>[];
    train: Effort;
    forward?: Effort;
  },
): Promise<Standing[]> {
  const entered: Entry<Open>[] = [];
  for (const player of [ours, ...peers]) entered.push(await enter(player, request));
  await measureRounds("train", entered, train);
  if (forward) await measureRounds("forward", entered, forward);
  const standings: Standing[] = [];
  for (const entry of entered) standings.push(await conclude(entry));
  return standings;
}

/** A player while it is being measured. */
interface Entry<Open extends object = never> {
  readonly player: Player<Open>;
  detail: string;
  software: boolean;
  firstLoss: number | null;
  problem: string | null;
  readonly samples: Record<WorkRequest["op"], { steps: number; ms: number[]; pairs: Pair[] }>;
}

type Pair = { ours: number; theirs: number };

async function enter<Open extends object>(player: Player<Open>, request: Open): Promise<Entry<Open>> {
  const entry: Entry<Open> = {
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
  const { rounds, slowRounds } = effort;
  for (const entry of [ours, ...peers]) await attempt(entry, () => warmUp(entry, op, effort));
  for (let round = 0; round < Math.max(rounds, slowRounds); round++) {
    for (const peer of peers.length > 0 ? peers : [null]) {
      const isSlow = peer?.samples[op].steps === 1;
      if ((peer && peer.problem !== null) || round >= (isSlow ? slowRounds : rounds)) continue;
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

/** Warms the code up, and finds how many steps make a sample. */
async function warmUp(
  { player, samples }: Entry,
  op: WorkRequest["op"],
  { sampleMs, mostSteps = MOST_STEPS }: Effort,
): Promise<void> {
  const work = async (steps: number) =>
    (await player.contender.work(op, steps, { withinMs: PATIENCE_MS })).ms;
  let steps = 1, ms = await work(1);
  while (ms < sampleMs / 2 && steps < mostSteps) {
    steps = Math.min(mostSteps, Math.ceil(steps * Math.min(8, sampleMs / ms)));
    ms = await work(steps);
  }
  samples[op].steps = Math.max(1, Math.min(mostSteps, Math.round(steps * sampleMs / ms)));
}

async function sample({ player, samples }: Entry, op: WorkRequest["op"]): Promise<number> {
  const { steps, ms } = samples[op];
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const worked = await player.contender.work(op, steps, { withinMs: PATIENCE_MS });
  ms.push(worked.ms / (worked.steps ?? steps));
  return ms[ms.length - 1];
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
