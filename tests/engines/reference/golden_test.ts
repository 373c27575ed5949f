import type { Draw } from "../../../lib/engines/reference/signal.ts";
import { gatherBatch, gatherTargets } from "../../../lib/engines/reference/gather.ts";
import { networkGradient } from "../../../lib/engines/reference/network.ts";
import { createSlots, updateParameters } from "../../../lib/engines/reference/optimizers.ts";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import { sequencesOf } from "../../../lib/data/sequences.ts";
import { isRecurrent, type Layer, type Network } from "../../../lib/model/network.ts";
import { type Golden, GRADIENTS, TRAININGS } from "../../golden/golden_files.ts";
import { compare, compareTensors, movement } from "../comparison.ts";

// About ten times the largest difference measured, in units of the largest element of a tensor. Of one batch: logits
// 3.6e-16, loss 1.6e-16, gradient 1.1e-15; after fifty steps: losses 9.2e-15, movement 1.7e-13 (both Adadelta's).
const tolerance = (atol: number) => ({ atol, rtol: 0 });
const ONE_BATCH = { logits: tolerance(4e-15), loss: tolerance(2e-15), gradient: tolerance(1e-14) };
const FIFTY_STEPS = { loss: tolerance(1e-13), movement: tolerance(2e-12) };

function gather({ images, sequence, network }: Golden, positions: Uint32Array) {
  const batch = gatherBatch(sequencesOf(images), positions, layOutSequence(sequence, images));
  const shape = { T: 1, K: network.output.size };
  return { batch, targets: gatherTargets({ kind: "classes", data: images.labels }, positions, shape) };
}

/** A network with a Dropout above each recurrent layer, whose stream is the number of the layer. */
function dropping(network: Network): Network {
  const layers = network.layers.flatMap((layer, stream): Layer[] =>
    isRecurrent(layer) ? [layer, { kind: "dropout", rate: 0.5, stream }] : [layer]
  );
  return { ...network, layers };
}

/** Draws these masks, `[T,N,H]` for each layer. */
function given(masks: readonly Float64Array[]): Draw {
  return ({ stream, first, T, N, C }) => masks[stream].subarray(first * N * C, (first + T) * N * C);
}

for (const [what, golden] of Object.entries(GRADIENTS)) {
  Deno.test(`networkGradient() is ${golden.source}'s gradient of ${what}`, () => {
    const { parameters, masks } = golden, network = masks.length ? dropping(golden.network) : golden.network;
    const found = networkGradient(network, parameters, {
      ...gather(golden, Uint32Array.from(golden.images.labels.keys())),
      draw: given(masks),
    });
    const by = { tolerance: ONE_BATCH };
    compare(by, "logits", { actual: found.answers, expected: golden.logits });
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
    const slots = createSlots(optimizer, network);
    const losses = batches.map((positions, index) => {
      const { loss, gradient } = networkGradient(network, p, { ...gather(golden, positions), draw: null });
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
