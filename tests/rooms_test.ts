/**
 * What the rooms of the house may use: a page in a browser will need the engines, the models and the pictures.
 */
import assert from "node:assert/strict";
import { lacks, named } from "./support/permissions.ts";

const needs = [{ name: "read" }] as const;
/** The front doors. */
const DOORS = ["core.ts", "mod.ts", "run.ts", "view.ts"];
/** The only file that a browser replaces. */
const SEAM = "lib/engines/assets.ts";
/** Those that a browser needs. */
const PORTABLE = ["lib/engines", "lib/model", "lib/train", "lib/view"];

function test(name: string, fn: () => void): void {
  Deno.test({ name: named(name, needs), ignore: lacks(needs), fn });
}

/** The files of a folder and of those in it, without their comments, by path. */
function readSources(folder: string): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "assembly") readSources(path).forEach((text, key) => sources.set(key, text));
    if (/\.tsx?$/.test(name)) sources.set(path, withoutComments(Deno.readTextFileSync(path)));
  }
  return sources;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "").replace(/ \/\/ .*$/gm, "");
}

test("engines, models, trainings and pictures call nothing that a browser does not have, but for one seam", () => {
  const found: string[] = [];
  for (const folder of PORTABLE) {
    const sources = readSources(folder);
    assert.ok(sources.size > 5, folder);
    for (const [path, text] of sources) {
      const pattern = path === SEAM ? /\bDeno\./g : /\bDeno\.|["']node:|import\.meta/g;
      for (const [match] of text.matchAll(pattern)) found.push(`${path}: ${match}`);
    }
  }
  assert.deepEqual(found, []);
});

test("lib does not print, and reads neither arguments nor environment", () => {
  const found = [...readSources("lib")].flatMap(([path, text]) => {
    return [...text.matchAll(/\bconsole\.|\bDeno\.(?:exit|args|env|std(?:out|err))\b/g)].map(([match]) =>
      `${path}: ${match}`
    );
  });
  assert.deepEqual(found, []);
});

/** The files that each file imports before it runs, types too. */
function importsOf(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map([...sources].map(([path, text]) => {
    const names = [...text.matchAll(/\bfrom\s+"(\.[^"]+\.ts)"/g)].map(([, name]) => name);
    return [path, names.map((name) => new URL(name, `file:///${path}`).pathname.slice(1))];
  }));
}

test("no file of lib imports one that imports it", () => {
  const sources = new Map(["lib"].flatMap((folder) => [...readSources(folder)]));
  const imports = importsOf(sources), done = new Set<string>(), circles: string[] = [];
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" → "));
    if (way.includes(path) || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  assert.deepEqual(circles, []);
  assert.ok(imports.get("lib/engines/wasm/engine.ts")!.includes("lib/engines/guard.ts"));
});

/** What some browser does not have or parse: most packages, TensorFlow.js among them, and `using` with its symbols, which Safari lacks. */
const NOT_PORTABLE =
  /\bSymbol\.(?:asyncDispose|dispose)\]|\bDeno\.|\bimport\.meta|\busing \w+\s*(?::[^=]+)?=|DisposableStack|\.bytes\(\)|(?:\bfrom\s+|\bimport\s*\(?\s*)"(?![.]|npm:@noble\/hashes@)[^"\n]*"/g;

/** Imports of types, which are gone when the code runs. */
const TYPES_ONLY = /\b(?:import|export) type \{[^}]*\} from "[^"]+";/g;

test("core.ts reaches no package but one, TensorFlow.js least of all, and calls nothing that a browser lacks, but for one seam", () => {
  const reached = new Set<string>(), found: string[] = [];
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = withoutComments(Deno.readTextFileSync(path)).replaceAll(TYPES_ONLY, "");
    if (path !== SEAM) { for (const [match] of text.matchAll(NOT_PORTABLE)) found.push(`${path}: ${match}`); }
    for (const [, name] of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)"(\.[^"]+\.ts)"/g)) {
      visit(new URL(name, `file:///${path}`).pathname.slice(1));
    }
  };
  visit("core.ts");
  assert.deepEqual(found, []);
  for (const engine of ["reference", "wasm", "webgpu"]) {
    assert.ok(reached.has(`lib/engines/${engine}/engine.ts`));
  }
  assert.ok(reached.has(SEAM));
  assert.ok(reached.has("lib/symbols.ts"));
});

test("the page has no `using` either, which its bundler does not rewrite", () => {
  const sources = [...readSources("page")].filter(([path]) => !path.startsWith("page/build/"));
  assert.ok(sources.length > 20);
  for (const [path, text] of sources) {
    assert.doesNotMatch(text, /\busing \w+\s*(?::[^=]+)?=|DisposableStack/, path);
  }
});

/** Which room may import which: each those after it, and itself. */
const ROOMS = ["run", "view", "train", "engines", "model", "data"];

test("imports point one way through the rooms of lib", () => {
  const wrong: string[] = [];
  for (const [path, imports] of importsOf(readSources("lib"))) {
    const place = (of: string) => ROOMS.indexOf(of.split("/")[1]); // -1: what all rooms use
    for (const imported of imports) {
      const ok = place(imported) < 0 || (place(path) >= 0 && place(path) <= place(imported));
      if (!ok) wrong.push(`${path} → ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("lib and the front doors name each package with the version of deno.json, and need no import map", () => {
  const { imports } = JSON.parse(Deno.readTextFileSync("deno.json"));
  const doors = DOORS.map((door) => [door, Deno.readTextFileSync(door)] as const);
  const found = [...readSources("lib"), ...doors].flatMap(([path, text]) =>
    [...withoutComments(text).matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)"([^"\n;]+)"/g)].map((
      [, name],
    ) => [path, name])
  ).filter(([, name]) => !/^(\.|node:)/.test(name));
  assert.ok(found.length > 10);
  const pinned = Object.values<string>(imports);
  assert.deepEqual(found.filter(([, name]) => !pinned.some((one) => `${name}/`.startsWith(`${one}/`))), []);
});

test("recipes see the front doors and what is about the terminal, nothing else", () => {
  const scripts = [...importsOf(readSources("scripts"))].filter(([path]) =>
    /^scripts\/train_\w+\.ts$/.test(path)
  );
  assert.equal(scripts.length, 13);
  for (const [path, imports] of scripts) {
    assert.deepEqual(
      imports.filter((name) => !/^((mod|run|view)\.ts|scripts\/(recipe|support)\/\w+\.ts)$/.test(name)),
      [],
      path,
    );
  }
});

test("the front doors name what they export, one by one; mod.ts has at most 58 names", () => {
  for (const door of DOORS) {
    const text = withoutComments(Deno.readTextFileSync(door));
    assert.doesNotMatch(text, /export \*/, door);
    const names = [...text.matchAll(/\{([^}]*)\}/g)].flatMap(([, list]) =>
      list.split(",").filter((name) => name.trim())
    );
    assert.equal(new Set(names.map((name) => name.trim())).size, names.length, door);
    if (door === "mod.ts") assert.ok(names.length <= 58, `${names.length} names`);
  }
});
