/**
 * `--resume`: opens the run, and takes from it the values of flags that were not given.
 *
 * @module
 */
import {
  checkAllowed,
  type Checkpoint,
  type DeviceName,
  DEVICES,
  excerpt,
  type MathName,
  MATHS,
  printable,
  shown,
  StoppedRun,
} from "../../run.ts";
import { FlagError, type Flags, parseFlags } from "../support/flags.ts";
import { findUnfinished } from "../support/runs.ts";
import { isDetermining, type KeptFlags, wordsOf } from "./config.ts";

/** The flags about checkpoints. */
export const RESUME_FLAGS = {
  "checkpoint-every": {
    kind: "whole",
    least: 1,
    help: "steps between checkpoints, besides those of the epochs",
  },
  resume: {
    kind: "text",
    placeholder: "RUN",
    help:
      "continue a run, to the bit: its folder, or latest, the last unfinished one; --data-dir says where its images are now",
  },
} as const satisfies Flags;

type Values = Readonly<Record<string, unknown>>;

/**
 * Opens the run that `--resume` names, and takes from it the values of flags that were not given.
 *
 * @param spec The flags of the recipe
 * @param flags The values of all flags
 * @param given The values of the flags that were given
 * @throws {FlagError} If a given flag would make it another training; names the flag.
 */
export async function openResumed<F extends Values>(
  recipe: string,
  spec: Flags,
  { flags, given }: { flags: F; given: Values },
): Promise<{ flags: F; stopped: StoppedRun | null }> {
  const { resume, out } = given;
  if (resume === undefined) return { flags, stopped: null };
  if (out !== undefined) {
    throw new FlagError("Cannot use --out with --resume: the run continues in its folder");
  }
  const found = await findUnfinished(recipe, String(resume)), path = found.replace(/(?<=.)\/+$/, "");
  if (found !== resume && !flags.quiet) console.error(`Run: ${shown(path)}`);
  checkAllowed({ read: [path, given["data-dir"] as string | undefined], write: [path] });
  const stopped = await StoppedRun.open(path);
  try {
    const { config } = stopped.checkpoint;
    if (config.recipe !== recipe) {
      throw new RangeError(
        `Cannot resume ${path}: it must be a run of ${recipe}: current value is one of ${config.recipe}`,
      );
    }
    const saved = savedValues(config, spec, path);
    checkGiven(given, saved, path);
    const { epochs, steps } = given, hasLength = epochs !== undefined || steps !== undefined;
    if (hasLength) checkSchedule(config.training, { epochs, steps }, path);
    const length = hasLength ? {} : checkedLength(config.length);
    const moved = given["data-dir"] === undefined ? {} : { "data-dir": given["data-dir"] };
    return { flags: { ...flags, ...saved, ...length, ...moved }, stopped };
  } catch (error) {
    stopped[Symbol.dispose]();
    throw error;
  }
}

/** Those of the values whose flags are in the arguments. */
export function givenFlags<F extends Values>(spec: Flags, values: F, args: readonly string[]): Partial<F> {
  const bare = Object.entries(spec).map(([name, flag]) => [name, { ...flag, default: undefined }]);
  const given: [string, unknown][] = Object.entries(parseFlags(Object.fromEntries(bare) as Flags, args));
  const names = given.flatMap(([name, value]) => value === undefined || value === false ? [] : [name]);
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Partial<F>;
}

/** The values of all flags that determine the training, as the run had them. @throws {SyntaxError} If they are none. */
function savedValues(config: Checkpoint["config"], spec: Flags, path: string): Values {
  const { flags = {} } = config as { flags?: unknown }; // runs of older versions have none
  try {
    const values = parseFlags(spec, wordsOf(checkedFlags({ ...flags as object, ...flagsIn(config) })));
    const determining = Object.entries(values).filter(([name]) => isDetermining(name));
    return { ...Object.fromEntries(determining), ...deviceOf(config.device) };
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new SyntaxError(
      `Cannot resume ${path}: its config.json must have flags of the recipe: ${error.message}`,
    );
  }
}

/** The flags that other parts of `config.json` say; a range is the recipe's own: no flag set it. */
function flagsIn({ training, data = {}, model }: Checkpoint["config"]): Values {
  const { sequence, classNames } = model;
  return {
    "batch-size": training.batchSize,
    "learning-rate": training.optimizer.learningRate,
    seed: training.seed,
    dataset: data.dataset,
    "data-dir": data.dataDir,
    limit: data.limit,
    ...("mean" in sequence ? { mean: sequence.mean, deviation: sequence.deviation } : {}),
    ...(data.dataDir === undefined ? {} : {
      classes: data.classes,
      "first-label": data.firstLabel,
      transpose: data.transpose,
      "class-names": classNames.join(","),
    }),
  };
}

function checkedFlags(flags: Values): KeptFlags {
  const said = Object.entries(flags).filter((entry) => entry[1] !== undefined && entry[1] !== false);
  const wrong = said.find(([, value]) => value !== true && !["string", "number"].includes(typeof value));
  if (!wrong) return Object.fromEntries(said) as KeptFlags;
  throw new FlagError(
    `${printable(wrong[0])} must be a text or a number: current value is ${excerpt(wrong[1])}`,
  );
}

function checkGiven(given: Values, saved: Values, path: string): void {
  for (const [name, value] of Object.entries(saved)) {
    const asked = given[name];
    if (asked === undefined || asked === value) continue;
    if (name === "device" && asked === "auto") continue; // keeps the device of the run
    if (name === "data-dir") continue; // the images may have moved; their hash shows whether they are the same
    throw new FlagError(
      `Cannot resume ${path} with another --${name}, which would make it another training: it must be ` +
        `${printable(String(value ?? "left out"))}: current value is ${printable(String(asked))}`,
    );
  }
}

/** @throws {FlagError} If the learning rate runs over another length than that which was given. */
function checkSchedule({ schedule }: Checkpoint["config"]["training"], given: Values, path: string): void {
  if (!schedule || !("length" in schedule)) return;
  const [[unit, count]] = Object.entries(schedule.length);
  if (given[unit] === count) return;
  const asked = Object.entries(given).flatMap(([unit, count]) =>
    count === undefined ? [] : [`${count} ${unit}`]
  );
  throw new FlagError(
    `Cannot resume ${path} with another length: it must be ${count} ${unit}, over which its learning rate changes: ` +
      `current value is ${asked.join(", ")}`,
  );
}

function deviceOf(device: unknown): { device: DeviceName; math?: MathName } {
  const { kind, math } = (device ?? {}) as Values;
  const known = DEVICES.find((name) => name === kind);
  const knownMath = MATHS.find((name) => name === math);
  if (!known || known === "auto" || math !== knownMath) {
    throw new SyntaxError(`Cannot resume the run: its device must be one of ${DEVICES.join(", ")}`);
  }
  return { device: known, math: knownMath };
}

function checkedLength(length: unknown): Values {
  for (const [unit, count] of Object.entries((length ?? {}) as Values)) {
    if (["epochs", "steps"].includes(unit) && Number.isSafeInteger(count) && (count as number) > 0) {
      return { [unit]: count };
    }
  }
  throw new SyntaxError(
    "Cannot resume the run: its length must be epochs or steps: --epochs or --steps gives it",
  );
}
