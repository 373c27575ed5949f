import assert from "node:assert/strict";
import { acquireDataset } from "../../lib/data/acquire.ts";
import { lacks, named } from "../support/permissions.ts";
import { openMirror } from "./support/bad_mirror.ts";
import {
  inFolder,
  list,
  PROCESS_NEEDS,
  SERVER_NEEDS,
  SMALL_ENTRY,
  SMALL_FILES,
} from "./support/small_dataset.ts";

const NEEDS = [...SERVER_NEEDS, ...PROCESS_NEEDS];

function processTest(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({ name: named(name, NEEDS), ignore: lacks(NEEDS), fn: () => inFolder(fn) });
}

/** Starts a script of `support/` that may read and write one folder. */
function start(script: string, folder: string, ...args: string[]): Deno.ChildProcess {
  const path = new URL(`support/${script}`, import.meta.url);
  const permissions = [`--allow-read=${folder}`, `--allow-write=${folder}`, "--allow-net=127.0.0.1"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--no-check", ...permissions, path.href, ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Waits for the first output, then a while longer, and kills the process with SIGKILL. */
async function kill(child: Deno.ChildProcess, afterMs: number): Promise<void> {
  const reader = child.stdout.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill("SIGKILL");
  await Promise.all([reader.cancel(), child.status]);
}

processTest("writeWhole() killed at any moment leaves the old contents or the new ones", async (folder) => {
  const path = `${folder}/file`;
  let parts = 0;
  for (const afterMs of [1, 5, 9, 13, 17]) {
    await kill(start("store_child.ts", folder, path), afterMs);
    const bytes = await Deno.readFile(path);
    assert.equal(bytes.length, 8e6);
    assert(bytes.every((byte) => byte === bytes[0]), `killed after ${afterMs} ms: the file is mixed`);
    parts = (await list(folder)).length - 1;
  }
  assert(parts > 0, "no kill has interrupted a write: this test proves nothing");
});

processTest("acquireDataset() killed while it waits for a mirror leaves nothing", async (folder) => {
  await using mirror = openMirror();
  await kill(start("acquire_child.ts", folder, folder, `${mirror.base}/drip/`), 60);
  assert.deepEqual(await list(folder), []);
  await acquireDataset(SMALL_ENTRY, { folder, sources: [{ kind: "mirror", url: `${mirror.base}/good/` }] });
  assert.equal((await list(folder)).length, 5);
});

processTest(
  "acquireDataset() in two processes at once stores everything and leaves nothing else",
  async (folder) => {
    await using mirror = openMirror();
    const children = [1, 2, 3].map(() => start("acquire_child.ts", folder, folder, `${mirror.base}/good/`));
    const outputs = await Promise.all(children.map((child) => child.output()));
    assert.deepEqual(outputs.map(({ code }) => code), [0, 0, 0]);
    assert.deepEqual(await list(folder), [".verified.json", ...SMALL_FILES.keys()].sort());
    for (const [name, file] of SMALL_FILES) assert.deepEqual(await Deno.readFile(`${folder}/${name}`), file);
  },
);
