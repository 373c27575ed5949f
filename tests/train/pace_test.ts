import assert from "node:assert/strict";
import { Pace } from "../../lib/train/pace.ts";

/** The calls that a device makes which takes so long for a step. */
function callsAt(stepMs: number, calls: number): number[] {
  const pace = new Pace();
  return Array.from({ length: calls }, () => {
    const { steps } = pace;
    pace.record(steps, steps * stepMs);
    return steps;
  });
}

Deno.test("Pace: starts with one step and comes to some 50 ms a call", () => {
  assert.deepEqual(callsAt(5, 5), [1, 4, 10, 10, 10]);
});

Deno.test("Pace: never below 1 step, never above 256", () => {
  assert.deepEqual(callsAt(900, 3), [1, 1, 1]);
  assert.deepEqual(callsAt(0, 7), [1, 4, 16, 64, 256, 256, 256]);
});

Deno.test("Pace: slows down at once", () => {
  const pace = new Pace();
  for (let i = 0; i < 6; i++) pace.record(pace.steps, 0.1);
  pace.record(256, 2_560);
  assert.equal(pace.steps, 5);
});
