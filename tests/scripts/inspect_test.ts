import assert from "node:assert/strict";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

Deno.test({
  name: named("inspect: a run, two side by side, and for programs", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    await trainTiny(path, "train_lstm_adam", "--quiet");
    await Deno.rename(`${path}/runs/a`, `${path}/runs/lstm`);
    await trainTiny(path, "train_rnn", "--quiet");

    await t.step(
      "the picture of a run stands in its folder, a line for its layer in the terminal",
      async () => {
        const { code, stdout, stderr } = await runScript(path, "inspect", ["runs/lstm", "--image", "3"]);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.match(
          stdout,
          /^runs\/lstm\n#3: \d → \d, read row by row\n {2}LSTM, 64 units: gates open i 0\.\d\d, f 0\.\d\d, o 0\.\d\d; the first state counts \S+ times the last\nsaved {5}runs\/lstm\/inside\/3\.svg, \.png\n\n$/,
        );
        const svg = await Deno.readTextFile(`${path}/runs/lstm/inside/3.svg`);
        for (const words of ["f, what is kept", "mean of 13 test images", "c, the memory of an LSTM"]) {
          assert(svg.includes(words), words);
        }
        assert.ok((await Deno.stat(`${path}/runs/lstm/inside/3.png`)).size > 1_000);
      },
    );

    await t.step("several runs are compared in one more picture, by what differs between them", async () => {
      const { code, stdout } = await runScript(path, "inspect", [
        ...["runs/lstm", "runs/a", "--mean", "2", "--out", "runs/both.svg"],
      ]);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /\n {2}RNN, 128 units, ReLU: the first state counts .*\ncompared {2}runs\/both\.svg, \.png\n$/s,
      );
      const svg = await Deno.readTextFile(`${path}/runs/both.svg`);
      assert.match(svg, />train-lstm-adam, LSTM, 64 units<.*>train-rnn, RNN, 128 units, ReLU</s);
      assert.match(svg, /mean of 2 test images/);
    });

    await t.step("--json gives the norms of every step", async () => {
      const { code, stdout } = await runScript(path, "inspect", ["runs/lstm", "--json", "--quiet"]);
      assert.equal(code, 0);
      const [{ event, layers }] = parseLines(stdout) as [{ event: string; layers: Record<string, never>[] }];
      const [{ kind, units, gates, gradients }] = layers;
      assert.deepEqual([event, kind, units, Object.keys(gates)], ["inspection", "lstm", 64, [
        "i",
        "f",
        "g",
        "o",
      ]]);
      const { h, c } = gradients as { h: number[]; c: number[] };
      assert.deepEqual([h.length, c.length, c.at(-1)], [6, 6, 0]);
      assert.ok(h.every((norm) => norm > 0));
    });

    await t.step(
      "plot draws runs against seconds, and the loss of their steps against training",
      async () => {
        const labels = { seconds: "seconds of training and testing", training: "each training step" };
        for (const [against, words] of Object.entries(labels)) {
          const { code } = await runScript(path, "plot", ["runs/lstm", "runs/a", "--against", against]);
          assert.equal(code, 0);
          assert((await Deno.readTextFile(`${path}/runs/plot.svg`)).includes(words), words);
        }
      },
    );

    await t.step("an image that is not there, or no run", async () => {
      const far = await runScript(path, "inspect", ["runs/lstm", "--image", "13"]);
      assert.match(far.stderr, /Cannot take image 13: it must be below the 13 /);
      assert.equal(far.code, 1);
      const none = await runScript(path, "inspect", ["runs/none"]);
      assert.match(none.stderr, /Cannot open the run: it must have config\.json/);
    });
  },
});
