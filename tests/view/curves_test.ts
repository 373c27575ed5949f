import assert from "node:assert/strict";
import { drawCurves } from "../../lib/view/curves.ts";
import { type History, toCurves } from "../../lib/view/history.ts";

/** The epochs of a successful training. */
function epochs(count: number, { speed = 5 } = {}): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, epoch) => ({
    event: "epoch",
    epoch,
    trainLoss: 2 * Math.exp(-epoch / speed) + 0.01,
    trainAccuracy: 1 - 0.5 * Math.exp(-epoch / speed),
    testLoss: 1.8 * Math.exp(-epoch / speed) + 0.05 + epoch / 1000,
    testAccuracy: 0.98 - 0.4 * Math.exp(-epoch / speed) - epoch / 2000,
  }));
}

function run(name: string, lines: History["lines"], stepsPerEpoch = 938): History {
  return { name, lines, stepsPerEpoch };
}

function steps(count: number): Record<string, unknown>[] {
  return epochs(count).map((line, i) => ({ ...line, event: "report", epoch: 0, step: 50 * (i + 1) }));
}

/** Where texts begin, in the order of the picture. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content]) => content);
}

Deno.test("drawCurves(): a run of ten epochs", async (t) => {
  await t.assertSnapshot(drawCurves(toCurves([run("runs/a", [...epochs(10), { event: "end" }])])));
});

Deno.test("drawCurves(): one epoch is a point in the middle of each panel", async (t) => {
  const svg = drawCurves(toCurves([run("runs/a", epochs(1))]));
  const dots = svg.match(/<circle [^>]*r="2.5"/g), hollow = svg.match(/<circle [^>]*fill-opacity="0"/g);
  assert.deepEqual([dots?.length, hollow?.length], [3, 3]); // test and train: in each panel, and in the legend
  assert.doesNotMatch(svg, /NaN|Infinity/);
  await t.assertSnapshot(svg);
});

Deno.test("drawCurves(): what is no number leaves a gap, and a lone point between gaps is a dot", async (t) => {
  const lines = epochs(50).map((line) => {
    const epoch = line.epoch as number;
    return {
      ...line,
      trainLoss: epoch % 7 === 3 ? null : line.trainLoss,
      testLoss: epoch % 2 ? null : line.testLoss,
    };
  });
  const svg = drawCurves(toCurves([run("runs/a", lines)]));
  assert.doesNotMatch(svg, /NaN|Infinity/);
  const [trainLoss] = [...svg.matchAll(/ d="(M[^"]*)" fill="none"/g)].map(([, d]) => d);
  assert.equal(trainLoss.match(/M/g)?.length, 8);
  assert.equal(svg.match(/<circle [^>]*r="2.5"/g)?.length, 25);
  await t.assertSnapshot(svg);
});

Deno.test("drawCurves() says if there is nothing to draw, or no number", () => {
  const broken = epochs(3).map(({ event, epoch }) => ({ event, epoch, trainLoss: null, testAccuracy: null }));
  for (const lines of [[], broken]) {
    const svg = drawCurves(toCurves([run("runs/a", lines)]));
    assert(textsOf(svg).includes("nothing to draw yet"));
    assert.doesNotMatch(svg, /NaN|Infinity|<circle/);
  }
});

Deno.test("drawCurves(): runs that report by steps and by epochs in one picture", async (t) => {
  const histories = [
    run("runs/a", epochs(4)),
    run("runs/b", steps(19)),
    run("runs/<c>&", epochs(3, { speed: 2 })),
  ];
  const svg = drawCurves(toCurves(histories));
  assert(textsOf(svg).includes("epochs trained"));
  assert(textsOf(svg).includes("runs/&lt;c&gt;&amp;"));
  await t.assertSnapshot(svg);
});

Deno.test("drawCurves(): after eight runs the colours repeat with thicker lines; long names lose nothing", () => {
  const name = `runs/${"a-very-long-name-".repeat(9)}the-end`;
  const svg = drawCurves(toCurves(Array.from({ length: 9 }, (_, i) => run(`${name}-${i}`, epochs(50)))));
  assert.match(svg, /stroke-width="3.5"/);
  const texts = textsOf(svg).join("");
  for (let i = 0; i < 9; i++) assert(texts.includes(`${name}-${i}`), texts);
});

Deno.test("drawCurves(): everything is within the picture, for 1 to 50 epochs", () => {
  for (let count = 1; count <= 50; count++) {
    const svg = drawCurves(toCurves([run("runs/a", epochs(count))]));
    for (const [, x, y] of svg.matchAll(/cx="([\d.-]+)" cy="([\d.-]+)"/g)) {
      if (Number(y) < 0) continue; // the ring of the legend
      assert(Number(x) >= 60 && Number(x) <= 508, `x ${x} of ${count}`);
      assert(Number(y) >= 120 && Number(y) <= 700, `y ${y} of ${count}`);
    }
    const ticks = [...svg.matchAll(/<text class="soft" x="([\d.]+)" y="([\d.]+)" text-anchor="middle">/g)];
    for (const y of new Set(ticks.map(([, , y]) => y))) {
      const places = ticks.filter((tick) => tick[2] === y).map(([, x]) => Number(x)).sort((a, b) => a - b);
      places.slice(1).forEach((x, i) =>
        assert(x - places[i] > 28, `labels at ${places[i]} and ${x} of ${count}`)
      );
    }
  }
});

Deno.test("drawCurves(): the figures of the highest test accuracy are in the picture, the first of equal ones", () => {
  const lines = [0.9, 0.97, 0.97, 0.95].map((testAccuracy, epoch) => ({ ...epochs(4)[epoch], testAccuracy }));
  assert(
    textsOf(drawCurves(toCurves([run("a", lines)]))).includes("best test accuracy: 97.00% after 2 epochs"),
  );
});

Deno.test("drawCurves(): the legend says which images each line is about; accuracies on few images have few digits", () => {
  const figures = { train: "mean over 50 steps", test: "the first 13 test images", testImages: 13 };
  const [line] = epochs(1);
  const texts = textsOf(
    drawCurves(toCurves([{ ...run("a", [{ ...line, testAccuracy: 12 / 13 }]), figures }])),
  );
  assert(texts.includes("test: the first 13 test images"), texts.join());
  assert(texts.includes("train: mean over 50 steps"));
  assert(texts.includes("best test accuracy: 92% after 1 epoch"));
});

Deno.test("drawCurves(): what runs share is said once, what differs is said of each", () => {
  const figures = { train: "means", test: "all 10,000", testImages: 10_000 };
  const a = { ...run("a", epochs(2)), figures, epochImages: 60_000 };
  const alike = textsOf(drawCurves(toCurves([a, { ...a, name: "b" }])));
  assert.equal(alike.filter((text) => text === "test: all 10,000").length, 1);
  assert(!alike.some((text) => text.startsWith("an epoch")));
  const b = { ...a, name: "b", figures: { ...figures, test: "the first 2,000" }, epochImages: 6_400 };
  const other = textsOf(drawCurves(toCurves([a, b])));
  assert(
    other.includes("test: all 10,000") && other.includes("test: the first 2,000") && other.includes("test"),
  );
  assert(other.includes("an epoch: 60,000 images") && other.includes("an epoch: 6,400 images"));
});

/** The losses of noisy steps. */
function losses(count: number): number[] {
  return Array.from({ length: count }, (_, step) => 0.1 + 2.2 * Math.exp(-step / 60) + (step * 7 % 5) / 20);
}

