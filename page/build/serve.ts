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
 */
export async function openFolder(
  folder: string,
  { isolated = true }: { isolated?: boolean } = {},
): Promise<(request: Request) => Promise<Response>> {
  const list: FileList = JSON.parse(new TextDecoder().decode(await readWhole(`${folder}/${LIST}`)));
  const paths = new Set([...list.files.map(({ path }) => path), "service.js", LIST]);

  return async ({ method, url }) => {
    if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET and HEAD", { allow: "GET, HEAD" });
    const asked = new URL(url).pathname.slice(1);
    const path = asked === "" ? "index.html" : asked;
    if (!paths.has(path)) return plain(404, "There is no such file");
    const bytes = await readWhole(`${folder}/${path}`);
    const headers = { ...headersOf(path, { isolated }), "content-length": String(bytes.length) };
    return new Response(method === "HEAD" ? null : bytes, { headers });
  };
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headersOf("answer.txt", { isolated: true }), ...headers },
  });
}
