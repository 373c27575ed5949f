/**
 * Has a sweep trained by workers: gives their queue what is missing, and believes what comes back only as far as it can be checked.
 *
 * @module
 */
import { excerpt, messageOf, printable } from "../../../run.ts";
import { describeCombination } from "../combinations.ts";
import { type Failures, isDiskFault } from "../local.ts";
import { parseResult, type Result } from "../results.ts";
import type { SessionHooks } from "../session.ts";
import type { SweepStore } from "../store.ts";
import type { Training } from "../training.ts";
import type { Address } from "./address.ts";
import { receiveRun } from "./artefacts.ts";
import { ExchangeProcess } from "./exchange_process.ts";
import type { Job } from "./job.ts";
import type { FromGiver, JobSpec, ToGiver } from "./messages.ts";

/** One of so many trainings is done by a second worker too. */
const CHECKED_SHARE = 1 / 20;
/** How long no worker, or no second one, may be there before it is said, or not waited for any longer. */
const PATIENCE_MS = 5_000;

/** Shown of what a worker says. */
const MOST_CHARACTERS = 500;

/** Where the queue is, and how its jobs go there. */
export interface QueueOptions {
  readonly store: SweepStore;
  readonly address: Address;
  readonly version: string;
  /** BullMQ's: 1 comes first, 0 before all others. */
  readonly priority: number;
}

/** Two workers that say different things of one training, or one that says what its own model belies. */
export interface Disagreement {
  readonly workers: readonly string[];
  readonly message: string;
}

/** Trains what has no result yet on the workers of a queue. */
export async function trainOnQueue(
  trainings: readonly Training[],
  options: QueueOptions,
  hooks: SessionHooks,
): Promise<Failures> {
  const { address, version } = options;
  if (trainings.every(({ key }) => hooks.results.has(key))) return new Map();
  const exchange = new ExchangeProcess<FromGiver, ToGiver>({ address, version, role: "give" });
  const coordinator = new Coordinator(trainings, options, {
    ...hooks,
    say: (message) => exchange.say(message),
  });
  const stop = () => exchange.say({ say: "close" });
  hooks.interrupt.signal.addEventListener("abort", () => {
    hooks.warn("Stopping; the workers go on with what is in the queue; Ctrl-C again exits at once");
    stop();
  });
  for await (const told of exchange.told()) {
    if (hooks.interrupt.signal.aborted) continue;
    await coordinator.hear(told);
    if (coordinator.isDone) stop();
  }
  return coordinator.failures;
}

/** The trainings that a second worker does too: the same ones for every sweep that plans the same. */
export function chooseChecked(trainings: readonly Training[]): Set<string> {
  const keys = trainings.map(({ key }) => key).sort();
  return new Set(keys.slice(0, Math.ceil(keys.length * CHECKED_SHARE)));
}

type Hooks = SessionHooks & { readonly say: (message: FromGiver) => void };

/** Keeps count: each training once, whoever did it, and however often it was done. */
export class Coordinator {
  readonly failures = new Map<string, { trainings: Training[]; code: number }>();
  readonly #options: QueueOptions;
  readonly #hooks: Hooks;
  readonly #all: ReadonlyMap<string, Training>;
  readonly #checked: ReadonlySet<string>;
  /** What is in the queue: trainings, and those that are checked. */
  readonly #open = new Set<string>();
  readonly #checks = new Set<string>();
  readonly #off = new Set<string>();
  #isReady = false;
  #alone: { since: number; told: boolean } = { since: Date.now(), told: false };

  constructor(trainings: readonly Training[], options: QueueOptions, hooks: Hooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#all = new Map(trainings.map((training) => [training.key, training]));
    this.#checked = chooseChecked(trainings);
  }

  /** Whether nothing is waited for. */
  get isDone(): boolean {
    return this.#isReady && this.#open.size === 0 && this.#checks.size === 0;
  }

