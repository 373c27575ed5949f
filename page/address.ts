/**
 * What the page shows, as the part of an address after `#`, so that a link shows the same.
 *
 *     #digit=7&nets=lstm-64,rnn-128&line=14&hidden=3fff&recipe=train-rnn&seed=2&images=all
 *
 * `digit` is the number of a test digit; a drawing stands in `ink`, and pixels stand in `image`, in base64; `sheet=empty` is a sheet
 * without any of them. `hidden` has a bit for each line, the first line's the highest. Defaults are left out.
 *
 * @module
 */
import { TEST_DIGITS } from "./data/part.ts";
import type { Source } from "./ink/source.ts";
import { packStrokes, unpackStrokes } from "./ink/strokes.ts";
import { PART_READERS, toParts, type TrainingSettings } from "./training/settings.ts";

/** What a link shows. */
export interface Place {
  readonly source: Source;
  /** The ids of the networks. */
  readonly shown: readonly string[];
  /** How many lines have been read. */
  readonly line: number;
  readonly hidden: readonly boolean[];
  /** Of the training room. */
  readonly settings: TrainingSettings;
}

/** What an address says, and what in it could not be read. */
export interface FoundPlace {
  readonly place: Partial<Omit<Place, "settings">> & { readonly settings?: Partial<TrainingSettings> };
  /** The names of the parts that are damaged. */
  readonly damaged: readonly string[];
}

const PIXELS = 28 * 28;
const LINES = 28;
/** An address that is longer did not come from here. */
const MOST_CHARACTERS = 20_000;
const NAME = /^[a-z0-9][a-z0-9-]{0,59}$/;

/** Writes what differs from `usual`, without the `#`; empty if nothing does. */
export function writeAddress(place: Place, usual: Pick<Place, "shown" | "line">): string {
  const { source, shown, line, hidden, settings } = place, parts: [string, string][] = [];
  if (source.kind === "empty") parts.push(["sheet", "empty"]);
  if (source.kind === "digit") parts.push(["digit", String(source.number)]);
  if (source.kind === "strokes") parts.push(["ink", toText(packStrokes(source.strokes))]);
  if (source.kind === "pixels") parts.push(["image", toText(packPixels(source.pixels))]);
  if (shown.length > 0 && shown.join() !== usual.shown.join()) parts.push(["nets", shown.join()]);
  if (line !== usual.line) parts.push(["line", String(line)]);
  if (hidden.includes(true)) parts.push(["hidden", hiddenToText(hidden)]);
  parts.push(...Object.entries(toParts(settings)));
  return parts.map((part) => part.join("=")).join("&");
}

/** Reads the part of an address after `#`. Of a part that is damaged only its name is returned; unknown parts are left out. */
export function readAddress(hash: string): FoundPlace {
  const text = hash.replace(/^#/, "");
  if (!text.includes("=")) return { place: {}, damaged: [] }; // a link within the page
  if (text.length > MOST_CHARACTERS) return { place: {}, damaged: ["address"] };
  const place: Found = {}, damaged: string[] = [];
  for (const part of text.split("&")) {
    const [name, value = ""] = part.split("=");
    if (!Object.hasOwn(READERS, name)) continue;
    const found = READERS[name](decoded(value));
    if (found) {
      Object.assign(place, found, found.settings && { settings: { ...place.settings, ...found.settings } });
    } else damaged.push(name);
  }
  return { place, damaged };
}

type Found = FoundPlace["place"];

const READERS: Readonly<Record<string, (value: string) => Found | null>> = {
  sheet: (value) => value === "empty" ? { source: { kind: "empty" } } : null,
  digit: (value) => {
    const number = wholeNumber(value, TEST_DIGITS - 1);
    return number === null ? null : { source: { kind: "digit", number } };
  },
  ink: (value) => {
    const bytes = fromText(value), strokes = bytes && unpackStrokes(bytes);
    return strokes ? { source: { kind: "strokes", strokes } } : null;
  },
  image: (value) => {
    const bytes = fromText(value), pixels = bytes && unpackPixels(bytes);
    return pixels ? { source: { kind: "pixels", pixels } } : null;
  },
  nets: (value) => {
    const shown = value.split(",");
    return shown.length <= 2 && shown.every((id) => NAME.test(id)) ? { shown } : null;
  },
  line: (value) => {
    const line = wholeNumber(value, LINES);
    return line === null ? null : { line };
  },
  hidden: (value) => {
    const hidden = hiddenFromText(value);
    return hidden ? { hidden } : null;
  },
  ...Object.fromEntries(
    Object.entries(PART_READERS).map(([name, read]) => [name, (value: string) => {
      const settings = read(value);
      return settings && { settings };
    }]),
  ),
};

/** What programs that pass links on may have encoded. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function wholeNumber(text: string, most: number): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

function hiddenToText(hidden: readonly boolean[]): string {
  return hidden.reduce((bits, isHidden) => 2 * bits + Number(isHidden), 0).toString(16);
}

function hiddenFromText(text: string): readonly boolean[] | null {
  const bits = /^[0-9a-f]{1,7}$/.test(text) ? parseInt(text, 16) : NaN;
  if (!(bits < 2 ** LINES)) return null;
  return Array.from({ length: LINES }, (_, line) => (bits >>> (LINES - 1 - line) & 1) === 1);
}

/** By what every browser has: `toBase64()` is new. */
function toText(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (letter) => ({ "+": "-", "/": "_" })[letter] ?? "",
  );
}

function fromText(text: string): Uint8Array | null {
  try {
    if (!/^[\w-]*$/.test(text)) return null;
    return Uint8Array.from(
      atob(text.replaceAll("-", "+").replaceAll("_", "/")),
      (byte) => byte.charCodeAt(0),
    );
  } catch {
    return null;
  }
}

/** Black pixels as a 0 and how many there are, others as they are. */
function packPixels(pixels: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < pixels.length; at++) {
    bytes.push(pixels[at]);
    if (pixels[at] > 0) continue;
    let count = 1;
    while (count < 255 && pixels[at + 1] === 0) count++, at++;
    bytes.push(count);
  }
  return Uint8Array.from(bytes);
}

function unpackPixels(bytes: Uint8Array): Uint8Array | null {
  const pixels: number[] = [];
  for (let at = 0; at < bytes.length && pixels.length <= PIXELS; at++) {
    if (bytes[at] > 0) pixels.push(bytes[at]);
    else for (let count = bytes[++at] ?? 0; count > 0; count--) pixels.push(0);
  }
  return pixels.length === PIXELS ? Uint8Array.from(pixels) : null;
}
