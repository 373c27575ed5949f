/**
 * `deno task page`: the server, with the permissions of its task.
 */
import assert from "node:assert/strict";
import { flagsOf } from "../support/tasks.ts";
import { testsInFolders } from "../support/temp_folder.ts";

const test = testsInFolders([
  { name: "read" },
  { name: "write" },
  { name: "run" },
  { name: "net", host: "127.0.0.1" },
]);

const root = new URL("../../", import.meta.url).pathname;

/** The script of the task in a folder whose `dist/page` has a page of one file. */
async function start(folder: string, ...args: string[]): Promise<Deno.ChildProcess> {
  await Deno.mkdir(`${folder}/dist/page`, { recursive: true });
  await Deno.writeTextFile(`${folder}/dist/page/index.html`, "<!doctype html>");
  await Deno.writeTextFile(`${folder}/dist/page/service.js`, "");
  await Deno.writeTextFile(`${folder}/dist/page/files.json`, `{"files":[{"path":"index.html"}]}`);
  const [flags] = flagsOf("page");
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", `--config=${root}deno.json`, ...flags, `${root}scripts/page.ts`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The first line that a process prints. */
async function firstLine(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
  }
  reader.releaseLock();
  return text;
}

for (const [flag, isolated] of [[[], true], [["--no-isolation"], false]] as const) {
  test(`page ${flag.join("") || "--port 0"} prints its address, serves there, and ends with Ctrl-C`, async (folder) => {
    const child = await start(folder, "--port", "0", ...flag);
    const line = await firstLine(child);
    const [address] = line.match(/http:\/\/127\.0\.0\.1:\d+\//) ?? assert.fail(line);
    const response = await fetch(address);
    assert.equal(await response.text(), "<!doctype html>");
    assert.equal(response.headers.get("cross-origin-opener-policy"), isolated ? "same-origin" : null);
    child.kill("SIGINT");
    const { code } = await child.status;
    assert.equal(code, 0);
    assert.equal(await new Response(child.stderr).text(), "");
  });
}

/** Starts the task and waits until it has failed. */
async function fail(folder: string, port: number): Promise<string> {
  const { code, stdout, stderr } = await (await start(folder, "--port", String(port))).output();
  assert.deepEqual([code, stdout.length], [1, 0]);
  return new TextDecoder().decode(stderr);
}

test("page says what serves on a port that its task may not use", async (folder) => {
  assert.match(
    await fail(folder, 9001),
    /^Cannot serve the page on port 9001: .*8784.*\n {2}deno run --allow-read=dist\/page --allow-net=127\.0\.0\.1:9001 scripts\/page\.ts --port 9001\n$/,
  );
});

test("page says what to do where another program has its port", async (folder) => {
  using _listener = take(8784);
  assert.match(
    await fail(folder, 8784),
    /^Cannot serve the page on port 8784: another program .*--port 0.*\n$/,
  );
});

/** Listens at a port, unless a page is being served there right now. */
function take(port: number): Disposable | null {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return null;
    throw error;
  }
}
