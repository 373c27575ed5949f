import assert from "node:assert/strict";
import { toCurves } from "../../lib/view/history.ts";
import { type ReportContents, writeReport } from "../../lib/view/report.ts";

const line = {
  event: "epoch",
  epoch: 0,
  trainLoss: 0.5,
  trainAccuracy: 0.8,
  testLoss: null,
  testAccuracy: 0.9,
};
const contents: ReportContents = {
  recipe: "train-<b>",
  run: "runs/train-b/2026",
  curves: toCurves([{ name: "runs/train-b", lines: [line], stepsPerEpoch: 1 }]),
  end: { event: "end", step: 938, interrupted: false, endedAt: "2026-11-22T06:15:59.000Z" },
  evaluated: { loss: 0.16, accuracy: 0.9512, count: 10_000 },
  seconds: 124.4,
  parameterCount: 24_714,
  modelSha256: "ab12",
  config: {
    recipe: "train-<b>",
    startedAt: "2026-11-22T06:13:53.744Z",
    training: { optimizer: { kind: "adam" }, initialize: null, sequence: { range: [0, 1] } },
    network: { layers: [{ kind: "lstm" }, { kind: "rnn" }], parameterCount: 24_714 },
    device: { kind: "wasm" },
    machine: { cores: 2 },
  },
  command: "deno task train-b --data-dir 'a & b'",
  pictures: [{ heading: "Curves", about: "What & when.", svg: "<svg>curves</svg>\n" }],
};

Deno.test("writeReport(): figures, pictures, command, hash, settings", async (t) => {
  await t.assertSnapshot(writeReport(contents).replace(/<style>[^<]*<\/style>/, ""));
});

Deno.test("writeReport() of a run that has just started", () => {
  const curves = toCurves([{ name: "runs/a", lines: [], stepsPerEpoch: 1 }]);
  const none = {
    end: null,
    evaluated: null,
    seconds: 0,
    command: null,
    modelSha256: null,
    pictures: [],
  };
  const html = writeReport({ ...contents, ...none, curves });
  assert.doesNotMatch(html, /NaN|undefined|null<|<b>–/);
});

Deno.test("writeReport() of an import: the figures that were measured, no table of reports, no made-up settings", () => {
  const html = writeReport({
    ...contents,
    curves: toCurves([{ name: "runs/import", lines: [], stepsPerEpoch: 938 }]),
    end: null,
    seconds: 0,
    command: null,
    config: {
      recipe: "import",
      model: { sequence: { axis: "rows", range: [0, 1] }, biases: 2 },
      data: { dataset: "mnist" },
    },
  });
  assert.match(html, /<b>95\.12%<\/b><span>of 10,000 test images right: the saved model</);
  assert.match(html, /<b>0\.1600<\/b>/);
  assert.match(html, />sequence\.axis<.*>rows</);
  assert.doesNotMatch(html, /<b>–|reports|Training|Environment|started|This command/);
});

Deno.test("writeReport(): the saved model, the best and the last report are not mixed up", () => {
  const lines = [0.9, 0.97, 0.96].map((testAccuracy, epoch) => ({ ...line, epoch, testAccuracy }));
  const figures = { train: "means", test: "the first 2,000 test images", testImages: 2_000 };
  const curves = toCurves([{ name: "a", lines, stepsPerEpoch: 938, figures }]);
  const html = writeReport({ ...contents, curves });
  assert.match(html, /<b>95\.12%<\/b><span>of 10,000 test images right: the saved model</);
  assert.match(html, /<b>97\.00%<\/b><span>best report: after 2 epochs, the first 2,000 test images</);
  const unknown = writeReport({ ...contents, curves, evaluated: null });
  assert.match(unknown, /<b>96\.00%<\/b><span>last report: after 3 epochs, the first 2,000 test images</);
});

Deno.test("writeReport(): where validation images are watched, the best report is theirs", () => {
  const lines = [0.9, 0.97, 0.96].map((validationAccuracy, epoch) => ({
    ...line,
    epoch,
    testAccuracy: 0.8 + epoch / 100,
    validationLoss: 0.25,
    validationAccuracy,
  }));
  const curves = toCurves([{ name: "a", lines, stepsPerEpoch: 938, validationImages: 5_000 }]);
  const html = writeReport({ ...contents, curves });
  assert.match(
    html,
    /<b>97\.00%<\/b><span>best report: after 2 epochs, 5,000 validation images, after the epoch</,
  );
  assert.match(html, /<th scope="col">train accuracy<\/th><th scope="col">validation loss<\/th>/);
  assert.match(html, /<td>80\.0%<\/td><td>0\.2500<\/td><td>97\.00%<\/td><td>–<\/td><td>81\.0%<\/td>/);
  assert.match(html, / Validation: 5,000 validation images, after the epoch\./);
  assert(!writeReport(contents).includes("alidation"));
});

Deno.test("writeReport(): one landmark, headings in order, scroll areas for the keyboard, table heads", () => {
  const html = writeReport(contents);
  assert.equal(html.match(/<main>/g)?.length, 1);
  const levels = [...html.matchAll(/<h(\d)>/g)].map(([, level]) => Number(level));
  assert.equal(levels[0], 1);
  levels.slice(1).forEach((level, i) => assert(level > 1 && level <= levels[i] + 1, levels.join()));
  const areas = [...html.matchAll(/<div class="scroll" ([^>]*)>/g)].map(([, attributes]) => attributes);
  for (const area of areas) assert.match(area, /^role="region" aria-label="[^"]+" tabindex="0"$/);
  assert.equal(new Set(areas).size, areas.length, "names of areas");
  for (const wide of html.match(/.{70}<(pre|table|svg)\b/g)!) {
    assert.match(wide, /tabindex="0">(<svg|<pre|<table)/);
  }
  assert.doesNotMatch(html, /<th>/);
});

Deno.test("writeReport(): all times in UTC, in one format", () => {
  const html = writeReport(contents);
  assert.match(html, /started <[^>]*>2026-11-22 06:13:53 UTC</);
  assert.match(html, /ended <[^>]*>2026-11-22 06:15:59 UTC</);
  assert.match(html, /trained and tested for <[^>]*>2 min 4 s</);
});

Deno.test("writeReport(): nothing in it is fetched or run", () => {
  assert.doesNotMatch(writeReport(contents), /<script|<link|@import|url\(|https?:/);
});
