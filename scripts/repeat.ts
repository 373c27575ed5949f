/**
 * Runs a recipe with several seeds, and shows how much its figures depend on the seed: a sweep over seeds alone.
 *
 *     deno task repeat train-lstm-adam --seeds 1..5 --epochs 2
 *
 * Runs train side by side if there are cores for it, each into a folder of its own in `runs/sweeps/<recipe>`. What was trained
 * before, by the same code, is not trained again.
 */
import "./support/deno_version.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { taskCommand } from "./support/shell.ts";
import { checkRecipe, parsePassedOn, parseSeeds, splitArguments } from "./sweep/arguments.ts";
import { trainHere } from "./sweep/local.ts";
import { RECIPES } from "./sweep/processes.ts";
import { planSweep } from "./sweep/plan.ts";
import { trainSession } from "./sweep/session.ts";
import { settleDevice } from "./sweep/sharing.ts";
import { SweepStore } from "./sweep/store.ts";
import { figuresOver, formatRepeat } from "./sweep/table.ts";
import type { Trained } from "./sweep/summary.ts";

const FLAGS = {
  recipe: {
    kind: "operands",
    placeholder: "RECIPE",
    least: 1,
    most: 1,
    help: `the first word: one of ${RECIPES.join(", ")}`,
  },
  seeds: {
    kind: "text",
    placeholder: "A..B",
    default: "1..5",
    help: "or A,B,C; all other flags go to the recipe",
  },
  ...OUTPUT_FLAGS,
} as const;
const { own, passedOn } = splitArguments(Deno.args, FLAGS);

const command = {
  name: "repeat",
  about: "Runs a recipe with several seeds, and shows how much its figures depend on the seed.",
  flags: FLAGS,
  args: own,
  interrupted: null,
} as const;

await runCommand(command, async ({ recipe: [recipe], seeds: text, json, quiet }) => {
  checkRecipe(recipe, RECIPES, "repeat");
  const seeds = parseSeeds(text);
  const { trainings, flags, version } = await planSweep(recipe, parsePassedOn(passedOn), {
    seeds,
    settle: settleDevice,
  });
  using store = await SweepStore.open(recipe);
  await store.lock();

  if (!json) console.log("seed  test accuracy  test loss  seconds  run");
  const { trained, exitCode } = await trainSession(trainings, {
    store,
    quiet,
    train: (hooks) => trainHere(trainings, { store, flags, version }, hooks),
    again: taskCommand("repeat", [recipe, "--seeds", text, ...passedOn]),
    onTrained: (one) => console.log(json ? JSON.stringify({ event: "run", ...toRow(one) }) : formatRow(one)),
  });
  const models = trained.filter(({ result }) => result.modelSha256 !== null);
  if (models.length > 0) {
    if (json) console.log(JSON.stringify({ event: "summary", runs: models.length, ...figuresOver(models) }));
    else console.log(formatRepeat(models).join("\n"));
  }
  return exitCode;
});

/** What is said of a run. */
function toRow({ training: { recipe, seed, flags }, result }: Trained) {
  const { run, device, seconds, figures, modelSha256, failure } = result,
    { testLoss, testAccuracy } = figures;
  return { recipe, seed, flags, run, device, seconds, testLoss, testAccuracy, modelSha256, failure };
}

function formatRow({ training: { seed }, result: { figures, seconds, run, failure } }: Trained): string {
  const { testAccuracy, testLoss } = figures;
  if (failure !== undefined) return `${String(seed).padStart(4)}  ${failure}`;
  const shown = [testAccuracy!.toFixed(4).padStart(13), testLoss!.toFixed(4).padStart(9)];
  return [String(seed).padStart(4), ...shown, seconds.toFixed(1).padStart(7), run].join("  ");
}
