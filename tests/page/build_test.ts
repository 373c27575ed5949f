/**
 * The folder of static files that `deno task build-page` makes.
 */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import config from "../../deno.json" with { type: "json" };
import map from "../../page/build/import_map.json" with { type: "json" };
import { type FileList, listFiles } from "../../page/build/file_list.ts";
import { writeFolder } from "../../page/build/folder.ts";
import { headersOf, POLICY } from "../../page/build/headers.ts";
import { lackingMnist } from "../support/mnist.ts";
import { lacks, named } from "../support/permissions.ts";
import { assemble, buildPage, needsToBuild, readFolder } from "./build_page.ts";

const ignored = lackingMnist(needsToBuild);
const reads = [{ name: "read" }] as const;

/** Declares a test of the folder, built once for all. */
function folderTest(
  name: string,
  fn: (files: Map<string, Uint8Array<ArrayBuffer>>) => void | Promise<void>,
): void {
  Deno.test({
    name: ignored === undefined ? name : `${name} (ignored: ${ignored})`,
    ignore: ignored !== undefined,
    fn: async () => fn(await build()),
  });
}

let built: Promise<Map<string, Uint8Array<ArrayBuffer>>> | undefined;

function build(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  built ??= buildAnew();
  return built;
}

async function buildAnew(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const folder = await Deno.makeTempDir();
  try {
    return await readFolder(await buildPage(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

folderTest("building the page twice, in different folders, gives the same bytes", async (files) => {
  const again = await buildAnew();
  assert.deepEqual([...again.keys()].sort(), [...files.keys()].sort());
  for (const [path, bytes] of files) assert.deepEqual(again.get(path), bytes, path);
});

folderTest(
  "files.json lists every file of the page with its hash, and service.js has the same list",
  (files) => {
    const list: FileList = JSON.parse(textOf(files.get("files.json")));
    const listed = new Map([...files].filter(([path]) => !["files.json", "service.js"].includes(path)));
    assert.deepEqual(listFiles(listed, list.build), list);
    assert.match(list.build, /^[0-9a-f]{16}$/);
    assert.ok(textOf(files.get("index.html")).includes(`<meta name="build" content="${list.build}">`));
    assert.ok(textOf(files.get("service.js")).startsWith(`const FILES=${JSON.stringify(list)};\n`));
  },
);

folderTest("every file of the page has a kind, and no address in it is absolute", (files) => {
  for (const [path, bytes] of files) {
    headersOf(path, { isolated: true });
    if (/\.(html|css|webmanifest)$/.test(path)) assert.doesNotMatch(textOf(bytes), /(["'(]\/|https?:)/, path);
  }
});

folderTest("what the page refers to is there", (files) => {
  const names = [...textOf(files.get("index.html")).matchAll(/(?:href|src)="([^"]+)"/g)].map(([, name]) =>
    name
  );
  assert.ok(names.length >= 4);
  for (const name of [...names, "kernels/fused.wasm", "kernels/plain.wasm", "mnist/digits.bin"]) {
    assert.ok(files.has(name), name);
  }
  const scripts = [...files].filter(([path]) => path.endsWith(".js"));
  for (const [path, bytes] of scripts) {
    for (const [, name] of textOf(bytes).matchAll(/(?:\bfrom|\bimport\(?)"(\.[^"]+)"/g)) {
      assert.ok(files.has(new URL(name, `file:///${path}`).pathname.slice(1)), `${path} imports ${name}`);
    }
  }
});

/** Bytes, compressed, that the page may take with one network. */
const BUDGET = 350_000;

folderTest(
  "the page, its kernels, LSTM-64 and test digits are at most 350 kB, compressed",
  (files) => {
    const { files: listed }: FileList = JSON.parse(textOf(files.get("files.json")));
    const isOther = (path: string) => path.startsWith("models/") && path !== "models/lstm-64.safetensors";
    const shell = listed.filter(({ path, part }) => part === "shell" && !isOther(path)).map(({ path }) =>
      path
    );
    const sizes = [...shell, "service.js"].map((path) => gzipSync(files.get(path)!, { level: 9 }).length);
    const total = sizes.reduce((sum, size) => sum + size);
    assert.ok(total <= BUDGET, `${total} bytes`);
  },
);

folderTest("neither TensorFlow.js nor anything of Deno's is in the page", (files) => {
  for (const [path, bytes] of files) {
    if (!path.endsWith(".js")) continue;
    assert.doesNotMatch(textOf(bytes), /@tensorflow|tfjs_layers|"node:|\bDeno\.(?!errors\b)/, path);
  }
});

Deno.test({
  name: named("a build that ends halfway leaves the page that is there", needsToBuild),
  ignore: lacks(needsToBuild),
  fn: async () => {
    const folder = await Deno.makeTempDir(), page = `${folder}/page`;
    const files = (text: string, more = {}) => {
      const all = { "index.html": text, "workers/service.js": "service", ...more };
      return new Map(Object.entries(all).map(([path, text]) => [path, new TextEncoder().encode(text)]));
    };
    try {
      await writeFolder(page, files("first"));
      await assert.rejects(writeFolder(page, files("second", { "index.html/below": "" })));
      assert.equal(await Deno.readTextFile(`${page}/index.html`), "first");
      await writeFolder(`${page}/`, files("third"));
      assert.equal(await Deno.readTextFile(`${page}/index.html`), "third");
      assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["page"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: named("without MNIST the page is not built, and the error names what fetches it", needsToBuild),
  ignore: lacks(needsToBuild),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { code, stderr } = await assemble(folder, { cwd: folder });
      assert.equal(code, 1);
      assert.match(stderr, /^Cannot .*`?deno task data`?.*\n$/);
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the bundle takes the packages of deno.json, at its versions", () => {
  const pinned: Record<string, string> = config.imports;
  for (const [name, target] of Object.entries(map.imports)) {
    if (name.startsWith(".")) continue;
    const expected = name.endsWith("/")
      ? `${pinned[name.slice(0, -1)].replace("npm:", "npm:/")}/`
      : pinned[name];
    assert.equal(target, expected, name);
  }
});

Deno.test({
  name: named("index.html has the policy that the server sends", reads),
  ignore: lacks(reads),
  fn: async () => {
    const page = await Deno.readTextFile(new URL("../../page/index.html", import.meta.url));
    assert.equal(page.match(/content="(default-src[^"]+)"/)?.[1], POLICY);
  },
});
