/**
 * Pictures for whatever stdout is.
 *
 * @module
 */
import * as scanline from "../../mod.ts";

const COLUMNS_OF_A_FILE = 160;
const PER_ROW = 5;
const GAP = 2;

/** Five stand side by side; without colour fewer where the terminal is narrow, as small ones cannot be made out then. */
export function drawForTerminal(pictures: readonly scanline.Picture[]): string[] {
  const isTerminal = Deno.stdout.isTerminal();
  const columns = isTerminal ? Deno.consoleSize().columns : COLUMNS_OF_A_FILE;
  const colour = isTerminal && !Deno.noColor;
  const widest = Math.max(...pictures.map(({ width, caption }) => Math.max(width, caption.length)));
  const fitting = Math.max(1, Math.floor((columns + GAP) / (widest + GAP)));
  return scanline.drawPictures(pictures, {
    columns,
    perRow: colour ? PER_ROW : Math.min(PER_ROW, fitting),
    colour,
  });
}
