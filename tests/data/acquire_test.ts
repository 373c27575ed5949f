import assert from "node:assert/strict";
import {
  acquireDataset,
  AcquireError,
  type AcquireEvent,
  type AcquireOptions,
} from "../../lib/data/acquire.ts";
import type { CatalogueEntry } from "../../lib/data/catalogue.ts";
import { lacks, named } from "../support/permissions.ts";
import {
  FOLDER_NEEDS,
  inFolder,
  list,
  packed,
  SMALL_ENTRY,
  SMALL_FILES,
  SMALL_PACKED_ENTRY,
  writeSmallFiles,
} from "./support/small_dataset.ts";

const STAMP = ".verified.json";
const NAMES = [...SMALL_FILES.keys()];
const COMPLETE = [STAMP, ...NAMES].sort();

/** Runs a test with two empty folders: one to acquire into, one to acquire from. */
function folderTest(name: string, fn: (folder: string, from: string) => Promise<void>): void {
  const run = () =>
    inFolder(async (parent) => {
      await Deno.mkdir(`${parent}/from`);
      await fn(`${parent}/small`, `${parent}/from`);
    });
  Deno.test({ name: named(name, FOLDER_NEEDS), ignore: lacks(FOLDER_NEEDS), fn: run });
}

async function errorOf(entry: CatalogueEntry, options: AcquireOptions): Promise<AcquireError> {
  try {
    await acquireDataset(entry, options);
  } catch (error) {
    assert(error instanceof AcquireError, String(error));
    return error;
  }
  assert.fail("all was acquired");
}

async function assertComplete(folder: string): Promise<void> {
  assert.deepEqual(await list(folder), COMPLETE);
  for (const [name, file] of SMALL_FILES) {
    assert.deepEqual(await Deno.readFile(`${folder}/${name}`), file, name);
  }
}

folderTest(
  "acquireDataset() takes raw and packed files from a folder and stores them raw",
  async (folder, from) => {
    await writeSmallFiles(from, (name, file) => name === NAMES[0] ? undefined : file);
    await Deno.writeFile(`${from}/${NAMES[0]}.gz`, packed(NAMES[0]));
    const events: AcquireEvent[] = [];
    const options = { folder, sources: [{ kind: "folder", path: from }] as const };
    const acquired = await acquireDataset(SMALL_ENTRY, {
      ...options,
      onEvent: (event) => events.push(event),
    });
    assert.deepEqual(acquired, { folder, stored: 4 });
    await assertComplete(folder);
    const stored = events.filter(({ kind }) => kind === "stored");
    assert.deepEqual(stored, NAMES.map((file) => ({ kind: "stored", source: from, file })));
  },
);

folderTest("acquireDataset() does nothing when everything is there", async (folder, from) => {
  await writeSmallFiles(from);
  await acquireDataset(SMALL_ENTRY, { folder, sources: [{ kind: "folder", path: from }] });
  const before = await Deno.stat(`${folder}/${STAMP}`);
  const onEvent = () => assert.fail("nothing should happen");
  assert.deepEqual(await acquireDataset(SMALL_ENTRY, { folder, onEvent }), { folder, stored: 0 });
  assert.deepEqual((await Deno.stat(`${folder}/${STAMP}`)).mtime, before.mtime);
});

folderTest(
  "acquireDataset() takes what is in the folder, packed or not, before any source",
  async (folder) => {
    await Deno.mkdir(folder);
    await writeSmallFiles(folder, (name, file) => name === NAMES[2] ? undefined : file);
    await Deno.writeFile(`${folder}/${NAMES[2]}.gz`, packed(NAMES[2]));
    assert.equal((await acquireDataset(SMALL_ENTRY, { folder })).stored, 1);
    assert.deepEqual(await list(folder), [...COMPLETE, `${NAMES[2]}.gz`].sort());
  },
);

folderTest("acquireDataset() replaces a file that was changed, and says so", async (folder, from) => {
  await writeSmallFiles(from);
  const sources = [{ kind: "folder", path: from }] as const;
  await acquireDataset(SMALL_ENTRY, { folder, sources });
  const changed = SMALL_FILES.get(NAMES[1])!.slice();
  changed[9] ^= 1;
  await Deno.writeFile(`${folder}/${NAMES[1]}`, changed);
  await Deno.utime(`${folder}/${NAMES[1]}`, 0, 1_000_000);

  const damaged: AcquireEvent[] = [];
  const onEvent = (event: AcquireEvent) => void (event.kind === "damaged" && damaged.push(event));
  assert.equal((await acquireDataset(SMALL_ENTRY, { folder, sources, onEvent })).stored, 1);
  await assertComplete(folder);
  assert.equal(damaged.length, 1);
  assert.match(
    (damaged[0] as { reason: string }).reason,
    /its SHA-256 must be [0-9a-f]{64}: current value is/,
  );
});

