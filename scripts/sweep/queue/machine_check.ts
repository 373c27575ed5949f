/**
 * Whether this machine trains to the published bits: `deno task verify` in short.
 *
 * @module
 */
import hashes from "../../../tests/golden/hashes.json" with { type: "json" };
import { isComplete, type ProcessOptions, runRecipeProcess } from "../processes.ts";

/** An LSTM and a plain RNN with ReLU, which between them use most kernels; each takes a second or two. */
const RECIPES = ["train-lstm-adam", "train-rnn"] as const;

/**
 * Trains two recipes for 100 steps each.
 *
 * @param folder Where their runs go
 * @throws {Error} If one does not train, or not to the published hash.
 */
export async function checkMachine(folder: string, interrupt: ProcessOptions["interrupt"]): Promise<void> {
  await Promise.all(RECIPES.map(async (recipe) => {
    const flags = [
      ...hashes.flags.split(" "),
      "--no-pictures",
      "--threads",
      "1",
      "--out",
      `${folder}/check-${recipe}`,
    ];
    const { lines, ending } = await runRecipeProcess(recipe, flags, { interrupt, directly: true });
    if (interrupt.signal.aborted) return;
    if (!isComplete(lines)) {
      throw new Error(`Cannot check this machine: ${recipe} must train to its end: it ${ending}`);
    }
    const found = lines.at(-1)!.modelSha256, published = hashes.sha256[recipe];
    if (found === published) return;
    throw new Error(
      `Cannot work on this machine: ${recipe} must train to the published bits, ${published}: current value is ${found}; ` +
        "`deno task verify` tells more",
    );
  }));
}
