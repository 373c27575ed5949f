/**
 * Puts the page together: a folder of static files, all addressed relative to each other, so that any server and any folder of
 * it will do.
 *
 * @module
 */
import { loadDataset } from "../../lib/data/dataset.ts";
import { readWhole } from "../../lib/data/files.ts";
import { listFiles } from "./file_list.ts";
import { mnistFiles } from "./mnist.ts";
import { LIST } from "./serve.ts";

/** Files that are as they are. */
const COPIED = {
  "index.html": "page/index.html",
  "icon.svg": "page/icon.svg",
  "manifest.webmanifest": "page/manifest.webmanifest",
  "kernels/fused.wasm": "lib/engines/wasm/fused.wasm",
  "kernels/plain.wasm": "lib/engines/wasm/plain.wasm",
};

const MODELS = "page/models";
const SERVICE = "workers/service.js";

/**
 * The files of the page, by path.
 *
 * @param bundle The folder that `deno bundle` wrote
 * @throws {Error} If MNIST is missing
 */
export async function collectFiles(bundle: string): Promise<Map<string, Uint8Array>> {
  const files: Map<string, Uint8Array> = await mnistFiles(await loadDataset({ dataset: "mnist" }));
  for (const [path, source] of Object.entries(COPIED)) files.set(path, await readWhole(source));
  for (const name of await namesIn(MODELS)) {
    if (name.endsWith(".safetensors")) files.set(`models/${name}`, await readWhole(`${MODELS}/${name}`));
  }
  for (const path of await namesIn(bundle)) {
    files.set(path, withShortShaders(await readWhole(`${bundle}/${path}`)));
  }
  files.set("index.html", withImports(files));
  return files;
}

/**
 * Writes the folder of the page, in place of one that is there once the new one is whole.
 *
 * @returns How many files, and their size
 */
export async function writeFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ count: number; sizeBytes: number }> {
  const { [SERVICE]: service, ...others } = Object.fromEntries(files);
  const encoder = new TextEncoder(), { build } = listFiles(files);
  const page = new TextDecoder().decode(others["index.html"]).replace(BUILD, build);
  others["index.html"] = encoder.encode(page);
  const list = JSON.stringify(listFiles(new Map(Object.entries(others)), build));
  const written = Object.entries({
    ...others,
    [LIST]: encoder.encode(`${list}\n`),
    // Beside the page, since a service worker serves its own folder; with the list, so that it changes when any file does.
    "service.js": encoder.encode(`const FILES=${list};\n${new TextDecoder().decode(service)}`),
  });

  const unfinished = `${folder.replace(/\/+$/, "")}.unfinished`;
  await remove(unfinished);
  let sizeBytes = 0;
  for (const [path, bytes] of written) {
    const to = `${unfinished}/${path}`;
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(to, bytes);
    sizeBytes += bytes.length;
  }
  await remove(folder);
  await Deno.rename(unfinished, folder);
  return { count: written.length, sizeBytes };
}

/** Where `index.html` says of which build it is. */
const BUILD = /(?<=<meta name="build" content=")[^"]*/;

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** `index.html`, which asks at once for all that `main.js` imports: else a browser asks for each file when it has read another. */
function withImports(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const textOf = (path: string) => new TextDecoder().decode(files.get(path));
  const imported = new Set(["main.js"]);
  for (const path of imported) { // grows meanwhile
    for (const [, name] of textOf(path).matchAll(STATIC_IMPORT)) imported.add(name);
  }
  const links = [...imported].sort().map((path) => `<link rel="modulepreload" href="${path}">`);
  return new TextEncoder().encode(
    textOf("index.html").replace('<link rel="modulepreload" href="main.js">', links.join("\n    ")),
  );
}

/** A script without the comments and the indentation of its shaders, its only texts of many lines. */
function withShortShaders(script: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(script);
  if (!text.includes("@compute")) return script;
  const short = text.replaceAll(/(?<=^|`) *\/\/.*\n/gm, "").replaceAll(/(?<=[;,{}]) \/\/ .*$/gm, "");
  return new TextEncoder().encode(short.replaceAll(/^ +/gm, ""));
}

/** As the bundler writes them, in files that lie beside each other. */
const STATIC_IMPORT = /\b(?:from|import)"\.\/([^"]+)"/g;

/** The paths of all files in a folder. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) names.push(...(await namesIn(`${folder}/${name}`)).map((below) => `${name}/${below}`));
    else names.push(name);
  }
  return names;
}
