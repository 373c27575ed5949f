import assert from "node:assert/strict";
import type { EngineOptions } from "../../../lib/engines/engine.ts";
import { openReference } from "../../../lib/engines/reference/engine.ts";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { createNetwork } from "../../../lib/model/create_network.ts";
import type { LayerOptions } from "../../../lib/model/network_options.ts";
import { tinyParameters } from "../../support/tiny_data.ts";
import { compare, compareLosses, compareTensors } from "../comparison.ts";
import { type Case, optionsOf, scattered } from "../contract_cases.ts";
import { test } from "./support/wasm_tests.ts";

// Twice the largest error measured, in units of the largest element of the tensor.
const TOLERANCE = {
  logits: { atol: 1.8e-6, rtol: 0 },
  loss: { atol: 4.8e-7, rtol: 0 },
  gradient: { atol: 4.4e-6, rtol: 0 },
  movement: { atol: 9.0e-5, rtol: 0 },
};

const T = 9, C = 6, COUNT = 30;
const CLASSIFIER: Case = {
  kind: "LSTM",
  hidden: [3],
  images: COUNT,
  size: [T, C],
  scaled: { range: [-1, 1] },
};
const lstm = { kind: "lstm", hiddenSize: 11 } as const;
const gru = { kind: "gru", hiddenSize: 11 } as const;
const every = { returnSequences: true } as const;
const norm = { kind: "batchNorm" } as const;
const classes = { kind: "dense", units: 10 } as const;

/** Networks of images, as classifiers are not: most of them read images as numbers, some share the blank lines at the start. */
const CHAINS: Readonly<Record<string, readonly LayerOptions[]>> = {
  "a GRU": [gru, classes],
  "an LSTM that reads backwards": [{ ...lstm, backwards: true }, classes],
  "two directions": [{ kind: "bidirectional", merge: "concat", forward: lstm, backward: gru }, classes],
  "an LSTM with dropout of x": [{ ...lstm, inputDropout: 0.3 }, classes],
  "an LSTM below a GRU": [{ ...lstm, ...every }, gru, classes],
  "two LSTMs below dense layers": [{ ...lstm, ...every }, lstm, {
    kind: "dense",
    units: 7,
    activation: "relu",
  }, classes],
  "an LSTM below a batch normalization": [lstm, norm, classes],
  "LSTMs around batch normalizations": [
    { ...lstm, ...every },
    norm,
    { ...lstm, ...every },
    { kind: "last" },
    norm,
    classes,
  ],
  "an LSTM that is read again": [lstm, { kind: "repeat", steps: 4 }, { ...lstm, ...every }, lstm, classes],
};

/** Images that begin with up to T blank lines. */
function optionsFor(layers: readonly LayerOptions[], maskValue: number | null): EngineOptions {
  const { layout, training } = optionsOf(CLASSIFIER);
  const network = createNetwork({
    input: { kind: "features", size: C, maskValue },
    layers,
    loss: "softmaxCrossEntropy",
    metrics: ["categoricalAccuracy"],
  });
  const data = Uint8Array.from(training.sequences.data, (byte, at) => {
    const n = Math.floor(at / (T * C)), t = Math.floor(at / C) % T;
    return t < n % (T + 1) ? 0 : byte;
  });
  const sequences = { ...training.sequences, data };
  return { network, layout, parameters: tinyParameters(network), training: { ...training, sequences } };
}

for (const [name, layers] of Object.entries(CHAINS)) {
  for (const masked of [false, true]) {
    test(`images are read by ${name}${masked ? ", blank lines masked" : ""} as by the reference`, async () => {
      const options = optionsFor(layers, masked ? -1 : null), { network, training } = options;
      const { count } = training!.sequences, engine = { tolerance: TOLERANCE };
      await using tested = await openWasm({ ...options, threads: 2 });
      await using other = await openWasm({ ...options, threads: 3 });
      await using reference = await openReference(options);
      for (const size of [COUNT, COUNT - 5]) {
        const batch = scattered(size, count, size);
        const [actual, expected] = [await tested.gradient(batch), await reference.gradient(batch)];
        compareTensors(engine, "gradient", { network, actual, expected });
        assert.deepEqual(await other.gradient(batch), actual, "with another number of threads");
        const results = [await tested.train([batch]), await reference.train([batch])];
        await other.train([batch]);
        compareLosses({ ...engine, name, open: openWasm }, results[0], results[1]);
      }
      compare(engine, "logits", {
        actual: await tested.predict(training!.sequences),
        expected: await reference.predict(training!.sequences),
      });
    });
  }
}
