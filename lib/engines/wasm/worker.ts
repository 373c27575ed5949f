/**
 * A thread of the wasm engine. The first message starts it, every further one is a command that it answers when done.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import type { Optimizer } from "../../model/optimizers.ts";
import { instantiateKernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { startTimes, timedKernels, TimedTeam, type Times } from "./profile.ts";
import { Team, TEAM_WORDS } from "./team.ts";
import { type Command, type HeldImages, Thread } from "./thread.ts";

/** The first message. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly plan: Plan;
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly images: HeldImages;
  readonly rank: number;
  readonly spins: number;
  /** Whether the answers say where the time went. */
  readonly profile: boolean;
}

/** What a thread answers to each message. */
export type Answer = { readonly done: true; readonly times?: Times } | { readonly error: string };

let thread: Thread | undefined;
let times: Times | undefined;

function startThread({ module, spins, profile, ...start }: Start): Thread {
  const { memory, plan } = start, { threads } = plan;
  const words = new Int32Array(memory.buffer, plan.team, TEAM_WORDS);
  const kernels = instantiateKernels(module, memory);
  if (!profile) return new Thread({ ...start, kernels, team: new Team(words, threads, spins) });
  times = startTimes();
  const team = new TimedTeam(words, { threads, spins, times });
  return new Thread({ ...start, kernels: timedKernels(kernels, plan, times), team });
}

self.onmessage = ({ data }: MessageEvent<Start | Command>) => {
  let answer: Answer;
  try {
    if (times) Object.assign(times, startTimes());
    if ("module" in data) thread = startThread(data);
    else thread!.run(data);
    answer = { done: true, times };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};
