/**
 * All about one run as one page of HTML that needs nothing else: no script, no font, no network.
 *
 * @module
 */
import { numberOf, shareOf } from "./figures.ts";
import { bestPoint, type CurveSet } from "./history.ts";
import { escapeText } from "./svg.ts";

/** What a report tells. A picture that is missing is left out. */
export interface ReportContents {
  /** What was run. */
  readonly recipe: string;
  /** The folder of the run. */
  readonly run: string;
  /** The lines of `metrics.jsonl` as curves, and nothing else in them. */
  readonly curves: CurveSet;
  /** The last line of `metrics.jsonl`, if the run has ended. */
  readonly end: Readonly<Record<string, unknown>> | null;
  /** `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What trains the same again. */
  readonly command: string | null;
  /** SVG, in this order, each with a heading and what to know about it. */
  readonly pictures: readonly ReportPicture[];
}

/** A section of a report. */
export interface ReportPicture {
  /** Its heading. */
  readonly heading: string;
  /** One sentence below the heading. */
  readonly about: string;
  /** The picture. */
  readonly svg: string;
}

/** What of `config.json` is about the machine; the rest is about the training. */
const ENVIRONMENT = ["device", "versions", "machine"];
/** What stands elsewhere in the report. */
const TOLD = ["recipe", "command"];

