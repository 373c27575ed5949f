import { gatherBatch, gatherTargets } from "../../../lib/engines/reference/gather.ts";
import { networkGradient } from "../../../lib/engines/reference/network.ts";
import { stepsOf } from "../../../lib/model/network.ts";
import { CHAIN_GOLDENS } from "../../golden/chain_files.ts";
import { compare, compareTensors } from "../comparison.ts";

// About four times the largest difference measured or more, in units of the largest element of a tensor: answers 5.8e-16,
// loss 3.3e-16, gradient 2.7e-15.
const tolerance = (atol: number) => ({ atol, rtol: 0 });
const by = { tolerance: { logits: tolerance(4e-15), loss: tolerance(2e-15), gradient: tolerance(1e-14) } };

for (const golden of CHAIN_GOLDENS) {
  Deno.test(`networkGradient() is PyTorch's gradient of ${golden.name}`, () => {
    const { network, layout, sequences, targets, parameters, labelSmoothing } = golden;
    const all = Uint32Array.from({ length: sequences.count }, (_, position) => position);
    const T = stepsOf(network, layout.T)[network.layers.length].count;
    const found = networkGradient(network, Float64Array.from(parameters), {
      batch: gatherBatch(sequences, all, layout),
      targets: gatherTargets(targets, all, { T, K: network.output.size }),
      draw: null,
      labelSmoothing,
    });
    compare(by, "logits", { name: "answers", actual: found.answers, expected: golden.answers });
    compare(by, "loss", { actual: [found.loss], expected: [golden.loss] });
    compareTensors(by, "gradient", { network, actual: found.gradient, expected: golden.gradient });
  });
}
