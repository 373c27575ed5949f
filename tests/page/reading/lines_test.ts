import assert from "node:assert/strict";
import {
  answerAfter,
  byLines,
  decidedLine,
  hideLines,
  lastStepOf,
  misreads,
  placeOf,
  probabilitiesAfter,
  sayAnswer,
  sayCourse,
  sayDecision,
  sayHidden,
  shownClasses,
} from "../../../page/reading/lines.ts";
import type { ShownReading } from "../../../page/workers/messages.ts";

/** A reading of two classes: the first is the likeliest until a step, then the second. */
function readingOf(T: number, until: number): ShownReading {
  const probabilities = Float32Array.from(
    { length: 2 * T },
    (_, i) => (i % 2 === 0) === (i >> 1 < until) ? 0.75 : 0.25,
  );
  return { T, classes: 2, probabilities, layers: [], later: [] };
}

const words = { axis: "rows", classNames: ["four", "nine"] } as const;
const none = Array.from({ length: 28 }, () => false);

Deno.test("the answer after each line, in words", () => {
  const reading = readingOf(28, 10);
  assert.equal(sayAnswer(reading, 0, words), "nothing read yet");
  assert.equal(sayAnswer(reading, 10, words), "after line 10: four, 75%");
  assert.equal(sayAnswer(reading, 11, { ...words, axis: "columns" }), "after column 11: nine, 75%");
  assert.equal(sayDecision(reading, words), "nine from line 11 on");
  assert.equal(sayCourse(reading, words), "line 1: four, 75%; line 11: nine, 75%");
  assert.deepEqual([...probabilitiesAfter(reading, 0)], [0.5, 0.5], "before the first line all are alike");
  assert.equal(answerAfter(reading, 0), null);
});

Deno.test("a network that reads pixels takes 28 steps a line", () => {
  const reading = readingOf(784, 10 * 28 + 5);
  assert.equal(lastStepOf(reading, 1), 27);
  assert.equal(lastStepOf(reading, 28), 783);
  assert.equal(decidedLine(reading), 11);
  assert.equal(answerAfter(reading, 10)!.best, 0);
  assert.equal(answerAfter(reading, 11)!.best, 1);
  const values = Float32Array.from({ length: 784 * 2 }, (_, i) => i >> 1);
  assert.deepEqual([...byLines(values, reading)].slice(0, 4), [27, 27, 55, 55]);
});

Deno.test("a network that begins with the last line is on the lines from the last one on", () => {
  assert.deepEqual([placeOf(0, false), placeOf(0, true), placeOf(27, true)], [0, 27, 0]);
});

Deno.test("of many classes those are shown that are ever likely", () => {
  const probabilities = Float32Array.of(0.6, 0.1, 0.3, 0, 0, 0.1, 0.2, 0.7);
  assert.deepEqual(shownClasses({ T: 2, classes: 4, probabilities, layers: [], later: [] }, 2), [0, 3]);
  assert.deepEqual(shownClasses({ T: 2, classes: 4, probabilities, layers: [], later: [] }, 10), [
    0,
    1,
    2,
    3,
  ]);
});

Deno.test("hidden lines are black to the network, rows or columns, and the image stays as it is", () => {
  const pixels = new Uint8Array(784).fill(9), hidden = none.map((_, line) => line === 1);
  const sum = (part: Uint8Array) => part.reduce((a, b) => a + b, 0);
  assert.equal(hideLines(pixels, none, "rows"), pixels);
  const rows = hideLines(pixels, hidden, "rows"), columns = hideLines(pixels, hidden, "columns");
  assert.deepEqual([sum(rows), sum(rows.subarray(28, 56))], [783 * 9 - 27 * 9, 0]);
  assert.deepEqual([sum(columns), columns[1], columns[29], columns[2]], [783 * 9 - 27 * 9, 0, 0, 9]);
  assert.equal(sum(pixels), 784 * 9);
});

Deno.test("which lines are hidden, in words", () => {
  assert.equal(sayHidden(none, "rows"), "all lines are shown");
  assert.equal(sayHidden(none.map((_, i) => i === 4), "columns"), "column 5 is hidden");
  assert.equal(sayHidden(none.map((_, i) => i < 2 || i >= 14), "rows"), "lines 1 to 2, 15 to 28 are hidden");
});

Deno.test("an answer is wrong by the name of its class, and where no class is named as the digit nothing is", () => {
  const answer = (best: number) => ({ best, share: 1 });
  assert.equal(misreads(answer(1), { classNames: ["0", "7"] }, 7), false);
  assert.equal(misreads(answer(0), { classNames: ["0", "7"] }, 7), true);
  assert.equal(misreads(answer(0), { classNames: ["0", "7"] }, 4), false);
  assert.equal(misreads(answer(1), { classNames: ["four", "nine"] }, 9), false);
});
