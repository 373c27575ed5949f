/**
 * Trains each recipe for 100 steps and compares the hash of its model with the published one: does this machine give the
 * same bits?
 *
 *     deno task verify
 *
 * The runs go into `runs/verify`. `--update` publishes what was found, in `tests/golden/hashes.json` and in the README.
 */
import "./support/deno_version.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { isComplete, runRecipeProcess } from "./repeat/processes.ts";
import { Interrupt } from "./support/interrupt.ts";
import { StatusLine } from "./support/terminal.ts";

const HASHES = "tests/golden/hashes.json";
const README = "README.md";
const RUNS = "runs/verify";

interface Hashes {
  /** What the recipes are called with. */
  readonly flags: string;
  /** Of the trained models, by recipe. */
  readonly sha256: Readonly<Record<string, string>>;
}

const command = {
  name: "verify",
  about: "Trains each recipe for 100 steps, and compares the bits with those that are published.",
  interrupted: null,
  flags: {
    update: { kind: "switch", help: "publish what this machine gives" },
    ...OUTPUT_FLAGS,
  },
} as const;

await runCommand(command, async ({ update, json, quiet }) => {
  const published: Hashes = JSON.parse(await Deno.readTextFile(HASHES));
  const found: Record<string, string> = {};
  using interrupt = new Interrupt();
  const status = new StatusLine(!quiet);
  await Deno.remove(RUNS, { recursive: true }).catch(() => {}); // there may be none
  for (const recipe of Object.keys(published.sha256)) {
    status.draw((width) => `Training ${recipe}`.slice(0, width));
    found[recipe] = await train(recipe, published.flags, interrupt);
    if (interrupt.signal.aborted) break;
  }
  status.clear();
  if (interrupt.signal.aborted) {
    if (!quiet) console.error("Interrupted: nothing was compared");
    return interrupt.exitCode;
  }
  if (update) await publish(published, found);

  const expected = update ? found : published.sha256;
  const rows = Object.entries(found).map(([recipe, sha256]) => ({
    recipe,
    sha256,
    expected: expected[recipe],
    same: sha256 === expected[recipe],
  }));
  const same = rows.every((row) => row.same);
  if (json) console.log(JSON.stringify({ event: "verification", same, flags: published.flags, rows }));
  else printRows(rows, { flags: published.flags, update });
  return same ? 0 : 1;
});

/** Runs a recipe, and returns the hash of what it trained. */
async function train(recipe: string, flags: string, interrupt: Interrupt): Promise<string> {
  const out = ["--no-pictures", "--out", `${RUNS}/${recipe}`];
  const { lines, code, complaint } = await runRecipeProcess(
    { recipe, flags: [...flags.split(" "), ...out] },
    { interrupt },
  );
  if (interrupt.signal.aborted) return "";
  if (isComplete(lines)) return String(lines.at(-1)!.modelSha256);
  throw new Error(
    `Cannot verify: ${recipe} must train to its end: it ended with exit code ${code}: ${complaint.trim()}`,
  );
}

/** Writes the hashes, and puts them in the place of the old ones in the README. */
async function publish(published: Hashes, found: Readonly<Record<string, string>>): Promise<void> {
  await Deno.writeTextFile(HASHES, JSON.stringify({ ...published, sha256: found }, null, 2) + "\n");
  const readme = await Deno.readTextFile(README).catch(() => ""); // not every copy has one
  const updated = Object.entries(published.sha256).reduce(
    (text, [recipe, sha256]) => sha256 ? text.replaceAll(sha256, found[recipe]) : text,
    readme,
  );
  if (updated !== readme) await Deno.writeTextFile(README, updated);
}

function printRows(
  rows: readonly { recipe: string; sha256: string; expected: string; same: boolean }[],
  { flags, update }: { flags: string; update: boolean },
): void {
  for (const { recipe, sha256, expected, same } of rows) {
    console.log(`${recipe.padEnd(18)}  ${sha256}${same ? "" : `  published: ${expected}`}`);
  }
  const wrong = rows.filter(({ same }) => !same).length;
  if (update) console.log(`Written to ${HASHES}, and where ${README} quotes them`);
  else if (wrong === 0) console.log("This machine trains to the published bits");
  else {
    console.log(
      `${wrong} of ${rows.length} are not what is published: another version of Scanline, or its fault (${flags})`,
    );
  }
}
