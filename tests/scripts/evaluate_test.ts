import assert from "node:assert/strict";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

Deno.test({
  name: named("evaluate shows accuracy, confusion and mistakes of a run", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const trained = await trainTiny(path, "train_lstm_dropout", "--json");
    const end = parseLines(trained.stdout).at(-1)!;
    const evaluate = (...args: string[]) => runScript(path, "evaluate", ["--device", "reference", ...args]);

    await t.step(
      "with --json: the same loss, accuracy and weights that the training ended with",
      async () => {
        const { code, stdout, stderr } = await evaluate("--model", "runs/a", "--json", "--quiet");
        assert.deepEqual([code, stderr], [0, ""]);
        const [line] = parseLines(stdout);
        assert.deepEqual([line.accuracy, line.modelSha256], [end.testAccuracy, end.modelSha256]);
        assert.ok(Math.abs(Number(line.loss) - Number(end.testLoss)) < 1e-6); // float32 weights, float64 while training
        const confusion = line.confusion as number[][];
        assert.equal(confusion.flat().reduce((a, b) => a + b, 0), 13);
        assert.equal(confusion.reduce((sum, row, k) => sum + row[k], 0), line.correct);
      },
    );

    await t.step("of the training images those that were trained on", async () => {
      const { stdout } = await evaluate("--model", "runs/a/model", "--split", "train", "--json");
      assert.equal(parseLines(stdout)[0].count, 22);
    });

    await t.step("for people: figures, a matrix, mistakes, pictures", async () => {
      const { code, stdout } = await evaluate("--model", "runs/a");
      assert.equal(code, 0);
      const [accuracy, loss, , head] = stdout.split("\n");
      assert.match(accuracy, /^Accuracy on tiny, test: [01]\.\d{4} \(\d+ of 13\)$/);
      assert.match(loss, /^Loss: \d\.\d{6}$/);
      assert.equal(head, "taken for →   0   1   2   3   4   5   6   7   8   9  right");
      assert.match(
        stdout,
        /\n\n(?:The \d+ worst of|All) \d+ mistakes\n\nimage {2}label → taken for surely loss\n#\d+ +\d → \d +\d+\.\d% +\d/,
      );
      assert.match(stdout, /\n#\d+: \d → \d/);
      assert.ok(!stdout.includes("\x1b")); // no terminal, no colour
    });

    await t.step("a wrong folder is one message", async () => {
      const none = await evaluate("--model", "runs/b");
      assert.match(
        none.stderr,
        /^Cannot open the run: it must have config.json and model\/weights.bin: current value is no runs\/b\/config.json\n$/,
      );
      assert.equal(none.code, 1);
      const missing = await evaluate();
      assert.match(
        missing.stderr,
        /^Cannot evaluate: --model must be given, the folder of a run or a recipe\n/,
      );
      assert.equal(missing.code, 2);
    });
  },
});
