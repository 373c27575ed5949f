/**
 * Puts a data set into `data/`: from what is there already, else from this machine, else from the network.
 *
 *     deno task data --dataset fashion-mnist
 *
 * Everything is printed to stderr: training tasks run this first, and their stdout is their own.
 */
import "./support/deno_version.ts";
import { acquireDataset, type AcquireEvent } from "../lib/data/acquire.ts";
import { CATALOGUE, type DatasetName } from "../lib/data/catalogue.ts";
import { formatProgress } from "../lib/view/progress.ts";
import { FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";
import { messageOf } from "./support/message.ts";
import { StatusLine } from "./support/status_line.ts";

const NAMES = Object.keys(CATALOGUE) as DatasetName[];

const FLAGS = {
  dataset: { kind: "choice", choices: NAMES, default: "mnist", help: "what to put there" },
  quiet: { kind: "switch", help: "print errors only" },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

/** A bar on a terminal, and a line for each file that is stored. */
function makeReporter(quiet: boolean): (event: AcquireEvent) => void {
  const status = new StatusLine(!quiet);
  let startMs = 0;
  let drawnMs = 0;
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

async function main(): Promise<number> {
  const { dataset, quiet, help } = parseFlags(FLAGS, Deno.args);
  if (help) {
    console.error(helpText("data", "Puts a data set into data/, unless it is there already.", FLAGS));
    return 0;
  }
  const { title } = CATALOGUE[dataset];
  const { folder, stored } = await acquireDataset(CATALOGUE[dataset], { onEvent: makeReporter(quiet) });
  if (!quiet) console.error(`${title} ${stored > 0 ? "is now" : "is"} in ${folder}`);
  return 0;
}

try {
  Deno.exit(await main()); // not its own end: a package that is still being fetched would delay it
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
