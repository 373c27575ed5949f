import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { buildModel, toTensors } from "../../scripts/bench/models/build.ts";
import { generateExamples, generateWeights } from "../../scripts/bench/models/generate.ts";
import { formatModels } from "../../scripts/bench/models/results.ts";
import { ModelSubject } from "../../scripts/bench/models/subject.ts";
import { PUBLISHED_MODELS } from "../../scripts/bench/models/table.ts";
import { relativeDistance, sketch, stockFit } from "../../scripts/bench/models/train.ts";
import type { Standing } from "../../scripts/bench/rounds.ts";
import { spreadOf } from "../../scripts/bench/statistics.ts";
import { testStream } from "../support/tiny_data.ts";

const modelOf = (id: string) => PUBLISHED_MODELS.find((model) => model.id === id)!;

Deno.test("generateExamples() has the shapes that each model reads and returns, and finite numbers", () => {
  for (const published of PUBLISHED_MODELS) {
    const { x, y } = generateExamples(published, 3);
    const model = buildModel(tf, published, { dropout: true });
    assert.deepEqual([null, ...x.shape.slice(1)], model.inputs[0].shape, published.id);
    assert.deepEqual([null, ...y.shape.slice(1)], model.outputs[0].shape, published.id);
    for (const { data, shape } of [x, y]) {
      assert.equal(data.length, shape.reduce((a, b) => a * b), published.id);
      assert.ok(data.every(Number.isFinite), published.id);
    }
    model.dispose();
  }
});

Deno.test("generateExamples() pads what is padded, and one-hot rows have one 1", () => {
  const tokens = generateExamples(modelOf("E7"), 20).x;
  assert.ok(tokens.data.every((token) => Number.isInteger(token) && token >= 0 && token < 10_000));
  assert.ok(tokens.data.includes(0));
  const points = generateExamples(modelOf("R12"), 20).x.data;
  const isZero = (step: number) => points.subarray(step * 63, (step + 1) * 63).every((value) => value === 0);
  assert.ok(Array.from({ length: 20 }, (_, n) => isZero(n * 30 + 29)).some((last) => last));
  assert.ok(Array.from({ length: 20 }, (_, n) => isZero(n * 30)).every((first) => !first));
  const { y } = generateExamples(modelOf("E1"), 20);
  for (let row = 0; row < 60; row++) {
    assert.equal(y.data.subarray(row * 12, row * 12 + 12).reduce((a, b) => a + b), 1);
  }
});

Deno.test("buildModel() starts from the same weights, and leaves dropout out where it is asked to", () => {
  const [model, again] = [true, false].map((dropout) => buildModel(tf, modelOf("R6"), { dropout }));
  const rates = (of: tf.Sequential) => of.layers.flatMap((layer) => layer.getConfig().rate ?? []);
  assert.deepEqual([rates(model), rates(again)], [[0.3, 0.3], [0, 0]]);
  model.getWeights().forEach((weight, index) => {
    assert.deepEqual(weight.dataSync(), again.getWeights()[index].dataSync());
  });
  const [kernel, bias] = generateWeights([[3, 5], [5]]);
  assert.ok(kernel.every((value) => Math.abs(value) <= Math.sqrt(6 / 8)));
  assert.ok(bias.every((value) => Math.abs(value) <= 0.1));
});

Deno.test("the distance of two sketches is about that of their arrays", () => {
  const random = testStream("sketch");
  const a = Float32Array.from({ length: 5000 }, () => random.uniform() - 0.5);
  for (const share of [1e-5, 1e-2, 0.5]) {
    const b = a.map((value) => value + share * (random.uniform() - 0.5));
    const ratio = relativeDistance(sketch(a), sketch(b)) / relativeDistance(a, b);
    assert.ok(ratio > 0.5 && ratio < 2, `${ratio}`);
  }
  assert.equal(relativeDistance(sketch(a), sketch(a)), 0);
});

Deno.test("ModelSubject takes parts of an epoch, or whole ones, and counts its steps", async () => {
  await tf.setBackend("cpu");
  const asked: number[][] = [];
  const subject = new ModelSubject({
    tf,
    detail: "stock",
    fit: (model, x, y, args) => {
      asked.push([x.shape[0], y.shape[0], args.epochs!]);
      return stockFit(model, x, y, args);
    },
  });
  const request = { model: modelOf("R23"), batches: 4, files: { x: "", y: "" } };
  assert.deepEqual(await subject.open(request), { detail: "stock" });
  const steps = [];
  for (const wanted of [1, 3, 4, 9]) steps.push((await subject.train(wanted)).steps);
  assert.deepEqual(steps, [1, 3, 4, 12]);
  assert.deepEqual(asked, [[32, 32, 1], [96, 96, 1], [128, 128, 1], [128, 128, 3]]);
});

Deno.test("toTensors() keeps the numbers", () => {
  const examples = generateExamples(modelOf("R16"), 2);
  const { x } = toTensors(tf, examples);
  assert.deepEqual([...x.dataSync()], [...examples.x.data]);
});

Deno.test("formatModels() is a table in Markdown, with the quicker of two players of a peer", () => {
  const standing = (label: string, ms: number): Standing => ({
    ...{ label, detail: `${label} 1.0`, software: false, forward: null, firstLoss: 1, residentBytes: 1 },
    ...{ problem: null, train: { ms: spreadOf([ms]), ratio: spreadOf([ms / 2]) } },
  });
  const standings = [
    ...[standing("Scanline", 2), standing("tfjs", 100)],
    ...[standing("PyTorch, 1 thread", 5), standing("PyTorch, 2 threads", 4)],
  ];
  const text = formatModels({
    machine: { cpu: "A", cores: 2, os: "linux" },
    commit: "abc",
    results: [{ model: modelOf("E8"), standings }],
    agreements: [{ id: "E8", history: 2e-7, weights: 3e-6 }],
  });
  assert.equal(
    text[0],
    "A, 2 cores, linux; Scanline abc. Scanline 1.0; tfjs 1.0; PyTorch, 1 thread 1.0; PyTorch, 2 threads 1.0.",
  );
  assert.equal(
    text[2],
    "| model | layers | batch | losses, metrics | weights | Scanline | tfjs | PyTorch |",
  );
  assert.equal(
    text[4],
    "| E8 sentiment, bidirectional LSTM | embedding 10000×128 → two-way LSTM 32 → dense 1 | 128 " +
      "| 2e-7 | 3e-6 | 2.00 ms | 100 ms (50.0 ×) | 4.00 ms (2.00 ×) |",
  );
  assert.match(text[6], /^tfjs: 50.0 to 50.0 times as long, median 50.0, over 1 models\. PyTorch: 2\.00 to/);
});
