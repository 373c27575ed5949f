/**
 * Pictures and tables for whatever stdout is.
 *
 * @module
 */
import { drawPictures, type Picture } from "../../view.ts";

const COLUMNS_OF_A_FILE = 160;
const COLUMNS_OF_AN_UNKNOWN_TERMINAL = 80;
const PER_ROW = 5;

/** How wide stdout is, and whether it shows greys. */
export function describeOutput(): { columns: number; colour: boolean } {
  if (!Deno.stdout.isTerminal()) return { columns: COLUMNS_OF_A_FILE, colour: false };
  return { columns: Deno.consoleSize().columns || COLUMNS_OF_AN_UNKNOWN_TERMINAL, colour: !Deno.noColor };
}

/** Five stand side by side, fewer where the terminal is narrow. */
export function drawForTerminal(pictures: readonly Picture[]): string[] {
  return drawPictures(pictures, { ...describeOutput(), perRow: PER_ROW });
}
