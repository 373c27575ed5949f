/**
 * `fit()` beside `model.fit()`: the same model twice, the same data, and everything that both let be seen.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { testStream } from "../../support/tiny_data.ts";

/** Logs as a callback saw them, with the hook and its number. */
export type Seen = readonly [hook: string, index: number, logs: Readonly<Record<string, number>>];

/** What is compared. */
export interface Outcome {
  readonly history: Record<string, number[]>;
  readonly epochs: readonly number[];
  readonly params: unknown;
  readonly seen: readonly Seen[];
  readonly weights: readonly number[];
  /** The optimizer's, its number of steps first; none of Adamax, which does not give them. */
  readonly slots: readonly number[];
}

/** Random numbers from −1 to 1. */
export function noise(name: string, length: number): Float32Array {
  const random = testStream(name);
  return Float32Array.from({ length }, () => 2 * random.uniform() - 1);
}

/** A model twice, with the same seeded weights. @param build Makes the model and compiles it */
export function twins(build: () => tf.Sequential): [tf.Sequential, tf.Sequential] {
  const models: [tf.Sequential, tf.Sequential] = [build(), build()];
  for (const model of models) {
    tf.tidy(() => {
      model.setWeights(
        model.getWeights().map((weight, index) => {
          const bound = weight.rank === 2 ? 1 / Math.sqrt(weight.shape[0]!) : 0.1;
          const middle = model.weights[index].originalName.endsWith("moving_variance") ? 1 : 0;
          return tf.tensor(
            noise(`weight ${index}`, weight.size).map((w) => middle + bound * w),
            weight.shape,
          );
        }),
      );
    });
  }
  return models;
}

/** Callbacks that write down every call. */
export function recorder(): { seen: Seen[]; callbacks: tf.CustomCallbackArgs } {
  const seen: Seen[] = [];
  const at = (hook: string) => (index: number, logs?: tf.Logs) => void seen.push([hook, index, { ...logs }]);
  return {
    seen,
    callbacks: {
      onTrainBegin: (logs) => void seen.push(["onTrainBegin", 0, { ...logs }]),
      onTrainEnd: (logs) => void seen.push(["onTrainEnd", 0, { ...logs }]),
      onEpochBegin: at("onEpochBegin"),
      onEpochEnd: at("onEpochEnd"),
      onBatchBegin: at("onBatchBegin"),
      onBatchEnd: at("onBatchEnd"),
    },
  };
}

/** What a training has left behind. */
export async function outcomeOf(
  model: tf.LayersModel,
  history: tf.History,
  seen: readonly Seen[],
): Promise<Outcome> {
  const weights = tf.tidy(() => model.getWeights().flatMap((weight) => [...weight.dataSync()]));
  const slots = model.optimizer instanceof tf.AdamaxOptimizer ? [] : await model.optimizer.getWeights();
  const numbers = slots.flatMap(({ tensor }) => [...tensor.dataSync()]);
  return {
    history: history.history as Record<string, number[]>,
    epochs: history.epoch,
    params: (history as unknown as { params: unknown }).params,
    seen,
    weights,
    slots: numbers,
  };
}

/** Float32 against float64 over some tens of steps: the largest that was measured is 4e-6; twenty times that. */
const TOLERANCE = 1e-4;

/** Asserts that both trainings let the same be seen. */
export function assertSame(actual: Outcome, expected: Outcome): void {
  assert.deepEqual(Object.keys(actual.history), Object.keys(expected.history), "the names in History");
  for (const [name, values] of Object.entries(expected.history)) {
    assertNear(actual.history[name], values, `History of ${name}`);
  }
  assert.deepEqual(actual.epochs, expected.epochs);
  assert.deepEqual(actual.params, expected.params);
  const order = (seen: readonly Seen[]) =>
    seen.map(([hook, index, logs]) => [hook, index, ...Object.keys(logs)]);
  assert.deepEqual(order(actual.seen), order(expected.seen));
  expected.seen.forEach(([hook, index, logs], call) => {
    assertNear(Object.values(actual.seen[call][2]), Object.values(logs), `logs of ${hook}(${index})`);
  });
  assertNear(actual.weights, expected.weights, "weights");
  assertNear(actual.slots, expected.slots, "slots");
}

function assertNear(actual: readonly number[], expected: readonly number[], name: string): void {
  assert.equal(actual.length, expected.length, `${name}: length`);
  expected.forEach((value, index) => {
    const error = Math.abs(actual[index] - value);
    const near = Object.is(actual[index], value) || error <= TOLERANCE * Math.max(Math.abs(value), 0.1);
    assert.ok(near, `${name}[${index}] is ${actual[index]}, expected ${value}`);
  });
}
