/**
 * What every command shares: flags, help, errors and exit codes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { DeviceOptions, Model } from "../../mod.ts";
import { CATALOGUE, DEVICES, MATHS, messageOf, NotAllowedError } from "../../run.ts";
import {
  asksForHelp,
  FlagError,
  type Flags,
  type FlagValues,
  fromCallFolder,
  helpText,
  parseFlags,
} from "./flags.ts";
import { exitWhenInterrupted } from "./interrupt.ts";
import { findRuns } from "./runs.ts";
import { taskCommand } from "./shell.ts";
import { TuningFile } from "./tuning.ts";

tf.enableProdMode(); // without it, TensorFlow.js advertises its Node backend on stderr

/** Flags that choose the device. */
export const DEVICE_FLAGS = {
  device: { kind: "choice", choices: DEVICES, default: "auto", help: "what computes" },
  threads: { kind: "whole", least: 1, most: 64, help: "threads of wasm, all cores by default" },
  math: { kind: "choice", choices: MATHS, help: "multiply-add of wasm, fused by default" },
  "no-self-check": { kind: "switch", help: "trust the WebGPU adapter without comparing its numbers" },
} as const satisfies Flags;

/** Flags that choose the device of a training. */
export const TRAINING_DEVICE_FLAGS = {
  ...DEVICE_FLAGS,
  tune: { kind: "switch", help: "time the kernels of webgpu in all their shapes, and show the table" },
} as const satisfies Flags;

/** What `compile()` and `openModel()` take of {@link DEVICE_FLAGS}. */
export function deviceOptions(
  flags: FlagValues<typeof DEVICE_FLAGS> & Partial<FlagValues<typeof TRAINING_DEVICE_FLAGS>>,
): DeviceOptions {
  const { device, threads, math, tune } = flags;
  return {
    device,
    threads,
    math,
    selfCheck: flags["no-self-check"] ? false : undefined,
    tuning: new TuningFile(),
    ...tune ? { tune, onTuned: (table) => console.error(table.join("\n")) } : {},
  };
}

/** Flags that choose the images. */
export const DATA_FLAGS = {
  dataset: {
    kind: "choice",
    choices: Object.keys(CATALOGUE) as (keyof typeof CATALOGUE)[],
    help: "images, mnist by default",
  },
  "data-dir": {
    kind: "text",
    placeholder: "FOLDER",
    input: true,
    help: "four IDX files of your own instead, raw or .gz",
  },
  classes: {
    kind: "whole",
    least: 2,
    most: 256,
    help: "how many FOLDER has, by default all from its lowest label to its highest",
  },
  "first-label": { kind: "whole", least: 0, help: "the label of its first class, by default its lowest" },
  transpose: { kind: "switch", help: "its images lie column by column, as EMNIST's do" },
  "class-names": {
    kind: "text",
    placeholder: "A,B,C",
    help: "names of its classes, by default their labels",
  },
} as const satisfies Flags;

/** Flags for the numbers that a network reads. */
export const PIXEL_FLAGS = {
  mean: { kind: "number", help: "the network reads (x/255 - mean)/deviation of a pixel x; give both" },
  deviation: { kind: "positive", help: "see --mean" },
} as const satisfies Flags;

/** The mean and the deviation of {@link PIXEL_FLAGS}; null where they were not given. */
export function normalizationFlags(
  { mean, deviation }: FlagValues<typeof PIXEL_FLAGS>,
): { mean: number; deviation: number } | null {
  if (mean === undefined && deviation === undefined) return null;
  if (mean !== undefined && (mean < 0 || mean > 1)) {
    const remedy = mean > 1 && mean <= 255
      ? ` (of numbers from 0 to 255, it is ${
        (mean / 255).toPrecision(4)
      }; divide the deviation by 255 likewise)`
      : "";
    throw new FlagError(
      `Cannot use --mean: it must be from 0 to 1, as it is of x/255: current value is ${mean}${remedy}`,
    );
  }
  if (mean !== undefined && deviation !== undefined) return { mean, deviation };
  const [given, missing] = mean === undefined ? ["deviation", "mean"] : ["mean", "deviation"];
  throw new FlagError(`Cannot use --${given} alone: --${missing} must stand beside it`);
}

/** Flags for the output. */
export const OUTPUT_FLAGS = {
  json: { kind: "switch", help: "print one JSON object a line, and nothing else" },
  quiet: { kind: "switch", help: "nothing on stderr: no progress bar, no device" },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

/** A command as a person calls it. */
export interface CommandSpec<F extends Flags> {
  /** The name of its task; `train-lstm` is `scripts/train_lstm.ts`. */
  readonly name: string;
  /** A sentence or two. */
  readonly about: string;
  readonly flags: F;
  /** Its arguments; by default those of the process. */
  readonly args?: readonly string[];
  /** The message when Ctrl-C ends it at once; null if `main` handles Ctrl-C. By default: nothing was written. */
  readonly interrupted?: string | null;
}

/**
 * Runs a command: exit code 2 for wrong flags, 1 for any other error, each as one message; else what `main` returns.
 */
export async function runCommand<const F extends Flags>(
  spec: CommandSpec<F & { help: { kind: "switch"; help: string } }>,
  main: (flags: FlagValues<F>) => Promise<number>,
): Promise<void> {
  try {
    const args = spec.args ?? Deno.args;
    if (asksForHelp(args)) {
      console.log(helpText(spec.name, spec.about, spec.flags));
      return;
    }
    const flags = parseFlags(spec.flags, args);
    const { interrupted = "Interrupted: nothing was written" } = spec;
    using _ = interrupted === null ? null : exitWhenInterrupted(interrupted);
    Deno.exitCode = await main(await findRuns(spec.flags, await fromCallFolder(spec.flags, flags)));
  } catch (error) {
    console.error(explain(error, spec));
    Deno.exit(error instanceof FlagError ? 2 : 1);
  }
}

/** The device, and why it was chosen: one line of at most 80 columns, or two lines. */
export function describeDevice({ device, reason }: Pick<Model, "device" | "reason">): string {
  const line = `Device: ${device.kind} (${device.detail})`;
  return line.length + reason.length < 78 ? `${line}, ${reason}` : `${line},\n        ${reason}`;
}

/** The longest command that is printed to be copied. */
const MOST_OF_A_COMMAND = 1_200;

function explain(error: unknown, { name }: CommandSpec<Flags>): string {
  const message = messageOf(error);
  if (error instanceof FlagError) return `${message}\n\`deno task ${name} --help\` explains them.`;
  if (!(error instanceof NotAllowedError)) return message;
  // --allow-read splits at commas, so the command must allow the folder above: only for a path that the user gave.
  const named = Deno.args.map((arg) => arg.replace(/^--[\w-]+=?/, "")).filter((arg) => arg !== "");
  const isNamed = (place: string) => named.some((path) => place.startsWith(path));
  if (Object.values(error.files).flat().some((place) => place?.includes(",") && !isNamed(place))) {
    return message;
  }
  const command = taskCommand(name, Deno.args, error.files);
  if (command.length > MOST_OF_A_COMMAND) return message; // too long to copy
  return `${message}\nThe task allows no other folders than its own; this does:\n  ${command}`;
}
