/**
 * A thread of the wasm engine. The first message starts it; each further one is a command, answered when it is done.
 *
 * @module
 */
import { instantiateKernels } from "./kernels.ts";
import type { Plan } from "./plan.ts";
import { type Profile, startProfile, timedKernels, TimedTeam } from "./profile.ts";
import { Team, TEAM_WORDS } from "./team.ts";
import { type Command, Thread } from "./thread.ts";
import type { ThreadTraining } from "./training_steps.ts";

/** The first message. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly plan: Plan;
  readonly training: ThreadTraining | null;
  readonly rank: number;
  readonly spins: number;
  /** Whether answers include a profile. */
  readonly profile: boolean;
}

/** What a thread answers to each message. */
export type Answer = { readonly done: true; readonly profile?: Profile } | { readonly error: string };

let thread: Thread | undefined;
let profile: Profile | undefined;

function startThread({ module, spins, profile: profiled, ...start }: Start): Thread {
  const { memory, plan } = start, { threads } = plan;
  const words = new Int32Array(memory.buffer, plan.team, TEAM_WORDS);
  const kernels = instantiateKernels(module, memory);
  if (!profiled) return new Thread({ ...start, kernels, team: new Team(words, threads, spins) });
  profile = startProfile();
  const team = new TimedTeam(words, { threads, spins, profile });
  return new Thread({ ...start, kernels: timedKernels(kernels, { plan, memory, profile }), team });
}

/** A worker's end of its channel; the types of the platform that hold here would hold in all files. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<Start | Command>) => void;
  postMessage(answer: Answer): void;
};

channel.onmessage = ({ data }) => {
  let answer: Answer;
  try {
    if (profile) Object.assign(profile, startProfile()); // the timed kernels add to this object
    if ("module" in data) thread = startThread(data);
    else thread!.run(data);
    answer = { done: true, profile };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  channel.postMessage(answer);
};
