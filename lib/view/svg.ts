/**
 * The parts of SVG that the pictures need: elements as text, and one style for light and dark.
 *
 * Colours are set by class, so a picture in a browser follows `prefers-color-scheme`; the PNG renderer ignores that and
 * draws the light colours. Numbers have at most three decimals, so pictures can be compared as text.
 *
 * @module
 */

/** Attributes of an element; undefined ones are omitted. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** A picture's size, and what it shows for people who cannot see it. */
export interface PictureFrame {
  /** In CSS pixels. */
  readonly width: number;
  /** In CSS pixels. */
  readonly height: number;
  /** One sentence. */
  readonly title: string;
}

/**
 * The size of all text, in the picture's units: it is legible on a phone, which draws {@link NARROW} units on about 360
 * CSS pixels.
 */
export const FONT = 16;

/** The widest picture that can be read on a phone without scrolling. */
export const NARROW = 520;

/** The approximate width of a character, with room for fonts wider than PT Sans. */
export const CHARACTER = 9.4;

const LEAST_SCALE = 0.7; // below it, text would have less than 11 CSS pixels

/** How many `series0`, `series1`, … there are. */
export const SERIES_COLOURS = 8;

const LIGHT = {
  ground: "#ffffff",
  ink: "#1f2328",
  soft: "#59636e",
  rule: "#d8dee4",
  box: "#f3f5f8",
  right: "#0550ae",
  wrong: "#953800",
  onfill: "#ffffff",
  series: ["#0969da", "#d1570b", "#1a7f37", "#8250df", "#bf3989", "#0e7490", "#9a6700", "#57606a"],
};
const DARK = {
  ground: "#14171c",
  ink: "#e6edf3",
  soft: "#9aa4af",
  rule: "#343b44",
  box: "#20252c",
  right: "#4ea1ff",
  wrong: "#ff9e54",
  onfill: "#0b0d10",
  series: ["#58a6ff", "#ff9e54", "#56d364", "#bc8cff", "#ff7bc0", "#39c5cf", "#e3b341", "#9aa4ae"],
};

/**
 * The style of all pictures: `ground`, `box`, `right` and `wrong` fill, `rule` draws lines, `ink` and `soft` are text,
 * `onfill` is text on filled areas, `series0` … set `currentColor`.
 */
export const PICTURE_STYLE: string = [
  `.picture{font:${FONT}px 'PT Sans',system-ui,sans-serif}`,
  rulesOf(LIGHT),
  `@media (prefers-color-scheme:dark){${rulesOf(DARK)}}`,
].join("\n");

function rulesOf({ ground, ink, soft, rule, box, right, wrong, onfill, series }: typeof LIGHT): string {
  return [
    `.ground{fill:${ground}}.ink{fill:${ink}}.soft{fill:${soft}}.box{fill:${box};stroke:${rule}}`,
    `.rule{stroke:${rule};fill:none}.right{fill:${right}}.wrong{fill:${wrong}}.onfill{fill:${onfill}}`,
    ...series.map((colour, i) => `.series${i}{color:${colour}}`),
  ].join("");
}

/**
 * One element with its children, which must be SVG already.
 *
 * @example
 * ```ts
 * import { element, text } from "./svg.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(element("g", { x: 1 / 3, y: undefined }, text("a < b")), '<g x="0.333"><text>a &lt; b</text></g>');
 * ```
 */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const open = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escapeText(value!)}"`)
    .join("");
  return children.length === 0 ? `<${name}${open}/>` : `<${name}${open}>${children.join("")}</${name}>`;
}

/** Text, escaped. */
export function text(content: string, attributes: Attributes = {}): string {
  return element("text", attributes, escapeText(content));
}

/** A whole picture on its ground. */
export function picture(frame: PictureFrame, ...children: readonly string[]): string {
  const { width, height, title } = frame;
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    class: "picture",
    role: "img",
    width,
    height,
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    style: `min-width:${Math.ceil(LEAST_SCALE * width)}px`, // a page that contains it scrolls
  };
  return element(
    "svg",
    attributes,
    element("title", {}, escapeText(title)),
    `<style>${PICTURE_STYLE}</style>`,
    element("rect", { class: "ground", width, height }),
    ...children.map((child) => `\n${child}`),
  ) + "\n";
}

/** At most three decimals; never `-0`. */
export function round(value: number): string {
  return String(Math.round(value * 1000) / 1000 || 0);
}

/** Characters that XML does not allow, that change the direction of writing, or that are invisible. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\uFFFE\uFFFF]/gu;

/** Escapes what has a meaning in SVG and HTML; invisible characters become spaces. */
export function escapeText(content: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return content.replace(/[&<>"]/g, (c) => entities[c]).replace(UNSEEN, " ");
}
