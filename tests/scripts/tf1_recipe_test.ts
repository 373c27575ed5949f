import assert from "node:assert/strict";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript } from "./tiny_project.ts";

Deno.test({
  name: named(
    "train_lstm_dropout trains what its source trains: split, batches, start, dropout, optimizer",
    needs,
  ),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject();
    const args = ["--data-dir", "data/tiny", "--device", "reference", "--batch-size", "8", "--steps", "5"];
    const { code, stderr } = await runScript(project.path, "train_lstm_dropout", [
      ...args,
      "--out",
      "runs/it",
    ]);
    assert.equal(code, 0, stderr);

    const { training, model } = JSON.parse(await Deno.readTextFile(`${project.path}/runs/it/config.json`));
    assert.deepEqual(training.images, { train: 22, validation: 2, test: 13 }); // a twelfth, as 5,000 of 60,000
    assert.equal(training.lastBatch, "carry");
    assert.equal(training.initialize, "tf1");
    assert.equal(model.biases, 1);
    assert.deepEqual(training.optimizer, { kind: "momentum", learningRate: 0.01, momentum: 0.9 });
    assert.deepEqual(model.sequence, { axis: "rows", range: [0, 1] });
    const kinds = model.layers.map(({ kind, rate }: { kind: string; rate?: number }) => rate ?? kind);
    assert.deepEqual(kinds, ["lstm", 0.5, "lstm", 0.5, "dense"]);

    const lines = parseLines(await Deno.readTextFile(`${project.path}/runs/it/metrics.jsonl`));
    const report = lines.find(({ event }) => event === "report")!;
    assert.equal(report.step, 5);
    assert.equal(report.epoch, 1); // 5 full batches of 8 are more than 22 images: the third ran on
  },
});
