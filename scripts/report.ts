/**
 * Draws the pictures of a run again, and writes its report.
 *
 *     deno task report runs/train-lstm/2026-11-22T05-41-25
 */
import "./support/deno_version.ts";
import { openModel } from "../mod.ts";
import {
  checkAllowed,
  findOut,
  messageOf,
  openMetrics,
  openRun,
  RunFolder,
  RunPictures,
  shown,
} from "../run.ts";
import {
  DATA_FLAGS,
  describeDevice,
  DEVICE_FLAGS,
  deviceOptions,
  OUTPUT_FLAGS,
  runCommand,
} from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { loadImagesOf } from "./support/images.ts";
import { MODEL_FLAGS } from "./support/runs.ts";

const command = {
  name: "report",
  about: "Draws the pictures of a run again, and writes its report.",
  flags: {
    runs: {
      kind: "operands",
      placeholder: "RUN",
      run: true,
      least: 1,
      most: 1,
      help: MODEL_FLAGS.model.help,
    },
    ...DEVICE_FLAGS,
    ...DATA_FLAGS,
    dataset: { ...DATA_FLAGS.dataset, help: "test images of another set than the run's" },
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
  const files = { read: [path, flags["data-dir"]], write: [path] };
  checkAllowed(files);
  const { config, lines } = await openMetrics(path);
  const run = await openRun(path);
  const { test, classNames } = await loadImagesOf(run, flags, { what: "report", quiet: flags.quiet, files });
  await using model = await openModel(run.model, { imageSize: test, ...deviceOptions(flags) });
  if (!flags.quiet) console.error(describeDevice(model));

  const onProblem = (message: string) => console.error(messageOf(message));
  const pictures = new RunPictures(new RunFolder(run.path), { config, imageSize: test, lines, onProblem });
  const findings = await findOut({ model, test, classNames }, {});
  const drawn = await pictures.end(lines.findLast(({ event }) => event === "end") ?? null, findings);
  if (drawn !== true) return 1; // onProblem has said why
  console.log(`${shown(run.path)}/report.html`);
  return 0;
});
