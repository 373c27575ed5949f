/**
 * `--start-from`: a training that begins with the weights of a run.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { modelSha256, toTensorflow } from "../../mod.ts";
import { openRun, shown } from "../../run.ts";
import { FlagError } from "../support/flags.ts";
import type { StartedFrom } from "./config.ts";

/**
 * Gives a model the weights of a run.
 *
 * @throws {FlagError} If they have other shapes.
 */
export async function startFrom(model: tf.Sequential, path: string): Promise<StartedFrom> {
  const run = await openRun(path);
  const weights = toTensorflow(run.model).getWeights();
  const [theirs, ours] = [weights, model.getWeights()].map((tensors) =>
    tensors.map(({ shape }) => shape.join("×"))
  );
  if (theirs.join() !== ours.join()) {
    throw new FlagError(
      `Cannot start from ${shown(run.path)}: its weights must have the shapes of this network's, ${
        ours.join(", ")
      }: current value is ${
        theirs.join(", ")
      } (its config.json says which recipe and flags it was trained with)`,
    );
  }
  model.setWeights(weights);
  return { run: run.path, modelSha256: modelSha256(run.model) };
}
