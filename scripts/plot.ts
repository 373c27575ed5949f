/**
 * Draws the curves of runs into one picture, also of runs that are still training. It names them by what differs between them.
 *
 *     deno task plot train-lstm runs/train-rnn/2026-11-22T05-50-01
 */
import "./support/deno_version.ts";
import { checkAllowed, excerpt, historyOf, openMetrics, shown, writeNamed } from "../run.ts";
import { drawCurves, toCurves, toPng } from "../view.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { nameRuns } from "./support/name_runs.ts";

const command = {
  name: "plot",
  about: "Draws loss and accuracy of one or many runs into one picture.",
  flags: {
    runs: {
      kind: "operands",
      placeholder: "RUN",
      run: true,
      least: 1,
      help: "folders of runs, or recipes: their latest runs",
    },
    out: {
      kind: "text",
      placeholder: "NAME",
      default: "runs/plot",
      help: "where to, without .svg and .png",
    },
    against: {
      kind: "choice",
      choices: ["training", "seconds"],
      default: "training",
      help: "what runs to the right: epochs or steps, or the time they took",
    },
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

await runCommand(command, async ({ runs, out, against }) => {
  const name = out.replace(/\.(svg|png)$/, "");
  if (name.endsWith("/")) {
    throw new FlagError(`Cannot use --out: it must be the name of a file: current value is ${excerpt(out)}`);
  }
  const paths = { svg: `${name}.svg`, png: `${name}.png` };
  checkAllowed({ read: runs, write: Object.values(paths) });
  const found = await Promise.all(runs.map(openMetrics));
  const names = nameRuns(found);
  const histories = found.map((run, i) => ({ ...historyOf(run), name: names[i] }));
  const svg = drawCurves(toCurves(histories, against === "seconds" ? { against } : {}));
  await writeNamed(paths.svg, new TextEncoder().encode(svg));
  await writeNamed(paths.png, await toPng(svg));
  console.log(`${shown(paths.svg)}\n${shown(paths.png)}`);
  return 0;
});
