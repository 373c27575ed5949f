/**
 * How a recipe keeps checkpoints and goes on from one: `--checkpoint-every` and `--resume`.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { checkAllowed, shown } from "../../lib/data/places.ts";
import { excerpt, printable } from "../../lib/excerpt.ts";
import * as scanline from "../../mod.ts";
import { FlagError, type Flags, parseFlags } from "./flags.ts";

/** The flags that this module adds. */
export const RESUME_FLAGS = {
  "checkpoint-every": {
    kind: "whole",
    least: 1,
    help: "steps between checkpoints, besides those of the epochs",
  },
  resume: {
    kind: "text",
    placeholder: "FOLDER",
    help: "go on with the run in this folder, to the bit; --data-dir tells where its images are now",
  },
} as const satisfies Flags;

const INEXACT =
  "The device reference computes in float64 and keeps float32: it goes on closely, not to the bit";

type Values = Readonly<Record<string, unknown>>;

/** A config that says on which device, and how long, too. */
type RecipeConfig = scanline.RunConfig & { readonly device?: unknown; readonly length?: unknown };

/** A run to resume. */
export interface Resumed {
  readonly path: string;
  readonly folder: scanline.CheckpointFolder;
  readonly checkpoint: scanline.Checkpoint;
  /** What a person should know about it. */
  readonly notes: readonly string[];
}

/**
 * Opens the run that `--resume` names, and puts its values in the place of flags that were not given.
 *
 * @param flags All flags with their values
 * @param given Those alone that were given
 * @throws {FlagError} If a flag was given that would make it another training; names the flag.
 */
export async function openResumed<F extends Values>(
  recipe: string,
  flags: F,
  given: Values,
): Promise<{ flags: F; resumed: Resumed | null }> {
  const { resume, out } = given;
  if (resume === undefined) return { flags, resumed: null };
  if (out !== undefined) throw new FlagError("Cannot use --out with --resume: the run goes on in its folder");
  const path = String(resume).replace(/(?<=.)\/+$/, "");
  checkAllowed({ read: [path, given["data-dir"] as string | undefined], write: [path] });
  await checkIsRun(path);
  const folder = await scanline.CheckpointFolder.open(path);
  try {
    const { checkpoint, notes } = await folder.latest();
    const config: RecipeConfig = checkpoint.config;
    if (config.recipe !== recipe) {
      throw new RangeError(
        `Cannot resume ${path}: it must be a run of ${recipe}: current value is one of ${config.recipe}`,
      );
    }
    const saved = flagsOfRun(config);
    checkGiven(given, saved, path);
    const length = given.epochs === undefined && given.steps === undefined ? readLength(config.length) : {};
    const moved = given["data-dir"] === undefined ? {} : { "data-dir": given["data-dir"] };
    return {
      flags: { ...flags, ...saved, ...length, ...moved },
      resumed: { path, folder, checkpoint, notes },
    };
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** The values of those flags alone that stand in the arguments. */
export function givenFlags(flags: Flags, args: readonly string[]): Values {
  const bare = Object.entries(flags).map(([name, flag]) => [name, { ...flag, default: undefined }]);
  return parseFlags(Object.fromEntries(bare) as Flags, args);
}

async function checkIsRun(path: string): Promise<void> {
  const info = await Deno.stat(`${path}/checkpoints`).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
  });
  if (info?.isDirectory) return;
  throw new Deno.errors.NotFound(
    `Cannot resume ${path}: it must be the folder of a run: current value has no ${path}/checkpoints`,
  );
}

/** What decides the training, by the names of the flags. */
function flagsOfRun({ training, data, model, device }: RecipeConfig): Values {
  const { kind, math } = readDevice(device);
  const own = data.dataDir === undefined ? {} : {
    classes: data.classes,
    "first-label": data.firstLabel,
    transpose: data.transpose ?? false,
    "class-names": model?.classNames?.join(","),
  };
  return {
    "batch-size": training.batchSize,
    "learning-rate": training.optimizer.learningRate,
    seed: training.seed,
    dataset: data.dataset,
    "data-dir": data.dataDir,
    limit: data.limit,
    ...numbersOf(training.sequence),
    ...own,
    device: kind,
    math,
  };
}

/** Those that flags can ask for; without them the recipe's own hold. */
function numbersOf(sequence: scanline.Sequence): Values {
  return "mean" in sequence
    ? { mean: sequence.mean, deviation: sequence.deviation }
    : { mean: undefined, deviation: undefined };
}

function checkGiven(given: Values, saved: Values, path: string): void {
  for (const [name, value] of Object.entries(saved)) {
    const asked = given[name];
    if (asked === undefined || asked === false || asked === value) continue;
    if (name === "device" && asked === "auto") continue; // it leaves the choice to us
    if (name === "data-dir") continue; // the images may have moved: their hash tells whether they are the same
    if (name === "dataset" && asked === "mnist" && value === undefined && saved["data-dir"] === undefined) {
      continue;
    }
    throw new FlagError(
      `Cannot resume ${path} with another --${name}, which would make it another training: it must be ` +
        `${printable(String(value ?? "left out"))}: current value is ${printable(String(asked))}`,
    );
  }
}

