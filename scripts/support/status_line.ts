/**
 * One line on stderr that is drawn over and over, on a terminal only.
 *
 * @module
 */
const ERASE_LINE = "\r\x1b[K";
const ECHO = "^C"; // the terminal appends it, and should not have to wrap the line

/** The last line of the terminal, while something runs. */
export class StatusLine {
  readonly #visible: boolean;
  #drawn = false;

  /** @param wanted False to draw nothing, as `--quiet` does */
  constructor(wanted: boolean) {
    this.#visible = wanted && Deno.stderr.isTerminal();
  }

  /** Draws what `render` makes for the columns of the terminal. */
  draw(render: (width: number) => string): void {
    if (!this.#visible) return;
    write(ERASE_LINE + render(Deno.consoleSize().columns - ECHO.length));
    this.#drawn = true;
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#drawn) write(ERASE_LINE);
    this.#drawn = false;
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
}