  /** Takes what the exchange tells. */
  async hear(told: ToGiver): Promise<void> {
    switch (told.event) {
      case "ready":
        this.#isReady = true;
        return await this.#begin(told.off);
      case "done":
        return await this.#done(told);
      case "failed":
        return this.#failed(told);
      case "progress":
        return this.#hooks.onProgress(this.#trainingOf(told.id)!, Object(told.progress));
      case "workers":
        return this.#countWorkers(told);
      case "lost":
        return this.#hooks.tell(`The queue does not answer (${excerpt(told.reason)}); waiting for it`);
      case "back":
        return this.#hooks.tell("The queue answers again");
    }
  }

  async #begin(off: readonly string[]): Promise<void> {
    off.forEach((name) => this.#off.add(name));
    await this.#forgetOff();
    this.#add([...this.#all.keys()].filter((key) => !this.#hooks.results.has(key)));
    for (const result of this.#hooks.results.values()) this.#check(result);
  }

  #add(keys: readonly string[]): void {
    if (keys.length === 0) return;
    keys.forEach((key) => this.#open.add(key));
    this.#hooks.say({ say: "add", jobs: keys.map((key) => this.#jobOf("t", key)) });
  }

  /** Gives a training to a second worker, if it is one of those that are checked. */
  #check({ key, worker, checkedBy }: Result): void {
    if (!this.#checked.has(key) || worker === undefined || checkedBy !== undefined) return;
    this.#checks.add(key);
    this.#hooks.say({ say: "add", jobs: [this.#jobOf("c", key, worker)] });
  }

  #jobOf(kind: "t" | "c", key: string, not?: string): JobSpec {
    const { recipe, flags, seed } = this.#all.get(key)!;
    const data: Job = { key, recipe, flags, seed, ...(not !== undefined && { not }) };
    return { id: `${kind}-${key}`, recipe, data, priority: this.#options.priority };
  }

  #trainingOf(id: string): Training | undefined {
    return this.#all.get(id.slice(2));
  }

  async #done({ id, result: text, artefacts }: Extract<ToGiver, { event: "done" }>): Promise<void> {
    const training = this.#trainingOf(id), key = id.slice(2), isCheck = id.startsWith("c-");
    (isCheck ? this.#checks : this.#open).delete(key);
    if (!training) return;
    try {
      const result = parseResult(text, key);
      if (result.worker === undefined) {
        throw new SyntaxError(`Cannot read the result ${key}: worker must be a name: current value is none`);
      }
      if (this.#off.has(result.worker ?? "")) return this.#again(id);
      if (isCheck) await this.#compare(training, result);
      else await this.#take(training, result, artefacts);
      this.#hooks.say({ say: "taken", id });
    } catch (error) {
      const message = messageOf(error);
      this.#fail(training, `has a result that cannot be kept: ${message}`);
      if (!isDiskFault(message)) this.#hooks.say({ say: "drop", ids: [id] }); // the next call has it trained again
    }
  }

  async #take(training: Training, result: Result, artefacts: string | null): Promise<void> {
    const { store } = this.#options, { key, modelSha256, worker = "" } = result;
    if (artefacts === null && modelSha256 !== null) return this.#again(`t-${key}`); // Redis keeps results for longer than files
    const found = artefacts === null ? null : await receiveRun(artefacts, store.folderOf(key), modelSha256);
    if (found !== null && found !== modelSha256) {
      const message = `${worker} says that ${
        nameOf(training)
      } gives ${modelSha256}, and sends a model with ${found}`;
      await this.#takeOff({ workers: [worker], message });
      return this.#again(`t-${key}`);
    }
    this.#hooks.onResult(training, await store.keep(result));
    this.#check(result);
  }

