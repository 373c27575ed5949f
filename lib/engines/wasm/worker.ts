/**
 * A thread of the wasm engine. The first message starts it, every further one is a command that it answers when done.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import type { Optimizer } from "../../model/optimizers.ts";
import { instantiateKernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { Team, TEAM_WORDS } from "./team.ts";
import { type Command, Thread } from "./thread.ts";

/** The first message. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly plan: Plan;
  readonly optimizer: Optimizer;
  readonly seed: number;
  readonly rank: number;
  readonly spins: number;
}

/** What a thread answers to each message. */
export type Answer = { readonly done: true } | { readonly error: string };

let thread: Thread | undefined;

function startThread({ module, memory, plan, optimizer, seed, rank, spins }: Start): Thread {
  const team = new Team(new Int32Array(memory.buffer, plan.team, TEAM_WORDS), plan.threads, spins);
  return new Thread({
    kernels: instantiateKernels(module, memory),
    plan,
    optimizer,
    seed,
    team,
    rank,
    memory,
  });
}

self.onmessage = ({ data }: MessageEvent<Start | Command>) => {
  let answer: Answer = { done: true };
  try {
    if ("module" in data) thread = startThread(data);
    else thread!.run(data);
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
};