folderTest(
  "acquireDataset() looks again when the stamp is damaged or the catalogue has changed",
  async (folder) => {
    await Deno.mkdir(folder);
    await writeSmallFiles(folder);
    await Deno.writeTextFile(`${folder}/${STAMP}`, "{");
    assert.equal((await acquireDataset(SMALL_ENTRY, { folder })).stored, 0);
    const [first, ...rest] = SMALL_ENTRY.files;
    const error = await errorOf({ ...SMALL_ENTRY, files: [{ ...first, sha256: "0".repeat(64) }, ...rest] }, {
      folder,
    });
    assert.match(error.message, /its SHA-256 must be 0{64}/);
  },
);

folderTest("acquireDataset() keeps a file packed if only the packed one has a hash", async (folder, from) => {
  for (const name of NAMES) await Deno.writeFile(`${from}/${name}.gz`, packed(name));
  await acquireDataset(SMALL_PACKED_ENTRY, { folder, sources: [{ kind: "folder", path: from }] });
  assert.deepEqual(await list(folder), [STAMP, ...NAMES.map((name) => `${name}.gz`)].sort());
  assert.equal((await acquireDataset(SMALL_PACKED_ENTRY, { folder })).stored, 0);
});

folderTest("acquireDataset() asks each source for the files that are still missing", async (folder, from) => {
  const second = `${from}2`;
  await Deno.mkdir(second);
  await writeSmallFiles(from, (name, file) => name === NAMES[3] ? undefined : file);
  await writeSmallFiles(second, (name, file) => name === NAMES[3] ? file : undefined);
  const sources = [{ kind: "folder", path: from }, { kind: "folder", path: second }] as const;
  assert.equal((await acquireDataset(SMALL_ENTRY, { folder, sources })).stored, 4);
  await assertComplete(folder);
});

folderTest(
  "acquireDataset() says what happened at each source, and keeps what it got",
  async (folder, from) => {
    await writeSmallFiles(from, (name, file) => name === NAMES[0] ? undefined : file);
    await Deno.writeFile(`${from}/${NAMES[0]}`, new TextEncoder().encode("<!DOCTYPE html><p>gone"));
    const sources = [
      { kind: "package", specifier: "not-a-package" },
      { kind: "folder", path: `${from}/nothing` },
      { kind: "folder", path: from },
    ] as const;
    const error = await errorOf(SMALL_ENTRY, { folder, sources });
    assert.deepEqual(error.attempts.map(({ source, file }) => [source, file]), [
      ["not-a-package", NAMES[0]], // so it is not asked for another file
      ...NAMES.map((name) => [`${from}/nothing`, name]),
      [from, NAMES[0]],
    ]);
    const lines = error.message.split("\n");
    assert.equal(lines[0], `Cannot get Small: ${folder} must hold 4 files: current value is 3; tried`);
    assert.match(lines[1], /^ {2}not-a-package, train-images-idx3-ubyte: it cannot be loaded: /);
    assert.match(lines[2], /nothing, train-images-idx3-ubyte: there is no such file$/);
    assert.match(
      lines[6],
      /must be an IDX file, raw or gzipped: current value begins with "<!DOCTYPE html><p>gone"$/,
    );
    assert.equal(lines[7], `Try again later, or put ${NAMES[0]}.gz into ${folder}`);
    assert.deepEqual(await list(folder), NAMES.slice(1).sort());
  },
);

folderTest(
  "acquireDataset() run twice at once stores everything and leaves nothing else",
  async (folder, from) => {
    await writeSmallFiles(from);
    const sources = [{ kind: "folder", path: from }] as const;
    await Promise.all(Array.from({ length: 8 }, () => acquireDataset(SMALL_ENTRY, { folder, sources })));
    await assertComplete(folder);
  },
);

folderTest(
  "acquireDataset() removes what a killed run has left, and not what another is writing",
  async (folder) => {
    await Deno.mkdir(folder);
    await writeSmallFiles(folder);
    const parts = ["a", "b"].map((digit) =>
      `${NAMES[0]}.${`${digit.repeat(8)}-0000-4000-8000-000000000000`}.part`
    );
    for (const part of [...parts, "mine.part"]) await Deno.writeTextFile(`${folder}/${part}`, "half");
    const longAgo = new Date(Date.now() - 100_000);
    for (const old of [parts[0], "mine.part"]) await Deno.utime(`${folder}/${old}`, longAgo, longAgo);
    await acquireDataset(SMALL_ENTRY, { folder });
    assert.deepEqual(await list(folder), [...COMPLETE, "mine.part", parts[1]].sort());
  },
);

folderTest("acquireDataset() says that the folder is not one", async (folder) => {
  await Deno.writeTextFile(folder, "a file");
  await assert.rejects(
    acquireDataset(SMALL_ENTRY, { folder }),
    /^Error: Cannot write .*small: it must be a folder/,
  );
});

Deno.test({
  name: "acquireDataset() names the flag when Deno may not write the folder",
  permissions: "none",
  fn: () =>
    assert.rejects(
      acquireDataset(SMALL_ENTRY, { folder: "data/small" }),
      /Cannot write data\/small\/: Deno must be allowed to: .* add --allow-write=data\/small$/,
    ),
});
