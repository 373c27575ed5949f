/**
 * The model of a run, from what its files contain, wherever they come from.
 *
 * @module
 */
import type { TrainedModel } from "../model/trained_model.ts";
import { checkOptions, instanceOf, optional, type Rules, TEXT } from "../options.ts";
import { modelDescription, parseRunConfig, type RunConfig } from "./config.ts";

/** What the files of a run contain. */
export interface RunFiles {
  /** The text of `config.json`. */
  readonly config: string;
  /** The bytes of `model/weights.bin`. */
  readonly weights: Uint8Array;
  /** The text of `model/model.json`: only older runs need it. */
  readonly modelJson?: string;
}

const RULES: Rules<RunFiles> = {
  config: TEXT,
  weights: instanceOf(Uint8Array),
  modelJson: optional(TEXT),
};

/**
 * The model in the files of a run, without a disk: as `openRun()` reads it from a folder.
 *
 * @throws {SyntaxError} If `config.json` is not that of a run.
 * @throws {TypeError} If the weights are not those of the layers.
 * @throws {RangeError} If a weight is not finite.
 */
export async function modelOfRun(files: RunFiles): Promise<TrainedModel> {
  const { config, weights, modelJson } = checkOptions("open the run", files, RULES, "files");
  const taken = await parseRunConfig(
    config,
    "Cannot open the run: config.json",
    () => Promise.resolve(modelJson),
  );
  return withWeights(taken, weights, "the run");
}

/**
 * The model that a configuration and the bytes of `model/weights.bin` are.
 *
 * @param what The run, for messages
 * @throws {TypeError} If the weights are not those of the layers.
 * @throws {RangeError} If a weight is not finite.
 */
export function withWeights(config: RunConfig, weights: Uint8Array, what: string): TrainedModel {
  const about = modelDescription(config), { size } = about.network;
  if (weights.length !== 4 * size) {
    throw new TypeError(
      `Cannot open ${what}: model/weights.bin must have ${4 * size} bytes, as config.json says: ` +
        `current value is ${weights.length}`,
    );
  }
  const parameters = new Float32Array(weights.slice().buffer);
  const wrong = parameters.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return { ...about, parameters };
  throw new RangeError(
    `Cannot open ${what}: the numbers of model/weights.bin must be finite: ` +
      `current value is ${parameters[wrong]}, at byte ${4 * wrong}`,
  );
}
