/**
 * A job of the queue: data, checked against the flags of the recipes. It holds no command and no path.
 *
 * @module
 */
import { excerpt, printable } from "../../../run.ts";
import type { KeptFlags } from "../../recipe/config.ts";
import { FlagError, parseFlags } from "../../support/flags.ts";
import { mayVary } from "../arguments.ts";
import { RECIPES } from "../processes.ts";
import { RECIPE_FLAGS } from "../recipe_flags.ts";
import { keyOf, type Training } from "../training.ts";

/** What a job says. */
export interface Job extends Pick<Training, "recipe" | "flags" | "seed"> {
  /** Of the training, and of the code that it is for. */
  readonly key: string;
  /** The worker that has done it before, and is checked by another one. */
  readonly not?: string;
}

/** Flags about files of one machine. */
const LOCAL = ["data-dir", "classes", "first-label", "transpose", "class-names", "start-from"];
/** Engines whose bits are the same on every machine. */
const SAME_EVERYWHERE = ["wasm", "reference"];
/** What a value may be made of: neither spaces nor slashes, nor anything else that a shell or a file system knows. */
const PLAIN = /^[\w.:,+-]{1,100}$/;
const MOST_FLAGS = 60;

/**
 * Checks a job that came from the queue, or goes there.
 *
 * @param version Of the code here
 * @throws {FlagError} If it is none, or one for other code.
 */
export function checkJob(value: unknown, version: string): Job {
  const { key, recipe, flags, seed, not } = Object(value) as Record<string, unknown>;
  const wrong = (what: string, must: string, found: unknown): never => {
    throw new FlagError(`Cannot take the job: ${what} must be ${must}: current value is ${excerpt(found)}`);
  };
  if (typeof recipe !== "string" || !RECIPES.includes(recipe)) {
    wrong("its recipe", `one of ${RECIPES.join(", ")}`, recipe);
  }
  if (!Number.isInteger(seed) || Number(seed) < 0 || Number(seed) >= 2 ** 32) {
    wrong("its seed", "a whole number below 2^32", seed);
  }
  if (typeof flags !== "object" || flags === null || Object.keys(flags).length > MOST_FLAGS) {
    wrong("its flags", "an object", flags);
  }
  for (const [name, flag] of Object.entries(flags!)) checkFlag(name, flag);
  const job = { recipe, flags, seed } as Pick<Job, "recipe" | "flags" | "seed">;
  if (!SAME_EVERYWHERE.includes(String(job.flags.device))) {
    wrong(
      "--device",
      `one of ${SAME_EVERYWHERE.join(", ")}, whose bits are the same on every machine`,
      job.flags.device,
    );
  }
  const own = keyOf(job, { version, inputs: "" });
  if (key !== own) wrong("its key", `${own}, that of these settings in this version of the code`, key);
  if (not !== undefined && (typeof not !== "string" || !PLAIN.test(not))) {
    wrong("the worker before", "a name", not);
  }
  return { ...job, key: own, ...(not !== undefined && { not: not as string }) };
}

/** @throws {FlagError} Unless a recipe has the flag, takes the value, and would find on any machine what it means. */
function checkFlag(name: string, value: unknown): void {
  if (!mayVary(name) || LOCAL.includes(name)) {
    const must = LOCAL.includes(name)
      ? "left out, as other machines lack its files"
      : "a flag that changes what is trained";
    throw new FlagError(
      `Cannot take the job: --${printable(name)} must be ${must}: current value is ${excerpt(value)}`,
    );
  }
  const flag = RECIPE_FLAGS[name], isSwitch = flag.kind === "switch";
  const isPlain = isSwitch
    ? value === true
    : ["string", "number"].includes(typeof value) && PLAIN.test(String(value));
  if (!isPlain) {
    const must = isSwitch ? "true" : "a number, or letters, digits and .:,+-";
    throw new FlagError(`Cannot take the job: --${name} must be ${must}: current value is ${excerpt(value)}`);
  }
  const parsed = parseFlags({ [name]: flag }, [isSwitch ? `--${name}` : `--${name}=${value}`])[name];
  if (parsed !== value) {
    throw new FlagError(
      `Cannot take the job: --${name} must be ${excerpt(parsed)}: current value is ${excerpt(value)}`,
    );
  }
}

/** The flags of jobs: on `wasm` with fused multiply-add, which every usual machine has, unless they say otherwise. */
export function settleJobDevice(flags: KeptFlags): KeptFlags {
  const device = flags.device === undefined || flags.device === "auto" ? "wasm" : flags.device;
  return device === "wasm" ? { ...flags, device, math: flags.math ?? "fused" } : { ...flags, device };
}
