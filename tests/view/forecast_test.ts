import assert from "node:assert/strict";
import { drawForecast } from "../../lib/view/forecast.ts";

const truth = Array.from({ length: 200 }, (_, n) => Math.sin(n / 9) * 10);
const forecast = {
  name: "temp <max>",
  labels: truth.map((_, n) => `2015-${n}`),
  truth,
  network: { values: truth.map((value) => value + 1), error: 0.5 },
  naive: { values: truth.map((_, n) => truth[Math.max(0, n - 1)]), error: 0.7071 },
};

Deno.test("drawForecast() draws three lines over the last 80 times, with their errors", () => {
  const svg = drawForecast(forecast);
  const lines = [...svg.matchAll(/d="M([\d. -]+(?:L[\d. -]+)+)"/g)].map(([, points]) =>
    points.split("L").length
  );
  assert.deepEqual(lines, [80, 80, 80]);
  assert.match(svg, /naive: the last known value, mean error 0\.707/);
  assert.match(svg, /network, mean error 0\.500 \(29\.3% less\)/);
  assert.match(svg, /temp &lt;max&gt;, 1 row ahead/);
  assert.match(svg, /the last 80 of the 200 rows tested/);
  assert.doesNotMatch(svg, /NaN|undefined|>2015-119</);
});

Deno.test("drawForecast() draws a single time", () => {
  const one = { values: [2], error: 1 };
  const svg = drawForecast({ name: "x", labels: ["a"], truth: [1], network: one, naive: one });
  assert.doesNotMatch(svg, /NaN|undefined/);
});

Deno.test("drawForecast() labels large and small numbers in the room that there is", () => {
  const texts = (scale: number) => {
    const values = truth.map((value) => value * scale);
    const one = { values, error: 12_345.6 * scale };
    const svg = drawForecast({
      name: "x",
      labels: forecast.labels,
      truth: values,
      network: one,
      naive: one,
      horizon: 5,
    });
    return [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, content]) => content).slice(0, -1);
  };
  assert.deepEqual(texts(1000), ["-10K", "-5000", "0", "5000", "10K"]);
  for (const scale of [1e-9, 1, 12_345, 1e9, 1e20]) {
    assert.ok(texts(scale).every((label) => label.length <= 6), texts(scale).join(" "));
  }
});

Deno.test("drawForecast() shortens moments to what tells them apart", () => {
  const one = { values: [1], error: 1 };
  const draw = (label: string) =>
    drawForecast({ name: "x", labels: [label], truth: [1], network: one, naive: one });
  assert.match(draw("2026-11-25T00:00:00.000Z"), />2026-11-25</);
  assert.match(draw("2026-11-25 13:45:00"), />11-25 13:45</);
  assert.match(draw("Wednesday afternoon"), />… afternoon</);
});
