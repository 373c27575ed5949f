import assert from "node:assert/strict";
import { checkMonitor, type MonitorOptions, type MonitorState, watchEpoch } from "../../lib/train/monitor.ts";

/** What a monitor knows after epochs with these values of its metric. */
function watch(options: MonitorOptions, values: readonly number[]): MonitorState[] {
  const monitor = checkMonitor("train", options);
  let state: MonitorState = { best: null, badEpochs: 0, stopped: false };
  return values.map((value, epoch) =>
    state = watchEpoch(monitor, state, { epoch, loss: value, accuracy: value })
  );
}

const bestOf = (states: readonly MonitorState[]) => states.map(({ best }) => best!.epoch);

Deno.test("the best epoch is that of the lowest loss or the highest accuracy, the first of equal ones", () => {
  const values = [0.5, 0.4, 0.4, 0.6, 0.3];
  assert.deepEqual(bestOf(watch({}, values)), [0, 1, 1, 1, 4]);
  assert.deepEqual(bestOf(watch({ metric: "accuracy" }, values)), [0, 0, 0, 3, 3]);
});

Deno.test("the training stops after `patience` epochs in a row that are not better, and never without patience", () => {
  const values = [0.5, 0.6, 0.4, 0.4, 0.5, 0.3];
  assert.deepEqual(watch({ patience: 2 }, values).map(({ stopped }) => stopped), [
    false,
    false,
    false,
    false,
    true,
    false,
  ]);
  assert.deepEqual(watch({ patience: 1 }, values).map(({ stopped }) => stopped).indexOf(true), 1);
  assert.ok(watch({}, [1, ...Array<number>(99).fill(2)]).every(({ stopped }) => !stopped));
});

Deno.test("a gain of minDelta is not better yet, but gains add up from the best epoch on", () => {
  const states = watch({ minDelta: 0.25 }, [1, 0.75, 0.5]);
  assert.deepEqual(bestOf(states), [0, 0, 2]);
  assert.deepEqual(states.map(({ badEpochs }) => badEpochs), [0, 1, 0]);
});
