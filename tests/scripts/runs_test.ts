import assert from "node:assert/strict";
import { parseLines, projectTest, runScript, TINY_FLAGS } from "./tiny_project.ts";

const TINY = [...TINY_FLAGS, "--no-pictures", "--quiet", "--steps", "1"];

projectTest("a recipe as --model is its latest finished run, `latest` that of all recipes", async (path) => {
  const train = async (script: string, out: string, ...flags: string[]) => {
    const { code, stderr } = await runScript(path, script, [...TINY, "--out", out, ...flags]);
    assert.equal(code, 0, stderr);
  };
  const folders = ["2026-01-02T10-00-00", "2026-01-02T10-00-00-2", "2026-01-02T10-00-00-10"];
  for (const [i, folder] of folders.entries()) {
    await train("train_rnn", `runs/train-rnn/${folder}`, "--seed", String(i));
  }
  await train("train_lstm_adam", "runs/train-lstm-adam/2026-01-01T00-00-00");
  // Later ones that do not count: of another recipe, not finished, no run.
  await train("train_lstm_adam", "runs/verify/2027-01-01T00-00-00");
  await train("train_rnn", "runs/train-rnn/2027-01-01T00-00-00");
  const metrics = `${path}/runs/train-rnn/2027-01-01T00-00-00/metrics.jsonl`;
  await Deno.writeTextFile(
    metrics,
    (await Deno.readTextFile(metrics)).replace('"interrupted":false', '"interrupted":true'),
  );
  await Deno.mkdir(`${path}/runs/train-rnn/2028-01-01T00-00-00`);

  const latest = { "train-rnn": `runs/train-rnn/${folders[2]}`, "latest": `runs/train-rnn/${folders[2]}` };
  for (const [word, run] of Object.entries(latest)) {
    const { code, stdout, stderr } = await runScript(path, "evaluate", ["--model", word, "--json"]);
    assert.equal(code, 0, stderr);
    assert.ok(stderr.startsWith(`Run: ${run}\n`), stderr);
    assert.equal(parseLines(stdout)[0].model, run);
  }
  const quiet = await runScript(path, "evaluate", ["--model", "train-lstm-adam", "--json", "--quiet"]);
  assert.equal(quiet.stderr, "");
  assert.equal(parseLines(quiet.stdout)[0].model, "runs/train-lstm-adam/2026-01-01T00-00-00");
  assert.equal((await runScript(path, "plot", ["train-rnn", "train-lstm-adam"])).code, 0);
  assert.equal((await runScript(path, "export", ["--model", "train-rnn", "--format", "onnx"])).code, 0);
  assert.ok(await Deno.stat(`${path}/${latest["train-rnn"]}/export/model.onnx`));

  const none = await runScript(path, "evaluate", ["--model", "train-rrn"]);
  assert.deepEqual([none.code, none.stderr], [
    1,
    "Cannot find the run train-rrn: it must be the folder of a run, or a recipe; those with finished runs are " +
    "train-lstm-adam, train-rnn, latest (did you mean train-rnn?)\n",
  ]);
});

projectTest("a recipe without runs is an error that says so", async (path) => {
  for (const [script, args] of [["evaluate", ["--model", "latest"]], ["report", ["train-rnn"]]] as const) {
    const { code, stderr } = await runScript(path, script, args);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Cannot find the run (latest|train-rnn): .*; there is no finished run in runs\/ yet\n$/,
    );
  }
});

projectTest(
  "--resume takes a recipe or `latest` for its latest unfinished run, and says what else is there",
  async (path) => {
    const begin = async (folder: string, ...flags: string[]) => {
      const { code, stderr } = await runScript(path, "train_rnn", [
        ...TINY,
        ...flags,
        "--out",
        `runs/train-rnn/${folder}`,
      ]);
      assert.equal(code, 0, stderr);
    };
    const resume = (word: string) => runScript(path, "train_rnn", ["--resume", word, "--no-pictures"]);
    const complain = async (word: string) => {
      const { code, stdout, stderr } = await resume(word);
      assert.deepEqual([code, stdout], [1, ""]);
      return stderr;
    };
    const must = (word: string) =>
      `Cannot resume ${word}: it must be the folder of a run, train-rnn or latest; `;
    assert.equal(await complain("latest"), `${must("latest")}there is no run of train-rnn in runs/ yet\n`);

    const folders = ["2026-01-01T00-00-00", "2026-01-02T00-00-00", "2026-01-03T00-00-00"];
    for (const folder of folders) await begin(folder);
    const finished = "all runs of train-rnn have finished, the latest one is " +
      `runs/train-rnn/${folders[2]}, which --epochs or --steps can make longer\n`;
    for (const word of ["train-rnn", "latest", "train-rrn"]) {
      assert.equal(await complain(word), must(word) + finished);
    }
    assert.match(
      await complain("runs/train-rnn"),
      /^Cannot find the run runs\/train-rnn: it must be a recipe, or one of its runs: current value is a folder of runs\n/,
    );
    for (const folder of folders.slice(0, 2)) {
      const metrics = `${path}/runs/train-rnn/${folder}/metrics.jsonl`;
      const [report] = (await Deno.readTextFile(metrics)).split("\n");
      await Deno.writeTextFile(metrics, `${report}\n`); // as if killed
    }
    assert.equal(
      await complain("train-rrn"),
      `${must("train-rrn")}the latest unfinished one is runs/train-rnn/${folders[1]}\n`,
    );
    for (const [word, folder] of [["train-rnn", folders[1]], ["latest", folders[0]]]) {
      const { code, stderr } = await resume(word);
      assert.equal(code, 0, stderr);
      assert.ok(stderr.startsWith(`Run: runs/train-rnn/${folder}\n`), stderr);
    }
    await Deno.mkdir(`${path}/train-rnn`); // a folder of that name is not meant
    assert.equal(await complain("train-rnn"), must("train-rnn") + finished);
  },
);
