import assert from "node:assert/strict";
import { type History, toCurves } from "../../lib/view/history.ts";
import { drawTradeoff } from "../../lib/view/tradeoff.ts";

/** A training that halves its mistakes with every report, from 20 % on. */
function training(name: string, { reports, seconds }: { reports: number; seconds: number }): History {
  const lines = Array.from({ length: reports }, (_, epoch) => {
    return { event: "epoch", epoch, testAccuracy: 1 - 0.2 / 2 ** epoch, seconds };
  });
  return { name, lines, stepsPerEpoch: 100 };
}

function draw(...histories: History[]): string {
  return drawTradeoff(toCurves(histories, { against: "seconds" }));
}

/** The names in the picture, and where they stand. */
function labelsOf(svg: string): { words: string; y: number }[] {
  return [...svg.matchAll(/<text class="ink" x="[\d.]+" y="([\d.]+)" text-anchor="\w+">([^<]*)</g)]
    .map(([, y, words]) => ({ words, y: Number(y) }));
}

Deno.test("drawTradeoff(): courses, and where they ended", async (t) => {
  const svg = draw(
    training("train-lstm-adam", { reports: 1, seconds: 2 }),
    training("train-<rnn>", { reports: 4, seconds: 3 }),
    training("train-best", { reports: 6, seconds: 20 }),
  );
  assert.deepEqual(labelsOf(svg).map(({ words }) => words).sort(), [
    "train-&lt;rnn&gt; 97.50%",
    "train-best 99.38%",
    "train-lstm-adam 80.00%",
  ]);
  assert.equal(svg.match(/<circle /g)?.length, 1 + 3); // a course of one report is a dot, too
  await t.assertSnapshot(svg);
});

Deno.test("drawTradeoff(): names of trainings that end alike stand below each other, inside the picture", () => {
  const names = Array.from({ length: 14 }, (_, i) => `train-something-long-number-${i}`);
  const svg = draw(...names.map((name, i) => training(name, { reports: 5, seconds: 10 + i / 100 })));
  const places = labelsOf(svg).map(({ y }) => y).sort((a, b) => a - b);
  const [, height] = /<svg [^>]*height="([\d.]+)"/.exec(svg)!;
  assert.equal(places.length, 14);
  assert.ok(places[0] > 0 && places[13] < Number(height) - 40);
  places.slice(1).forEach((y, i) => assert.ok(y - places[i] > 18));
  const pointers = [...svg.matchAll(/<line [^>]*opacity="0\.5"/g)].length;
  assert.ok(
    pointers >= 10 && pointers < 14,
    `${pointers} names are led to; the first ones stand beside their dots`,
  );
});

Deno.test("drawTradeoff(): no mistake at all, no test accuracy, no training", () => {
  const perfect = { ...training("a", { reports: 2, seconds: 1 }) };
  const lines = perfect.lines.map((line) => ({ ...line, testAccuracy: 1 }));
  const untested = perfect.lines.map((line) => ({ ...line, testAccuracy: null }));
  const svg = draw({ ...perfect, lines }, { ...perfect, name: "b", lines: untested });
  assert.deepEqual(labelsOf(svg).map(({ words }) => words), ["a 100%"]);
  for (const one of [svg, draw()]) assert.doesNotMatch(one, /NaN|Infinity/);
  assert.throws(
    () => drawTradeoff(toCurves([perfect])),
    /^RangeError: .* the curves must be by seconds: current value is epochs$/,
  );
});
