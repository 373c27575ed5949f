import assert from "node:assert/strict";
import { adadelta, adam, adamw, rmsprop, schedules, sgd } from "../../mod.ts";
import { unitsOf } from "../../scripts/recipe/layers.ts";
import { changeOptimizer } from "../../scripts/recipe/optimizer.ts";
import { parseClip, parseSchedule } from "../../scripts/recipe/schedule.ts";
import { FlagError } from "../../scripts/support/flags.ts";

const length = { epochs: 3 };

function assertRefused(fn: () => unknown, message: RegExp): void {
  assert.throws(fn, (error) => {
    assert.ok(error instanceof FlagError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("parseSchedule() makes each schedule of its name and numbers", () => {
  const cases = {
    "none": undefined,
    "step:2": schedules.step({ every: 2 }),
    "step:1:0.7": schedules.step({ every: 1, gamma: 0.7 }),
    "exponential:.9": schedules.exponential({ gamma: 0.9 }),
    "cosine": schedules.cosine({ length }),
    "cosine:0.1": schedules.cosine({ length, warmup: 0.1 }),
    "one-cycle:0.2": schedules.oneCycle({ length, warmup: 0.2 }),
    "plateau": schedules.plateau({}),
    "plateau:3:0.5": schedules.plateau({ patience: 3, factor: 0.5 }),
  };
  for (const [text, schedule] of Object.entries(cases)) {
    assert.deepEqual(parseSchedule(text, length), schedule, text);
  }
});

Deno.test("parseSchedule() refuses other texts, and says what it takes", () => {
  for (
    const text of [
      "",
      "step",
      "step:",
      "step:x",
      "step:1:2:3",
      "exponential",
      "cosine:1:1",
      "none:1",
      "toString",
    ]
  ) {
    assertRefused(
      () => parseSchedule(text, length),
      /^Cannot use --schedule: it must be one of none, step:EPOCHS/,
    );
  }
  assertRefused(
    () => parseSchedule("one-cicle:0.2", length),
    /current value is "one-cicle:0.2" \(did you mean one-cycle\?\)$/,
  );
  const wrong = {
    "step:0": "EPOCHS must be a whole number from 1 on: current value is 0",
    "step:1:2": "FACTOR must be positive and at most 1: current value is 2",
    "one-cycle:2": "WARMUP must be at least 0 and below 1: current value is 2",
    "plateau:0.5": "PATIENCE must be a whole number from 0 on: current value is 0.5",
    "plateau:1:1": "FACTOR must be positive and below 1: current value is 1",
  };
  for (const [text, reason] of Object.entries(wrong)) {
    assert.throws(() => parseSchedule(text, length), {
      name: "FlagError",
      message: `Cannot use --schedule "${text}": ${reason}`,
    });
  }
});

Deno.test("parseClip() takes a length, the size of each number, or none", () => {
  assert.deepEqual([parseClip("1"), parseClip("value:.5"), parseClip("none")], [
    { norm: 1 },
    { value: 0.5 },
    undefined,
  ]);
  for (const text of ["", "0", "-1", "value:", "norm:1", "1e999", "1 "]) {
    assertRefused(() => parseClip(text), /^Cannot use --clip: it must be a positive number, value: and/);
  }
});

Deno.test("unitsOf() takes sizes from the input up", () => {
  assert.deepEqual([unitsOf("64"), unitsOf("64,32,1")], [[64], [64, 32, 1]]);
  for (const text of ["", "0", "64,", "64,,64", "6.4", "-1", "1e3", "99999999"]) {
    assertRefused(() => unitsOf(text), /^Cannot use --units: it must be whole numbers from 1 to/);
  }
});

Deno.test("changeOptimizer() keeps the numbers of the same optimizer, and takes the usual rate of another", () => {
  const own = rmsprop({ learningRate: 0.01, alpha: 0.9, momentum: 0.5, epsilon: 1e-5 });
  assert.deepEqual(changeOptimizer(own, { name: "rmsprop" }), own);
  assert.deepEqual(changeOptimizer(own, { name: "rmsprop", learningRate: 1 }), { ...own, learningRate: 1 });
  assert.deepEqual(changeOptimizer(own, { name: "adam" }), adam({ learningRate: 0.001 }));
  assert.deepEqual(changeOptimizer(own, { name: "adadelta" }), adadelta({ learningRate: 1 }));
  assert.deepEqual(changeOptimizer(own, { name: "sgd", learningRate: 0.5 }), sgd({ learningRate: 0.5 }));
  assert.deepEqual(
    changeOptimizer(own, { name: "adamw", weightDecay: 0.3 }),
    adamw({ learningRate: 0.001, weightDecay: 0.3 }),
  );
  assertRefused(
    () => changeOptimizer(own, { name: "adam", weightDecay: 0.3 }),
    /^Cannot use --weight-decay: --optimizer must be adamw, which has it: current value is adam$/,
  );
});
