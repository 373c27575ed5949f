import assert from "node:assert/strict";
import { drawForecast } from "../../lib/view/forecast.ts";

const truth = Array.from({ length: 200 }, (_, n) => Math.sin(n / 9) * 10);
const forecast = {
  name: "temp <max>",
  labels: truth.map((_, n) => `2015-${n}`),
  truth,
  network: { values: truth.map((value) => value + 1), error: 1 },
  naive: { values: truth.map((_, n) => truth[Math.max(0, n - 1)]), error: 0.7071 },
};

Deno.test("drawForecast() draws three lines over the last 120 times, with their errors", () => {
  const svg = drawForecast(forecast);
  const lines = [...svg.matchAll(/d="M([\d. -]+(?:L[\d. -]+)+)"/g)].map(([, points]) =>
    points.split("L").length
  );
  assert.deepEqual(lines, [120, 120, 120]);
  assert.match(svg, /naive, mean error 0\.707/);
  assert.match(svg, /temp &lt;max&gt;/);
  assert.doesNotMatch(svg, /NaN|undefined|>2015-79</);
});

Deno.test("drawForecast() draws a single time", () => {
  const one = { values: [2], error: 1 };
  const svg = drawForecast({ name: "x", labels: ["a"], truth: [1], network: one, naive: one });
  assert.doesNotMatch(svg, /NaN|undefined/);
});
