import assert from "node:assert/strict";
import { drawSweep } from "../../lib/view/sweep.ts";

const units = [["64", 0.94], ["64", 0.96], ["128,<128>", 0.95], ["128,<128>", 0.985]] as const;
const rates = [[0.001, 0.9], [0.004, 0.96], [0.02, 0.985], [0.1, 0.2]] as const;

Deno.test("drawSweep(): a panel for each flag, a dot for each training, a line through the means of lists", async (t) => {
  const svg = drawSweep([
    { name: "units", points: units.map(([value, accuracy]) => ({ value, accuracy })) },
    {
      name: "learning-rate",
      points: rates.map(([value, accuracy]) => ({ value, accuracy })),
      continuous: true,
    },
  ], { measure: "test accuracy" });
  assert.equal(svg.match(/<circle /g)?.length, 4 + 4 + 2); // two means
  assert.match(svg, />128,&lt;128&gt;</);
  assert.match(svg, /<title>test accuracy against units, learning-rate</);
  await t.assertSnapshot(svg);
});

Deno.test("drawSweep(): dots of one value stand apart, but within the place of the value", () => {
  const points = Array.from({ length: 200 }, (_, i) => ({ value: i % 2 ? "a" : "b", accuracy: 0.5 }));
  const svg = drawSweep([{ name: "cell", points }], { measure: "test accuracy" });
  const places = [...svg.matchAll(/cx="([\d.]+)"/g)].map(([, x]) => Number(x)).slice(0, 200);
  assert.equal(new Set(places).size, 200);
  const [left, right] = [places.filter((x) => x < 284), places.filter((x) => x > 284)];
  for (const side of [left, right]) assert.ok(Math.max(...side) - Math.min(...side) <= 60);
});
