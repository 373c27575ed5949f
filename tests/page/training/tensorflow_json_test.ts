import assert from "node:assert/strict";
import { toTensorflowFiles } from "../../../mod.ts";
import { createClassifier, type LayerOptions } from "../../../run.ts";
import { tensorflowJson } from "../../../page/training/tensorflow_json.ts";

const HEAD: LayerOptions = { kind: "dense", units: 10 };
const STACKS: Record<string, readonly LayerOptions[]> = {
  "an LSTM": [{ kind: "lstm", hiddenSize: 4 }, HEAD],
  "an RNN": [{ kind: "rnn", hiddenSize: 5, activation: "relu" }, HEAD],
  "two GRU, one of each kind": [
    { kind: "gru", hiddenSize: 3, returnSequences: true },
    { kind: "gru", hiddenSize: 4, resetAfter: true },
    HEAD,
  ],
  "dropout and batch normalization": [
    { kind: "lstm", hiddenSize: 4, returnSequences: true },
    { kind: "dropout", rate: 0.5 },
    { kind: "lstm", hiddenSize: 4 },
    { kind: "batchNorm", momentum: 0.9, epsilon: 1e-5 },
    { kind: "dense", units: 6, activation: "relu" },
    HEAD,
  ],
  "two directions": [
    {
      kind: "bidirectional",
      merge: "concat",
      forward: { kind: "lstm", hiddenSize: 3, returnSequences: true },
    },
    { kind: "last" },
    HEAD,
  ],
  "regularizers": [
    { kind: "rnn", hiddenSize: 2, kernelRegularizer: { l2: 0.25 } },
    { kind: "dense", units: 10, useBias: false, kernelRegularizer: { l1: 0.5 } },
  ],
};

for (const [name, layers] of Object.entries(STACKS)) {
  Deno.test(`tensorflowJson() writes what TensorFlow.js writes of ${name}`, async () => {
    const network = createClassifier({ inputSize: 28, layers });
    const parameters = Float32Array.from({ length: network.size }, (_, i) => i);
    const sequence = { axis: "rows", range: [0, 1] } as const;
    const model = { network, T: 28, sequence, parameters, classNames: [..."0123456789"] };
    const theirs = await toTensorflowFiles(model);
    assert.deepEqual(plain(tensorflowJson(model)), plain(theirs.json));
    assert.deepEqual(new Float32Array(theirs.weights.buffer), parameters);
  });
}

/** Without what differs on purpose: who wrote it, metadata, and the numbers in names, which go on from model to model there. */
function plain(json: string): unknown {
  const { generatedBy: _, userDefinedMetadata: __, ...rest } = JSON.parse(json);
  return JSON.parse(JSON.stringify(rest), (_key, value) => {
    return typeof value === "string" ? value.replace(/(?<=_[A-Za-z]*)\d+/g, "") : value;
  });
}
