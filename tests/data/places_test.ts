import assert from "node:assert/strict";
import { appendTo, readFirst, readWhole, writeNamed, writeWhole } from "../../lib/data/files.ts";
import { checkPlace, checkRun, targetOf } from "../../lib/data/places.ts";
import { loadDataset } from "../../lib/data/dataset.ts";
import { lacks, named } from "../support/permissions.ts";
import { list, writeSmallFiles } from "./support/small_dataset.ts";

const needs = [{ name: "read" }, { name: "write" }, { name: "run" }] as const;

/** `project/` with `runs/a` and `data/`, and `outside/` with a file, in a folder whose path leads through no link. */
function placeTest(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs) || Deno.build.os === "windows",
    fn: async () => {
      const folder = await Deno.realPath(await Deno.makeTempDir());
      try {
        for (const name of ["project/runs/a", "project/data", "outside"]) {
          await Deno.mkdir(`${folder}/${name}`, { recursive: true });
        }
        await Deno.writeTextFile(`${folder}/outside/precious`, "precious");
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const fifo = (path: string) => new Deno.Command("mkfifo", { args: [path] }).output();
const bytes = new TextEncoder().encode("x");

/** The results of calling functions of `files.ts` in a process that may only use `data` and `runs` of the project. */
async function confined(folder: string, code: string, allowed = "data,runs"): Promise<string> {
  const source = (name: string) => JSON.stringify(new URL(`../../lib/data/${name}.ts`, import.meta.url).href);
  await Deno.writeTextFile(
    `${folder}/confined.ts`,
    `import * as files from ${source("files")}; import * as places from ${source("places")};
     try { console.log(await (${code})) } catch (error) { console.log(error.name + ": " + error.message) }`,
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-check", "--no-prompt", "--no-config", `--allow-read=${allowed}`],
      ...[`--allow-write=${allowed}`, `${folder}/confined.ts`],
    ],
    cwd: `${folder}/project`,
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout).trim() + new TextDecoder().decode(stderr);
}

placeTest("a path without links has no target, however it is written", async (folder) => {
  for (const path of ["project/runs/a", "project/runs/", "project//runs/./a", "project/runs/none/deeper"]) {
    assert.equal(targetOf(`${folder}/${path}`), null, path);
  }
  await Deno.symlink("../../../outside", `${folder}/project/runs/a/link`);
  assert.equal(targetOf(`${folder}/project/runs/a/link/new`), `${folder}/outside`);
  assert.equal(targetOf(`${folder}/project/runs/a/link/precious`), `${folder}/outside/precious`);
});

placeTest(
  "links out of an allowed folder are not followed: read, written, appended to, made",
  async (folder) => {
    const runs = `${folder}/project/runs`;
    await Deno.symlink(`${folder}/outside/precious`, `${runs}/file`);
    await Deno.symlink(`${folder}/outside`, `${runs}/folder`);
    await Deno.symlink(`${folder}/outside/new`, `${runs}/dangling`);
    await Deno.symlink("dangling", `${runs}/twice`);
    await Deno.symlink(`${folder}/outside/precious`, `${runs}/back\\slash`);
    await Deno.symlink("circle", `${runs}/circle`);
    const refused: [string, string][] = [
      ['files.readWhole("runs/file")', "outside/precious"],
      ['files.readFirst("runs/folder", ["precious"])', "outside/precious"],
      ['files.readWhole("runs/a/../folder/precious")', "outside/precious"],
      ['files.writeNamed("runs/file", new Uint8Array(1))', "outside/precious"],
      ['files.writeNamed("runs/dangling", new Uint8Array(1))', "outside/new"],
      ['files.writeNamed("runs/back\\\\slash", new Uint8Array(1))', "outside/precious"],
      ['files.writeNamed("runs/twice", new Uint8Array(1))', "outside/new"],
      ['files.appendTo("runs/file", "x")', "outside/precious"],
      ['files.writeWhole("runs/folder/new", new Uint8Array(1))', "outside"],
      ['places.checkRun("runs/folder", "write")', "outside"],
    ];
    for (const [code, target] of refused) {
      const said = await confined(folder, code);
      assert.match(
        said,
        /^NotCapable: Cannot (read|write) runs\S+: Deno must be allowed to where its link leads/,
        code,
      );
      assert.ok(said.includes(`current value is ${folder}/${target}, which is denied`), said);
    }
    assert.match(
      await confined(folder, 'files.writeNamed("runs/circle", new Uint8Array(1))'),
      /Cannot write runs/,
    );
    assert.deepEqual(await list(`${folder}/outside`), ["precious"]);
    assert.equal(await Deno.readTextFile(`${folder}/outside/precious`), "precious");

    const allowed = `data,runs,${folder}/outside`; // by name
    assert.match(await confined(folder, 'files.readWhole("runs/file")', allowed), /Uint8Array\(8\)/);
  },
);

placeTest("a link under the name that is written whole is replaced, not followed", async (folder) => {
  await Deno.symlink(`${folder}/outside/precious`, `${folder}/project/runs/a/file`);
  await writeWhole(`${folder}/project/runs/a/file`, bytes);
  assert.equal(await Deno.readTextFile(`${folder}/outside/precious`), "precious");
  assert.equal(await Deno.readTextFile(`${folder}/project/runs/a/file`), "x");
});

placeTest("data and runs may be links themselves, and links between them are no way out", async (folder) => {
  for (const home of ["data", "runs"]) {
    await Deno.rename(`${folder}/project/${home}`, `${folder}/big ${home}`);
    await Deno.symlink(`../big ${home}`, `${folder}/project/${home}`);
  }
  await Deno.symlink("a", `${folder}/project/runs/latest`);
  const code = `(async () => {
    await files.writeWhole("runs/a/whole", new Uint8Array(3));
    await files.writeNamed("runs/latest/named", new Uint8Array(3));
    await files.appendTo("runs/a/whole", "x");
    await places.checkRun("runs/latest", "write");
    return [await files.syncedLength("runs/a/whole"), (await files.readWhole("runs/latest/whole")).length];
  })()`;
  assert.equal(await confined(folder, code), "[ 4, 4 ]");
  assert.match(await confined(folder, 'files.readWhole("runs/../outside/precious")'), /^NotCapable/);
});

placeTest("a run with a link, a pipe or a device in it is refused, and it is named", async (folder) => {
  const run = `${folder}/project/runs/a`;
  await Deno.mkdir(`${run}/checkpoints/deep`, { recursive: true });
  await Deno.writeFile(`${run}/checkpoints/deep/file`, bytes);
  await checkRun(run, "read");
  await checkRun(`${folder}/none`, "read"); // opening it tells that it does not exist

  await Deno.symlink("file", `${run}/checkpoints/deep/\x1b[31m`);
  await assert.rejects(
    checkRun(run, "read"),
    /nothing in it may be a link or a pipe: .*\/deep\/\\u\{1b\}\[31m, a link to file$/,
  );
  await Deno.remove(`${run}/checkpoints/deep/\x1b[31m`);
  await fifo(`${run}/.lock`);
  await assert.rejects(checkRun(run, "read"), /current value is .*\/a\/\.lock, a pipe or a device$/);
});

placeTest(
  "only files are read and written: no folder, no pipe, no device, none that is too long",
  async (folder) => {
    await fifo(`${folder}/pipe`);
    await Deno.writeFile(`${folder}/file`, bytes);
    const cases = { [folder]: "a folder", [`${folder}/pipe`]: "a named pipe", "/dev/zero": "a device" };
    for (const [path, kind] of Object.entries(cases)) {
      const message = new RegExp(`must be a (readable|writable) file: current value is ${kind}$`);
      await assert.rejects(readWhole(path), message);
      await assert.rejects(writeNamed(path, bytes), message);
      await assert.rejects(appendTo(path, "x"), message);
    }
    await assert.rejects(readFirst(folder, ["none", "pipe"]), /current value is a named pipe$/);
    await assert.rejects(
      readWhole(`${folder}/file`, { mostBytes: 0 }),
      /current value is 1 bytes, and 0 at most/,
    );
    await assert.rejects(readWhole(`${folder}/none`), Deno.errors.NotFound);
    assert.equal((await readWhole(`${folder}/file`, { mostBytes: 1 })).length, 1);
  },
);

placeTest("what is written in place is nobody else's by a hard link", async (folder) => {
  await Deno.link(`${folder}/outside/precious`, `${folder}/project/runs/a/metrics.jsonl`);
  await assert.rejects(
    appendTo(`${folder}/project/runs/a/metrics.jsonl`, "x"),
    /current value is one with 2 names, by hard links$/,
  );
  assert.equal(await Deno.readTextFile(`${folder}/outside/precious`), "precious");
});

placeTest(
  "loadDataset() tells of a pipe in the place of a file, instead of waiting for it",
  async (folder) => {
    await writeSmallFiles(`${folder}/project/data`);
    await Deno.remove(`${folder}/project/data/t10k-labels-idx1-ubyte`);
    await fifo(`${folder}/project/data/t10k-labels-idx1-ubyte`);
    await assert.rejects(
      loadDataset({ dataDir: `${folder}/project/data` }),
      /t10k-labels-idx1-ubyte: it must be a readable file: current value is a named pipe$/,
    );
  },
);

placeTest("who may do everything may follow links", async (folder) => {
  await Deno.symlink(`${folder}/outside`, `${folder}/link`);
  checkPlace(`${folder}/link/precious`, "write");
});
