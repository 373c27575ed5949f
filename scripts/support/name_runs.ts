/**
 * Names of runs by what differs between them: `seed 2`, or `train-rnn, units 64, learning rate 0.01`.
 *
 * @module
 */
import { printable, type SavedMetrics } from "../../run.ts";

/** The folder of a run, and its `config.json`. */
type NamedRun = Pick<SavedMetrics, "path" | "config">;

/** The settings of a run: what each is called, and its value as text. */
type Settings = Readonly<Record<string, string>>;

const MOST_OF_A_VALUE = 40;

/**
 * Names runs by their settings: the recipe, if the runs are of several, and what differs between the runs of that recipe. Where
 * that says nothing, or several runs would have the same name, the name of the folder is added, or its path if that is not enough.
 */
export function nameRuns(runs: readonly NamedRun[]): string[] {
  const recipes = runs.map(({ config }) => printable(config.recipe, MOST_OF_A_VALUE));
  const settings = runs.map(settingsOf);
  const isOneRecipe = new Set(recipes).size === 1;
  const names = runs.map((_, i) => {
    const alike = settings.filter((_, j) => recipes[j] === recipes[i]);
    const differing = differencesOf(settings[i], alike);
    return (isOneRecipe && differing.length > 0 ? differing : [recipes[i], ...differing]).join(", ");
  });
  const folders = runs.map(({ path }) => path.replace(/.*\/(?=.)/, ""));
  return names.map((name, i) => {
    const alike = folders.filter((_, j) => names[j] === name);
    if (alike.length === 1) return name;
    const isUnique = alike.filter((folder) => folder === folders[i]).length === 1;
    return `${name}, ${isUnique ? folders[i] : runs[i].path}`;
  });
}

/** The settings of one run that are not the same in all of them. Where kinds differ, the numbers of each kind say no more. */
function differencesOf(own: Settings, all: readonly Settings[]): string[] {
  const names = new Set(all.flatMap((settings) => Object.keys(settings)));
  const differing = [...names].filter((name) => new Set(all.map((settings) => settings[name])).size > 1);
  const told = differing.filter((name) => !differing.some((kind) => name.startsWith(`${kind} `)));
  return told.filter((name) => name in own).map((name) =>
    printable(own[name] === "true" ? name : `${name} ${own[name]}`)
  );
}

/** What determines a training, from its `config.json`. */
function settingsOf({ config: { model, training, data, length, device } }: NamedRun): Settings {
  const { optimizer, images, ...others } = training ?? {};
  const { learningRate, ...ofOptimizer } = optimizer ?? {};
  return Object.fromEntries([
    ...networkOf(model.layers),
    ...flatten("", model.sequence),
    ...flatten("optimizer", ofOptimizer),
    ...flatten("learning rate", learningRate),
    ...flatten("", others),
    ...flatten("validation", images?.validation),
    ...flatten("", { dataset: data?.dataset, dataDir: data?.dataDir, limit: data?.limit }),
    ...flatten("", length),
    ...flatten("device", { kind: device?.kind, math: device?.math }),
  ]);
}

/** The cells, units and shares of dropout, from the input up; the kinds of all other layers, if there are any. */
function networkOf(layers: readonly object[]): [name: string, value: string][] {
  const cells = layers.flatMap((layer) => cellOf(layer) ?? []);
  const rates = layers.flatMap((layer) =>
    "rate" in layer ? [layer.rate] : "dropout" in layer ? [layer.dropout] : []
  );
  const others = layers.filter((layer) => !cellOf(layer) && !("rate" in layer));
  const kinds = others.map((layer) => "kind" in layer ? String(layer.kind) : "");
  return [
    ["cell", [...new Set(cells.map(({ kind }) => kind))].join("-")],
    ["units", cells.map(({ units }) => units).join("-")],
    ["dropout", rates.join("-") || "0"],
    ...flatten("layers", kinds.join("-") || undefined),
  ];
}

function cellOf(layer: object): { kind: string; units: unknown } | null {
  if ("forward" in layer) {
    const cell = cellOf(layer.forward as object);
    return cell && { ...cell, kind: `bidirectional ${cell.kind}` };
  }
  return "hiddenSize" in layer && "kind" in layer
    ? { kind: String(layer.kind), units: layer.hiddenSize }
    : null;
}

/** Names and values of all that is in a value of JSON; the `kind` of an object is its own value. */
function flatten(name: string, value: unknown): [name: string, value: string][] {
  if (value === undefined || value === null || value === false) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    return [[name, printable(Array.isArray(value) ? value.join("…") : String(value), MOST_OF_A_VALUE)]];
  }
  return Object.entries(value).flatMap(([key, part]) =>
    flatten(key === "kind" ? name : wordsOf(name, key), part)
  );
}

/** `batchSize` as words, behind those of what it is part of. */
function wordsOf(name: string, key: string): string {
  return `${name} ${key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`.trim();
}
