/**
 * Tests of the page in a real browser: Debian's Chromium, driven by Playwright.
 *
 * They show as ignored where there is no Chromium, unless `SCANLINE_REQUIRE_BROWSER=1` asks for one.
 *
 * ```ts ignore
 * browserTest("the page …", async ({ page, address }) => {
 *   await page.goto(address);
 * });
 * ```
 *
 * @module
 */
import assert from "node:assert/strict";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openFolder } from "../../page/build/serve.ts";
import { findChromium, launch } from "../../scripts/bench/browser.ts";
import { lackingMnist } from "../support/mnist.ts";
import { buildPage, needsToBuild } from "./build_page.ts";

/** What Playwright asks the system for, and what a server takes. */
const needs = [
  ...needsToBuild,
  { name: "net", host: "127.0.0.1" },
  { name: "sys", kind: "homedir" },
  { name: "sys", kind: "osRelease" },
] as const;

/** How long a test waits for what must happen, on a machine that has other things to do. */
const PATIENCE_MS = 120_000;

/** Gives a page WebGPU, computed by SwiftShader. */
export const WEBGPU_FLAGS: readonly string[] = ["--enable-unsafe-webgpu"];

/** Why tests in a browser cannot run here; undefined where they can, or must. */
export const LACKING_BROWSER: string | undefined = whyNot();

function whyNot(): string | undefined {
  const missing = lackingMnist(needs);
  if (missing !== undefined) return missing;
  if (findChromium() !== undefined || Deno.env.get("SCANLINE_REQUIRE_BROWSER") === "1") return undefined;
  return "needs Chromium: `apt-get install chromium`";
}

/** A visit: a browser that knows nothing, the address of the page, and what happened so far. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** With a slash at its end. */
  readonly address: string;
  /** Errors and warnings of the console, uncaught errors, violations of the policy, and requests to other origins. */
  readonly complaints: readonly string[];
  /** What the server was asked for so far, by path. */
  readonly requests: readonly string[];
  /** Ends the server; what the browser then shows, it kept. */
  readonly goOffline: () => Promise<void>;
}

/** What a test in a browser may choose. */
export interface VisitOptions {
  /** Whether the server sends the headers that allow threads; true by default. */
  readonly isolated?: boolean;
  /** More flags of Chromium. */
  readonly flags?: readonly string[];
  readonly context?: BrowserContextOptions;
  /** Beginnings of complaints that belong to the test; any other fails it. */
  readonly expected?: readonly RegExp[];
  /** A folder of the server, with a slash in front, in which the page lies. */
  readonly below?: string;
  /** What is served; by default the page as built. */
  readonly folder?: () => Promise<string>;
  /** Answers in place of the usual server, which it may ask. */
  readonly answer?: (request: Request, usual: Answer) => Response | Promise<Response>;
}

type Answer = (request: Request) => Response;

/** Declares a test in a browser of its own. It fails, too, if anything complained. */
export function browserTest(
  name: string,
  fn: (visit: Visit) => Promise<void>,
  options: VisitOptions = {},
): void {
  Deno.test({
    name: LACKING_BROWSER === undefined ? name : `${name} (ignored: ${LACKING_BROWSER})`,
    ignore: LACKING_BROWSER !== undefined,
    sanitizeOps: false, // Playwright keeps the output of its browser open for a moment
    sanitizeResources: false,
    fn: async () => {
      await using site = await openSite(options);
      await using browser = await launch(options.flags);
      const context = await browser.newContext(options.context);
      context.setDefaultTimeout(PATIENCE_MS);
      const complaints: string[] = [];
      const page = await context.newPage();
      listen(context, page, { complaints, origin: new URL(site.address).origin });
      await fn({ page, context, complaints, ...site, goOffline: () => site.close() });
      const { expected = [] } = options;
      assert.deepEqual(complaints.filter((one) => !expected.some((pattern) => pattern.test(one))), []);
    },
  });
}

/** What axe-core would improve in a page as it is now, with the elements. */
export async function findingsOfAxe(page: Page): Promise<string[]> {
  await page.evaluate(await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js"))));
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(", ")}`);
}

/** What is used of axe-core. */
interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** Writes down whatever is wrong. */
function listen(
  context: BrowserContext,
  page: Page,
  { complaints, origin }: { complaints: string[]; origin: string },
): void {
  context.on("console", (message) => {
    if (message.text().startsWith("Service Worker registration blocked by Playwright")) return; // as the test asks for
    if (["error", "warning"].includes(message.type())) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    const stays = url.origin === origin || ["blob:", "data:"].includes(url.protocol);
    if (!stays) complaints.push(`request: ${url.href}`);
  });
}

let built: Promise<string> | undefined;

/** The folder of the page, built once for the tests of a file. */
export function builtPage(): Promise<string> {
  built ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "scanline-page-" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    return await buildPage(folder);
  })();
  return built;
}

/** A server of the page. */
export interface Site extends AsyncDisposable {
  readonly address: string;
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves a folder as `deno task page` does, on any port that is free. */
export async function openSite(
  { isolated = true, below = "", folder = builtPage, answer = (request, usual) => usual(request) }:
    VisitOptions = {},
): Promise<Site> {
  const usual = await openFolder(await folder(), { isolated });
  const requests: string[] = [], closing = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: closing.signal, onListen: () => {} },
    (request) => {
      const url = new URL(request.url);
      requests.push(url.pathname);
      if (!url.pathname.startsWith(`${below}/`)) {
        return new Response("There is no such file\n", { status: 404 });
      }
      url.pathname = url.pathname.slice(below.length);
      return answer(new Request(url, { method: request.method }), usual);
    },
  );
  const close = async () => {
    closing.abort();
    await server.finished;
  };
  const address = `http://127.0.0.1:${server.addr.port}${below}/`;
  return { address, requests, close, [Symbol.asyncDispose]: close };
}
