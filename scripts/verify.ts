/**
 * Compares four short trainings with the hashes that are published: does this machine train to the same bits?
 *
 *     deno task verify
 *
 * The task trains each recipe into `runs/verify` and then calls this. `--update` makes what was found the published
 * hashes, in `tests/golden/hashes.json` and where the README quotes them.
 */
import "./support/deno_version.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";

const HASHES = "tests/golden/hashes.json";
const README = "README.md";

interface Hashes {
  /** What the recipes are called with. */
  readonly flags: string;
  /** Of the trained parameters, by recipe. */
  readonly sha256: Readonly<Record<string, string>>;
}

const command = {
  name: "verify",
  about: "Trains each recipe for 100 steps, and compares the bits with those that are published.",
  flags: {
    update: { kind: "switch", help: "publish what this machine gives" },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
} as const;

await runCommand(command, async ({ update, json }) => {
  const published: Hashes = JSON.parse(await Deno.readTextFile(HASHES));
  const found: Record<string, string> = {};
  for (const recipe of Object.keys(published.sha256)) found[recipe] = await readHash(recipe);
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

/** The hash at the end of the run that the task made. */
async function readHash(recipe: string): Promise<string> {
  const path = `runs/verify/${recipe}/metrics.jsonl`;
  const text = await Deno.readTextFile(path).catch((cause) => {
    throw new Deno.errors.NotFound(
      `Cannot verify: ${path} must be there: current value is missing; \`deno task verify\` trains first`,
      { cause },
    );
  });
  const { event, interrupted, parametersSha256 } = JSON.parse(text.trimEnd().split("\n").at(-1)!);
  if (event !== "end" || interrupted) {
    throw new SyntaxError(
      `Cannot verify: ${path} must end with the end of a training: current value is ${
        interrupted ? "an interrupted one" : event
      }; run \`deno task verify\` again`,
    );
  }
  return parametersSha256;
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
