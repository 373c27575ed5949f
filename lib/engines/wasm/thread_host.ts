/**
 * What starts a thread of the wasm engine and hands it its commands, on a worker or on the calling thread.
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

/** A thread, from its first message on. */
export class ThreadHost {
  #thread: Thread | undefined;
  #profile: Profile | undefined;

  /** Does what a message says. The first one starts the thread; each further one is a command. */
  answer(message: Start | Command): Answer {
    try {
      if (this.#profile) Object.assign(this.#profile, startProfile()); // the timed kernels add to this object
      if ("module" in message) this.#thread = this.#start(message);
      else this.#thread!.run(message);
      return { done: true, profile: this.#profile && { ...this.#profile } };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  #start({ module, spins, profile: profiled, ...start }: Start): Thread {
    const { memory, plan } = start, { threads } = plan;
    const words = new Int32Array(memory.buffer, plan.team, TEAM_WORDS);
    const kernels = instantiateKernels(module, memory);
    if (!profiled) return new Thread({ ...start, kernels, team: new Team(words, threads, spins) });
    const profile = startProfile();
    this.#profile = profile;
    const team = new TimedTeam(words, { threads, spins, profile });
    return new Thread({ ...start, kernels: timedKernels(kernels, { plan, memory, profile }), team });
  }
}
