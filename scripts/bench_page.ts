/**
 * Measures the page in a browser: how soon it reads, how soon it reads anew, and how smooth it stays while it trains.
 *
 *     deno task bench-page
 *
 * Each figure stands beside what it must not pass; one that does ends the task with exit code 1.
 */
import "./support/deno_version.ts";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { openFolder } from "../page/build/serve.ts";
import { launch } from "./bench/browser.ts";
import { describeMachine } from "./bench/describe.ts";
import { installProbe, type Probe } from "./bench/page_probe.ts";
import { quantile, spreadOf } from "./bench/statistics.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { StatusLine } from "./support/terminal.ts";

const FOLDER = "dist/page";
const ROUNDS = 7;
/** How long a training is watched. */
const WATCHED_MS = 5_000;

/** One figure, and the most that it may be. */
interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** The least, where more is better. */
  readonly least?: number;
  readonly most?: number;
}

const spec = {
  name: "bench-page",
  about: "Measures the page in Chromium: how soon it reads, and how smooth it stays while it trains.",
  flags: OUTPUT_FLAGS,
} as const;

await runCommand(spec, async (flags) => {
  const status = new StatusLine(!flags.quiet);
  const say = (what: string) => status.draw((width) => `Measuring ${what}`.slice(0, width));
  await using site = await openSite();
  await using browser = await launch();
  const version = browser.version();
  const figures: Figure[] = [];
  say("how soon the page reads");
  figures.push(...await measureOpening(browser, site));
  say("how soon it reads anew");
  figures.push(...await measureDrawing(browser, site));
  for (const threads of [navigator.hardwareConcurrency, 1]) {
    say(`how smooth it stays while ${threads} threads train`);
    figures.push(...await measureTraining(browser, site, threads));
  }
  status.clear();
  const { cpu, cores } = describeMachine();
  if (flags.json) console.log(JSON.stringify({ cpu, cores, version, figures }));
  else {
    console.log(`${cpu}, ${cores} cores, Chromium ${version}`);
    figures.forEach((figure) => console.log(format(figure)));
  }
  return figures.every(isWithin) ? 0 : 1;
});

function isWithin({ value, least = -Infinity, most = Infinity }: Figure): boolean {
  return value >= least && value <= most;
}

function format(figure: Figure): string {
  const { name, unit, value, least, most } = figure;
  const bound = least !== undefined ? `at least ${least}` : most !== undefined ? `at most ${most}` : "";
  const digits = value >= 1000 || Number.isInteger(value) ? 0 : 1;
  return `${isWithin(figure) ? " " : "!"} ${name.padEnd(58)} ${value.toFixed(digits).padStart(8)} ${
    unit.padEnd(4)
  } ${bound}`.trimEnd();
}

interface Site extends AsyncDisposable {
  readonly address: string;
  /** The paths of what was asked for, in their order. */
  readonly requests: string[];
}

/** Serves the page as `deno task page` does. */
async function openSite(): Promise<Site> {
  const answer = await openFolder(FOLDER), requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    requests.push(new URL(request.url).pathname.slice(1) || "index.html");
    return answer(request);
  });
  return {
    address: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs `use` in a profile that knows nothing: its cache is empty. */
async function withPage<Result>(
  browser: Browser,
  { address }: Site,
  use: (page: Page) => Promise<Result>,
): Promise<Result> {
  const context = await browser.newContext({
    reducedMotion: "reduce",
    viewport: { width: 1280, height: 900 },
  });
  try {
    const page = await context.newPage();
    await page.addInitScript(installProbe);
    await page.goto(address);
    await page.waitForFunction(() => (globalThis as unknown as { probe: Probe }).probe.firstReading !== null);
    return await use(page);
  } finally {
    await context.close();
  }
}

async function probeOf(page: Page): Promise<Probe> {
  return await page.evaluate(() => (globalThis as unknown as { probe: Probe }).probe);
}

async function measureOpening(browser: Browser, site: Site): Promise<Figure[]> {
  const times: number[] = [];
  let packed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    site.requests.length = 0;
    times.push(
      await withPage(browser, site, async (page) => {
        if (round === 0) packed = await packedBytes(site.requests);
        return (await probeOf(page)).firstReading!;
      }),
    );
  }
  const { median } = spreadOf(times);
  return [
    { name: "first reading, cache empty (median)", unit: "ms", value: median, most: 1000 },
    { name: "first reading, cache empty (slowest)", unit: "ms", value: Math.max(...times) },
    { name: "fetched until then, compressed", unit: "kB", value: packed / 1000, most: 350 },
  ];
}