  async #compare(training: Training, second: Result): Promise<void> {
    const first = this.#hooks.results.get(training.key);
    if (!first) return; // it is trained again
    if (first.worker === second.worker) {
      this.#hooks.warn(`Not checked by a second worker: ${nameOf(training)}: ${second.worker} has done both`);
      return this.#hooks.say({ say: "drop", ids: [`c-${training.key}`] });
    }
    const told = ({ modelSha256, failure }: Result) => modelSha256 ?? failure;
    if (told(first) === told(second)) {
      const { run: _, ...result } = { ...first, checkedBy: second.worker };
      await this.#options.store.keep(result);
      return;
    }
    const workers = [first.worker!, second.worker!];
    const message = `${workers.join(" and ")} disagree about ${nameOf(training)}: ${told(first)} and ${
      told(second)
    }`;
    await this.#takeOff({ workers, message });
  }

  /** Nothing that these workers have trained, or will, counts: others train it again. */
  async #takeOff({ workers, message }: Disagreement): Promise<void> {
    workers.forEach((name) => this.#off.add(name));
    this.#hooks.warn(
      `${message}\nTaken off the list: ${
        workers.join(", ")
      }; what they have trained is trained again by others. ` +
        "`deno task verify` on their machines shows more",
    );
    this.#hooks.say({ say: "off", names: workers });
    this.#add(await this.#forgetOff());
  }

  /** Forgets all results of workers that are off the list, and returns their keys. */
  async #forgetOff(): Promise<string[]> {
    const results = [...this.#hooks.results.values()];
    const keys = results.filter(({ worker }) => this.#off.has(worker ?? "")).map(({ key }) => key);
    if (keys.length > 0) {
      this.#hooks.say({ say: "drop", ids: keys.flatMap((key) => [`t-${key}`, `c-${key}`]) });
    }
    for (const key of keys) {
      await this.#options.store.forget(key);
      this.#checks.delete(key);
      this.#hooks.onForget(this.#all.get(key)!);
    }
    return keys;
  }

  /** Has a job done anew, whose result is not believed. */
  #again(id: string): void {
    const key = id.slice(2);
    this.#hooks.say({ say: "drop", ids: [id] });
    if (id.startsWith("t-")) return this.#add([key]);
    const first = this.#hooks.results.get(key);
    if (first) this.#check(first);
  }

  #failed({ id, reason }: Extract<ToGiver, { event: "failed" }>): void {
    const key = id.slice(2), training = this.#all.get(key);
    if (id.startsWith("c-")) {
      this.#checks.delete(key);
      return this.#hooks.tell(`Not checked by a second worker: ${nameOf(training!)}: ${excerpt(reason)}`);
    }
    this.#open.delete(key);
    this.#fail(training!, printable(reason, MOST_CHARACTERS));
  }

  #fail(training: Training, ending: string): void {
    const { trainings } = this.failures.get(ending) ?? { trainings: [] };
    this.failures.set(ending, { trainings: [...trainings, training], code: 1 });
  }

  /** Says that no worker is there, and waits for a second one no longer than it has to. */
  #countWorkers({ names, others }: Extract<ToGiver, { event: "workers" }>): void {
    const trusted = names.filter((name) => !this.#off.has(name));
    const alone = [...this.#checks].filter((key) => {
      const first = this.#hooks.results.get(key)?.worker;
      return !trusted.some((name) => name !== first);
    });
    const isServed = this.#open.size > 0 ? trusted.length > 0 : alone.length === 0;
    if (isServed) this.#alone = { since: Date.now(), told: false };
    if (this.#alone.told || Date.now() - this.#alone.since < PATIENCE_MS) return;
    this.#alone.told = true;
    if (this.#open.size === 0) return this.#giveUpChecks(alone);
    const found = others > 0 ? `; ${others} of other versions are` : "";
    this.#hooks.warn(
      `No worker with this version of the code (${this.#options.version}) is connected${found}: ` +
        "`deno task worker --queue …` starts one; waiting",
    );
  }

  #giveUpChecks(keys: readonly string[]): void {
    this.#hooks.say({ say: "drop", ids: keys.map((key) => `c-${key}`) });
    keys.forEach((key) => this.#checks.delete(key));
    this.#hooks.warn(`Not checked, as there is no second worker: ${keys.length} of the trainings`);
  }
}

function nameOf({ recipe, combination, seed }: Training): string {
  const settings = Object.keys(combination).length > 0 ? `, ${describeCombination(combination)}` : "";
  return `${recipe}${settings}, seed ${seed}`;
}
