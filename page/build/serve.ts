/**
 * Serves the folder of the page.
 *
 * @module
 */
import { readWhole } from "../../lib/data/files.ts";
import { headersOf } from "./headers.ts";
import type { FileList } from "./file_list.ts";

/** The file that lists all others. */
export const LIST = "files.json";

/**
 * What answers requests with the files of a folder: those that its list names, and no others.
 *
 * @param options.isolated Whether to send the headers that let a page share memory among threads; true by default
 * @throws {Error} If the folder has no list.
 */
export async function openFolder(
  folder: string,
  { isolated = true }: { isolated?: boolean } = {},
): Promise<(request: Request) => Promise<Response>> {
  const paths = new Set(await readPaths(folder));
  const refuse = (status: number, text: string, headers = {}) =>
    new Response(`${text}\n`, { status, headers: { ...headersOf("refusal.txt", { isolated }), ...headers } });

  return async ({ method, url }) => {
    if (method !== "GET" && method !== "HEAD") {
      return refuse(405, "Only GET and HEAD", { allow: "GET, HEAD" });
    }
    const asked = new URL(url).pathname.slice(1);
    const path = asked === "" ? "index.html" : asked;
    if (!paths.has(path)) return refuse(404, "There is no such file");
    const bytes = await readWhole(`${folder}/${path}`);
    const headers = { ...headersOf(path, { isolated }), "content-length": String(bytes.length) };
    return new Response(method === "HEAD" ? null : bytes, { headers });
  };
}

async function readPaths(folder: string): Promise<string[]> {
  const bytes = await readWhole(`${folder}/${LIST}`).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`Cannot serve ${folder}: it must be what \`deno task build-page\` wrote`, { cause });
  });
  const { files }: FileList = JSON.parse(new TextDecoder().decode(bytes));
  return [...files.map(({ path }) => path), "service.js", LIST];
}
