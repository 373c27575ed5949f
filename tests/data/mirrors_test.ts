import assert from "node:assert/strict";
import {
  acquireDataset,
  AcquireError,
  type AcquireEvent,
  type AcquireOptions,
} from "../../lib/data/acquire.ts";
import { lacks, named } from "../support/permissions.ts";
import { type Mirror, openCuttingMirror, openMirror } from "./support/bad_mirror.ts";
import {
  inFolder,
  list,
  SERVER_NEEDS,
  SMALL_ENTRY,
  SMALL_FILES,
  SMALL_PACKED_ENTRY,
} from "./support/small_dataset.ts";

const MEMORY_NEEDS = [...SERVER_NEEDS, { name: "run" }] as const;
const NAMES = [...SMALL_FILES.keys()];
const LIMITS = { stallMs: 250, stallBytes: 1000, totalMs: 600 };

function mirrorTest(
  name: string,
  fn: (folder: string, mirror: Mirror) => Promise<void>,
  open = openMirror,
): void {
  const run = () =>
    inFolder(async (folder) => {
      await using mirror = open();
      await fn(folder, mirror);
    });
  Deno.test({ name: named(name, SERVER_NEEDS), ignore: lacks(SERVER_NEEDS), fn: run });
}

function acquireFrom(urls: string[], options: AcquireOptions) {
  const sources = urls.map((url) => ({ kind: "mirror", url }) as const);
  return acquireDataset(SMALL_ENTRY, { ...options, sources, limits: { ...LIMITS, ...options.limits } });
}

async function assertComplete(folder: string): Promise<void> {
  assert.deepEqual(await list(folder), [".verified.json", ...NAMES].sort());
  for (const [name, file] of SMALL_FILES) {
    assert.deepEqual(await Deno.readFile(`${folder}/${name}`), file, name);
  }
}

async function errorOf(acquiring: Promise<unknown>): Promise<AcquireError> {
  try {
    await acquiring;
  } catch (error) {
    assert(error instanceof AcquireError, String(error));
    return error;
  }
  assert.fail("all was acquired");
}

for (const behaviour of ["good", "raw", "encoded", "moved"]) {
  mirrorTest(`acquireDataset() takes files from a mirror: ${behaviour}`, async (folder, { base, asked }) => {
    const events: AcquireEvent[] = [];
    await acquireFrom([`${base}/${behaviour}/`], { folder, onEvent: (event) => events.push(event) });
    await assertComplete(folder);
    assert(asked.includes(`/${behaviour}/${NAMES[0]}.gz`));
    const progress = events.filter((event) => event.kind === "progress" && event.file === NAMES[0]);
    assert(progress.length >= 2);
    assert.deepEqual(progress[0], {
      kind: "progress",
      source: `${base}/${behaviour}/`,
      file: NAMES[0],
      doneBytes: 0,
    });
  });
}

