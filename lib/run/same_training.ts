/**
 * Whether a trainer does what a stopped run did, so that the run can be resumed to the bit.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { excerpt } from "../excerpt.ts";
import { classifierOptions, createClassifier } from "../model/classifier.ts";
import type { RunConfig } from "./config.ts";

type Training = Pick<RunConfig, "model" | "training" | "device">;

/**
 * Checks everything that decides the bits: the model, the training, and the arithmetic of the device.
 *
 * @throws {RangeError} If something differs; names the property and both values.
 */
export function checkSameTraining(saved: Training, current: Training): void {
  const then = partsOf(saved), now = partsOf(current);
  for (const name of Object.keys({ ...then, ...now })) {
    if (isDeepStrictEqual(now[name], then[name])) continue;
    if (name === "T" && then.T === null) continue; // any length, or, in checkpoints of old runs, not known
    throw new RangeError(
      `Cannot resume the run: its ${name} must be ${shown(then[name])}: current value is ${shown(now[name])}`,
    );
  }
}

function shown(value: unknown): string {
  return value === undefined ? "left out" : excerpt(value, 200);
}

/** A value as JSON keeps it. */
export function toPlain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function partsOf({ model, training, device }: Training): Readonly<Record<string, unknown>> {
  const { inputSize, layers, biases, T, sequence } = model;
  const network = classifierOptions(createClassifier({ inputSize, layers, biases })); // all in the same words
  return toPlain({ ...network, T, sequence, ...training, device: bitsOf(device) }) as Readonly<
    Record<string, unknown>
  >;
}

/** The properties of a device that decide its bits; the number of threads does not. */
function bitsOf({ kind, math = "", detail }: RunConfig["device"] = {}): string {
  return kind === "webgpu" ? `${kind}, ${detail}` : `${kind} ${math}`.trim();
}