const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;--box:#f3f5f8}
@media (prefers-color-scheme:dark){:root{--ground:#14171c;--ink:#e6edf3;--soft:#9aa4af;--rule:#343b44;--box:#20252c}}
body{margin:0 auto;max-width:1000px;padding:32px 20px 64px;background:var(--ground);color:var(--ink);
  font:16px/1.5 'PT Sans',system-ui,sans-serif}
h1{font-size:30px;line-height:1.2;margin:0 0 4px}
h2{font-size:20px;margin:44px 0 2px}
p{margin:0 0 12px;color:var(--soft)}
svg{display:block;max-width:100%;height:auto}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:24px 0 0;padding:0;list-style:none}
.figures li{background:var(--box);border:1px solid var(--rule);border-radius:8px;padding:10px 16px;min-width:120px}
.figures b{display:block;font-size:24px;line-height:1.25}
.figures span{color:var(--soft);font-size:14px}
pre{background:var(--box);border:1px solid var(--rule);border-radius:8px;padding:12px 16px;overflow-x:auto;
  font:14px/1.5 ui-monospace,monospace;margin:8px 0}
table{border-collapse:collapse;font-size:14px}
th,td{text-align:left;padding:3px 24px 3px 0;border-bottom:1px solid var(--rule);vertical-align:top;font-weight:400}
th{color:var(--soft)}
td{overflow-wrap:anywhere}
.numbers td,.numbers th{text-align:right;padding:3px 12px;font-variant-numeric:tabular-nums}
summary{cursor:pointer}
`;

/**
 * Writes the page.
 *
 * @example
 * ```ts
 * import { writeReport } from "./report.ts";
 * import { toCurves } from "./history.ts";
 * import assert from "node:assert/strict";
 *
 * const html = writeReport({
 *   recipe: "mine",
 *   run: "runs/mine",
 *   curves: toCurves([{ name: "mine", lines: [], stepsPerEpoch: 1 }]),
 *   end: null,
 *   config: { training: { seed: 1 } },
 *   command: "deno task mine --seed 1",
 *   pictures: [],
 * });
 * assert.match(html, /^<!doctype html>/);
 * assert.match(html, /deno task mine --seed 1/);
 * ```
 */
export function writeReport(contents: ReportContents): string {
  const { recipe, run, config, command, end, pictures } = contents;
  const training = without(config, [...ENVIRONMENT, ...TOLD]);
  const environment = Object.fromEntries(ENVIRONMENT.map((key) => [key, config[key]]));
  const hash = end?.modelSha256;
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeText(recipe)} · ${escapeText(run)}</title>`,
    `<style>${STYLE}</style></head>`,
    "<body>",
    `<h1>${escapeText(recipe)}</h1>`,
    `<p>${escapeText(run)}${config.startedAt ? `, started ${escapeText(String(config.startedAt))}` : ""}</p>`,
    writeFigures(contents),
    ...pictures.map(({ heading, about, svg }) => section(heading, about, svg)),
    ...(command
      ? [section("Again", "This command trains the same.", `<pre>${escapeText(command)}</pre>`)]
      : []),
    ...(typeof hash === "string"
      ? [section(
        "Fingerprint",
        "SHA-256 of the trained parameters: where it is equal, so is every bit.",
        `<pre>${escapeText(hash)}</pre>`,
      )]
      : []),
    section("Settings", "What was trained, how, and on what.", writeTable(training)),
    section("Environment", "Where it was trained.", writeTable(environment)),
    writeReports(contents.curves),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function section(heading: string, about: string, html: string): string {
  return `<section><h2>${escapeText(heading)}</h2>\n<p>${escapeText(about)}</p>\n${html.trim()}</section>`;
}

/** What a reader looks for first. */
function writeFigures({ curves: { curves: [curve], unit }, end, config }: ReportContents): string {
  const best = bestPoint(curve);
  const last = curve.points.at(-1);
  const finalFigure = (key: "testAccuracy" | "testLoss") => {
    const value = (key === "testAccuracy" ? shareOf : numberOf)(end?.[key] ?? last?.[key]);
    return Number.isFinite(value) ? value : null;
  };
  const accuracy = finalFigure("testAccuracy"), loss = finalFigure("testLoss");
  const network = config.network as { parameterCount?: number } | undefined; // checked as it was read
  const figures: [string, string][] = [
    [accuracy === null ? "–" : `${(100 * accuracy).toFixed(2)} %`, "test accuracy"],
    [loss === null ? "–" : loss.toFixed(4), "test loss (nats)"],
    ...(best
      ? [[`${(100 * best.testAccuracy).toFixed(2)} %`, `best, at ${unit} ${best.x}`] as [string, string]]
      : []),
    ...(network?.parameterCount
      ? [[network.parameterCount.toLocaleString("en-US"), "parameters"] as [string, string]]
      : []),
    ...(Number.isSafeInteger(end?.step)
      ? [[(end!.step as number).toLocaleString("en-US"), "steps"] as [string, string]]
      : []),
    ...(end?.interrupted === true ? [["interrupted", "before its end"] as [string, string]] : []),
  ];
  return `<ul class="figures">${
    figures.map(([figure, name]) => `<li><b>${escapeText(figure)}</b><span>${escapeText(name)}</span></li>`)
      .join("")
  }</ul>`;
}

/** Nested values with the path to them, `training.optimizer.kind`. */
function writeTable(values: Readonly<Record<string, unknown>>): string {
  const rows = flatten(values).map(([path, value]) =>
    `<tr><th>${escapeText(path)}</th><td>${escapeText(value)}</td></tr>`
  );
  return `<table>${rows.join("")}</table>`;
}

function flatten(value: unknown, path: readonly string[] = []): [string, string][] {
  if (value === undefined) return [];
  const isRecord = typeof value === "object" && value !== null;
  if (!isRecord || (Array.isArray(value) && value.every((item) => typeof item !== "object"))) {
    return [[path.join("."), Array.isArray(value) ? value.join(", ") : String(value ?? "none")]];
  }
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, [...path, key]));
}

function without(
  values: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}

function writeReports({ curves: [{ points }], unit }: CurveSet): string {
  const cell = (value: number, digits: number) =>
    `<td>${Number.isFinite(value) ? value.toFixed(digits) : "–"}</td>`;
  const rows = points.map(({ x, trainLoss, trainAccuracy, testLoss, testAccuracy }) =>
    `<tr><td>${x}</td>${cell(trainLoss, 6)}${cell(trainAccuracy, 4)}${cell(testLoss, 6)}${
      cell(testAccuracy, 4)
    }</tr>`
  );
  const head = [unit, "train loss", "train accuracy", "test loss", "test accuracy"];
  const table = `<table class="numbers"><tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr>${
    rows.join("")
  }</table>`;
  return `<section><h2>Figures</h2>\n<details><summary>All ${points.length} reports</summary>${table}</details></section>`;
}
