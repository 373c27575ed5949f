/**
 * What is kept of a training, as JSON: in the folder of its run, and on the way from a worker.
 *
 * @module
 */
import { parseJson } from "../../lib/json.ts";
import { excerpt, printable } from "../../run.ts";
import { type Figures, finalFigures, type MetricsLine } from "./processes.ts";

/** How well a trained model does. */
export interface ResultFigures extends Partial<Figures> {
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}

/** How a training ended. */
export interface Result {
  /** See {@link Training}. */
  readonly key: string;
  readonly device: string;
  /** Of the whole process, in seconds. */
  readonly seconds: number;
  readonly figures: ResultFigures;
  /** SHA-256 of the trained model; null if there is none, because the loss did not stay finite. */
  readonly modelSha256: string | null;
  /** Why there is no model; it comes again with the same settings. */
  readonly failure?: string;
  /** The worker that trained it; none where the sweep did so itself. */
  readonly worker?: string;
  /** Another worker, which has trained the same a second time, to the same bits. */
  readonly checkedBy?: string;
}

/** A result, and the folder of its run. */
export interface FoundResult extends Result {
  readonly run: string;
}

const FIGURES = [
  "trainLoss",
  "trainAccuracy",
  "testLoss",
  "testAccuracy",
  "validationLoss",
  "validationAccuracy",
];
const MOST_CHARACTERS = 500;

/** The result of a training that ran to its end. @param lines All of its `metrics.jsonl`, or of `--json` */
export function toResult(
  lines: readonly MetricsLine[],
  { key, device, seconds, worker }: Pick<Result, "key" | "device" | "seconds" | "worker">,
): Result {
  const figures = { ...finalFigures(lines), ...validationOf(lines) };
  return { key, device, seconds, figures, modelSha256: String(lines.at(-1)!.modelSha256), worker };
}

/** Figures of the held-out images, after the epoch whose weights were kept. */
function validationOf(lines: readonly MetricsLine[]): ResultFigures {
  const { bestEpoch } = lines.at(-1)!;
  const epochs = lines.filter((line) => "validationAccuracy" in line);
  const line = epochs.find(({ epoch }) => epoch === bestEpoch) ?? epochs.at(-1);
  if (!line) return {};
  return {
    validationLoss: Number(line.validationLoss),
    validationAccuracy: Number(line.validationAccuracy),
  };
}

/** What a training says whose loss did not stay finite: that comes again with the same settings. */
const DIVERGED = /the loss must be finite: current value is [^(\n]*/;

/** Why a training has no model and never will; null if another attempt may have one. */
export function divergence(ending: string): string | null {
  return DIVERGED.exec(ending)?.[0].trim() ?? null;
}

/**
 * Reads a result, from a file or from a worker.
 *
 * @throws {SyntaxError} If it is none, or that of another training.
 */
export function parseResult(text: string, key: string): Result {
  const value = parseJson(text) as Record<string, unknown> | null;
  const wrong = (name: string, must: string): never => {
    const found = excerpt(value?.[name]);
    throw new SyntaxError(
      `Cannot read the result ${key}: ${name} must be ${must}: current value is ${found}`,
    );
  };
  if (value?.key !== key) wrong("key", key);
  const { device, seconds, figures, modelSha256, failure, worker, checkedBy } = value!;
  if (typeof device !== "string") wrong("device", "a text");
  if (!(Number.isFinite(seconds) && Number(seconds) >= 0)) wrong("seconds", "a number from 0 on");
  const isHash = typeof modelSha256 === "string" && /^[0-9a-f]{64}$/.test(modelSha256);
  if (!isHash && !(modelSha256 === null && typeof failure === "string")) {
    wrong("modelSha256", "64 hexadecimal digits, or null beside a failure");
  }
  const known = Object.entries(Object(figures)).filter(([name]) => FIGURES.includes(name));
  if (known.some(([, figure]) => !Number.isFinite(figure))) wrong("figures", "finite numbers");
  if (isHash && !known.some(([name]) => name === "testAccuracy")) wrong("figures", "those of the test");
  return {
    key,
    device: printable(device as string),
    seconds: seconds as number,
    figures: Object.fromEntries(known),
    modelSha256: modelSha256 as string | null,
    ...(typeof failure === "string" && { failure: printable(failure, MOST_CHARACTERS) }),
    ...(typeof worker === "string" && { worker: printable(worker) }),
    ...(typeof checkedBy === "string" && { checkedBy: printable(checkedBy) }),
  };
}
