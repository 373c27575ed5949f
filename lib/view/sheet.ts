/**
 * Several small grey pictures on one sheet, each above a few words.
 *
 * @module
 */
import { encode } from "npm:fast-png@8.0.0";
import type { Picture } from "./digits.ts";
import { CHARACTER, element, FONT, picture as drawPicture, text } from "./svg.ts";
import { wrapWords } from "./words.ts";

/** A picture on a sheet. */
export interface SheetPicture extends Picture {
  /** The text below the caption, in a weaker colour. */
  readonly note?: string;
}

/** How {@link drawSheet} draws. */
export interface SheetOptions {
  /** The title above the pictures. */
  readonly title: string;
  /** A line below the title, in a weaker colour. */
  readonly note?: string;
  /** How many pictures are side by side; four are legible on a phone. */
  readonly perRow: number;
}

const TILE = 112, GAP = 14, MARGIN = 15, LINE = 20, LEAST_COLUMNS = 4;
const PNG_SCALE = 1.5;

/**
 * Draws pictures on a sheet, each in a square of the same size with sharp pixels, its words on as many lines as they need.
 *
 * @returns SVG, with each picture as a PNG inside
 *
 * @example
 * ```ts
 * import { drawSheet } from "./sheet.ts";
 * import assert from "node:assert/strict";
 *
 * const picture = { pixels: Uint8Array.of(255, 0, 255, 255), height: 2, width: 2, caption: "L", note: "of 2 × 2" };
 * const svg = drawSheet([picture, picture], { title: "Two letters", perRow: 2 });
 * assert.equal(svg.match(/<image /g)?.length, 2);
 * ```
 */
export function drawSheet(pictures: readonly SheetPicture[], { title, note, perRow }: SheetOptions): string {
  const columns = Math.max(LEAST_COLUMNS, Math.min(perRow, pictures.length)); // room for the title
  const width = 2 * MARGIN + columns * (TILE + GAP) - GAP;
  const lines = (content: string) => wrapWords(content, Math.floor((width - 2 * MARGIN) / CHARACTER));
  const titleLines = lines(title), head = [...titleLines, ...(note === undefined ? [] : lines(note))];
  const words = pictures.map(wordsOf);
  const wordLines = Math.max(0, ...words.map(({ caption, note }) => caption.length + note.length));
  const top = MARGIN + head.length * LINE + GAP, pitch = TILE + wordLines * LINE + GAP;
  const height = top + Math.ceil(pictures.length / columns) * pitch;
  return drawPicture(
    { width, height, title: note === undefined ? title : `${title}: ${note}` },
    ...head.map((line, i) => {
      const isTitle = i < titleLines.length, y = MARGIN + (i + 0.75) * LINE;
      return text(line, {
        class: isTitle ? "ink" : "soft",
        x: MARGIN,
        y,
        "font-weight": isTitle ? 700 : undefined,
      });
    }),
    ...pictures.map((picture, i) =>
      drawTile(picture, words[i], {
        x: MARGIN + (i % columns) * (TILE + GAP),
        y: top + Math.floor(i / columns) * pitch,
      })
    ),
  );
}

/** The words below a picture, as lines. */
interface Words {
  readonly caption: readonly string[];
  readonly note: readonly string[];
}

function wordsOf({ caption, note }: SheetPicture): Words {
  const lines = (content = "") =>
    content === "" ? [] : wrapWords(content, Math.floor((TILE + GAP / 2) / CHARACTER));
  return { caption: lines(caption), note: lines(note) };
}

function drawTile(picture: Picture, words: Words, { x, y }: { x: number; y: number }): string {
  const place = (line: number) => ({ x, y: y + TILE + line * LINE + FONT });
  return [
    element("image", {
      x,
      y,
      width: TILE,
      height: TILE,
      href: `data:image/png;base64,${encodeEnlarged(picture).toBase64()}`,
    }),
    ...words.caption.map((line, i) => text(line, { class: "ink", ...place(i) })),
    ...words.note.map((line, i) => text(line, { class: "soft", ...place(words.caption.length + i) })),
  ].join("");
}

/**
 * Enlarges by a whole number, so that no renderer has to blur it: digits to their size in a PNG at {@link PNG_SCALE}.
 */
function encodeEnlarged({ pixels, height, width }: Picture): Uint8Array {
  const factor = Math.max(1, Math.round(PNG_SCALE * TILE / Math.max(height, width)));
  const data = new Uint8Array(height * width * factor ** 2);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) {
      data[y * width * factor + x] = pixels[row + Math.floor(x / factor)];
    }
  }
  return encode({ data, width: width * factor, height: height * factor, depth: 8, channels: 1 });
}
