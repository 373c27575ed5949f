/**
 * Draws the pictures of a run again, and writes its report.
 *
 *     deno task report runs/train-lstm/2026-11-22T05-41-25
 */
import "./support/deno_version.ts";
import { checkAllowed } from "../lib/data/places.ts";
import * as scanline from "../mod.ts";
import { describeDevice, DEVICE_FLAGS, deviceOptions, OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { findOut } from "../lib/run/findings.ts";
import { FlagError } from "./support/flags.ts";
import { loadImagesFor } from "./support/images.ts";
import { dataFolder } from "./support/pictures.ts";
import { epochOf, inputOf, RunPictures } from "../lib/run/pictures.ts";

const command = {
  name: "report",
  about: "Draws the pictures of a run again, and writes its report.",
  flags: {
    runs: { kind: "operands", placeholder: "RUN", least: 1, most: 1, help: "the folder of a run" },
    ...DEVICE_FLAGS,
    quiet: OUTPUT_FLAGS.quiet,
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

await runCommand(command, async (flags) => {
  if (flags.runs.length > 1) {
    throw new FlagError(`Cannot report: RUN must be one folder: current value is ${flags.runs.length}`);
  }
  const [path] = flags.runs;
  checkAllowed({ read: [path], write: [path] });
  const { config, lines } = await scanline.openMetrics(path);
  const run = await scanline.openRun(path);
  const { path: folder, model } = run;
  checkAllowed({ read: [path, dataFolder(config.data)], write: [path] });
  const data = await loadImagesFor(run, null, { what: "report", quiet: flags.quiet });
  const { sequence } = config.training;
  await using reader = await scanline.openReader(
    model,
    { sequence, imageSize: data.test },
    deviceOptions(flags),
  );
  if (!flags.quiet) console.error(describeDevice(reader));

  const source = {
    config: { ...config },
    network: reader.network,
    input: inputOf(data.test, sequence),
    ...epochOf(config.training),
  };
  const pictures = new RunPictures(new scanline.Run(folder), source, lines);
  const findings = await findOut({ reader, sequence, test: data.test, classNames: data.classNames }, {});
  const drawn = await pictures.end(lines.findLast(({ event }) => event === "end") ?? null, findings);
  if (drawn !== true) return 1; // it has told what it could not draw
  console.log(`${folder}/report.html`);
  return 0;
});
