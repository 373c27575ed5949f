/**
 * The service worker: it keeps what the page is made of, so that the page opens without a network after the first visit.
 *
 * The shell (page, kernels, shipped models, test digits) is kept when the worker is installed, whole and checked by its hashes;
 * parts of the data set when they are first fetched. A version of the page replaces the one before when no page uses that any
 * more, or when a page asks for it.
 *
 * @module
 */
import type { FileList } from "../build/file_list.ts";
import { ISOLATION, POLICY } from "../build/headers.ts";

/** What the build writes before this file. */
declare const FILES: FileList;

interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface ServiceWorkerEvents {
  install: ExtendableEvent;
  activate: ExtendableEvent;
  message: ExtendableEvent & MessageEvent;
  fetch: FetchEvent;
}

/** The types of the platform that hold in a service worker alone. */
const worker = globalThis as unknown as {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener<Name extends keyof ServiceWorkerEvents>(
    name: Name,
    listener: (event: ServiceWorkerEvents[Name]) => void,
  ): void;
};

const { scope } = worker.registration;
/** Pages in other folders of the same host keep theirs apart. */
const PREFIX = `scanline ${scope} `;
const SHELL = `${PREFIX}${FILES.version}`;
const DATA = `${PREFIX}data ${FILES.dataVersion}`;

const shell = FILES.files.filter(({ part }) => part === "shell");
const shellUrls = new Set(shell.map(({ path }) => new URL(path, scope).href));
const dataUrls = new Map(
  FILES.files.filter(({ part }) => part === "data").map((file) => [new URL(file.path, scope).href, file]),
);
/** The page, which has a short address, too. */
const INDEX = new URL("index.html", scope).href;
const INDEX_PATHS = [INDEX, scope].map((url) => new URL(url).pathname);

/** Keeps the whole shell, or nothing: half of one version and half of another would not fit. */
async function keepShell(): Promise<void> {
  const isThere = await caches.has(SHELL), cache = await caches.open(SHELL);
  try {
    await cache.addAll(shell.map(({ path, integrity }) => {
      return new Request(new URL(path, scope), { integrity, cache: "no-cache" });
    }));
  } catch (error) {
    if (!isThere) await caches.delete(SHELL);
    throw error;
  }
}

/** Removes what other versions kept. */
async function forgetOthers(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== SHELL && name !== DATA) await caches.delete(name);
  }
}

async function fromShell(url: string): Promise<Response> {
  const cache = await caches.open(SHELL);
  const found = await cache.match(url) ?? await fetch(url); // a browser may have cleared it
  return withBody(found, found.body);
}

/** A part of the data set, at once as it comes; it is kept when it has come whole. */
async function fromData(event: FetchEvent, url: string): Promise<Response> {
  const cache = await caches.open(DATA), kept = await cache.match(url);
  if (kept) return kept;
  const response = await fetch(url);
  // Without room to keep it, the page still has it.
  if (response.ok) event.waitUntil(keepData(cache, url, response.clone()).catch(() => {}));
  return response;
}

/** Keeps a part of the data set if it is what was listed. */
async function keepData(cache: Cache, url: string, response: Response): Promise<void> {
  const bytes = await response.arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  if (`sha256-${btoa(String.fromCharCode(...hash))}` !== dataUrls.get(url)!.integrity) return;
  await cache.put(url, withBody(response, bytes));
}

/** What many servers do not send: with it, workers have the policy too, and threads share memory from the second visit on. */
const HEADERS = { "content-security-policy": POLICY, ...ISOLATION };

/**
 * A response of its own, with what another says. Some servers redirect /index.html to /, and a browser refuses to navigate to a response
 * that was redirected.
 */
function withBody({ status, headers }: Response, body: BodyInit | null): Response {
  return new Response(body, { status, headers: { ...HEADERS, ...Object.fromEntries(headers) } });
}

worker.addEventListener("install", (event) => event.waitUntil(keepShell()));
worker.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => worker.clients.claim()));
});
worker.addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(worker.skipWaiting());
  if (event.data === "which build") event.ports[0].postMessage(FILES.build);
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  url.hash = "";
  if (request.mode === "navigate" && INDEX_PATHS.includes(url.pathname)) { // with whatever follows it
    event.respondWith(fromShell(INDEX));
  } else if (shellUrls.has(url.href)) event.respondWith(fromShell(url.href));
  else if (dataUrls.has(url.href)) event.respondWith(fromData(event, url.href));
});
