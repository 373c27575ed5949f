import assert from "node:assert/strict";
import { createStack } from "../support/stack.ts";
import { modelConfig, type RunConfig } from "../../lib/run/config.ts";
import { RunFolder } from "../../lib/run/folder.ts";
import { DrawingBudget, RunPictures } from "../../lib/run/pictures.ts";

/** A run whose folder is a map. */
class MemoryRun extends RunFolder {
  readonly files = new Map<string, string | Uint8Array>();

  constructor(readonly broken: readonly string[] = []) {
    super("runs/memory");
  }

  override write(name: string, contents: string | Uint8Array): Promise<void> {
    if (this.broken.includes(name)) return Promise.reject(new Error("the disk is full"));
    this.files.set(name, contents);
    return Promise.resolve();
  }

  override losses(): Promise<Float32Array> {
    return Promise.resolve(Float32Array.of(2.5, 2, NaN, 1.5));
  }
}

const network = createStack({
  layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 8, gateActivation: "sigmoid", dropout: 0 }],
  classes: 10,
});
const config: RunConfig = {
  recipe: "train-tiny",
  command: "deno task train-tiny --seed 1",
  model: modelConfig({
    network,
    T: 28,
    sequence: { axis: "rows", range: [0, 1] },
    classNames: [..."0123456789"],
  }),
  training: {
    optimizer: { kind: "sgd", learningRate: 0.1 },
    initialize: null,
    batchSize: 64,
    lastBatch: "short",
    seed: 1,
    images: { train: 640, validation: 0, test: 100 },
  },
};
const imageSize = { height: 28, width: 28 };
const told: string[] = [];
const source = { config, imageSize, onProblem: (message: string) => void told.push(message) };

function line(epoch: number) {
  return {
    event: "epoch",
    epoch,
    trainLoss: 1,
    trainAccuracy: 0.5,
    testLoss: 1,
    testAccuracy: 0.5 + epoch / 100,
  };
}

Deno.test("RunPictures: what cannot be drawn is told once, and nothing is thrown", async () => {
  const run = new MemoryRun(["structure.svg", "curves.svg", "report.html"]);
  const pictures = new RunPictures(run, source);
  pictures.begin();
  for (const epoch of [0, 1, 2]) await pictures.report(line(epoch), 1e9);
  assert.equal(await pictures.end(null, null), "incomplete");
  assert.deepEqual(
    told,
    ["structure.svg", "curves.svg", "report.html"].map((name) =>
      `Cannot draw ${name}: the disk is full; all else continues`
    ),
  );
  assert.deepEqual([...run.files.keys()].sort(), ["curves.png", "structure.png"]);
});

Deno.test("RunPictures: curves grow while training goes on, and are whole at its end", async () => {
  const run = new MemoryRun();
  const pictures = new RunPictures(run, { ...source, lines: [line(0)] });
  pictures.begin();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([...run.files.keys()], ["structure.svg"]); // a PNG would take time before the first step
  await pictures.report(line(1), 1e9);
  assert.match(run.files.get("curves.svg") as string, /after 2 epochs/);
  assert(run.files.has("curves.png"));
  await pictures.report(line(2), 0);
  await pictures.end({ event: "end", modelSha256: "<0123>" }, null);
  assert.match(run.files.get("curves.svg") as string, />each training step<[^]*>[^<]* after 3 epochs/);
  const report = run.files.get("report.html") as string;
  assert.match(report, /&lt;0123&gt;/);
  assert.match(report, /deno task train-tiny --seed 1/);
});

Deno.test("RunPictures: weights that were never trained here have no curves, and the figures that were measured", async () => {
  const run = new MemoryRun();
  const findings = {
    score: { loss: 0.25, accuracy: 0.8319, correct: 8_319, count: 10_000 },
    modelSha256: "c0ffee",
    first: [],
    confusion: "<svg>confusion</svg>",
    mistakes: "<svg>mistakes</svg>",
    readings: "<svg>readings</svg>",
  };
  await new RunPictures(run, { config: { recipe: "import", model: config.model }, imageSize }).end(
    null,
    findings,
  );
  assert(![...run.files.keys()].some((name) => name.startsWith("curves")));
  const report = run.files.get("report.html") as string;
  assert.match(report, /83\.19%.*of 10,000 test images right/);
  assert.match(report, /c0ffee/);
  assert.doesNotMatch(report, /<h2>(Curves|Figures)<|>–</);
});

Deno.test("RunPictures: what config.json says about the figures stands in the legend, if it is text", async () => {
  const figures = { train: "means", test: "the first 2,000 test images", testImages: 2_000 };
  for (const [found, expected] of [[figures, true], [{ ...figures, testImages: "2" }, false], ["x", false]]) {
    const run = new MemoryRun();
    const pictures = new RunPictures(run, {
      imageSize,
      config: { ...config, figures: found },
      lines: [line(0)],
    });
    await pictures.end(null, null);
    assert.equal((run.files.get("curves.svg") as string).includes("the first 2,000 test images"), expected);
  }
});

Deno.test("DrawingBudget: one part in a hundred of the training; a first PNG waits for 50 seconds of it", async () => {
  const budget = new DrawingBudget();
  let drawn = 0;
  const draw = () => Promise.resolve(void drawn++);
  budget.trained(1_000);
  assert.equal(await budget.spend("svg", draw), false);
  budget.trained(1_000);
  assert.equal(await budget.spend("svg", draw), true);
  assert.equal(await budget.spend("png", draw), false);
  budget.trained(50_000);
  assert.equal(await budget.spend("png", draw), true);
  assert.equal(drawn, 2);
});

Deno.test("DrawingBudget: slow drawings become rare", async () => {
  const budget = new DrawingBudget();
  const slow = () => new Promise<void>((resolve) => setTimeout(resolve, 30));
  let drawn = 0;
  for (let report = 0; report < 20; report++) {
    budget.trained(1_500);
    if (await budget.spend("svg", slow)) drawn++;
  }
  assert(drawn >= 2 && drawn <= 10, `${drawn} of 20 drawn`);
});