async function packedBytes(paths: readonly string[]): Promise<number> {
  let sum = 0;
  for (const path of new Set(paths)) {
    sum += gzipSync(await Deno.readFile(`${FOLDER}/${path}`), { level: 9 }).length;
  }
  return sum;
}

/** A spiral, drawn at the pace of a hand, one move a frame or two. */
async function measureDrawing(browser: Browser, site: Site): Promise<Figure[]> {
  return await withPage(browser, site, async (page) => {
    const { x, y, width, height } = (await page.locator("#sheet").boundingBox())!;
    const place = (k: number) => {
      const angle = k / 12, radius = 0.08 + 0.3 * k / 120;
      return [
        x + width * (0.5 + radius * Math.cos(angle)),
        y + height * (0.5 + radius * Math.sin(angle)),
      ] as const;
    };
    await page.mouse.move(...place(0));
    await page.mouse.down();
    for (let k = 1; k <= 120; k++) {
      await page.mouse.move(...place(k));
      await page.waitForTimeout(25);
    }
    await page.mouse.up();
    const { rereadings } = await probeOf(page);
    return [
      {
        name: "a move of the pen until it is read (median)",
        unit: "ms",
        value: quantile(rereadings, 0.5),
        most: 16,
      },
      {
        name: "a move of the pen until it is read (of ten, nine)",
        unit: "ms",
        value: quantile(rereadings, 0.9),
        most: 16,
      },
      { name: "moves that were read", unit: "", value: rereadings.length, least: 100 },
    ];
  });
}

async function measureTraining(browser: Browser, site: Site, threads: number): Promise<Figure[]> {
  return await withPage(
    browser,
    { ...site, address: `${site.address}#threads=${threads}&images=all` },
    async (page) => {
      await page.getByRole("button", { name: "Train here" }).click();
      await page.getByText("ms a step").waitFor();
      const first = (await probeOf(page)).frames.length;
      await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
      await page.waitForTimeout(WATCHED_MS);
      const trace = JSON.parse(new TextDecoder().decode(await browser.stopTracing())) as Trace;
      const frames = (await probeOf(page)).frames.slice(first);
      const gaps = frames.slice(1).map((time, i) => time - frames[i]);
      const pace = Number(/([\d.]+) ms a step/.exec(await page.locator("#training .facts").innerText())![1]);
      const during = `training, ${threads} thread${threads === 1 ? "" : "s"}`;
      return [
        {
          name: `${during}: frames a second`,
          unit: "",
          value: 1000 * gaps.length / (frames.at(-1)! - frames[0]),
          least: 58,
        },
        { name: `${during}: from frame to frame, of a hundred, 99`, unit: "ms", value: quantile(gaps, 0.99) },
        { name: `${during}: the longest task of the page`, unit: "ms", value: longestTask(trace), most: 50 },
        { name: `${during}: a step`, unit: "ms", value: pace },
      ];
    },
  );
}

/** What Chromium writes down of its threads; times in microseconds. */
interface Trace {
  readonly traceEvents: readonly {
    readonly name: string;
    readonly pid: number;
    readonly tid: number;
    readonly dur?: number;
    readonly args: { readonly name?: string };
  }[];
}

/** The longest task of the main thread of any page, in milliseconds. */
function longestTask({ traceEvents }: Trace): number {
  const key = ({ pid, tid }: { pid: number; tid: number }) => `${pid} ${tid}`;
  const main = new Set(
    traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(key),
  );
  const tasks = traceEvents.filter((event) => event.name.endsWith("RunTask") && main.has(key(event)));
  if (tasks.length === 0) throw new Error("Cannot find the longest task: the trace must have some");
  return Math.max(...tasks.map(({ dur = 0 }) => dur)) / 1000;
}
