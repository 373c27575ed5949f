/**
 * The terminal: how wide stdout is, pictures for it, and a status line on stderr.
 *
 * @module
 */
import { drawPictures, type Picture } from "../../lib/view/digits.ts";

/** Returns to the start of the line and clears it. */
export const ERASE_LINE = "\r\x1b[K";

const COLUMNS_OF_A_FILE = 160;
const COLUMNS_OF_AN_UNKNOWN_TERMINAL = 80;
const PICTURES_PER_ROW = 5; // fewer in a narrow terminal
const ECHO = "^C"; // the terminal appends it, and must not have to wrap the line

/** How wide stdout is, and whether it shows shades of grey. */
export function describeOutput(): { columns: number; colour: boolean } {
  if (!Deno.stdout.isTerminal()) return { columns: COLUMNS_OF_A_FILE, colour: false };
  return { columns: Deno.consoleSize().columns || COLUMNS_OF_AN_UNKNOWN_TERMINAL, colour: !Deno.noColor };
}

/** Pictures side by side, as lines of text. */
export function drawForTerminal(pictures: readonly Picture[]): string[] {
  return drawPictures(pictures, { ...describeOutput(), perRow: PICTURES_PER_ROW });
}

/** A line on stderr that is drawn again and again; only on a terminal. */
export class StatusLine {
  /** Whether anybody sees it. */
  readonly visible: boolean;
  #drawn = false;

  /** @param wanted False to draw nothing, as with `--quiet` */
  constructor(wanted: boolean) {
    this.visible = wanted && Deno.stderr.isTerminal();
  }

  /** Draws what `render` returns for a number of columns. */
  draw(render: (width: number) => string): void {
    if (!this.visible) return;
    write(ERASE_LINE + render(Deno.consoleSize().columns - ECHO.length));
    this.#drawn = true;
  }

  /** Erases the line, to make room for other output. */
  clear(): void {
    if (this.#drawn) write(ERASE_LINE);
    this.#drawn = false;
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
}
