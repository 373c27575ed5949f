import { layOutSequence, type Order } from "../../../lib/data/sequence.ts";
import { type ByteLayout, sequencesOf } from "../../../lib/data/sequences.ts";
import type { EngineOptions } from "../../../lib/engines/engine.ts";
import { openReference } from "../../../lib/engines/reference/engine.ts";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { createNetwork } from "../../../lib/model/create_network.ts";
import type { LayerOptions } from "../../../lib/model/network_options.ts";
import { sgd } from "../../../lib/model/optimizers.ts";
import { tinyParameters, tinySplit } from "../../support/tiny_data.ts";
import { compare, compareTensors } from "../comparison.ts";
import { scattered } from "../contract_cases.ts";
import { test } from "./support/wasm_tests.ts";

// Twice the largest error measured, in units of the largest element of the tensor.
const TOLERANCE = { logits: { atol: 1.8e-6, rtol: 0 }, gradient: { atol: 4.4e-6, rtol: 0 } };

const SIZE = { height: 6, width: 5 }, COUNT = 30;

const ORDERS: Readonly<Record<string, Order>> = {
  "rows from the bottom": { axis: "rows", reversed: true },
  "columns": { axis: "columns" },
  "columns from the right": { axis: "columns", reversed: true },
  "pixels": { axis: "pixels" },
  "pixels from the last": { axis: "pixels", reversed: true },
  "pixels in a random order": { axis: "pixels", permutation: 3 },
  "pixels in a random order, from its end": { axis: "pixels", permutation: 3, reversed: true },
};

/** The first reads images itself and shares their blank lines, the second reads numbers. */
const LAYERS: Readonly<Record<string, LayerOptions>> = {
  "an LSTM": { kind: "lstm", hiddenSize: 11 },
  "a GRU": { kind: "gru", hiddenSize: 11 },
};

function optionsFor(layout: ByteLayout, layer: LayerOptions): EngineOptions {
  const images = tinySplit({ ...SIZE, count: COUNT, classes: 10 });
  const network = createNetwork({
    input: { kind: "features", size: layout.C },
    layers: [layer, { kind: "dense", units: 10 }],
    loss: "softmaxCrossEntropy",
  });
  const targets = { kind: "classes" as const, data: images.labels };
  const training = {
    optimizer: sgd({ learningRate: 0.1 }),
    sequences: sequencesOf(images),
    targets,
    seed: 1,
    batchSize: COUNT,
  };
  return { network, layout, parameters: tinyParameters(network), training };
}

async function agrees(options: EngineOptions): Promise<void> {
  const { network, training } = options, { sequences } = training!, by = { tolerance: TOLERANCE };
  await using tested = await openWasm({ ...options, threads: 2 });
  await using reference = await openReference(options);
  const batch = scattered(COUNT - 5, COUNT);
  const [actual, expected] = [await tested.gradient(batch), await reference.gradient(batch)];
  compareTensors(by, "gradient", { network, actual, expected });
  const answers = [await tested.predict(sequences), await reference.predict(sequences)];
  compare(by, "logits", { actual: answers[0], expected: answers[1] });
}

for (const [name, layer] of Object.entries(LAYERS)) {
  for (const [order, one] of Object.entries(ORDERS)) {
    test(`${name} reads ${order} as the reference does`, () => {
      return agrees(optionsFor(layOutSequence({ ...one, range: [-1, 1] }, SIZE), layer));
    });
  }
  test(`${name} reads some of the pixels as the reference does`, () => {
    const layout = layOutSequence({ axis: "pixels", permutation: 3, range: [-1, 1] }, SIZE), T = 4, C = 3;
    return agrees(optionsFor({ ...layout, T, C, order: layout.order.slice(0, T * C) }, layer));
  });
}
