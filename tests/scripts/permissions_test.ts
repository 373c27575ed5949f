import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, runScript } from "./tiny_project.ts";

const tasks: Record<string, { command: string }> = config.tasks;
const recipes = ["train-lstm", "train-lstm-dropout", "train-rnn", "train-lstm-adam"];

function permissionsOf(name: string): string[] {
  return tasks[name].command.match(/(?<= )-(A|-allow-\S+)/g) ?? [];
}

Deno.test("training tasks may read data, runs and lib, and write runs; evaluation may only read", () => {
  for (const name of recipes) {
    assert.deepEqual(permissionsOf(name), ["--allow-read=data,runs,lib", "--allow-write=runs"]);
  }
  assert.deepEqual(permissionsOf("evaluate"), ["--allow-read=data,runs,lib"]);
  assert.deepEqual(permissionsOf("plot"), ["--allow-read=runs", "--allow-write=runs"]);
  assert.deepEqual(permissionsOf("report"), ["--allow-read=data,runs,lib", "--allow-write=runs"]);
});

Deno.test({
  name: named("training on wasm touches data, runs and lib, and nothing else", needs),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject();
    const audit = `${project.path}/audit.jsonl`;
    const args = [
      "--data-dir",
      "data/tiny",
      "--device",
      "wasm",
      "--threads",
      "2",
      "--batch-size",
      "24",
      "--epochs",
      "1",
    ];
    const outcome = await runScript(project.path, "train_lstm", args, { DENO_AUDIT_PERMISSIONS: audit });
    assert.equal(outcome.code, 0, outcome.stderr);

    const root = new URL("../../", import.meta.url).pathname;
    const here = await Deno.realPath(project.path);
    const accesses = (await Deno.readTextFile(audit)).trimEnd().split("\n").map((line) => {
      const { permission, value } = JSON.parse(line);
      const path = [root, `${here}/`].reduce((path, prefix) => path.replace(prefix, ""), String(value));
      return `${permission} ${path.split("/")[0]}`;
    });
    assert.deepEqual([...new Set(accesses)].sort(), ["read data", "read lib", "read runs", "write runs"]);
  },
});
