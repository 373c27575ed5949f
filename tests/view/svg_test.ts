import assert from "node:assert/strict";
import { drawConfusionMap } from "../../lib/view/confusion.ts";
import { drawCurves } from "../../lib/view/curves.ts";
import { toCurves } from "../../lib/view/history.ts";
import { createStack } from "../support/stack.ts";
import { readingsSvg } from "../../lib/view/reading.ts";
import { drawSheet } from "../../lib/view/sheet.ts";
import { drawStructure } from "../../lib/view/structure.ts";
import { FONT } from "../../lib/view/svg.ts";

const DIGITS = [..."0123456789"];
const CLOTHES = [
  ...["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"],
  ...["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
];

/** Every kind of picture of a run with ten classes of these names, and counts of this many images. */
function picturesOf(classNames: readonly string[], ofClass: number): Record<string, string> {
  const matrix = classNames.map((_, label) => classNames.map((_, k) => k === label ? ofClass - 9 * 3 : 3));
  const network = createStack({
    layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 1024, gateActivation: "hardSigmoid", dropout: 0.5 }],
    classes: 10,
  });
  const lines = [1, 2].map((epoch) => ({ event: "epoch", epoch, trainLoss: 1, testAccuracy: 0.9 }));
  const figures = { train: "mean over the 50 steps before each report, while the weights move", test: "all" };
  const history = { name: "runs/a", lines, stepsPerEpoch: 1, figures: { ...figures, testImages: 1 } };
  const image = {
    pixels: new Uint8Array(784),
    height: 28,
    width: 28,
    caption: `${classNames[9]} → ${classNames[0]}`,
  };
  const probabilities = Float32Array.from(
    { length: 280 },
    (_, i) => i % 10 === Math.floor(i / 60) ? 0.91 : 0.01,
  );
  return {
    confusion: drawConfusionMap(matrix, classNames),
    curves: drawCurves(toCurves([history, { ...history, name: "b", stepsPerEpoch: 2 }])),
    structure: drawStructure(network, { height: 28, width: 28, axis: "rows" }),
    mistakes: drawSheet(Array(9).fill({ ...image, note: ">99.9% #1234" }), { title: "Mistakes", perRow: 4 }),
    rows: readingsSvg([{ image, axis: "rows", probabilities, classNames }], { perRow: 2 }),
    columns: readingsSvg(Array(4).fill({ image, axis: "columns", probabilities, classNames }), { perRow: 2 }),
  };
}

Deno.test("every picture of ten classes is narrow enough to be read on a phone", () => {
  for (const [classNames, ofClass] of [[DIGITS, 1135], [CLOTHES, 1000]] as const) {
    for (const [name, svg] of Object.entries(picturesOf(classNames, ofClass))) {
      const least = Number(svg.match(/min-width:(\d+)px/)![1]);
      assert(least <= 400 - 2 * 12, `${name}: ${least}`); // a report has margins of 12
    }
  }
});

Deno.test("no picture has a text that could be drawn with less than 11 CSS pixels", () => {
  const wide = drawConfusionMap(
    Array.from({ length: 62 }, () => Array(62).fill(1)),
    Array(62).fill("letter"),
  );
  for (const svg of [...Object.values(picturesOf(CLOTHES, 1000)), wide]) {
    assert.doesNotMatch(svg, /font-size|scale\(/);
    const [, width, least] = svg.match(/^<svg [^>]*width="([\d.]+)"[^>]* style="min-width:(\d+)px"/)!;
    assert(FONT * Number(least) / Number(width) >= 11);
  }
});
