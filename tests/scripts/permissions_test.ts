import assert from "node:assert/strict";
import { encodePng } from "../support/encode_files.ts";
import { lacks, named } from "../support/permissions.ts";
import { COMMANDS, flagsOf, IMAGE_RECIPES } from "../support/tasks.ts";
import { makeProject, needs, runScript, TINY_FLAGS } from "./tiny_project.ts";

function permissionsOf(name: string): string[] {
  return COMMANDS[name].match(/(?<= )-(A|-allow-\S+)/g) ?? [];
}

Deno.test("training tasks may read data, runs and lib, and write runs; evaluation may only read", () => {
  for (const name of IMAGE_RECIPES) {
    assert.deepEqual(permissionsOf(name), ["--allow-read=data,runs,lib", "--allow-write=runs"]);
  }
  assert.deepEqual(permissionsOf("train-series"), [
    "--allow-env=INIT_CWD",
    "--allow-read=.,runs,lib",
    "--allow-write=runs",
  ]);
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
    const args = [...TINY_FLAGS, "--batch-size", "24", "--epochs", "1"]; // of a flag the last value counts
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

/** The flags of a task, `lib` where it is: scripts run in another folder here. */
function flagsElsewhere(name: string): string[] {
  const root = new URL("../../", import.meta.url).pathname;
  return flagsOf(name).flat().map((flag) => flag.replace(/(?<==|,)lib(?=,|$)/, `${root}lib`));
}

Deno.test("SECURITY.md says of every task what it may touch, and nothing else", async () => {
  const { default: text } = await import("../../SECURITY.md", { with: { type: "text" } });
  for (const name of Object.keys(COMMANDS)) {
    const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` `));
    assert.ok(row, `SECURITY.md has no row for ${name}`);
    const said = row.split("|")[2].match(/-(A|-allow-[^\s`]+)/g) ?? [];
    assert.deepEqual(said.sort(), [...new Set(permissionsOf(name))].sort(), name);
  }
});

Deno.test("SECURITY.md names the tasks that may start programs, and those that run others", async () => {
  const { default: text } = await import("../../SECURITY.md", { with: { type: "text" } });
  const [paragraph] = text.split("\n\n").filter((paragraph) => paragraph.startsWith("**Programs.**"));
  for (const [name, command] of Object.entries(COMMANDS)) {
    const starts = /--allow-run|deno task|deno bundle/.test(command);
    assert.equal(paragraph.includes(`\`${name}\``), starts, name);
  }
});

Deno.test({
  name: named("nothing asks for a permission while it runs", needs),
  ignore: lacks(needs),
  fn: async () => {
    const root = new URL("../../", import.meta.url).pathname;
    for (const file of [...await sourcesIn(`${root}lib`), ...await sourcesIn(`${root}scripts`)]) {
      assert.doesNotMatch(
        await Deno.readTextFile(file),
        /permissions\.request|--allow-all|--allow-ffi|"-A"/,
        file,
      );
    }
  },
});

async function sourcesIn(folder: string): Promise<string[]> {
  const files = await Array.fromAsync(Deno.readDir(folder), async ({ name, isDirectory }) => {
    if (isDirectory) return await sourcesIn(`${folder}/${name}`);
    return name.endsWith(".ts") ? [`${folder}/${name}`] : [];
  });
  return files.flat();
}

Deno.test("no task may do everything, reach any host, or call into native code", () => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    assert.doesNotMatch(command, /(^| )(-A|--allow-all|--allow-ffi|--allow-import|--allow-net( |$))/, name);
  }
});

const TINY = [...TINY_FLAGS, "--steps", "3"];

/** Tasks that work on tiny images in a moment; each needs what those before it wrote. */
const AUDITED: readonly (readonly [task: string, script: string, args: readonly string[]])[] = [
  ["train-rnn", "train_rnn", [...TINY, "--out", "runs/a"]],
  ["train-rnn", "train_rnn", ["--resume", "runs/a", "--steps", "5"]],
  ["train-lstm-dropout", "train_lstm_dropout", [...TINY, "--no-pictures"]],
  ["train-lstm-adam", "train_lstm_adam", [...TINY, "--no-pictures", "--out", "runs/b"]],
  ["train-mnist-rnn", "train_mnist_rnn", [...TINY, "--no-pictures", "--out", "runs/c"]],
  ["train-mnist-rnn", "train_mnist_rnn", [...TINY, "--no-pictures", "--start-from", "runs/c"]],
  ["train-pixels", "train_pixels", [...TINY, "--no-pictures", "--permuted"]],
  ["train-series", "train_series", ["--csv", "series.csv", "--window", "2", "--epochs", "2", "--units", "2"]],
  ["evaluate", "evaluate", ["--model", "runs/a"]],
  ["plot", "plot", ["runs/a", "--out", "runs/curves"]],
  ["report", "report", ["runs/a"]],
  ["read", "read", ["0", "digit.png", "--model", "runs/a"]],
  ["predict", "predict", ["digit.png", "--model", "runs/a"]],
  ["export", "export", ["--model", "runs/b", "--format", "safetensors"]],
  ["import", "import", ["--from", "runs/b/export/model.safetensors"]],
  ["devices", "devices", []],
];

Deno.test({
  name: named("every task that trains, shows or exports asks for no more than it may touch", needs),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject();
    const pixels = Uint8Array.from({ length: 30 }, (_, at) => at * 8);
    await Deno.writeFile(`${project.path}/digit.png`, encodePng({ pixels, width: 5, height: 6 }));
    await Deno.writeTextFile(`${project.path}/series.csv`, `y\n${[...pixels].map(Math.sin).join("\n")}\n`);
    for (const [task, script, args] of AUDITED) {
      const audit = `${project.path}/${script}.jsonl`;
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", ...flagsElsewhere(task), scriptPath(script), ...args],
        cwd: project.path,
        env: { NO_COLOR: "1", DENO_AUDIT_PERMISSIONS: audit },
      }).output();
      assert.equal(code, 0, `${task}: ${new TextDecoder().decode(stderr)}`);
      const asked = await accessesIn(audit, project.path);
      const allowed = permissionsOf(task).flatMap((flag) => {
        const [, permission, values] = flag.match(/^--allow-(\w+)=(.*)$/)!;
        return values.split(",").map((value) => `${permission} ${value}`);
      });
      const isAllowed = (access: string) =>
        allowed.includes(access) || (allowed.includes("read .") && IN_THIS_FOLDER.test(access));
      assert.deepEqual(asked.filter((access) => !isAllowed(access)), [], task);
    }
  },
});

/** Without a slash in front, what {@link accessesIn} tells lies in the folder of the project. */
const IN_THIS_FOLDER = /^read [^/]/;

function scriptPath(script: string): string {
  return new URL(`../../scripts/${script}.ts`, import.meta.url).pathname;
}

/** What a process asked for, allowed or not: the permission, and the topmost folder or the whole value. */
async function accessesIn(audit: string, project: string): Promise<string[]> {
  const root = new URL("../../", import.meta.url).pathname;
  const here = await Deno.realPath(project);
  const text = await Deno.readTextFile(audit).catch(() => ""); // no file where nothing was asked for
  const accesses = text.split("\n").filter(Boolean).map((line) => {
    const { permission, value } = JSON.parse(line);
    const path = [root, `${here}/`].reduce((path, prefix) => path.replace(prefix, ""), String(value));
    return `${permission} ${path.split("/")[0]}`;
  });
  return [...new Set(accesses)].sort();
}
