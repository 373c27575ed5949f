import { moveAverages } from "../../../lib/engines/reference/batch_norm.ts";
import { clipGradient } from "../../../lib/engines/reference/clip.ts";
import { measureBatch } from "../../../lib/engines/reference/engine.ts";
import { gatherBatch } from "../../../lib/engines/reference/gather.ts";
import { networkForward } from "../../../lib/engines/reference/network.ts";
import { createSlots, updateParameters } from "../../../lib/engines/reference/optimizers.ts";
import { RECIPES } from "../../golden/recipe_files.ts";
import { compare, compareTensors, movement } from "../comparison.ts";

// About four times the largest difference measured, in units of the largest element of a tensor: losses 3.6e-16, movement
// 1.3e-14, answers 1.1e-15.
const tolerance = (atol: number) => ({ atol, rtol: 0 });
const by = { tolerance: { loss: tolerance(1.5e-15), movement: tolerance(5e-14), logits: tolerance(5e-15) } };

for (const { name, options, batches, losses, trained, answers } of RECIPES) {
  Deno.test(`the reference trains as PyTorch does: ${name}`, () => {
    const { network, layout, parameters, training } = options, { optimizer, clip } = training;
    const p = Float64Array.from(parameters), slots = createSlots(optimizer, network);
    const found = batches.map((positions, index) => {
      const { loss, gradient, moments } = measureBatch(options, positions, { p, step: index + 1 });
      const g = clip ? clipGradient(network, clip, gradient) : gradient;
      updateParameters({ network, optimizer }, { p, g }, { slots, step: index + 1 });
      moveAverages(network, p, moments);
      return loss;
    });
    compare(by, "loss", { actual: found, expected: losses });
    compareTensors(by, "movement", {
      network,
      actual: movement(p, parameters),
      expected: movement(trained, parameters),
    });
    const all = Uint32Array.from({ length: training.sequences.count }, (_, position) => position);
    const { output } = networkForward(network, p, { batch: gatherBatch(training.sequences, all, layout) });
    compare(by, "logits", { actual: output.x, expected: answers });
  });
}
