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

/** The names of this machine: a page elsewhere whose name leads here has another. */
const HOSTS = ["127.0.0.1", "localhost"];

/**
 * What answers requests with the files of a folder: those that its list names, and no others, as they are now. A build that comes
 * later replaces none of them: its files would not fit those that a page already has.
 *
 * @param options.isolated Whether to send the headers that let a page share memory among threads; true by default
 * @throws {Error} If the folder has no list.
 */
export async function openFolder(
  folder: string,
  { isolated = true }: { isolated?: boolean } = {},
): Promise<(request: Request) => Response> {
  const files = await readListed(folder);
  const refuse = (status: number, text: string, headers = {}) =>
    new Response(`${text}\n`, { status, headers: { ...headersOf("refusal.txt", { isolated }), ...headers } });

  return ({ method, url }) => {
    const asked = URL.parse(url); // null where the request names no host that could be
    if (!asked || !HOSTS.includes(asked.hostname)) {
      return refuse(400, `The host must be one of ${HOSTS.join(", ")}`);
    }
    if (method !== "GET" && method !== "HEAD") {
      return refuse(405, "Only GET and HEAD", { allow: "GET, HEAD" });
    }
    const path = asked.pathname.slice(1) || "index.html", bytes = files.get(path);
    if (!bytes) return refuse(404, "There is no such file");
    const headers = { ...headersOf(path, { isolated }), "content-length": String(bytes.length) };
    return new Response(method === "HEAD" ? null : bytes, { headers });
  };
}

async function readListed(folder: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const bytes = await readWhole(`${folder}/${LIST}`).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`Cannot serve ${folder}: it must be what \`deno task build-page\` wrote`, { cause });
  });
  const { files }: FileList = JSON.parse(new TextDecoder().decode(bytes));
  const read = new Map([[LIST, bytes]]);
  for (const path of [...files.map(({ path }) => path), "service.js"]) {
    read.set(path, await readWhole(`${folder}/${path}`));
  }
  return read;
}
