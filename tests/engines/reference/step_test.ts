import assert from "node:assert/strict";
import { networkForward } from "../../../lib/engines/reference/network.ts";
import { startStates, stepNetwork } from "../../../lib/engines/reference/step.ts";
import { createNetwork } from "../../../lib/model/create_network.ts";
import type { LayerOptions, NetworkOptions } from "../../../lib/model/network_options.ts";
import { assertClose } from "../../support/assert_close.ts";
import { testStream, tinyParameters } from "../../support/tiny_data.ts";

const LAYERS: readonly LayerOptions[] = [
  { kind: "dense", units: 4, activation: "tanh" },
  { kind: "lstm", hiddenSize: 5, returnSequences: true, recurrentDropout: 0.5 },
  { kind: "dropout", rate: 0.5 },
  { kind: "gru", hiddenSize: 3, returnSequences: true },
  { kind: "batchNorm" },
  { kind: "gru", hiddenSize: 4, resetAfter: true, returnSequences: true, inputDropout: 0.5 },
  { kind: "rnn", hiddenSize: 3, returnSequences: true },
  { kind: "last" },
  { kind: "batchNorm", center: false },
  { kind: "dense", units: 2 },
  { kind: "activation", activation: "softmax" },
];
const T = 5, N = 3;

const INPUTS: readonly NetworkOptions["input"][] = [
  { kind: "features", size: 2 },
  { kind: "features", size: 1, maskValue: 0 },
  { kind: "tokens", vocabulary: 4, size: 3 },
  { kind: "tokens", vocabulary: 3, size: 3, maskZero: true },
];

for (const input of INPUTS) {
  const masked = input.kind === "tokens" ? input.maskZero : input.maskValue !== undefined;
  Deno.test(`stepNetwork() answers as if the sequence ended here: ${input.kind}${masked ? ", masked" : ""}`, () => {
    const network = createNetwork({ input, layers: LAYERS, loss: "categoricalCrossEntropy" });
    const p = Float64Array.from(tinyParameters(network));
    const random = testStream("steps"), width = input.kind === "tokens" ? 1 : input.size;
    const x = Float64Array.from({ length: T * N * width }, () => {
      if (input.kind === "tokens") return random.below(input.vocabulary);
      return masked && random.below(3) === 0 ? 0 : random.uniform();
    });
    let states = startStates(network, N);
    for (let t = 0; t < T; t++) {
      const kept = structuredClone(states);
      const next = stepNetwork(network, p, { x: x.slice(t * N * width, (t + 1) * N * width), states });
      assert.deepEqual(states, kept, "the states of the step before were changed");
      states = next.states;
      const batch = { x: x.slice(0, (t + 1) * N * width), T: t + 1, N };
      const { output } = networkForward(network, p, { batch });
      assertClose(next.answers, output.x, { atol: 0, rtol: 0, name: `answers after t = ${t}` });
    }
  });
}

const REFUSED: readonly (readonly [string, readonly LayerOptions[]])[] = [
  ["bidirectional (layer 0)", [{
    kind: "bidirectional",
    merge: "sum",
    forward: { kind: "lstm", hiddenSize: 2 },
  }]],
  ["gru, backwards (layer 1)", [{ kind: "dense", units: 2 }, {
    kind: "gru",
    hiddenSize: 2,
    backwards: true,
  }]],
  ["repeat (layer 1)", [{ kind: "rnn", hiddenSize: 2 }, { kind: "repeat", steps: 2 }]],
];

for (const [found, layers] of REFUSED) {
  Deno.test(`startStates() and stepNetwork() refuse a network with ${found}`, () => {
    const input = { kind: "features", size: 1 } as const;
    const network = createNetwork({ input, layers, loss: "meanSquaredError" });
    const error = {
      name: "TypeError",
      message:
        "Cannot predict step by step: every layer must give its output of a step before the next one is " +
        `read: current value is ${found}`,
    };
    assert.throws(() => startStates(network, 1), error);
    const p = new Float64Array(network.size);
    assert.throws(() => stepNetwork(network, p, { x: Float64Array.of(1), states: [] }), error);
  });
}
