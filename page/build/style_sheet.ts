/**
 * The style sheet of the page: one file, of that of each room and that of uPlot.
 *
 * @module
 */
import { readWhole } from "../../lib/data/files.ts";
import uPlot from "uplot/dist/uPlot.min.css" with { type: "text" };

const SHEETS = ["page/style.css", "page/reading/room.css", "page/training/room.css"];

/** All rules, those of the rooms last. */
export async function styleSheet(): Promise<string> {
  const sheets = await Promise.all(
    SHEETS.map(async (path) => new TextDecoder().decode(await readWhole(path))),
  );
  return [uPlot, ...sheets].map((sheet) => `${sheet.trim()}\n`).join("");
}
