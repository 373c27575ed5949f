/**
 * Runs by the name of their recipe: `train-lstm` is the latest finished run in `runs/train-lstm`, `latest` that of all recipes.
 *
 * @module
 */
import { openMetrics, printable, type SavedMetrics, shown } from "../../run.ts";
import { didYouMean, type Flags } from "./flags.ts";

const RUNS = "runs";

/** The name that means the latest run of all recipes. */
const LATEST = "latest";

/** Flags that name a run. */
export const MODEL_FLAGS = {
  model: {
    kind: "text",
    placeholder: "RUN",
    run: true,
    help: "the folder of a run, or a recipe: its latest run",
  },
} as const satisfies Flags;

/** Replaces the names of recipes, in the values of flags that name runs, by the folders of their latest runs. */
export async function findRuns<Values extends object>(flags: Flags, values: Values): Promise<Values> {
  const entries = Object.entries(values).map(async ([name, value]) => {
    if (!("run" in flags[name]) || value === undefined) return [name, value];
    return [name, Array.isArray(value) ? await Promise.all(value.map(find)) : await find(value)];
  });
  return Object.fromEntries(await Promise.all(entries)) as Values;

  async function find(word: string): Promise<string> {
    const path = await findRun(word);
    if (path !== word && !("quiet" in values && values.quiet)) console.error(`Run: ${shown(path)}`);
    return path;
  }
}

/**
 * The folder of the run that a word names: a path stays as it is; a recipe becomes its latest finished run.
 *
 * @throws {Deno.errors.NotFound} If the word is neither; lists the recipes that have finished runs.
 */
export async function findRun(word: string): Promise<string> {
  if (isPath(word) || await isFolder(word)) {
    if (await hasRuns(word)) throw folderOfRuns(word);
    return word;
  }
  const names = word === LATEST ? await foldersIn(RUNS) : [word];
  const runs = (await Promise.all(names.map((name) => latestOf(name, isFinished)))).filter((run) =>
    run !== null
  );
  if (runs.length > 0) return runs.reduce((a, b) => timeOf(b) > timeOf(a) ? b : a);
  throw await nothingFound(word);
}

/**
 * The folder of the run to resume that a word names: a path stays as it is; the recipe, or `latest`, becomes the recipe's latest
 * run that has not finished.
 *
 * @throws {Deno.errors.NotFound} If the word is neither, or all runs of the recipe have finished.
 */
export async function findUnfinished(recipe: string, word: string): Promise<string> {
  const isName = word === recipe || word === LATEST;
  if (isPath(word) || !isName && await isFolder(word)) {
    if (await hasRuns(word)) throw folderOfRuns(word);
    return word;
  }
  const unfinished = await latestOf(recipe, (run) => !isFinished(run));
  if (isName && unfinished !== null) return unfinished;
  const finished = await latestOf(recipe, isFinished);
  const there = unfinished !== null
    ? `the latest unfinished one is ${unfinished}`
    : finished !== null
    ? `all runs of ${recipe} have finished, the latest one is ${finished}, which --epochs or --steps can make longer`
    : `there is no run of ${recipe} in ${RUNS}/ yet`;
  throw new Deno.errors.NotFound(
    `Cannot resume ${printable(word)}: it must be the folder of a run, ${recipe} or ${LATEST}; ${there}`,
  );
}

function isPath(word: string): boolean {
  return /[/\\]/.test(word);
}

/** The folder of the latest run of a recipe for which a condition holds; null if there is none. */
async function latestOf(recipe: string, holds: (run: SavedMetrics) => boolean): Promise<string | null> {
  const folders = await foldersIn(`${RUNS}/${recipe}`);
  for (const folder of folders.sort(byTime)) {
    const path = `${RUNS}/${recipe}/${folder}`;
    const run = await openMetrics(path).catch(() => null); // no run, or a damaged one
    if (run?.config.recipe === recipe && holds(run)) return path;
  }
  return null;
}

/** Imported weights were never trained here, and have no figures. */
function isFinished({ config, lines }: SavedMetrics): boolean {
  const last = lines.at(-1);
  return config.training === undefined || last?.event === "end" && last.interrupted === false;
}

async function nothingFound(word: string): Promise<Error> {
  const names = await foldersIn(RUNS);
  const found = await Promise.all(
    names.map(async (name) => await latestOf(name, isFinished) === null ? [] : [name]),
  );
  const recipes = found.flat().sort();
  const there = recipes.length === 0
    ? "there is no finished run in runs/ yet"
    : `those with finished runs are ${[...recipes, LATEST].map((name) => printable(name)).join(", ")}`;
  return new Deno.errors.NotFound(
    `Cannot find the run ${printable(word)}: it must be the folder of a run, or a recipe; ${there}` +
      didYouMean(word, recipes),
  );
}

/** Whether a folder is no run, but has some in it. */
async function hasRuns(path: string): Promise<boolean> {
  if (await isThere(`${path}/config.json`)) return false;
  const inside = (await foldersIn(path)).map((name) => isThere(`${path}/${name}/config.json`));
  return (await Promise.all(inside)).includes(true);
}

function folderOfRuns(path: string): Error {
  return new Deno.errors.NotFound(
    `Cannot find the run ${
      shown(path)
    }: it must be a recipe, or one of its runs: current value is a folder of runs`,
  );
}

/** The latest first: their names begin with the time, and those of the same second end in `-2`, `-3` and so on. */
function byTime(a: string, b: string): number {
  return new Intl.Collator("en", { numeric: true }).compare(b, a);
}

function timeOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(path)).catch(() => []); // it may not be there
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
}

/** False also where Deno may not look. */
async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** False also where Deno may not look. */
async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}
