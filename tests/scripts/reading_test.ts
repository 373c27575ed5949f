import assert from "node:assert/strict";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

const NORMALIZED = ["--mean", "0.1307", "--deviation", "0.3081"];
const FILE = "runs/a/export/model.safetensors";

Deno.test({
  name: named("a ReLU RNN over normalized pixels keeps its meaning on every way out and back", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const { stdout } = await trainTiny(path, "train_rnn", "--json", ...NORMALIZED);
    const { modelSha256 } = parseLines(stdout).at(-1)!;
    const sequence = { axis: "rows", mean: 0.1307, deviation: 0.3081 };
    const { code } = await runScript(path, "export", ["--model", "runs/a", "--format", "safetensors"]);
    assert.equal(code, 0);
    const imported = async (name: string, ...flags: string[]) => {
      const args = ["--from", FILE, "--to", `runs/${name}`, "--data-dir", "data/tiny", "--json", ...flags];
      const { stdout, stderr } = await runScript(path, "import", args);
      assert.equal(stderr, "");
      return parseLines(stdout)[0];
    };

    await t.step("the file says activation, order and numbers", async () => {
      const line = await imported("same");
      const { modelSha256: sha256, sequence: read, tried, assumed } = line;
      assert.deepEqual([sha256, read, tried, assumed], [modelSha256, sequence, [], null]);
    });

    await t.step("resuming keeps the numbers, and refuses others", async () => {
      const on = await runScript(path, "train_rnn", ["--resume", "runs/a", "--steps", "3", "--json"]);
      assert.equal(on.code, 0, on.stderr);
      const other = await runScript(path, "train_rnn", [
        "--resume",
        "runs/a",
        "--mean",
        "0",
        "--deviation",
        "1",
      ]);
      assert.equal(other.code, 2);
      assert.match(other.stderr, /another --mean, .*must be 0.1307: current value is 0\n/);
    });

    await t.step("half a pair, or two of a kind, is one message", async () => {
      const wrong: [string, string[], RegExp][] = [
        ["train_rnn", ["--mean", "0.1"], /^Cannot use --mean alone: --deviation must stand beside it\n/],
        [
          "train_rnn",
          ["--mean=-0.5", "--deviation", "0"],
          /^Cannot use --deviation: it must be a positive number/,
        ],
        [
          "train_rnn",
          ["--mean", "33.3", "--deviation", "78.6"],
          /^Cannot use --mean: it must be from 0 to 1, .* is 33.3 \(.* it is 0.1306; divide the deviation/,
        ],
        ["train_rnn", ["--mean", "--deviation"], /^Cannot use --mean: it must be a number/],
        ["import", ["--from", FILE, "--range", "0..1", ...NORMALIZED], /^Cannot use --range with --mean/],
      ];
      for (const [script, flags, message] of wrong) {
        const { code, stderr } = await runScript(path, script, flags);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
      }
    });
  },
});
