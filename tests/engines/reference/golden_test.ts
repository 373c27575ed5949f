import { gatherBatch, gatherLabels } from "../../../lib/engines/reference/gather.ts";
import { networkGradient } from "../../../lib/engines/reference/network.ts";
import { updateParameters } from "../../../lib/engines/reference/optimizers.ts";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { SLOT_COUNT } from "../../../lib/model/optimizers.ts";
import { type Golden, GRADIENTS, TRAININGS } from "../../golden/golden_files.ts";
import { compare, compareTensors, movement } from "../comparison.ts";

// About ten times the largest difference measured, in units of the largest element of a tensor. Of one batch: logits
// 3.6e-16, loss 1.6e-16, gradient 1.1e-15; after fifty steps: losses 9.2e-15, movement 1.7e-13 (both Adadelta's).
const tolerance = (atol: number) => ({ atol, rtol: 0 });
const ONE_BATCH = { logits: tolerance(4e-15), loss: tolerance(2e-15), gradient: tolerance(1e-14) };
const FIFTY_STEPS = { loss: tolerance(1e-13), movement: tolerance(2e-12) };

function gather({ images, sequence }: Golden, positions: Uint32Array) {
  const batch = gatherBatch(images, positions, layOutSequence(sequence, images));
  return { batch, labels: gatherLabels(images.labels, positions) };
}

for (const [what, golden] of Object.entries(GRADIENTS)) {
  Deno.test(`networkGradient() is ${golden.source}'s gradient of ${what}`, () => {
    const { network, parameters, masks } = golden;
    const found = networkGradient(network, parameters, {
      ...gather(golden, Uint32Array.from(golden.images.labels.keys())),
      masks,
    });
    const by = { tolerance: ONE_BATCH };
    compare(by, "logits", { actual: found.logits, expected: golden.logits });
    compare(by, "loss", { actual: [found.loss], expected: [golden.loss] });
    compareTensors(by, "gradient", { network, actual: found.gradient, expected: golden.gradient });
  });
}

const trainings = Object.entries(TRAININGS).flatMap(([what, goldens]) =>
  goldens.map((golden) => ({ what, golden }))
);

for (const { what, golden } of trainings) {
  const { source, network, optimizer, batches } = golden;
  const steps = `${batches.length} steps of ${optimizer.kind}`;
  Deno.test(`updateParameters() trains ${what} as ${source} does over ${steps}`, () => {
    const p = golden.parameters.slice();
    const slots = Array.from({ length: SLOT_COUNT[optimizer.kind] }, () => new Float64Array(network.size));
    const losses = batches.map((positions, index) => {
      const { loss, gradient } = networkGradient(network, p, { ...gather(golden, positions), masks: [] });
      updateParameters({ network, optimizer }, { p, g: gradient }, { slots, step: index + 1 });
      return loss;
    });
    const by = { tolerance: FIFTY_STEPS };
    compare(by, "loss", { actual: losses, expected: golden.losses });
    compareTensors(by, "movement", {
      network,
      actual: movement(p, golden.parameters),
      expected: movement(golden.trained, golden.parameters),
    });
  });
}