Deno.test("drawCurves(): the loss of training steps is a thin line beside the reports", async (t) => {
  const svg = drawCurves(toCurves([{ ...run("runs/a", epochs(3), 100), losses: losses(320) }]));
  assert.match(svg, />each training step, averaged over some 6 steps</);
  assert.equal(svg.match(/<path d="M[^"]*" [^>]*stroke-opacity="0.6"/g)?.length, 1); // not beside the accuracy
  await t.assertSnapshot(svg);
});

Deno.test("drawCurves(): the losses of so few steps that none are averaged are called what they are", () => {
  const texts = textsOf(drawCurves(toCurves([{ ...run("runs/a", epochs(1), 10), losses: losses(10) }])));
  assert(texts.includes("each training step"), texts.join());
});

Deno.test("drawCurves(): before the first report there are steps alone; of several runs each has its own", () => {
  const early = drawCurves(toCurves([{ ...run("runs/a", [], 100), losses: losses(40) }]));
  assert(!textsOf(early).includes("nothing to draw yet"));
  assert.doesNotMatch(early, /NaN|Infinity/);
  const several = toCurves([
    { ...run("runs/a", epochs(3), 100), losses: losses(320) },
    { ...run("runs/b", epochs(3), 100), losses: losses(220) },
    run("runs/c", epochs(3), 100),
  ]);
  const svg = drawCurves(several);
  assert(textsOf(svg).includes("each training step, smoothed"));
  assert.equal(svg.match(/ stroke-opacity="0.6"/g)?.length, 3); // one in the legend
});

/** Epochs whose validation images are best after the second one, and whose test images after the last. */
function watched(): Record<string, unknown>[] {
  const accuracies = [0.5, 0.75, 0.625];
  return epochs(3).map((line, i) => ({
    ...line,
    validationLoss: 1 - i / 4,
    validationAccuracy: accuracies[i],
  }));
}

Deno.test("drawCurves(): validation images have a line, and the ring is at their best accuracy", async (t) => {
  const svg = drawCurves(toCurves([{ ...run("a", watched()), validationImages: 64 }]));
  const texts = textsOf(svg);
  assert(texts.join(" ").includes("validation: 64 validation images, after the epoch"), texts.join());
  assert(texts.includes("best validation accuracy: 75% after 2 epochs"), texts.join());
  const rings = [...svg.matchAll(/<g class="series2"><circle cx="([\d.]+)" [^>]* r="6"/g)].map(([, x]) => x);
  assert.deepEqual(rings, ["26", "278", "278"]); // of the legend, and in the middle of both panels
  assert.equal(svg.match(/<path d="M[^"]*"[^>]* stroke-dasharray="1.75 3"/g)?.length, 2);
  await t.assertSnapshot(svg);
});

Deno.test("drawCurves(): of several runs those with validation images have a dotted line and their own best", () => {
  const svg = drawCurves(toCurves([{ ...run("a", watched()), validationImages: 64 }, run("b", epochs(3))]));
  const best = textsOf(svg).filter((text) => text.startsWith("best")).map((text) => text.split(":")[0]);
  assert.deepEqual(best, ["best validation accuracy", "best test accuracy"]);
  assert.equal(svg.match(/<path [^>]*stroke-dasharray="1.75 3"/g)?.length, 3); // one in the legend
});

Deno.test("drawCurves(): a loss that explodes is labelled with powers of ten", () => {
  const lines = epochs(4).map((line, i) => ({ ...line, trainLoss: 10 ** (4 * i), testLoss: 1e13 }));
  const texts = textsOf(drawCurves(toCurves([run("runs/a", lines)])));
  for (const label of ["1", "1,000", "1e6", "1e12"]) assert(texts.includes(label), texts.join(" "));
  const flat = epochs(4).map((line, i) => ({ ...line, trainLoss: 1.2e7 + i * 1e5, testLoss: 1.21e7 }));
  assert(textsOf(drawCurves(toCurves([run("runs/a", flat)]))).includes("1.225e7")); // no digit of a step is lost
});

Deno.test("drawCurves(): against seconds", () => {
  const lines = epochs(4).map((line) => ({ ...line, seconds: 2.5 }));
  const svg = drawCurves(toCurves([run("runs/a", lines)], { against: "seconds" }));
  assert(textsOf(svg).includes("seconds of training and testing"));
  assert.match(svg, /best test accuracy: \d\d\.\d\d% after 10 s/);
});