/** How a mirror fails, the reason in the error, and whether it is asked for other files nevertheless. */
const BAD: [behaviour: string, reason: RegExp, gone: boolean][] = [
  ["404", /^the answer must be 200: current value is 404 Not Found$/, false],
  ["500", /^the answer must be 200: current value is 500 Internal Server Error$/, false],
  ["206", /^the answer must be 200: current value is 206 Partial Content$/, false],
  ["loop", /^it cannot be reached, or the connection was cut: .*redirect/i, true],
  ["elsewhere", /^it cannot be reached, or the connection was cut: /, true],
  ["silent", /^it sent less than 1000 bytes in 0.25 s$/, true],
  ["drip", /^it sent less than 1000 bytes in 0.25 s$/, true],
  ["steady", /^it took longer than 0.6 s$/, true],
  ["endless", /^the file must be at most 656\d\d bytes long$/, false],
  ["announced", /^the file must be at most 656\d\d bytes long: current value is 4000000000$/, false],
  ["empty", /^Cannot use it: it must be an IDX file, raw or gzipped: current value is empty$/, false],
  ["html", /must be an IDX file, raw or gzipped: current value begins with "<!DOCTYPE html><title>/, false],
  [
    "short",
    /^Cannot parse it: gzip data must be whole and one member \(/,
    false,
  ],
  ["long", /^Cannot parse it: gzip data must be whole and one member/, false],
  ["other", /^Cannot use it: it must be \d\d bytes long: current value is 9$/, false],
  ["changed", /^Cannot use it: its SHA-256 must be [0-9a-f]{64}: current value is [0-9a-f]{64}$/, false],
  ["bomb", /^Cannot parse it: a file of \d\d bytes, as its header says, must (end there|not exceed)/, false],
];

/** Slow to test, and no different from `drip` for the next mirror. */
const SLOW = ["silent", "steady"];

for (const [behaviour] of BAD.filter(([behaviour]) => !SLOW.includes(behaviour))) {
  mirrorTest(`acquireDataset() goes on to the next mirror: ${behaviour}`, async (folder, { base }) => {
    await acquireFrom([`${base}/${behaviour}/`, `${base}/good/`], { folder });
    await assertComplete(folder);
  });
}

for (const [behaviour, reason, gone] of BAD) {
  mirrorTest(
    `acquireDataset() says what is wrong and leaves nothing: ${behaviour}`,
    async (folder, { base }) => {
      const source = `${base}/${behaviour}/`;
      const { attempts, message } = await errorOf(acquireFrom([source], { folder }));
      assert.deepEqual(await list(folder), []);
      assert.deepEqual(attempts.map(({ file }) => file), gone ? NAMES.slice(0, 1) : NAMES);
      assert.match(attempts[0].reason, reason);
      assert(message.includes(`\n  ${source}, ${NAMES[0]}: ${attempts[0].reason}`));
    },
  );
}

mirrorTest("acquireDataset() notices a connection that was cut", async (folder, { base }) => {
  const { attempts } = await errorOf(acquireFrom([`${base}/`], { folder }));
  assert.equal(attempts.length, 1);
  assert.match(attempts[0].reason, /^it cannot be reached, or the connection was cut: /);
  assert.deepEqual(await list(folder), []);
}, openCuttingMirror);

mirrorTest("acquireDataset() notices that nobody listens", async (folder, { base }) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await acquireFrom([`http://127.0.0.1:${port}/`, `${base}/good/`], { folder });
  await assertComplete(folder);
});

mirrorTest(
  "acquireDataset() compares the packed bytes where only their hash is known",
  async (folder, { base }) => {
    const sources = (behaviour: string) => [{ kind: "mirror", url: `${base}/${behaviour}/` }] as const;
    for (const behaviour of ["raw", "changed", "short", "bomb"]) {
      const { attempts } = await errorOf(
        acquireDataset(SMALL_PACKED_ENTRY, { folder, sources: sources(behaviour) }),
      );
      assert.match(attempts[0].reason, /its SHA-256 must be/, behaviour);
    }
    assert.equal((await acquireDataset(SMALL_PACKED_ENTRY, { folder, sources: sources("good") })).stored, 4);
  },
);

/** What a separate process prints that asked a mirror for 47 MB. */
async function growthBy(url: string, totalMs: number) {
  const child = new URL("support/memory_child.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-net=127.0.0.1", child, url, String(totalMs)],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: named("a mirror that sends single bytes, or what unpacks to much, takes no memory", MEMORY_NEEDS),
  ignore: lacks(MEMORY_NEEDS),
  fn: async () => {
    await using mirror = openMirror();
    const crumbs = await growthBy(`${mirror.base}/crumbs/`, 4000);
    assert.equal(crumbs.reason, "it took longer than 4 s");
    assert(crumbs.pieces > 200, `${crumbs.pieces} pieces`);
    assert(crumbs.grownBytes < 75e6, JSON.stringify(crumbs)); // 95 MB if each byte kept its buffer
    const unpacked = await growthBy(`${mirror.base}/unpacking/`, 60_000);
    assert.match(unpacked.reason, /^the file must be at most 47065536 bytes long$/);
    assert(unpacked.grownBytes < 200e6, JSON.stringify(unpacked));
  },
});

mirrorTest("acquireDataset() asks a mirror only for what is missing", async (folder, { base, asked }) => {
  await Deno.writeFile(`${folder}/${NAMES[0]}`, SMALL_FILES.get(NAMES[0])!);
  await acquireFrom([`${base}/good/`], { folder });
  assert.deepEqual(asked, NAMES.slice(1).map((name) => `/good/${name}.gz`));
});
