import assert from "node:assert/strict";
import { encode } from "fast-png";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

/** A dark stroke from the upper left to the lower right on a light ground, in colour, with opacity. */
function stroke(): Uint8Array {
  const width = 40, height = 30;
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
    const p = i >> 2, x = p % width, y = Math.floor(p / width);
    if (i % 4 === 3) return 255;
    return Math.abs(x - y - 5) < 3 ? [30, 40, 90][i % 4] : 240;
  });
  return encode({ width, height, data, channels: 4 });
}

Deno.test({
  name: named("read and predict: a PNG and a test image, on a run of images of 6 × 5", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    await trainTiny(path, "train_lstm", "--quiet");
    await Deno.writeFile(`${path}/data/stroke.png`, stroke());
    const model = ["--model", "runs/a", "--device", "reference"];

    await t.step("read --json gives the probabilities after each of the 5 columns", async () => {
      const { code, stdout, stderr } = await runScript(path, "read", [
        "3",
        "data/stroke.png",
        ...model,
        "--json",
      ]);
      assert.equal(code, 0, stderr);
      const lines = parseLines(stdout);
      assert.deepEqual(lines.map(({ image }) => image), ["#3", "data/stroke.png"]);
      for (const { probabilities, predicted, probability, settledAt } of lines) {
        const rows = probabilities as number[][];
        assert.equal(rows.length, 5);
        for (const row of rows) assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-6);
        assert.equal(rows[4][Number(predicted)], probability);
        assert.equal(Math.max(...rows[4]), probability);
        assert.ok(Number(settledAt) >= 0 && Number(settledAt) < 5);
      }
    });

    await t.step("read leaves a picture in the folder of the run, and draws in the terminal", async () => {
      const { code, stdout, stderr } = await runScript(path, "read", ["0", ...model, "--quiet"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^#0: \d → \d \d+\.\d%, settled after \d columns?\n/);
      assert.match(stdout, /\nsaved {5}runs\/a\/readings\/0\.svg, \.png\n$/);
      assert.ok(!stdout.includes("\x1b")); // no terminal, no colour
      assert.match(await Deno.readTextFile(`${path}/runs/a/readings/0.svg`), /^<svg .*<\/svg>\n$/s);
      const png = await Deno.readFile(`${path}/runs/a/readings/0.png`);
      assert.deepEqual([...png.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
    });

    await t.step("predict gives what read ends with", async () => {
      const { stdout } = await runScript(path, "read", ["data/stroke.png", ...model, "--json"]);
      const predict = await runScript(path, "predict", ["data/stroke.png", ...model, "--json", "--quiet"]);
      assert.deepEqual([predict.code, predict.stderr], [0, ""]);
      const [read] = parseLines(stdout), [predicted] = parseLines(predict.stdout);
      const last = (read.probabilities as number[][]).at(-1)!;
      (predicted.probabilities as number[]).forEach((p, k) => assert.ok(Math.abs(p - last[k]) < 1e-6));
      assert.equal(predicted.predicted, read.predicted);
    });

    await t.step("predict draws the prepared digit for people", async () => {
      const { code, stdout, stderr } = await runScript(path, "predict", [
        "data/stroke.png",
        ...model,
        "--prepare",
        "digit",
      ]);
      assert.match(
        stderr,
        /\nPictures: cropped and centred as MNIST's digits, light and dark swapped \(--prepare none/,
      );
      assert.equal(code, 0);
      assert.match(stdout, /^stroke\.png: \d\n\n ▀▄\n {3}▀▄\n/);
      assert.match(stdout, /\ndata\/stroke\.png: \d \(\d \d+\.\d%, \d \d+\.\d%, \d \d+\.\d%\)\n$/);
    });

    await t.step("a picture elsewhere: the command that may read it", async () => {
      const { code, stderr } = await runScript(path, "predict", ["/tmp/elsewhere.png", ...model]);
      assert.match(
        stderr,
        /\n {2}deno run .* --allow-read=\S+,\/tmp\/elsewhere\.png scripts\/predict\.ts/,
      );
      assert.equal(code, 1);
    });

    await t.step("what cannot be read is one message, with the file's name", async () => {
      await Deno.writeTextFile(`${path}/data/not.png`, "GIF89a");
      const not = await runScript(path, "predict", ["data/not.png", ...model]);
      assert.match(
        not.stderr,
        /^Cannot use data\/not\.png: it .* current value is a GIF file; save it as PNG\n/,
      );
      assert.equal(not.code, 1);
      const none = await runScript(path, "predict", ["data/none.png", ...model]);
      assert.match(none.stderr, /^Cannot read data\/none\.png: /);
      const far = await runScript(path, "read", ["13", ...model]);
      assert.match(far.stderr, /Cannot take image 13: it must be below the 13 .*current value is 13\n$/);
      const missing = await runScript(path, "read", ["1"]);
      assert.match(
        missing.stderr,
        /^Cannot read: --model must be given, the folder of a run or a recipe\n/,
      );
      assert.equal(missing.code, 2);
    });
  },
});
