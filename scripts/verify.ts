/**
 * Trains ten recipes for 100 steps each and compares the hashes of their models with the published ones, to show whether this machine
 * computes the same bits.
 *
 *     deno task verify
 *
 * The runs go into `runs/verify`. `--update` publishes the new hashes in `tests/golden/hashes.json` and in the README.
 */
import "./support/deno_version.ts";
import { isComplete, runRecipeProcess } from "./sweep/processes.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { Interrupt } from "./support/interrupt.ts";
import { StatusLine } from "./support/terminal.ts";

const HASHES = "tests/golden/hashes.json";
const README = "README.md";
const RUNS = "runs/verify";

interface Hashes {
  /** Of the recipes. */
  readonly flags: string;
  /** Of the trained models, by recipe. */
  readonly sha256: Readonly<Record<string, string>>;
}

const command = {
  name: "verify",
  about: "Trains each recipe for 100 steps, and compares the bits with the published ones.",
  interrupted: null,
  flags: {
    update: { kind: "switch", help: "publish the hashes of this machine" },
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
    const flags = [...published.flags.split(" "), "--no-pictures", "--out", `${RUNS}/${recipe}`];
    const { lines, ending } = await runRecipeProcess(recipe, flags, { interrupt });
    if (interrupt.signal.aborted) break;
    if (!isComplete(lines)) throw new Error(`Cannot verify: ${recipe} must train to its end: it ${ending}`);
    found[recipe] = String(lines.at(-1)!.modelSha256);
  }
  status.clear();
  if (interrupt.signal.aborted) {
    if (!quiet) console.error("Interrupted: nothing was compared");
    return interrupt.exitCode;
  }
  if (update) await publish(published, found);

  const rows = Object.entries(found).map(([recipe, sha256]) => {
    const expected = update ? sha256 : published.sha256[recipe];
    return { recipe, sha256, expected, same: sha256 === expected };
  });
  const wrong = rows.filter(({ same }) => !same).length;
  if (json) {
    console.log(JSON.stringify({ event: "verification", same: wrong === 0, flags: published.flags, rows }));
  } else {
    for (const { recipe, sha256, expected, same } of rows) {
      console.log(`${recipe.padEnd(18)}  ${sha256}${same ? "" : `  published: ${expected}`}`);
    }
    console.log(
      update
        ? `Written to ${HASHES}, and to ${README} if it quotes the old hashes`
        : wrong === 0
        ? "This machine trains to the published bits"
        : `${wrong} of ${rows.length} differ from the published ones: this is another version of Scanline, or a fault ` +
          `in it (${published.flags})`,
    );
  }
  return wrong === 0 ? 0 : 1;
});

/** Writes the hashes, and replaces the old ones in the README. */
async function publish(published: Hashes, found: Readonly<Record<string, string>>): Promise<void> {
  await Deno.writeTextFile(HASHES, JSON.stringify({ ...published, sha256: found }, null, 2) + "\n");
  const readme = await Deno.readTextFile(README).catch(() => ""); // not every copy has one
  const updated = Object.entries(published.sha256).reduce(
    (text, [recipe, sha256]) => sha256 ? text.replaceAll(sha256, found[recipe]) : text,
    readme,
  );
  if (updated !== readme) await Deno.writeTextFile(README, updated);
}