function readDevice(device: unknown): { kind: scanline.DeviceName; math?: scanline.MathName } {
  const { kind, math } = (device ?? {}) as Values;
  const known = scanline.DEVICES.find((name) => name === kind);
  const knownMath = scanline.MATHS.find((name) => name === math);
  if (!known || known === "auto" || math !== knownMath) {
    throw new SyntaxError(`Cannot resume the run: its device must be one of ${scanline.DEVICES.join(", ")}`);
  }
  return { kind: known, math: knownMath };
}

function readLength(length: unknown): Values {
  for (const [unit, count] of Object.entries((length ?? {}) as Values)) {
    if (["epochs", "steps"].includes(unit) && Number.isSafeInteger(count) && (count as number) > 0) {
      return { [unit]: count };
    }
  }
  throw new SyntaxError(
    "Cannot resume the run: its length must be epochs or steps: --epochs or --steps gives it",
  );
}

/** Keeps the checkpoints of a run that goes on, or begins. */
export class Checkpoints implements Disposable {
  readonly #folder: scanline.CheckpointFolder;
  readonly #config: scanline.RunConfig;
  readonly #images: string;
  readonly #epochOf: scanline.BatchOrder;

  private constructor(
    folder: scanline.CheckpointFolder,
    trainer: scanline.Trainer,
    config: scanline.RunConfig,
  ) {
    const { images, batchSize, lastBatch, seed } = trainer.config;
    this.#folder = folder;
    this.#config = config;
    this.#images = hashImages(trainer);
    this.#epochOf = new scanline.BatchOrder({ count: images.train, batchSize, lastBatch, seed });
  }

  /** Of a new run: the first one is that of step 0. */
  static async begin(
    path: string,
    trainer: scanline.Trainer,
    config: scanline.RunConfig,
  ): Promise<Checkpoints> {
    const folder = await scanline.CheckpointFolder.open(path, { fresh: true });
    const checkpoints = new Checkpoints(folder, trainer, config);
    await checkpoints.save({ ...await trainer.readState(), tally: new scanline.Tally().state() });
    return checkpoints;
  }

  /** Of a resumed run: takes the trainer, and the figures on disk, back to the checkpoint. */
  static async resume(resumed: Resumed, trainer: scanline.Trainer, config: scanline.RunConfig) {
    const { checkpoint, folder } = resumed;
    checkSame(checkpoint, trainer);
    const checkpoints = new Checkpoints(folder, trainer, config);
    if (checkpoints.#images !== checkpoint.images) {
      throw new RangeError(
        `Cannot resume ${
          shown(resumed.path)
        }: the images must be those it began with: current value is other ones`,
      );
    }
    await trainer.writeState(checkpoint.state);
    const lost = await folder.rewind(checkpoint);
    // A length or a folder that is new must outlast a kill before the next checkpoint.
    if (!isDeepStrictEqual(plain(config), checkpoint.config)) await checkpoints.save(checkpoint.state);
    const inexact = trainer.device.kind === "reference" ? [INEXACT] : [];
    return { checkpoints, notes: [...resumed.notes, ...(lost ? [lost] : []), ...inexact] };
  }

  /** Keeps one. */
  async save(state: scanline.TrainingState): Promise<void> {
    const epoch = this.#epochOf.epochAt(state.step);
    await this.#folder.save({ state, epoch, config: this.#config, images: this.#images });
  }

  /** Whether there is something to go on from, still. */
  areThere(): boolean {
    return this.#folder.isThere();
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** What is left of a length that counts from the beginning. @throws {RangeError} If more is done already. */
export function remaining(
  length: scanline.Length,
  { epoch, state: { step } }: scanline.Checkpoint,
): scanline.Length {
  const [unit, total, done] = "epochs" in length
    ? ["epochs", length.epochs, epoch]
    : ["steps", length.steps, step];
  if (total < done) {
    throw new RangeError(
      `Cannot resume the run: --${unit} must be at least the ${done} that it has done: current value is ${total}`,
    );
  }
  return unit === "epochs" ? { epochs: total - done } : { steps: total - done };
}

/** What must not have changed besides the flags: the recipe itself, and what the device computes. */
function checkSame({ config }: scanline.Checkpoint, trainer: scanline.Trainer): void {
  const now: Values = { ...trainer.config, device: bitsOf(trainer.device) };
  const then: Values = { ...config.training, device: bitsOf((config as RecipeConfig).device) };
  for (const name of Object.keys(now)) {
    if (isDeepStrictEqual(plain(now[name]), then[name])) continue;
    throw new RangeError(
      `Cannot resume the run: its ${name} must be ${excerpt(then[name], 200)}: ` +
        `current value is ${excerpt(now[name], 200)}`,
    );
  }
}

/** A value as a file keeps it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What of a device decides its bits: not the number of threads. */
function bitsOf(device: unknown): string {
  const { kind, math = "", detail } = device as Values;
  return kind === "webgpu" ? `${kind}, ${detail}` : `${kind} ${math}`.trim();
}

function hashImages(trainer: scanline.Trainer): string {
  const splits = (["train", "validation", "test"] as const).map((name) => trainer.split(name));
  return scanline.imagesSha256(splits);
}
