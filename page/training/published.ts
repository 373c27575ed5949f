/**
 * Compares the hash of a model that was trained in the page with the published ones.
 *
 * @module
 */
import published from "./published.json" with { type: "json" };
import { ownSteps, recipeOf, type SettledSettings } from "./settings.ts";

/** What a hash is compared with. */
export interface Published {
  /** The hash, or the beginning of it. */
  readonly sha256: string;
  /** The file that has it. */
  readonly file: string;
  /** The command that trains the same in Deno. */
  readonly command: string;
}

/** The steps and images of the short trainings that `deno task verify` repeats, with seed 1. */
const SHORT = { steps: 100, limit: 6_400, seed: 1 };

/**
 * The published hash of a training with these settings on `wasm`, with any number of threads; null if none is published.
 *
 * @param steps How many were taken
 */
export function publishedHash(settings: Omit<SettledSettings, "device" | "threads">): Published | null {
  const recipe = recipeOf(settings), { name } = recipe, { seed, steps, limit } = settings;
  if (settings.learningRate !== recipe.optimizer.learningRate) return null;
  if (steps === SHORT.steps && limit === SHORT.limit && seed === SHORT.seed) {
    const sha256 = of(published.short.sha256, name);
    return sha256 === null ? null : { sha256, file: "tests/golden/hashes.json", command: "deno task verify" };
  }
  if (limit !== null || steps !== ownSteps(settings)) return null;
  const sha256 = of(of(published.results, name) ?? {}, String(seed));
  const command = `deno task ${name} --device wasm --seed ${seed}`;
  return sha256 === null ? null : { sha256, file: "RESULTS.md", command };
}

/** What came of the comparison. */
export type Verdict =
  /** The bits are the published ones. */
  | { readonly kind: "same"; readonly published: Published }
  /** They are not, although they should be. */
  | { readonly kind: "other"; readonly published: Published }
  /** They need not be, since the device is another one. */
  | { readonly kind: "device"; readonly published: Published }
  /** None is published for these settings. */
  | { readonly kind: "unknown" };

/** Compares the hash of a trained model. */
export function judge(
  sha256: string,
  settings: SettledSettings,
  math: "fused" | "plain" | null,
): Verdict {
  const found = publishedHash(settings);
  if (!found) return { kind: "unknown" };
  if (sha256.startsWith(found.sha256)) return { kind: "same", published: found };
  return { kind: math === "fused" ? "other" : "device", published: found };
}

function of<Value>(record: Readonly<Record<string, Value>>, name: string): Value | null {
  return Object.hasOwn(record, name) ? record[name] : null;
}
