/**
 * The text of a progress bar.
 *
 * @module
 */

/** The progress of something. */
export interface Progress {
  /** What is going on; cut at its end if there is no room. */
  readonly label: string;
  /** How many units are done. */
  readonly done: number;
  /** How many there are in all, if known. */
  readonly total?: number;
  /** How long it has taken so far, in ms. */
  readonly elapsedMs: number;
  /** What is counted: `B` for bytes, or words in the plural such as `images`. */
  readonly unit: string;
  /** The columns of the terminal. */
  readonly width: number;
  /** What to show at the end if there is room, such as `loss 0.0945`. */
  readonly extra?: string;
}

const MIN_BAR = 12;
const MAX_BAR = 42;

/**
 * One line of text: label, percentage, bar, rate and time left. It is shorter than `width`, so it does not wrap. If there
 * is no room, the extra is left out first, then the rate, the time and the bar.
 *
 * Without a total it shows what is done and the time it took, and neither percentage, bar nor time left. A width below 20
 * counts as 20.
 *
 * @example
 * ```ts
 * import { formatProgress } from "./progress.ts";
 * import assert from "node:assert/strict";
 *
 * const line = formatProgress({ label: "Epoch 1", done: 15_000, total: 60_000, elapsedMs: 2_000, unit: "images", width: 60 });
 * assert.equal(line, "Epoch 1   25% [####............]  7,500 images/s  0:06 left");
 * ```
 */
export function formatProgress(progress: Progress): string {
  const { total, elapsedMs, unit, extra } = progress;
  const room = Math.max(20, Math.floor(progress.width) || 0) - 1;
  const label = clip(progress.label, Math.floor(room * 0.4));
  const done = amount(progress.done);
  const perSecond = elapsedMs > 0 ? amount(done / elapsedMs * 1000) : 0; // 0 if unknown
  const rate = perSecond > 0 ? `${formatQuantity(perSecond, unit)}/s` : "";
  if (total === undefined) {
    const parts = [label, formatQuantity(done, unit), rate, formatDuration(elapsedMs), extra];
    const lines = parts.map((_, i) => join(parts.slice(0, parts.length - i)));
    return lines.find((line) => columns(line) <= room)!;
  }
  const fraction = total > 0 ? Math.min(1, done / total) : 1;
  const leftMs = (total - done) / perSecond * 1000;
  const left = perSecond > 0 ? `${formatDuration(leftMs)} left` : "";
  const time = fraction === 1 ? `in ${formatDuration(elapsedMs)}` : left;
  const head = `${label}  ${`${Math.floor(fraction * 100)}%`.padStart(4)}`;
  for (const tail of [[rate, time, extra], [rate, time], [time], []]) {
    const end = join(["", ...tail]);
    const barRoom = room - columns(head) - 1 - columns(end);
    if (barRoom >= MIN_BAR) return `${head} ${drawBar(fraction, Math.min(MAX_BAR, barRoom))}${end}`;
  }
  return head;
}

/** Joins what is there by two spaces. */
function join([first, ...others]: readonly (string | undefined)[]): string {
  return [first, ...others.filter((part) => part)].map((part) => plain(part!)).join("  ");
}

function drawBar(fraction: number, width: number): string {
  const inside = width - 2;
  const full = Math.floor(fraction * inside);
  return `[${"#".repeat(full)}${".".repeat(inside - full)}]`;
}

/**
 * An amount with its unit: bytes in powers of 1000; others with commas, below ten with one decimal; `1 image` in the
 * singular.
 *
 * @example
 * ```ts
 * import { formatQuantity } from "./progress.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatQuantity(47_040_016, "B"), "47.0 MB");
 * assert.equal(formatQuantity(12_345.6, "images"), "12,346 images");
 * assert.equal(formatQuantity(3.21, "steps"), "3.2 steps");
 * assert.equal(formatQuantity(1, "epochs"), "1 epoch");
 * ```
 */
export function formatQuantity(value: number, unit: string): string {
  if (unit !== "B") {
    const count = formatCount(value);
    return `${count} ${plain(count === "1" ? singular(unit) : unit)}`;
  }
  const prefixes = ["", "k", "M", "G", "T"];
  let power = 0;
  for (; power < prefixes.length - 1 && value >= 999.95; power++) value /= 1000;
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${prefixes[power]}B`;
}

function singular(unit: string): string {
  return unit.replace(/(?<=ss|x|ch|sh)es$|s$/, "");
}

function formatCount(value: number): string {
  if (value < 9.95 && !Number.isInteger(value)) return value.toFixed(1);
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A span of time as `m:ss` or `h:mm:ss`, rounded to seconds; `>99 h` above that.
 *
 * @example
 * ```ts
 * import { formatDuration } from "./progress.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatDuration(9_400), "0:09");
 * assert.equal(formatDuration(3_723_000), "1:02:03");
 * ```
 */
export function formatDuration(ms: number): string {
  const seconds = Math.round(amount(ms) / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 99 || ms === Infinity) return ">99 h";
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

function amount(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}

function plain(text: string): string {
  return text.replace(/\p{C}/gu, " ");
}

/** The most columns that a terminal may need: characters outside ASCII may take two. */
function columns(text: string): number {
  let count = 0;
  for (const character of text) count += character < "\x7f" ? 1 : 2;
  return count;
}

function clip(text: string, room: number): string {
  let clipped = "";
  for (const character of plain(text)) {
    if (columns(clipped + character) > room) break;
    clipped += character;
  }
  return clipped;
}
