import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { type Layer, recurrentLayers } from "../../../lib/model/network.ts";
import { TF_TRAININGS } from "../../golden/tfjs_files.ts";
import { assertClose } from "../../support/assert_close.ts";
import { compare, movement } from "../comparison.ts";
import { test } from "./support/wasm_tests.ts";

// Both compute in float32. In units of the largest loss of a training, and of the largest weight and the largest movement of a
// tensor: the tolerances of the reference, 2.4 times the largest errors measured here.
const LOSS = { atol: 3e-7, rtol: 0 };
const ROUNDED = 4e-7, MOVED = 2e-6;

/** Whether engines draw other masks than these trainings were made with. */
function drops(network: { layers: readonly Layer[] }): boolean {
  return network.layers.some(({ kind }) => kind === "dropout") ||
    recurrentLayers(network).some(({ inputDropout, recurrentDropout }) =>
      inputDropout + recurrentDropout > 0
    );
}

for (const golden of TF_TRAININGS.filter(({ network }) => !drops(network))) {
  test(`wasm trains as model.fit() of TensorFlow.js does: ${golden.name}`, async () => {
    const { network, layout, optimizer, sequences, targets, batches, start, trained, losses, metrics } =
      golden;
    const batchSize = Math.max(...batches.map(({ length }) => length));
    const training = { optimizer, sequences, targets, seed: 1, batchSize };
    await using engine = await openWasm({ network, layout, parameters: start, training, threads: 2 });
    const steps = await engine.train(batches);
    compare({ tolerance: { loss: LOSS } }, "loss", {
      actual: steps.map(({ loss }) => loss),
      expected: losses,
    });
    metrics.forEach((expected, index) => {
      const actual = steps.map(({ metrics, count }) => metrics[index] / count);
      compare({ tolerance: { loss: LOSS } }, "loss", { name: network.metrics[index], actual, expected });
    });
    const after = await engine.readParameters();
    for (const { name, offset, size } of network.parameters) {
      const tensor = (flat: ArrayLike<number>) =>
        Float64Array.from({ length: size }, (_, k) => flat[offset + k]);
      const [actual, expected] = [after, trained].map((some) => tensor(movement(some, start)));
      const [heaviest, furthest] = [tensor(start), expected].map(largest);
      assertClose(actual, expected, { atol: ROUNDED * heaviest + MOVED * furthest, rtol: 0, name });
    }
  });
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
