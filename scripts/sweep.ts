/**
 * Trains a recipe with many settings and seeds, and shows which settings are best and what each flag changes.
 *
 *     deno task sweep train-lstm-adam --seeds 1..5 --grid learning-rate=.003,.01 --grid units=64,128
 *     deno task sweep train-lstm-adam --random 20 --grid learning-rate=.001..0.1 --grid units=32,64,128
 *
 * Trainings run side by side in processes of their own, each into a folder in `runs/sweeps/<name>`. A sweep that was stopped
 * goes on where it was, and nothing is trained twice by the same code.
 */
import "./support/deno_version.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { taskCommand } from "./support/shell.ts";
import { checkRecipe, parsePassedOn, parseSeeds, splitArguments } from "./sweep/arguments.ts";
import { describeCombination, parseDimension } from "./sweep/combinations.ts";
import { planSweep } from "./sweep/plan.ts";
import { trainHere } from "./sweep/local.ts";
import { RECIPES } from "./sweep/processes.ts";
import { parseAddress, QUEUE_FLAG, withoutPassword } from "./sweep/queue/address.ts";
import { trainOnQueue } from "./sweep/queue/coordinator.ts";
import { checkJob, settleJobDevice } from "./sweep/queue/job.ts";
import { drawReport } from "./sweep/report.ts";
import { trainSession } from "./sweep/session.ts";
import { settleDevice } from "./sweep/sharing.ts";
import { SweepStore } from "./sweep/store.ts";
import { summarizeSweep, type Trained } from "./sweep/summary.ts";
import { formatSweep, formatTrained } from "./sweep/table.ts";

const FLAGS = {
  recipe: {
    kind: "operands",
    placeholder: "RECIPE",
    least: 1,
    most: 1,
    help: `the first word: one of ${RECIPES.join(", ")}`,
  },
  grid: {
    kind: "text",
    placeholder: "FLAG=A,B,C",
    help:
      "values of a flag of the recipe; once for each flag that varies; lists with commas are separated by semicolons",
  },
  seeds: {
    kind: "text",
    placeholder: "A..B",
    default: "1..3",
    help: "or A,B,C: each combination is trained with each; all other flags go to the recipe",
  },
  random: {
    kind: "whole",
    least: 1,
    most: 10_000,
    help: "draw so many combinations instead of all; then --grid takes ranges too: learning-rate=.001..0.1",
  },
  "random-seed": { kind: "whole", least: 0, most: 2 ** 32 - 1, default: 1, help: "another one draws others" },
  name: { kind: "text", placeholder: "NAME", help: "the folder in runs/sweeps (default the recipe)" },
  queue: { ...QUEUE_FLAG, help: `${QUEUE_FLAG.help}; workers train then, on any machine` },
  priority: {
    kind: "whole",
    least: 1,
    most: 2 ** 20,
    help: "of its jobs in the queue: 1 comes first; jobs of sweeps without it come before all others",
  },
  "dry-run": { kind: "switch", help: "list the combinations, and train nothing" },
  ...OUTPUT_FLAGS,
} as const;
const { own, passedOn, values: grid } = splitArguments(Deno.args, FLAGS, ["grid"]);

const command = {
  name: "sweep",
  about: "Trains a recipe with many settings and seeds, and shows which are best and what each flag changes.",
  flags: FLAGS,
  args: own,
  interrupted: null,
} as const;

await runCommand(command, async (flags) => {
  const { recipe: [recipe], name = recipe, json, quiet } = flags;
  checkRecipe(recipe, RECIPES, "sweep");
  const address = flags.queue === undefined ? null : parseAddress(flags.queue);
  if (!address && flags.priority !== undefined) {
    throw new FlagError("Cannot use --priority alone: --queue must stand beside it");
  }
  const plan = await planSweep(recipe, parsePassedOn(passedOn), {
    settle: address ? settleJobDevice : settleDevice,
    seeds: parseSeeds(flags.seeds),
    dimensions: grid.map(parseDimension),
    random: flags.random,
    randomSeed: flags["random-seed"],
  });
  if (address) plan.trainings.forEach((training) => checkJob(training, plan.version));
  if (flags["dry-run"]) {
    await listTrainings(plan.trainings, await SweepStore.look(name), json);
    return 0;
  }
  using store = await SweepStore.open(name);
  await store.lock();
  const tell = (one: Trained) => {
    console.log(json ? JSON.stringify({ event: "training", ...toRow(one) }) : formatTrained(one));
  };
  const { trained, exitCode } = await trainSession(plan.trainings, {
    store,
    quiet,
    train: (hooks) =>
      address
        ? trainOnQueue(plan.trainings, {
          store,
          address,
          version: plan.version,
          priority: flags.priority ?? 0,
        }, hooks)
        : trainHere(plan.trainings, { ...plan, store }, hooks),
    again: taskCommand("sweep", withoutPassword(Deno.args)),
    onTrained: tell,
  });
  if (trained.length === 0) return exitCode;

  const summary = summarizeSweep(trained), picture = await drawReport(store.path, trained, summary);
  const lines = ["", ...formatSweep(summary), ...(picture ? ["", `picture   ${picture}`] : [])];
  const whole = { event: "sweep", recipe, trainings: trained.length, ...summary, picture };
  console.log(json ? JSON.stringify(whole) : lines.join("\n"));
  return exitCode;
});

/** Prints what would be trained, and what has been. */
async function listTrainings(
  trainings: Awaited<ReturnType<typeof planSweep>>["trainings"],
  store: SweepStore,
  json: boolean,
): Promise<void> {
  let done = 0;
  for (const { key, recipe, flags, seed, combination } of trainings) {
    const found = await store.find(key);
    if (found) done++;
    const planned = { event: "planned", key, recipe, flags, seed, run: found?.run ?? null };
    const words = `${describeCombination(combination)}, seed ${seed}${found ? `: done, ${found.run}` : ""}`;
    console.log(json ? JSON.stringify(planned) : words);
  }
  if (!json) console.log(`${trainings.length} trainings, ${done} of them done`);
}

/** What is said of a training. */
function toRow({ training: { recipe, flags, combination, seed }, result }: Trained) {
  const { figures, ...others } = result;
  return { recipe, flags, combination, seed, ...figures, ...others };
}
