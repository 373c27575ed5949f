/**
 * Everything about a run on one page of HTML, without scripts, fonts or other files.
 *
 * @module
 */
import {
  bestPoint,
  type CurvePoint,
  type CurveSet,
  imagesOf,
  type Judges,
  judgesOf,
  meaningOf,
  momentOf,
} from "./history.ts";
import { formatQuantity } from "./progress.ts";
import { escapeText } from "./svg.ts";
import { formatMoment, formatShare, formatSpan } from "./words.ts";

/** What a report shows. */
export interface ReportContents {
  /** The recipe that was run. */
  readonly recipe: string;
  /** The folder of the run. */
  readonly run: string;
  /** The curves of this run alone; without points for imported weights. */
  readonly curves: CurveSet;
  /** The last line of `metrics.jsonl`, if the run has ended. */
  readonly end: Readonly<Record<string, unknown>> | null;
  /** The saved model's score on all test images, if it was measured. */
  readonly evaluated: { readonly loss: number; readonly accuracy: number; readonly count: number } | null;
  /** The time spent training and testing; 0 for imported weights. */
  readonly seconds: number;
  /** How many parameters the network has. */
  readonly parameterCount: number;
  /** SHA-256 of the saved model, if known. */
  readonly modelSha256: string | null;
  /** `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The command that trains the same again. */
  readonly command: string | null;
  /** The pictures, in this order. */
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

/** The keys of `config.json` about the machine; the others are about the training. */
const ENVIRONMENT = ["device", "versions", "machine"];
/** The keys that other parts of the report show. */
const SHOWN = ["recipe", "command", "startedAt", "figures"];
const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;--box:#f3f5f8;--focus:#0550ae}
@media (prefers-color-scheme:dark){:root{--ground:#14171c;--ink:#e6edf3;--soft:#9aa4af;--rule:#343b44;--box:#20252c;
  --focus:#58a6ff}}
body{margin:0 auto;max-width:1000px;padding:32px 20px 64px;background:var(--ground);color:var(--ink);
  font:16px/1.5 'PT Sans',system-ui,sans-serif}
h1{font-size:30px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:20px;margin:44px 0 2px}
h3{font-size:16px;margin:20px 0 2px}
p{margin:0 0 12px;color:var(--soft)}
svg{display:block;max-width:100%;height:auto}
.whole{display:inline-block;max-width:100%;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:24px 0 0;padding:0;list-style:none}
.figures li{background:var(--box);border:1px solid var(--rule);border-radius:8px;padding:10px 16px;min-width:120px}
.figures b{display:block;font-size:24px;line-height:1.25;white-space:nowrap}
.figures span{color:var(--soft);font-size:14px}
pre{background:var(--box);border:1px solid var(--rule);border-radius:8px;padding:12px 16px;
  font:14px/1.5 ui-monospace,monospace;margin:8px 0}
table{border-collapse:collapse;font-size:14px;white-space:nowrap}
th,td{text-align:left;padding:3px 24px 3px 0;border-bottom:1px solid var(--rule);font-weight:400}
th{color:var(--soft)}
.numbers td,.numbers th{text-align:right;padding:3px 12px;font-variant-numeric:tabular-nums}
summary{cursor:pointer}
@media (max-width:600px){body{padding:20px 12px 48px}}
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
 *   evaluated: { loss: 0.1, accuracy: 0.97, count: 10_000 },
 *   seconds: 0,
 *   parameterCount: 24_714,
 *   modelSha256: null,
 *   config: { training: { seed: 1 } },
 *   command: "deno task mine --seed 1",
 *   pictures: [],
 * });
 * assert.match(html, /^<!doctype html>/);
 * assert.match(html, /deno task mine --seed 1/);
 * assert.match(html, /97\.00%/);
 * ```
 */
export function writeReport(contents: ReportContents): string {
  const { recipe, run, config, command, curves, modelSha256: hash, pictures } = contents;
  const trained = curves.curves.some(({ points }) => points.length > 0);
  const environment = Object.fromEntries(ENVIRONMENT.map((key) => [key, config[key]]));
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeText(recipe)} · ${escapeText(run)}</title>`,
    `<style>${STYLE}</style></head>`,
    "<body>",
    "<main>",
    `<h1>${escapeText(recipe)}</h1>`,
    `<p>${writePath(run)}${writeTimes(contents)}</p>`,
    writeFigures(contents),
    ...pictures.map(({ heading, about, svg }) => section(heading, about, scrollArea(heading, svg.trim()))),
    ...(command
      ? [section("Again", "This command trains the same.", scrollArea("Command", preformatted(command)))]
      : []),
    ...(hash
      ? [section(
        "Fingerprint",
        "SHA-256 of the saved model, its layers, its way of reading and its weights: where it is equal, so is every bit.",
        scrollArea("Fingerprint", preformatted(hash)),
      )]
      : []),
    section(
      "Settings",
      trained
        ? "What was trained, how, and on what."
        : "How the images are read. The weights do not say how else they were trained.",
      writeGroups(without(config, ENVIRONMENT)),
    ),
    ...(Object.values(environment).some((value) => value !== undefined)
      ? [section("Environment", "Where it was trained.", writeGroups(environment))]
      : []),
    ...(trained ? [writeReports(curves)] : []),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function section(heading: string, about: string, html: string): string {
  return `<section><h2>${escapeText(heading)}</h2>\n<p>${escapeText(about)}</p>\n${html}</section>`;
}

/** Content that may be wider than a phone: it scrolls by touch and by keys. */
function scrollArea(name: string, html: string): string {
  return `<div class="scroll" role="region" aria-label="${escapeText(name)}" tabindex="0">${html}</div>`;
}

function preformatted(content: string): string {
  return `<pre>${escapeText(content)}</pre>`;
}

/** A path that breaks only between folders. */
function writePath(path: string): string {
  return path.split(/(?<=\/)/).map(writeWhole).join("<wbr>");
}

/** Text that moves to the next line as a whole. */
function writeWhole(content: string): string {
  return `<span class="whole">${escapeText(content)}</span>`;
}

/** When the run started and ended, in UTC, as in the names of the folders. */
function writeTimes({ config, end, seconds }: ReportContents): string {
  const [started, ended] = [config.startedAt, end?.endedAt].map(formatMoment);
  const times = [
    ...(started ? [`started ${writeWhole(started)}`] : []),
    ...(ended ? [`ended ${writeWhole(ended)}`] : []),
    ...(seconds > 0 ? [`trained and tested for ${writeWhole(formatSpan(seconds))}`] : []),
  ];
  return times.map((time) => `, ${time}`).join("");
}

/** The most important numbers. */
function writeFigures({ curves, end, evaluated, parameterCount }: ReportContents): string {
  const { curves: [curve], unit } = curves;
  const best = bestPoint(curve), last = curve.points.at(-1);
  const figures: [figure: string, name: string][] = [];
  const addReport = (which: string, point: CurvePoint, kind: Judges) =>
    figures.push([
      formatShare(point[`${kind}Accuracy`], imagesOf(kind, curve)),
      `${which} report: ${momentOf(point, unit)}, ${meaningOf(kind, curve) ?? `${kind} accuracy`}`,
    ]);
  const addCount = (count: number, name: string) =>
    figures.push([count.toLocaleString("en-US"), count === 1 ? name : `${name}s`]);
  if (evaluated) {
    const { accuracy, count, loss } = evaluated;
    figures.push(
      [formatShare(accuracy, count), `of ${formatQuantity(count, "test images")} right: the saved model`],
      [loss.toFixed(4), "test loss (nats): the saved model"],
    );
  } else if (last && Number.isFinite(last.testAccuracy)) addReport("last", last, "test");
  if (best) addReport("best", best, judgesOf(curve));
  addCount(parameterCount, "parameter");
  if (Number.isSafeInteger(end?.step)) addCount(end!.step as number, "step");
  if (end?.interrupted === true) figures.push(["interrupted", "before its end"]);
  const items = figures.map(([figure, name]) =>
    `<li><b>${escapeText(figure)}</b><span>${escapeText(name)}</span></li>`
  );
  return `<ul class="figures">${items.join("")}</ul>`;
}

/** A heading and a table for each group of settings; those in no group come first. */
function writeGroups(values: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(without(values, SHOWN)).filter(([, value]) => value !== undefined);
  const single = entries.filter(([, value]) => typeof value !== "object" || value === null);
  const groups = entries.filter((entry) => !single.includes(entry));
  return [...(single.length > 0 ? [["run", Object.fromEntries(single)] as const] : []), ...groups]
    .map(([name, group]) => {
      const heading = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      return `<h3>${escapeText(heading)}</h3>\n${scrollArea(heading, writeTable(group))}`;
    }).join("\n");
}

/** Nested values with their paths, such as `optimizer.kind`. */
function writeTable(values: unknown): string {
  const rows = flatten(values).map(([path, value]) =>
    `<tr><th scope="row">${escapeText(path)}</th><td>${escapeText(value)}</td></tr>`
  );
  return '<table><thead><tr><th scope="col">setting</th><th scope="col">value</th></tr></thead>' +
    `<tbody>${rows.join("")}</tbody></table>`;
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

function writeReports({ curves: [curve], unit }: CurveSet): string {
  const { points } = curve, watched = judgesOf(curve) === "validation";
  const cell = (content: string) => `<td>${escapeText(content)}</td>`;
  const share = (point: CurvePoint, kind: Judges) =>
    cell(formatShare(point[`${kind}Accuracy`], imagesOf(kind, curve)));
  const loss = (value: number) => cell(Number.isFinite(value) ? value.toFixed(4) : "–");
  const rows = points.map((point) => {
    const { trainLoss, trainAccuracy, validationLoss, testLoss } = point;
    const cells = [
      `<th scope="row">${escapeText(momentOf(point, unit))}</th>`,
      loss(trainLoss) + cell(formatShare(trainAccuracy)),
      ...(watched ? [loss(validationLoss) + share(point, "validation")] : []),
      loss(testLoss) + share(point, "test"),
    ];
    return `<tr>${cells.join("")}</tr>`;
  });
  const kinds = watched ? ["train", "validation", "test"] as const : ["train", "test"] as const;
  const head = ["report", ...kinds.flatMap((kind) => [`${kind} loss`, `${kind} accuracy`])];
  const table = `<table class="numbers"><thead><tr>${
    head.map((name) => `<th scope="col">${name}</th>`).join("")
  }</tr></thead><tbody>${rows.join("")}</tbody></table>`;
  const about = kinds.flatMap((kind) => {
    const meaning = meaningOf(kind, curve);
    return meaning === undefined ? [] : [` ${kind.charAt(0).toUpperCase()}${kind.slice(1)}: ${meaning}.`];
  });
  const summary = `<summary>${formatQuantity(points.length, "reports")}</summary>`;
  const details = `<details>${summary}${scrollArea("Figures", table)}</details>`;
  return section("Figures", `Losses in nats.${about.join("")}`, details);
}
