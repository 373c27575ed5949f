/**
 * What the loops of `fit()` and `fitDataset()` share: hooks between steps, the means of an epoch, and what is to be put right in
 * the end.
 *
 * @module
 */
import type { StepResult } from "../engines/engine.ts";
import type { LayersModel } from "../model/from_tensorflow.ts";
import type { CallbackParams, Callbacks, Hook, Logs } from "../model/tensorflow_callbacks.ts";
import type { FitArgs } from "./fit_arguments.ts";
import type { FitSession, SessionData } from "./fit_session.ts";

/** Whether something is to happen between steps, so that they are taken one by one. */
export function takesSingly(callbacks: Callbacks, { yieldEvery }: Pick<FitArgs, "yieldEvery">): boolean {
  return yieldEvery === "batch" || callbacks.listens("onBatchBegin") || callbacks.listens("onBatchEnd");
}

/** Calls hooks; the model has the current weights in each that does something, and may have others afterwards. */
export class FitLoop {
  readonly session: FitSession;
  readonly #callbacks: Callbacks;
  readonly #names: readonly string[];

  constructor(session: FitSession, callbacks: Callbacks) {
    this.session = session;
    this.#callbacks = callbacks;
    this.#names = ["loss", ...session.training.metricNames];
  }

  get model(): LayersModel {
    return this.session.model;
  }

  /** Begins a training: from then on the model does not stop unless it is told to. */
  async begin(params: Omit<CallbackParams, "metrics">): Promise<void> {
    const names = this.#names, validated = names.map((name) => `val_${name}`);
    const metrics = params.doValidation ? [...names, ...validated] : names;
    this.#callbacks.begin(this.model, { ...params, metrics });
    await this.call("onTrainBegin");
    this.model.stopTraining = false;
  }

  /** How many steps to take before the next hook. */
  get steps(): number {
    return this.session.singly || this.model.stopTraining ? 1 : this.session.steps;
  }

  /** Calls a hook of all callbacks. */
  async call(hook: Hook, index = 0, logs?: Logs): Promise<void> {
    const listens = this.#callbacks.listens(hook);
    if (listens) await this.session.publish();
    if (hook === "onTrainBegin" || hook === "onTrainEnd") await this.#callbacks.call(hook);
    else await this.#callbacks.call(hook, index, logs);
    if (listens) await this.session.adopt();
  }

  /** What callbacks are told about a step. */
  batchLogs(batch: number, { loss, metrics, count }: StepResult): Logs {
    return { batch, size: count, ...this.#named([loss, ...metrics.map((sum) => sum / count)]) };
  }

  /** Loss and metrics of the validation, by their names in logs. */
  async validate(data: SessionData): Promise<Logs> {
    return this.validationLogs(await this.session.evaluate(data));
  }

  validationLogs(means: readonly number[]): Logs {
    return this.#named(means, "val_");
  }

  /** The means of the steps of an epoch; none before the first step. */
  epochLogs(tally: Tally): Logs {
    return tally.count === 0 ? {} : this.#named(tally.sums.map((sum) => sum / tally.count));
  }

  #named(values: readonly number[], prefix = ""): Logs {
    return Object.fromEntries(values.map((value, index) => [prefix + this.#names[index], value]));
  }
}

/** Sums of loss and metrics over sequences. */
export class Tally {
  /** Of the loss, then of each metric. */
  readonly sums: number[] = [];
  count = 0;

  add(results: readonly StepResult[]): void {
    for (const { loss, metrics, count } of results) {
      [loss * count, ...metrics].forEach((sum, index) => this.sums[index] = (this.sums[index] ?? 0) + sum);
      this.count += count;
    }
  }
}

/** Trains a model: weights and slots go back into it even if `work` fails. */
export async function givingBack<T>(session: FitSession, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await session.end().catch(() => session.abandon()); // an engine that failed has no weights
    throw error;
  }
  await session.end();
  return result;
}
