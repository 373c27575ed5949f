import assert from "node:assert/strict";
import { type Classifier, createClassifier } from "../../lib/model/classifier.ts";
import { modelSha256 } from "../../lib/model/hash.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import type { Sequence } from "../../lib/data/sequence.ts";

const ROWS: Sequence = { axis: "rows", range: [0, 1] };

function networkOf(...layers: LayerOptions[]): Classifier {
  return createClassifier({ inputSize: 3, layers });
}

function hashOf(network: Classifier, sequence: Sequence = ROWS): string {
  return modelSha256({ network, sequence, parameters: new Float32Array(network.size).fill(0.5) });
}

const LSTM: LayerOptions = { kind: "lstm", hiddenSize: 4 };
const HEAD: LayerOptions = { kind: "dense", units: 2 };
const NORM: LayerOptions = { kind: "batchNorm" };

Deno.test("modelSha256() keeps the hashes of recurrent layers with a dense head", () => {
  const stack = networkOf(
    { kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid", returnSequences: true },
    { kind: "dropout", rate: 0.5 },
    { kind: "rnn", hiddenSize: 5, activation: "relu" },
    HEAD,
  );
  // Written by commit 63f3b2a, the last one with no other layers.
  assert.equal(hashOf(stack), "5244561a3fc3645962372a1e0b9e16e19e056980ade0ac6cc754a363c39b2105");
});

Deno.test("modelSha256() tells apart whatever changes predictions", () => {
  const all = { ...LSTM, returnSequences: true };
  const both = (layer: LayerOptions) => layer as Extract<LayerOptions, { kind: "lstm" }>;
  const hashes = [
    hashOf(networkOf(LSTM, HEAD)),
    hashOf(networkOf(all, { kind: "last" }, HEAD)),
    hashOf(networkOf({ ...both(LSTM), backwards: true }, HEAD)),
    hashOf(networkOf({ ...both(LSTM), activation: "relu" }, HEAD)),
    hashOf(networkOf({ ...both(LSTM), kind: "gru" }, HEAD)),
    hashOf(networkOf(LSTM, { ...HEAD, activation: "sigmoid" })),
    hashOf(networkOf(LSTM, HEAD, { kind: "activation", activation: "relu" })),
    hashOf(networkOf(LSTM, NORM, HEAD)),
    hashOf(networkOf(LSTM, { ...NORM, epsilon: 0.01 }, HEAD)),
    ...(["concat", "sum"] as const).flatMap((merge) => [
      hashOf(networkOf({ kind: "bidirectional", merge, forward: both(LSTM) }, HEAD)),
      hashOf(networkOf({ kind: "bidirectional", merge, forward: both(all) }, { kind: "last" }, HEAD)),
    ]),
    hashOf(networkOf(LSTM, HEAD), { ...ROWS, reversed: true }),
    hashOf(createClassifier({ inputSize: 1, layers: [LSTM, HEAD] }), { ...ROWS, axis: "pixels" }),
    ...[0, 1].map((permutation) =>
      hashOf(createClassifier({ inputSize: 1, layers: [LSTM, HEAD] }), {
        ...ROWS,
        axis: "pixels",
        permutation,
      })
    ),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

Deno.test("modelSha256() leaves out what matters only in training, and what is as by default", () => {
  const l2 = { l2: 0.5 };
  const trained = networkOf(
    { kind: "dropout", rate: 0.5 },
    { kind: "gru", hiddenSize: 4, inputDropout: 0.5, recurrentDropout: 0.25, recurrentRegularizer: l2 },
    { kind: "batchNorm", momentum: 0.5, unbiased: true, gammaRegularizer: l2, center: true },
    { kind: "dropout", rate: 0.5 },
    { kind: "dense", units: 2, kernelRegularizer: l2, activation: "linear" },
  );
  const bare = hashOf(networkOf({ kind: "gru", hiddenSize: 4 }, NORM, HEAD));
  assert.equal(hashOf(trained), bare);
  assert.equal(hashOf({ ...trained, biases: 2 }, { ...ROWS, reversed: false }), bare);
});
