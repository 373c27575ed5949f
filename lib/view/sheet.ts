/**
 * Many small grey pictures on one sheet, each above a few words.
 *
 * @module
 */
import { encode } from "fast-png";
import type { Picture } from "./digits.ts";
import { clipEnd, element, picture as drawPicture, text } from "./svg.ts";

/** A picture on a sheet. */
export interface SheetPicture extends Picture {
  /** Stands below the caption, in a weaker colour. */
  readonly note?: string;
}

/** How {@link drawSheet} draws. */
export interface SheetOptions {
  /** What stands above it all. */
  readonly title: string;
  /** How many pictures stand side by side. */
  readonly perRow: number;
}

const TILE = 112, GAP = 28, MARGIN = 24, HEAD = 60, WORDS = 46;
const CAPTION_LENGTH = 20;

/**
 * Draws pictures on a sheet, each in a square of the same size, its pixels as they are.
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
export function drawSheet(pictures: readonly SheetPicture[], { title, perRow }: SheetOptions): string {
  const columns = Math.max(3, Math.min(perRow, pictures.length)); // room for the title
  const rows = Math.ceil(pictures.length / columns);
  const frame = {
    width: 2 * MARGIN + columns * (TILE + GAP) - GAP,
    height: HEAD + rows * (TILE + WORDS + 14),
    title,
  };
  return drawPicture(
    frame,
    text(title, { class: "ink", x: MARGIN, y: 34, "font-weight": 700 }),
    ...pictures.map((picture, i) =>
      drawTile(picture, {
        x: MARGIN + (i % columns) * (TILE + GAP),
        y: HEAD + Math.floor(i / columns) * (TILE + WORDS + 14),
      })
    ),
  );
}

function drawTile(picture: SheetPicture, { x, y }: { x: number; y: number }): string {
  const { caption, note = "" } = picture;
  return [
    element("image", {
      x,
      y,
      width: TILE,
      height: TILE,
      href: `data:image/png;base64,${encodeEnlarged(picture).toBase64()}`,
    }),
    text(clipEnd(caption, CAPTION_LENGTH), { class: "ink", x, y: y + TILE + 17 }),
    text(clipEnd(note, CAPTION_LENGTH), { class: "soft", x, y: y + TILE + 34 }),
  ].join("");
}

/** Enlarged by a whole number, so that nobody who draws it has to blur it; digits as large as they are in a PNG at 1.5. */
function encodeEnlarged({ pixels, height, width }: Picture): Uint8Array {
  const factor = Math.max(1, Math.round(1.5 * TILE / Math.max(height, width)));
  const data = new Uint8Array(height * width * factor ** 2);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) {
      data[y * width * factor + x] = pixels[row + Math.floor(x / factor)];
    }
  }
  return encode({ data, width: width * factor, height: height * factor, depth: 8, channels: 1 });
}
