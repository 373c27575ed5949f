/**
 * One call of `deno task sweep` or `deno task repeat`: which trainings are done, which are trained now, what is said meanwhile.
 *
 * @module
 */
import { formatQuantity } from "../../view.ts";
import { Interrupt } from "../support/interrupt.ts";
import { StatusLine } from "../support/terminal.ts";
import { describeCombination } from "./combinations.ts";
import type { Failures } from "./local.ts";
import type { FoundResult } from "./results.ts";
import type { SweepStore } from "./store.ts";
import type { Trained } from "./summary.ts";
import type { Training } from "./training.ts";

/** What trains hears of an interrupt, and tells what it does. */
export interface SessionHooks {
  readonly interrupt: Interrupt;
  /** The results that there are, by key. */
  readonly results: ReadonlyMap<string, FoundResult>;
  readonly onProgress: (training: Training, progress: { readonly trainLoss?: unknown }) => void;
  readonly onResult: (training: Training, result: FoundResult) => void;
  /** Takes a result back: it is to be trained again. */
  readonly onForget: (training: Training) => void;
  /** Prints a message, unless nobody wants to know. */
  readonly tell: (message: string) => void;
  /** Prints a problem. */
  readonly warn: (message: string) => void;
}

/** What one call does. */
export interface SessionOptions {
  readonly store: SweepStore;
  readonly quiet: boolean;
  /** The command that continues it. */
  readonly again: string;
  /** Trains what has no result yet, here or elsewhere. */
  readonly train: (hooks: SessionHooks) => Promise<Failures>;
  /** Called for each training that is done, those of earlier calls first. */
  readonly onTrained: (trained: Trained) => void;
}

/** What has become of the trainings. */
export interface SessionEnd {
  /** In the order of the plan. */
  readonly trained: readonly Trained[];
  /** 0 if that is all of them. */
  readonly exitCode: number;
}

/** Finds the trainings that are done, and has the others trained. */
export async function trainSession(
  trainings: readonly Training[],
  { store, quiet, again, train, onTrained }: SessionOptions,
): Promise<SessionEnd> {
  const results = new Map<string, FoundResult>(), status = new RunsLine(quiet, trainings.length);
  const done = (training: Training, result: FoundResult) => {
    results.set(training.key, result);
    status.end(training, results.size);
    onTrained({ training, result });
  };
  for (const training of trainings) {
    const result = await store.find(training.key);
    if (result) done(training, result);
  }
  using interrupt = new Interrupt();
  const tellRest = () =>
    `Interrupted: ${results.size} of ${
      formatQuantity(trainings.length, "runs")
    } are done; this continues with the others:\n  ${again}`;
  interrupt.lastWords = tellRest;
  const failures = await train({
    interrupt,
    results,
    onProgress: (training, progress) => status.follow(training, progress),
    onResult: done,
    onForget: ({ key }) => results.delete(key),
    tell: (message) => quiet || status.tell(message),
    warn: (message) => status.tell(message),
  });
  status.clear();
  const trained = trainings.flatMap((training) => {
    const result = results.get(training.key);
    return result ? [{ training, result }] : [];
  });
  if (!interrupt.signal.aborted) {
    const exitCode = tellFailures(failures), missing = trainings.length - trained.length;
    if (missing > 0) console.error(`Not trained: ${missing} of ${formatQuantity(trainings.length, "runs")}`);
    return { trained, exitCode };
  }
  console.error(tellRest());
  return { trained, exitCode: interrupt.exitCode };
}

/** Says once of each kind how trainings failed, and returns the first exit code. */
function tellFailures(failures: Failures): number {
  for (const [ending, { trainings }] of failures) {
    const [first] = trainings,
      same = trainings.filter(({ combination }) => combination === first.combination);
    const seeds = same.map(({ seed }) => seed).sort((a, b) => a - b).join(", ");
    const settings = Object.keys(first.combination).length > 0
      ? ` of ${describeCombination(first.combination)}`
      : "";
    const others = trainings.length - same.length,
      more = others > 0 ? `, and ${others} of other settings,` : "";
    console.error(`${same.length === 1 ? "Seed" : "Seeds"} ${seeds}${settings}${more} ${ending}`);
  }
  return [...failures.values()][0]?.code ?? 0;
}

/** The line on a terminal that says what is being trained. */
class RunsLine {
  readonly #status: StatusLine;
  readonly #all: number;
  readonly #losses = new Map<string, string>();
  #done = 0;

  constructor(quiet: boolean, all: number) {
    this.#status = new StatusLine(!quiet);
    this.#all = all;
  }

  follow({ key, combination, seed }: Training, { trainLoss }: { readonly trainLoss?: unknown }): void {
    const loss = typeof trainLoss === "number" ? trainLoss.toFixed(4) : "…";
    const settings = Object.values(combination).map((value) => `${value} `).join("");
    this.#losses.set(key, `${settings}seed ${seed}: loss ${loss}`);
    this.#status.draw((width) =>
      `${this.#done}/${this.#all}   ${[...this.#losses.values()].join("   ")}`.slice(0, width)
    );
  }

  end({ key }: Training, done: number): void {
    this.#done = done;
    this.#losses.delete(key);
    this.#status.clear();
  }

  tell(message: string): void {
    this.#status.clear();
    console.error(message);
  }

  clear(): void {
    this.#status.clear();
  }
}
