import assert from "node:assert/strict";
import { TuningFile } from "../../scripts/support/tuning.ts";
import { testUnless } from "../engines/test_unless.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks } from "../support/permissions.ts";
import { testsInFolders } from "../support/temp_folder.ts";
import { makeProject, needs, runScript, TINY_FLAGS } from "./tiny_project.ts";

const test = testsInFolders([{ name: "read" }, { name: "write" }]);
const TIMES = { webgpu: 0.31, wasm: 2.4 };

/** The memory in a file, and what it complains about. */
function open(folder: string) {
  const path = `${folder}/runs/tuning.json`, problems: string[] = [];
  return { path, problems, tuning: new TuningFile(path, (message) => problems.push(message)) };
}

test("what one command measures, the next one knows, and no other keys", async (folder) => {
  const first = open(folder), next = open(folder);
  assert.equal(await first.tuning.get("auto 1"), undefined);
  await first.tuning.set("auto 1", TIMES);
  await first.tuning.set("kernels 1", { tile: [8, 4] });
  assert.deepEqual(await next.tuning.get("auto 1"), TIMES);
  assert.deepEqual(await next.tuning.get("kernels 1"), { tile: [8, 4] });
  for (const key of ["auto 2", "toString", "__proto__"]) assert.equal(await next.tuning.get(key), undefined);
  assert.deepEqual([...first.problems, ...next.problems], []);
  const names = Array.from(Deno.readDirSync(`${folder}/runs`), ({ name }) => name);
  assert.deepEqual(names, ["tuning.json"]);
});

test("two commands that measure at once keep what both have measured", async (folder) => {
  const [one, other] = [open(folder), open(folder)];
  await Promise.all([one.tuning.get("a"), other.tuning.get("b")]);
  await one.tuning.set("a", 1);
  await other.tuning.set("b", 2);
  assert.deepEqual([await other.tuning.get("a"), await one.tuning.get("b")], [1, 2]);
  await Promise.all(Array.from({ length: 20 }, (_, n) => open(folder).tuning.set(`c${n}`, n)));
  const { entries } = JSON.parse(await Deno.readTextFile(one.path)); // whole, whoever was last
  assert.equal(entries.a, 1);
});

const BROKEN: Record<string, string> = {
  "is damaged": '{"version": 1, "entries": {"auto 1": {"webg',
  "is of another version": '{"version": 2, "entries": {"auto 1": 1}}',
  "has no entries": '{"version": 1, "entries": [1]}',
  "is another file": "null",
  "is too long": `{"version": 1, "entries": {"auto 1": "${"x".repeat(2 ** 20)}"}}`,
  "is too deep": "[".repeat(1000),
};

for (const [name, text] of Object.entries(BROKEN)) {
  test(`a file that ${name} costs one line, and is replaced`, async (folder) => {
    const { path, problems, tuning } = open(folder);
    await Deno.mkdir(`${folder}/runs`);
    await Deno.writeTextFile(path, text);
    assert.equal(await tuning.get("auto 1"), undefined);
    assert.equal(problems.length, 1);
    assert.ok(problems[0].startsWith(`Cannot read ${path}: `) && problems[0].endsWith("; measuring again"));
    assert.ok(!problems[0].includes("\n") && problems[0].length < 400, problems[0]);
    await tuning.set("auto 1", TIMES);
    assert.deepEqual(await tuning.get("auto 1"), TIMES);
    assert.equal(problems.length, 1);
  });
}

test("a file that cannot be written costs one line", async (folder) => {
  const { path, problems, tuning } = open(folder);
  await Deno.writeTextFile(`${folder}/runs`, "no folder");
  await tuning.set("auto 1", TIMES);
  assert.equal(problems.length, 1);
  assert.match(problems[0], /^Cannot write .*; the next command will measure again$/);
  await Deno.remove(`${folder}/runs`);
  await Deno.mkdir(path, { recursive: true }); // a folder in its place
  await tuning.set("auto 1", TIMES);
  assert.equal(await tuning.get("auto 1"), undefined);
  assert.equal(problems.length, 3);
});

test("the oldest entries go when there are many", async (folder) => {
  const { path, tuning } = open(folder);
  await tuning.set("0", 0);
  const entries = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`key ${n}`, n]));
  await Deno.writeTextFile(path, JSON.stringify({ version: 1, entries }));
  await tuning.set("key 0", "again");
  await tuning.set("new", 1);
  assert.deepEqual(await Promise.all(["key 0", "key 1", "key 2", "new"].map((key) => tuning.get(key))), [
    "again",
    undefined,
    2,
    1,
  ]);
});

const CANNOT_RUN = lacks(needs) ? "may not run scripts" : LACKING_ADAPTER;

testUnless(
  CANNOT_RUN,
  "a recipe on a hardware adapter says what auto measured, and the next one knows it",
  async () => {
    await using project = await makeProject();
    const preload = "tests/engines/webgpu/support/pretend_hardware.ts";
    const args = [...TINY_FLAGS, "--device", "auto", "--steps", "2", "--no-pictures"];
    const train = async () => {
      const { code, stdout, stderr } = await runScript(project.path, "train_lstm_adam", args, { preload });
      assert.equal(code, 0, stderr);
      return /chosen by auto: .*/.exec(stdout + stderr)?.[0];
    };
    const said = await train();
    assert.match(said!, /^chosen by auto: webgpu [\d.]+ ms a step, wasm [\d.]+ ms$/);
    assert.equal(await train(), `${said}, as measured before`);
    const { entries } = JSON.parse(Deno.readTextFileSync(`${project.path}/runs/tuning.json`));
    const keys = Object.keys(entries),
      about = (what: string) => entries[keys.find((key) => key.startsWith(what))!];
    const { webgpu, wasm } = about("auto ");
    assert.partialDeepStrictEqual(Object.keys(about("shapes ")), ["weight_gradient of head"]);
    assert.equal(said, `chosen by auto: webgpu ${webgpu} ms a step, wasm ${wasm} ms`);
  },
);
