/**
 * The recipes of the page: the settings of those in `scripts/`, and the published bits.
 */
import assert from "node:assert/strict";
import { modelSha256 } from "../../core.ts";
import { loadDataset } from "../../mod.ts";
import { findRecipe, openRecipe, RECIPES } from "../../page/training/recipes.ts";
import hashes from "../golden/hashes.json" with { type: "json" };
import { parseLines, projectTest, runScript } from "../scripts/tiny_project.ts";
import { lackingMnist } from "../support/mnist.ts";
import { tinySplit } from "../support/tiny_data.ts";

const lacks = lackingMnist([{ name: "read" }]);

for (const recipe of RECIPES) {
  projectTest(`the page trains ${recipe.name} as its script does`, async (path) => {
    const script = recipe.name.replaceAll("-", "_");
    const { code, stdout, stderr } = await runScript(path, script, [
      ...["--data-dir", "data/tiny", "--device", "wasm", "--threads", "2", "--steps", "2"],
      ...["--out", "runs/a", "--no-pictures", "--json"],
    ]);
    assert.equal(code, 0, stderr);
    const kept = JSON.parse(await Deno.readTextFile(`${path}/runs/a/config.json`));
    const train = tinySplit({ count: 24, height: 6, width: 5, classes: 10 });
    const test = tinySplit({ count: 13, height: 6, width: 5, classes: 10, seed: 2 });
    await using training = await openRecipe(recipe, { train, test, device: "wasm", threads: 1 });
    assert.deepEqual(JSON.parse(JSON.stringify(training.config)), kept.training);
    for await (const _ of training.steps(2));
    assert.equal(modelSha256(await training.trained()), parseLines(stdout).at(-1)!.modelSha256);
    assert.deepEqual(recipe.length, lengthOf(await runScript(path, script, ["--help"])));
  });
}

/** The length of a recipe, by its own help. */
function lengthOf({ stdout }: { stdout: string }): object {
  const [, unit, count] = /--(epochs|steps) .*\(default (\d+)\)/.exec(stdout)!;
  return { [unit]: Number(count) };
}

for (const name of ["train-lstm-adam", "train-rnn", "train-lstm"] as const) {
  Deno.test({
    name: `${name} trains to the published bits without TensorFlow.js${
      lacks === undefined ? "" : ` (ignored: ${lacks})`
    }`,
    ignore: lacks !== undefined,
    fn: async () => {
      const { train } = await loadDataset({ dataset: "mnist", limit: 6400 }); // as the flags of hashes.json say
      await using training = await openRecipe(findRecipe(name), {
        train,
        seed: 1,
        device: "wasm",
        math: "fused",
      });
      for await (const _ of training.steps(100));
      assert.equal(modelSha256(await training.trained()), hashes.sha256[name]);
    },
  });
}

Deno.test("findRecipe() names the recipes there are", () => {
  assert.throws(() => findRecipe("train-it"), {
    name: "RangeError",
    message: /^Cannot find the recipe: it must be one of train-lstm-adam, .*: current value is train-it$/,
  });
});
