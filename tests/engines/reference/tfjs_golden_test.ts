import { moveAverages } from "../../../lib/engines/reference/batch_norm.ts";
import { gatherBatch, gatherTargets } from "../../../lib/engines/reference/gather.ts";
import { networkGradient } from "../../../lib/engines/reference/network.ts";
import { createSlots, updateParameters } from "../../../lib/engines/reference/optimizers.ts";
import { stepsOf } from "../../../lib/model/network.ts";
import { fixedMask } from "../../golden/tfjs_cases.ts";
import { TF_TRAININGS, type TfTraining } from "../../golden/tfjs_files.ts";
import { assertClose } from "../../support/assert_close.ts";
import { compare, movement } from "../comparison.ts";

// TensorFlow.js computes in float32. In units of the largest loss of a training, three times the largest error measured,
// 9.8e-8; of the largest weight and the largest movement of a tensor, one and a half times (the error is 4.1e-7 of a weight
// that moved by 0.09 of itself).
const LOSS = { atol: 3e-7, rtol: 0 };
const ROUNDED = 4e-7, MOVED = 2e-6;

/** Twenty steps from the same start over the same batches. */
function train({ network, optimizer, layout, sequences, targets, batches, start }: TfTraining) {
  const p = Float64Array.from(start), slots = createSlots(optimizer, network);
  const shape = { T: stepsOf(network, layout.T)[network.layers.length].count, K: network.output.size };
  const steps = batches.map((positions, index) => {
    const measured = networkGradient(network, p, {
      batch: gatherBatch(sequences, positions, layout),
      targets: gatherTargets(targets, positions, shape),
      draw: ({ N, C }) => Float64Array.from(fixedMask(N, C)),
    });
    updateParameters({ network, optimizer }, { p, g: measured.gradient }, { slots, step: index + 1 });
    moveAverages(network, p, measured.moments);
    return { ...measured, count: positions.length };
  });
  return { p, steps };
}

for (const golden of TF_TRAININGS) {
  Deno.test(`the reference trains as model.fit() of TensorFlow.js does: ${golden.name}`, () => {
    const { network, start, trained, losses, metrics } = golden;
    const { p, steps } = train(golden);
    compare({ tolerance: { loss: LOSS } }, "loss", {
      actual: steps.map(({ loss }) => loss),
      expected: losses,
    });
    metrics.forEach((expected, index) => {
      const actual = steps.map(({ metrics, count }) => metrics[index] / count);
      compare({ tolerance: { loss: LOSS } }, "loss", { name: network.metrics[index], actual, expected });
    });
    for (const { name, offset, size } of network.parameters) {
      const tensor = (flat: ArrayLike<number>) =>
        Float64Array.from({ length: size }, (_, k) => flat[offset + k]);
      const [actual, expected] = [p, trained].map((after) => tensor(movement(after, start)));
      const [heaviest, furthest] = [tensor(start), expected].map(largest);
      assertClose(actual, expected, { atol: ROUNDED * heaviest + MOVED * furthest, rtol: 0, name });
    }
  });
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
