/**
 * The style sheet of the page: one file, of those in the folders of the page and that of uPlot.
 *
 * @module
 */
import { readWhole } from "../../lib/data/files.ts";
import uPlot from "uplot/dist/uPlot.min.css" with { type: "text" };

const SHEETS = ["style", "ink/sheet", "reading/room", "reading/scan", "reading/cells", "training/room"];

/** All rules, those that hold everywhere first. */
export async function styleSheet(): Promise<string> {
  const sheets = await Promise.all(
    SHEETS.map(async (name) => new TextDecoder().decode(await readWhole(`page/${name}.css`))),
  );
  return [uPlot, ...sheets].map((sheet) => `${sheet.trim()}\n`).join("");
}
