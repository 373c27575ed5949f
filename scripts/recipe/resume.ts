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
  type MathName,
  MATHS,
  printable,
  StoppedRun,
} from "../../run.ts";
import { FlagError, type Flags, parseFlags } from "../support/flags.ts";

/** The flags about checkpoints. */
export const RESUME_FLAGS = {
  "checkpoint-every": {
    kind: "whole",
    least: 1,
    help: "steps between checkpoints, besides those of the epochs",
  },
  resume: {
    kind: "text",
    placeholder: "FOLDER",
    help: "continue the run in this folder, to the bit; --data-dir says where its images are now",
  },
} as const satisfies Flags;

type Values = Readonly<Record<string, unknown>>;

/**
 * Opens the run that `--resume` names, and takes from it the values of flags that were not given.
 *
 * @param flags The values of all flags
 * @param given The values of the flags that were given
 * @throws {FlagError} If a given flag would make it another training; names the flag.
 */
export async function openResumed<F extends Values>(
  recipe: string,
  flags: F,
  given: Values,
): Promise<{ flags: F; stopped: StoppedRun | null }> {
  const { resume, out } = given;
  if (resume === undefined) return { flags, stopped: null };
  if (out !== undefined) {
    throw new FlagError("Cannot use --out with --resume: the run continues in its folder");
  }
  const path = String(resume).replace(/(?<=.)\/+$/, "");
  checkAllowed({ read: [path, given["data-dir"] as string | undefined], write: [path] });
  const stopped = await StoppedRun.open(path);
  try {
    const { config } = stopped.checkpoint;
    if (config.recipe !== recipe) {
      throw new RangeError(
        `Cannot resume ${path}: it must be a run of ${recipe}: current value is one of ${config.recipe}`,
      );
    }
    const saved = flagsOfRun(config);
    checkGiven(given, saved, path);
    const length = given.epochs === undefined && given.steps === undefined
      ? checkedLength(config.length)
      : {};
    const moved = given["data-dir"] === undefined ? {} : { "data-dir": given["data-dir"] };
    return { flags: { ...flags, ...saved, ...length, ...moved }, stopped };
  } catch (error) {
    stopped[Symbol.dispose]();
    throw error;
  }
}

/** The values of the flags in the arguments, without defaults. */
export function givenFlags(flags: Flags, args: readonly string[]): Values {
  const bare = Object.entries(flags).map(([name, flag]) => [name, { ...flag, default: undefined }]);
  return parseFlags(Object.fromEntries(bare) as Flags, args);
}

/** The values that determine the training, by the names of their flags. */
function flagsOfRun({ training, data = {}, model, device }: Checkpoint["config"]): Values {
  const { kind, math } = checkedDevice(device);
  const own = data.dataDir === undefined ? {} : {
    classes: data.classes,
    "first-label": data.firstLabel,
    transpose: data.transpose ?? false,
    "class-names": model.classNames.join(","),
  };
  return {
    "batch-size": training.batchSize,
    "learning-rate": training.optimizer.learningRate,
    seed: training.seed,
    dataset: data.dataset,
    "data-dir": data.dataDir,
    limit: data.limit,
    // A range is the recipe's own: no flag sets it.
    mean: "mean" in model.sequence ? model.sequence.mean : undefined,
    deviation: "mean" in model.sequence ? model.sequence.deviation : undefined,
    ...own,
    device: kind,
    math,
  };
}

function checkGiven(given: Values, saved: Values, path: string): void {
  for (const [name, value] of Object.entries(saved)) {
    const asked = given[name];
    if (asked === undefined || asked === false || asked === value) continue;
    if (name === "device" && asked === "auto") continue; // keeps the device of the run
    if (name === "data-dir") continue; // the images may have moved; their hash shows whether they are the same
    throw new FlagError(
      `Cannot resume ${path} with another --${name}, which would make it another training: it must be ` +
        `${printable(String(value ?? "left out"))}: current value is ${printable(String(asked))}`,
    );
  }
}

function checkedDevice(device: unknown): { kind: DeviceName; math?: MathName } {
  const { kind, math } = (device ?? {}) as Values;
  const known = DEVICES.find((name) => name === kind);
  const knownMath = MATHS.find((name) => name === math);
  if (!known || known === "auto" || math !== knownMath) {
    throw new SyntaxError(`Cannot resume the run: its device must be one of ${DEVICES.join(", ")}`);
  }
  return { kind: known, math: knownMath };
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
