import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import { checkRefinements, type RefinementOptions, toClip } from "../../lib/train/refinements.ts";
import { schedules } from "../../lib/train/schedule.ts";
import { tinySplit } from "../support/tiny_data.ts";

tf.enableProdMode();

const train = tinySplit({ count: 22, height: 5, width: 4, classes: 3 });

const REJECTED: readonly (readonly [changes: object, message: RegExp])[] = [
  [
    { clip: 1 },
    /^TypeError: Cannot compile the model: clip must be \{ norm \} or \{ value \}: current value is 1$/,
  ],
  [{ clip: {} }, /^TypeError: .* clip must be either \{ norm \} or \{ value \}: current value is \{\}$/],
  [{ clip: { norm: 1, value: 1 } }, /clip must be either \{ norm \} or \{ value \}/],
  [{ clip: { kind: "norm", most: 1 } }, /clip must be among norm, value: current value has "kind"$/],
  [{ clip: { norm: 0 } }, /^RangeError: .* norm must be a positive number: current value is 0$/],
  [{ clip: { value: "1" } }, /^TypeError: .* value must be a positive number: current value is "1"$/],
  [{ labelSmoothing: 1 }, /labelSmoothing must be at least 0 and below 1: current value is 1$/],
  [{ augment: 2 }, /augment must be an object with shift, rotate or scale: current value is 2$/],
  [{ augment: { shift: 0.5 } }, /^RangeError: .* shift must be a whole number from 0 to 4096: .* is 0.5$/],
  [{ augment: { rotate: 46 } }, /rotate must be from 0 to 45 degrees: current value is 46$/],
  [{ augment: { scale: 1 } }, /scale must be at least 0 and below 1: current value is 1$/],
  [{ augment: { zoom: 1 } }, /augment must be among shift, rotate, scale: current value has "zoom"$/],
  [
    { augment: { shift: 1 }, train: tinySplit({ count: 1, height: 1, width: 4097, classes: 3 }) },
    /^RangeError: .* width of images to augment must be a whole number from 1 to 4096: current value is 4097$/,
  ],
  [{ schedule: "cosine" }, /^TypeError: .* schedule must be made by one of .*: current value is "cosine"/],
  [{ schedule: null }, /schedule must be made by one of .*: current value is null/],
  [{ monitor: {} }, /^RangeError: .* validation must hold out images for monitor: current value is none \(/],
  [
    { monitor: { patience: 0 }, validation: 6 },
    /patience must be a whole number from 1 on: current value is 0$/,
  ],
  [
    { monitor: { metric: "auc" }, validation: 6 },
    /metric must be one of loss, accuracy: current value is "auc"$/,
  ],
  [{ monitor: { minDelta: -1 }, validation: 6 }, /minDelta must be a number from 0 on: current value is -1$/],
  [{ monitor: { keepBest: 1 }, validation: 6 }, /keepBest must be true or false: current value is 1$/],
  [
    { monitor: { patient: 1 }, validation: 6 },
    /monitor must be among metric, .*: current value has "patient"$/,
  ],
  [{ onMemory: 1 }, /onMemory must be a function: current value is 1$/],
];

Deno.test("compile() rejects refinements that are unknown, of another kind or out of range", async () => {
  for (const [changes, message] of REJECTED) {
    const model = tf.sequential({
      layers: [lstm({ units: 3, inputShape: [5, 4] }), tf.layers.dense({ units: 3 })],
    });
    const options = {
      train,
      sequence: { axis: "rows", range: [0, 1] },
      optimizer: sgd({ learningRate: 0.1 }),
      initialize: "pytorch",
      device: "reference",
      ...changes,
    } as CompileOptions;
    await assert.rejects(compile(model, options), message, JSON.stringify(changes).slice(0, 200));
  }
});

Deno.test("checkRefinements() fills in defaults, and leaves out what does nothing", () => {
  const check = (options: RefinementOptions) => checkRefinements("train", options);
  assert.deepEqual(check({}), {});
  assert.deepEqual(check({ labelSmoothing: 0, augment: { shift: 0 }, clip: undefined }), {});
  assert.deepEqual(check({ augment: { rotate: 5 } }), { augment: { shift: 0, rotate: 5, scale: 0 } });
  assert.deepEqual(check({ monitor: { patience: 3 } }), {
    monitor: { metric: "loss", patience: 3, minDelta: 0, keepBest: false },
  });
  const all: RefinementOptions = {
    clip: { value: 0.5 },
    labelSmoothing: 0.1,
    augment: { shift: 2, rotate: 0, scale: 0 },
    schedule: schedules.exponential({ gamma: 0.9 }),
    monitor: { metric: "accuracy", minDelta: 0.01, keepBest: true },
  };
  assert.deepEqual(check(all), all);
  assert.deepEqual(check(JSON.parse(JSON.stringify(check(all)))), all);
});

Deno.test("toClip() gives an engine its kind of limit", () => {
  assert.deepEqual(toClip({ norm: 2 }), { kind: "norm", most: 2 });
  assert.deepEqual(toClip({ value: 2 }), { kind: "value", most: 2 });
});
