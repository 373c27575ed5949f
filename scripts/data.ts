/**
 * Puts a data set into `data/`: takes files that are there, on this machine, or on the network, in this order.
 *
 *     deno task data --dataset fashion-mnist
 *
 * Everything is printed to stderr: training tasks run this first, with `--first-run`, and use stdout themselves.
 */
import "./support/deno_version.ts";
import { acquireDataset, type AcquireEvent } from "../lib/data/acquire.ts";
import { CATALOGUE, type DatasetName } from "../lib/data/catalogue.ts";
import { messageOf } from "../lib/excerpt.ts";
import { formatProgress } from "../lib/view/progress.ts";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";
import { StatusLine } from "./support/terminal.ts";

const NAMES = Object.keys(CATALOGUE) as DatasetName[];

const FLAGS = {
  dataset: { kind: "choice", choices: NAMES, default: "mnist", help: "what to put there" },
  quiet: { kind: "switch", help: "print errors only" },
  help: { kind: "switch", help: "print this" },
  "first-run": {
    kind: "switch",
    help: "before training: do nothing if data/ holds other data, and never fail",
  },
} as const satisfies Flags;

/** A progress bar on a terminal, and a line for each stored file. */
function makeReporter(quiet: boolean): (event: AcquireEvent) => void {
  const status = new StatusLine(!quiet);
  let startMs = 0, drawnMs = 0;
  return (event) => {
    if (event.kind === "progress") {
      const nowMs = performance.now();
      if (event.doneBytes === 0) startMs = nowMs;
      else if (nowMs - drawnMs < 100) return;
      drawnMs = nowMs;
      status.draw((width) =>
        formatProgress({
          label: event.file,
          done: event.doneBytes,
          total: event.totalBytes,
          elapsedMs: nowMs - startMs,
          unit: "B",
          width,
        })
      );
      return;
    }
    status.clear();
    if (quiet) return;
    if (event.kind === "stored") console.error(`${event.file}: from ${event.source}, SHA-256 checked`);
    else console.error(`${event.file}: ${event.reason}; looking for it elsewhere`);
  };
}

/** Whether `data/` holds other data and no MNIST: then the user has their own, and nothing is fetched unasked. */
async function hasOtherData(): Promise<boolean> {
  const list = (folder: string) =>
    Array.fromAsync(Deno.readDir(folder), ({ name }) => name)
      .then((names) => names.filter((name) => name !== "README.md" && !name.startsWith(".")), () => []);
  if ((await list("data/mnist")).length > 0) return false;
  return (await list("data")).some((name) => name !== "mnist");
}

async function main(): Promise<number> {
  if (asksForHelp(Deno.args)) {
    console.error(helpText("data", "Puts a data set into data/, unless it is there already.", FLAGS));
    return 0;
  }
  const { dataset, quiet, "first-run": firstRun } = parseFlags(FLAGS, Deno.args);
  if (firstRun && await hasOtherData()) return 0;
  const { title } = CATALOGUE[dataset];
  const acquiring = acquireDataset(CATALOGUE[dataset], { onEvent: makeReporter(quiet) });
  const { folder, stored } = await acquiring.catch((error) => {
    if (!firstRun) throw error;
    console.error(error.message); // a training that needs the data says so
    Deno.exit(0);
  });
  if (!quiet && !(firstRun && stored === 0)) {
    console.error(`${title} ${stored > 0 ? "is now" : "is"} in ${folder}`);
  }
  return 0;
}

try {
  Deno.exit(await main()); // at once, even if a package is still being fetched
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
