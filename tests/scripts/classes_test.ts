import assert from "node:assert/strict";
import { encodeIdx } from "../support/encode_files.ts";
import { openRun } from "../../lib/run/folder.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { makeProject, needs, type Outcome, parseLines, runScript } from "./tiny_project.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const fast = ["--device", "reference", "--batch-size", "8"];

/** Puts 40 and 26 images of 6 × 5 with labels 1 to 26 into `data/letters`, named as EMNIST's are, column by column. */
async function addLetters(path: string): Promise<void> {
  await Deno.mkdir(`${path}/data/letters`);
  for (const [split, count] of [["train", 40], ["test", 26]] as const) {
    const name = `${path}/data/letters/emnist-letters-${split}`;
    const { pixels } = tinySplit({ count, height: 5, width: 6, classes: 26 }); // as they lie
    const labels = Uint8Array.from({ length: count }, (_, n) => 1 + n % 26);
    const images = encodeIdx({ type: "u8", shape: [count, 5, 6], data: pixels });
    await Deno.writeFile(`${name}-images-idx3-ubyte`, images);
    await Deno.writeFile(
      `${name}-labels-idx1-ubyte`,
      encodeIdx({ type: "u8", shape: [count], data: labels }),
    );
  }
}

function assertSuccess({ code, stderr }: Outcome): void {
  assert.equal(code, 0, stderr);
}

Deno.test({
  name: named("letters with labels 1 to 26, transposed, from the command line", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    await addLetters(path);
    const letters = ["--data-dir", "data/letters", "--transpose"];
    const names = ["--class-names", [...LETTERS].join()];

    await t.step("training finds the classes, says so, and keeps what was found", async () => {
      const outcome = await runScript(path, "train_rnn", [
        ...[...letters, ...names, ...fast, "--steps", "2", "--out", "runs/a"],
      ]);
      assertSuccess(outcome);
      assert.match(outcome.stderr, /^labels 1 to 26: 26 classes\nDevice/);
      assert.match(outcome.stderr, /dense, 26 classes/);
      const { config } = await openRun(`${path}/runs/a`);
      const { classes, firstLabel, transpose } = config.data!;
      assert.deepEqual({ classes, firstLabel, transpose }, { classes: 26, firstLabel: 1, transpose: true });
      assert.deepEqual(config.model.classNames, [...LETTERS]);
      const report = await Deno.readTextFile(`${path}/runs/a/report.html`);
      assert.match(report, />firstLabel<\/th><td>1</);
    });

    await t.step("--quiet says nothing, --json nothing else", async () => {
      const flags = [...letters, ...fast, "--steps", "1", "--no-pictures", "--quiet", "--json"];
      const { code, stdout, stderr } = await runScript(path, "train_lstm_adam", flags);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.equal(parseLines(stdout)[0].event, "start");
    });

    await t.step("--resume goes on with the same classes, and with no others", async () => {
      for (const flags of [["--classes", "47"], ["--first-label", "0"], ["--class-names", "x,y"]]) {
        const { code, stderr } = await runScript(path, "train_rnn", ["--resume", "runs/a", ...flags]);
        assert.equal(code, 2);
        assert.match(stderr, new RegExp(`^Cannot resume runs/a with another ${flags[0]}`));
      }
      assertSuccess(
        await runScript(path, "train_rnn", ["--resume", "runs/a", "--steps", "4", "--transpose"]),
      );
    });

    await t.step("evaluate and report read the images as the training did", async () => {
      const { code, stdout, stderr } = await runScript(path, "evaluate", [
        "--model",
        "runs/a",
        "--quiet",
        "--device",
        "reference",
      ]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^Accuracy on letters, test: \d\.\d{4} \(\d+ of 26\)\n/);
      assert.match(stdout, /\n(0 )?a .*\n(1 )?b .*\n(2 )?c /);
      const json = await runScript(path, "evaluate", [
        "--model",
        "runs/a",
        "--json",
        "--device",
        "reference",
      ]);
      const lines = parseLines(await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`));
      const report = lines.findLast(({ event }) => event === "epoch")!;
      assert.equal(parseLines(json.stdout)[0].accuracy, report.testAccuracy);
      assertSuccess(await runScript(path, "report", ["runs/a", "--device", "reference"]));
    });

    await t.step("read calls a test image by the name of its class", async () => {
      const args = ["--model", "runs/a", "2", "--device", "reference", "--quiet"];
      const outcome = await runScript(path, "read", args);
      assertSuccess(outcome);
      assert.match(outcome.stdout, /#2: c → [a-z] \d/);
    });

    await t.step("an import finds the first label of the images that it is told", async () => {
      const exported = ["--model", "runs/a", "--format", "safetensors", "--to", "runs/a.safetensors"];
      assertSuccess(await runScript(path, "export", exported));
      const imported = ["--from", "runs/a.safetensors", "--to", "runs/imported", "--transpose"];
      assertSuccess(await runScript(path, "import", [...imported, "--data-dir", "data/letters"]));
      const lines = await Promise.all(["runs/a", "runs/imported"].map(async (model) => {
        const args = ["--model", model, "--json", "--quiet", "--device", "reference"];
        const { code, stdout, stderr } = await runScript(path, "evaluate", args);
        assert.deepEqual([code, stderr], [0, ""]);
        const { model: _, ...line } = parseLines(stdout)[0];
        return line;
      }));
      assert.deepEqual(lines[1], lines[0]);
    });

    await t.step("other classes, or images of another size, are told in words", async () => {
      const tiny = await runScript(path, "evaluate", ["--model", "runs/a", "--data-dir", "data/tiny"]);
      assert.equal(tiny.code, 1);
      assert.match(
        tiny.stderr,
        /: the 26 classes must be labels 1 to 26: current value is labels 0 to 9; the model of runs\/a has 26 /,
      );
      const fewer = await runScript(path, "train_rnn", [
        ...["--data-dir", "data/tiny", ...fast, "--steps", "1", "--out", "runs/b", "--no-pictures"],
      ]);
      assertSuccess(fewer);
      const more = await runScript(path, "evaluate", ["--model", "runs/b", ...letters]);
      assert.equal(more.code, 1);
      assert.match(
        more.stderr,
        /^Cannot load .*: the 10 classes must be labels 0 to 9: .* is labels 1 to 26; /,
      );
      assert.match(more.stderr, /; the model of runs\/b has 10 classes\n$/);
      const flat = await runScript(path, "evaluate", ["--model", "runs/a", "--data-dir", "data/letters"]);
      assert.equal(flat.code, 0, flat.stderr); // the run's own folder: transposed, as it was
    });
  },
});
