import assert from "node:assert/strict";
import { sha256 } from "../../lib/data/files.ts";
import { encodeIdx } from "../../lib/data/idx.ts";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, runScript, TINY_FLAGS } from "./tiny_project.ts";

const FLAGS = [...TINY_FLAGS, "--no-pictures"];

Deno.test({
  name: named(
    "--resume refuses by name what would make it another training, and takes what would not",
    needs,
  ),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const begun = await runScript(path, "train_rnn", [...FLAGS, "--epochs", "2", "--out", "runs/a"]);
    assert.equal(begun.code, 0, begun.stderr);
    const resume = (...flags: string[]) =>
      runScript(path, "train_rnn", ["--resume", "runs/a", "--no-pictures", ...flags]);
    const before = await contents(`${path}/runs/a`);

    const refused: [string[], number, RegExp][] = [
      [
        ["--batch-size", "9"],
        2,
        /^Cannot resume runs\/a with another --batch-size, .* must be 8: current value is 9\n/,
      ],
      [["--learning-rate", "0.1"], 2, /another --learning-rate, .* must be 0.0003: current value is 0.1/],
      [["--seed", "99"], 2, /another --seed, .* must be \d+: current value is 99/],
      [["--limit", "9"], 2, /another --limit, .* must be left out: current value is 9/],
      [["--dataset", "kmnist"], 2, /another --dataset, .* must be left out: current value is kmnist/],
      [
        ["--data-dir", "data/other"],
        2,
        /another --data-dir, .* must be data\/tiny: current value is data\/other/,
      ],
      [["--device", "reference"], 2, /another --device, .* must be wasm: current value is reference/],
      [["--math", "plain"], 2, /another --math, .* must be fused: current value is plain/],
      [["--out", "runs/b"], 2, /^Cannot use --out with --resume/],
      [["--steps", "3"], 1, /--steps must be at least the 6 that it has done: current value is 3/],
      [["--epochs", "1"], 1, /--epochs must be at least the 2 that it has done: current value is 1/],
    ];
    for (const [flags, code, message] of refused) {
      await t.step(flags.join(" "), async () => {
        const outcome = await resume(...flags);
        assert.match(outcome.stderr, message);
        assert.deepEqual([outcome.code, outcome.stdout], [code, ""]);
        assert.deepEqual(await contents(`${path}/runs/a`), before, "something was written");
      });
    }

    await t.step("another recipe, another folder", async () => {
      const other = await runScript(path, "train_lstm_adam", ["--resume", "runs/a"]);
      assert.match(
        other.stderr,
        /^Cannot resume runs\/a: it must be a run of train-lstm-adam: .* one of train-rnn\n$/,
      );
      const none = await runScript(path, "train_rnn", ["--resume", "runs/none"]);
      assert.match(none.stderr, /^Cannot resume runs\/none: it must be the folder of a run: /);
      assert.deepEqual([other.code, none.code], [1, 1]);
    });

    await t.step("the same values, other threads, more epochs", async () => {
      const { code, stderr } = await resume(
        "--batch-size=8",
        "--device=auto",
        "--threads=1",
        "--epochs=3",
      );
      assert.equal(code, 0, stderr);
    });

    await t.step("images that have changed on the disk", async () => {
      await Deno.writeFile(
        `${path}/data/tiny/t10k-labels-idx1-ubyte`,
        encodeIdx({ type: "u8", shape: [13], data: new Uint8Array(13) }),
      );
      const { code, stderr } = await resume("--epochs", "4");
      assert.match(stderr, /^Cannot resume runs\/a: the images must be those it began with/);
      assert.equal(code, 1);
    });
  },
});

/** What a run's folder holds. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (
    const name of ["config.json", "metrics.jsonl", "checkpoints/3.safetensors", "checkpoints/6.safetensors"]
  ) {
    found[name] = sha256(await Deno.readFile(`${folder}/${name}`));
  }
  return found;
}
