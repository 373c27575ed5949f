/**
 * Every command that is printed for people to copy runs in bash, even with names that a shell would split or expand.
 *
 * @module
 */
import assert from "node:assert/strict";
import { quote, taskCommand } from "../../scripts/support/shell.ts";
import { lacks, named } from "../support/permissions.ts";
import { makeCheckout, runShell } from "./checkout.ts";
import { needs, type Outcome, TINY_FLAGS } from "./tiny_project.ts";

const NAMES = [
  'it\'s $(touch pwned) `touch pwned` "x" é日 ;&|*?~#!%A%\\',
  "-dash\n\x1b[31m,{a,b}",
];
const TINY = [...TINY_FLAGS, "--threads", "1", "--steps", "2", "--quiet"];

function commandTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs) || Deno.build.os === "windows",
    fn: async () => {
      await using project = await makeCheckout();
      await fn(await Deno.realPath(project.path));
    },
  });
}

/** Runs a task with these words, as a shell would. */
async function runTask(path: string, ...words: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", ...words],
    cwd: path,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The commands in the output: after a word, or on a line of their own. */
function commandsIn({ stdout, stderr }: Outcome): string[] {
  return (stdout + stderr).split("\n").flatMap((line) =>
    line.match(/^(?:\w+)? {2,}(deno (?:run|task) .*)$/)?.[1] ?? []
  );
}

/** Runs a task that lacks a permission, and then the command that it prints. */
async function runRemedy(path: string, ...words: string[]): Promise<Outcome> {
  const refused = await runTask(path, ...words);
  assert.equal(refused.code, 1, refused.stdout);
  const [command] = commandsIn(refused);
  assert.match(command ?? refused.stderr, /^deno run /);
  return await runAll(path, command);
}

async function runAll(path: string, command: string): Promise<Outcome> {
  const outcome = await runShell(path, command);
  assert.equal(outcome.code, 0, `${command}\n${outcome.stderr}`);
  return outcome;
}

for (const name of NAMES) {
  commandTest(`commands for a run called ${JSON.stringify(name)}`, async (path) => {
    const trained = await runTask(path, "train-rnn", ...TINY, `--out=runs/${name}`);
    assert.equal(trained.code, 0, trained.stderr);
    const [evaluate] = commandsIn(trained);
    assert.match((await runAll(path, evaluate)).stdout, /^Accuracy/);

    const { command } = JSON.parse(await Deno.readTextFile(`${path}/runs/${name}/config.json`));
    await runAll(path, command);

    const obstacle = `${path}/runs/${name}/checkpoints/5.safetensors`;
    await Deno.mkdir(obstacle); // a checkpoint cannot be written
    const steps = ["--steps", "9", "--checkpoint-every", "5", "--no-pictures"];
    const failed = await runTask(path, "train-rnn", "--resume", `runs/${name}`, ...steps);
    assert.equal(failed.code, 1);
    await Deno.remove(obstacle);
    const [resume] = commandsIn(failed);
    assert.match((await runAll(path, resume)).stdout, /^saved/m);
    assert.equal(await Deno.stat(`${path}/pwned`).catch(() => null), null, "a name was run");
  });
}

commandTest("commands for a run and data outside the project, with difficult names", async (path) => {
  const name = NAMES.join("");
  const outside = await Deno.realPath(await Deno.makeTempDir()), run = `${outside}/${name}`;
  using _ = { [Symbol.dispose]: () => Deno.removeSync(outside, { recursive: true }) };
  const written = await runRemedy(path, "train-rnn", ...TINY, "--out", run);
  const [there] = commandsIn(written);
  assert.match((await runAll(path, there)).stdout, /^Accuracy/);
  await runRemedy(path, "export", "--model", run, "--format", "onnx", "--to", `${run}.onnx`);
  await runRemedy(path, "export", "--model", run, "--format", "tfjs", "--to", `new ${name}`);
  await runRemedy(path, "plot", run, "--out", `${run} curves`);
  for (const suffix of [".onnx", " curves.svg", " curves.png"]) {
    assert.ok((await Deno.stat(run + suffix)).isFile, suffix);
  }
  await runRemedy(path, "report", run);
  const picture = `${outside}/${name}.png`;
  await Deno.copyFile(`${run}/structure.png`, picture);
  await runRemedy(path, "predict", picture, "--model", run);
  await runRemedy(path, "read", picture, "--model", run);
  const data = `${outside}/data ${name}`;
  await Deno.rename(`${path}/data/tiny`, data);
  await runRemedy(path, "evaluate", "--model", run, "--data-dir", data);
  const [resumable] = commandsIn(await runRemedy(path, "train-rnn", "--resume", run, "--data-dir", data));
  assert.match((await runAll(path, resumable)).stdout, /^Accuracy/); // with the data that it was resumed with
  assert.equal(await Deno.stat(`${path}/pwned`).catch(() => null), null, "a name was run");
});

commandTest("a file in the project: the command may write that file, and nothing else", async (path) => {
  await runTask(path, "train-rnn", ...TINY, "--no-pictures", "--out", "runs/a");
  const refused = await runTask(path, "export", "--model", "runs/a", "--format", "onnx", "--to", "my.onnx");
  const [command] = commandsIn(refused);
  assert.match(command, / --allow-read=runs,my\.onnx --allow-write=runs,my\.onnx /);
  await runAll(path, command);
  assert.ok((await Deno.stat(`${path}/my.onnx`)).isFile);
});

commandTest(
  "links to a bigger disk: data and runs work as they are, others with the command that is printed",
  async (path) => {
    for (const home of ["data", "runs"]) {
      await Deno.rename(`${path}/${home}`, `${path}/big ${home}`);
      await Deno.symlink(`big ${home}`, `${path}/${home}`);
    }
    const trained = await runTask(path, "train-rnn", ...TINY, "--tensorboard", "--out", "runs/a");
    assert.match((await runAll(path, commandsIn(trained)[0])).stdout, /^Accuracy/);
    for (
      const words of [
        ["train-rnn", "--resume", "runs/a", "--steps", "4"],
        ["report", "runs/a"],
        ["read", "runs/a/structure.png", "--model", "runs/a"],
        ["predict", "runs/a/structure.png", "--model", "runs/a"],
        ["plot", "runs/a"],
        ["export", "--model", "runs/a", "--format", "safetensors"],
        ["import", "--from", "runs/a/export/model.safetensors"],
      ]
    ) {
      const { code, stderr } = await runTask(path, ...words);
      assert.equal(code, 0, stderr);
    }
    await Deno.mkdir(`${path}/elsewhere`);
    await Deno.symlink("../elsewhere", `${path}/runs/train-rnn`);
    const [evaluate] = commandsIn(await runRemedy(path, "train-rnn", ...TINY, "--no-pictures"));
    assert.match((await runAll(path, evaluate)).stdout, /^Accuracy/);
  },
);

commandTest(
  "every task rejects a run with a link in it, and touches nothing outside",
  async (path) => {
    const precious = `${path}/outside/precious`;
    await Deno.mkdir(`${path}/outside`);
    await Deno.writeTextFile(precious, "precious");
    await runTask(path, "train-rnn", ...TINY, "--no-pictures", "--tensorboard", "--out", "runs/a");
    await runTask(path, "train-rnn", ...TINY, "--no-pictures", "--out", "runs/other");
    const others = (await Array.fromAsync(Deno.readDir(`${path}/runs/other/checkpoints`))).length;
    const tasks = [
      ["train-rnn", "--resume", "runs/a", "--steps", "9"],
      ["evaluate", "--model", "runs/a"],
      ["export", "--model", "runs/a", "--format", "onnx"],
      ["read", "runs/picture.png", "--model", "runs/a"],
      ["predict", "runs/picture.png", "--model", "runs/a"],
      ["report", "runs/a"],
      ["plot", "runs/a"],
    ];
    const links = {
      "checkpoints": "../other/checkpoints",
      "config.json": "../other/config.json",
      "metrics.jsonl": precious,
      "model": "../other/model",
      "export": "../../outside",
      "report.html": precious,
      ".lock": "../../outside/new",
    };
    for (const [i, [name, target]] of Object.entries(links).entries()) {
      const link = `${path}/runs/a/${name}`, aside = `${path}/aside`;
      await Deno.rename(link, aside).catch(() => {});
      await Deno.symlink(target, link);
      for (const words of i === 0 ? tasks : [tasks[0], tasks[i % tasks.length]]) {
        const { code, stderr } = await runTask(path, ...words);
        assert.equal(code, 1, words.join(" "));
        assert.ok(
          stderr.includes(
            `nothing in it may be a link or a pipe: current value is runs/a/${name}, a link to`,
          ),
          stderr,
        );
      }
      await Deno.remove(link);
      await Deno.rename(aside, link).catch(() => {});
    }
    assert.equal(await Deno.readTextFile(precious), "precious");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${path}/outside`), ({ name }) => name), [
      "precious",
    ]);
    assert.equal((await Array.fromAsync(Deno.readDir(`${path}/runs/other/checkpoints`))).length, others);
  },
);

Deno.test("quote() doubles single quotes for PowerShell", () => {
  assert.equal(quote("it's $(here)", "windows"), "'it''s $(here)'");
  assert.equal(quote("runs/a", "windows"), "runs/a");
});

Deno.test(
  "taskCommand() allows a folder above if a path has a comma, which separates the paths in Deno's flags",
  {
    ignore: lacks(needs),
  },
  () => {
    const command = taskCommand("evaluate", ["--model", "/x/a,b/run"], { read: ["/x/a,b/run"] });
    assert.match(command, / --allow-read=\S*,\/x .*--model \/x\/a,b\/run$/);
    assert.match(
      taskCommand("evaluate", [], { read: ["runs/../data/../docs"] }),
      /--allow-read=\S*,runs\/..\/data\/..\/docs /,
    );
  },
);
