import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { IMAGE_RECIPES } from "../support/tasks.ts";
import { testsInFolders } from "../support/temp_folder.ts";
import { needs as needsToRun, type Outcome } from "./tiny_project.ts";

const needs = [...needsToRun, { name: "env" }] as const;

const tasks: Record<string, { command: string; description: string; dependencies?: string[] }> = config.tasks;
const root = new URL("../../", import.meta.url).pathname;

/** Tasks whose command is a script of the project, with the path of it. */
const scripts = Object.entries(tasks).flatMap(([name, { command }]) => {
  const [script] = /scripts\/\w+\.ts$/.exec(command) ?? [];
  return script ? [[name, script] as const] : [];
});

async function run(folder: string, args: readonly string[], env = {}): Promise<Outcome> {
  const { INIT_CWD: _, ...inherited } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    clearEnv: true, // a task leaves INIT_CWD as it finds it, and these tests may be run by one
    env: { ...inherited, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const test = testsInFolders(needs);

test("-h and --help explain every task before it does anything, without any permission", async (folder) => {
  assert(scripts.length >= 17, `${scripts.length} tasks`);
  await Promise.all(scripts.map(async ([name, script], i) => {
    const flag = i % 2 === 0 ? "-h" : "--help";
    const outcome = await run(folder, [
      ...["run", "--no-check", "--no-prompt", "--cached-only", root + script, "--wrong", flag],
    ]);
    const { code, stdout, stderr } = outcome;
    assert.equal(code, 0, `${name}: ${stderr}`);
    assert.match(
      stdout + stderr,
      new RegExp(`\n\nUsage: deno task ${name} .*\n\n(.*\n)* {2}-h, --help +print this`),
    );
    if (name !== "data") assert.equal(stderr, "", name); // it prints everything there
  }));
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});

Deno.test("the recipes come first, from the simplest to the best, and a line is enough for each", () => {
  assert.deepEqual(Object.keys(tasks).slice(0, IMAGE_RECIPES.length), IMAGE_RECIPES);
  for (const name of IMAGE_RECIPES) assert(tasks[name].description.length <= 80, name);
});

Deno.test("only tasks that train on images, and the page that takes them along, have something done before them", () => {
  for (const [name, { dependencies = [] }] of Object.entries(tasks)) {
    assert.deepEqual(
      dependencies,
      [...IMAGE_RECIPES, "build-page"].includes(name) ? ["first-run"] : [],
      name,
    );
  }
});

/** A folder with a `deno.json` whose task runs a command as the project's task does, with the same variables. */
async function makeTask(folder: string, prefix: string, script: string): Promise<void> {
  const command = `${prefix}deno run --no-check --no-prompt -A --config ${root}deno.json ${script}`;
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ tasks: { it: command } }));
}

test("tasks that look for a GPU tell Mesa a runtime folder, the user's own where there is one", async (folder) => {
  const prefix = "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR/. ";
  const looking = [
    ...IMAGE_RECIPES,
    ...[
      "train-series",
      "evaluate",
      "report",
      "read",
      "predict",
      "devices",
      "sweep",
      "repeat",
      "bench",
      "profile",
    ],
  ];
  for (const name of looking) assert(tasks[name].command.includes(`${prefix}deno run `), name);

  await Deno.writeTextFile(`${folder}/x.ts`, 'console.log(Deno.env.get("XDG_RUNTIME_DIR"));');
  await makeTask(folder, prefix, `${folder}/x.ts`);
  const clean = { XDG_RUNTIME_DIR: "" };
  assert.equal((await run(folder, ["task", "-q", "it"], clean)).stdout, "/.\n");
  const set = await run(folder, ["task", "-q", "it"], { XDG_RUNTIME_DIR: folder });
  assert.equal(set.stdout, `${folder}/.\n`); // the same folder

  await makeTask(folder, prefix, `${root}scripts/devices.ts`);
  const { code, stderr } = await run(folder, ["task", "-q", "it"], clean);
  assert.deepEqual([code, stderr], [0, ""]);
});

test("pictures, models and weights are found from the folder in which a task was called", async (folder) => {
  const code = `
    import { fromCallFolder } from "${root}scripts/support/flags.ts";
    const flags = {
      images: { kind: "operands", placeholder: "IMAGE", least: 1, help: "", input: true },
      model: { kind: "text", placeholder: "FOLDER", help: "", input: true },
      out: { kind: "text", placeholder: "FOLDER", help: "" },
    };
    const values = { images: Deno.args, model: "run", out: "seven.png" };
    console.log(JSON.stringify(await fromCallFolder(flags, values)));`;
  await Deno.writeTextFile(`${folder}/where.ts`, code);
  await Deno.mkdir(`${folder}/my photos/run`, { recursive: true });
  for (const name of ["my photos/seven.png", "my photos/7", "two.png"]) {
    await Deno.writeTextFile(`${folder}/${name}`, "");
  }
  await makeTask(folder, "", "where.ts");
  const args = [
    "task",
    "-q",
    "it",
    "seven.png",
    "../two.png",
    "two.png",
    "7",
    "none.png",
    `${folder}/two.png`,
  ];
  const below = JSON.parse((await run(`${folder}/my photos`, args)).stdout);
  assert.deepEqual(below.images, [
    ...["my photos/seven.png", "my photos/../two.png", "two.png", "7", "none.png", `${folder}/two.png`],
  ]);
  assert.deepEqual([below.model, below.out], ["my photos/run", "seven.png"]);
  const here = JSON.parse((await run(folder, args)).stdout);
  assert.deepEqual(here.images, args.slice(3));
  assert.equal(here.model, "run");

  const untold = await run(folder, ["run", "--no-check", "--no-prompt", `${folder}/where.ts`, "seven.png"], {
    INIT_CWD: `${folder}/my photos`,
  });
  assert.deepEqual(JSON.parse(untold.stdout).images, ["seven.png"]); // not allowed to know
});
