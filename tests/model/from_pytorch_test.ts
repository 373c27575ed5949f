/** Models of PyTorch, which tests/golden/torch/state_dicts.py wrote, as TensorFlow.js models and as networks. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { SequenceLayout } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { toSafetensors } from "../../lib/model/formats.ts";
import { fromPyTorch, type FromPyTorchOptions } from "../../lib/model/from_pytorch.ts";
import { toTensorflow } from "../../lib/model/to_tensorflow.ts";
import { createNetwork, type LayerOptions, type NetworkOptions } from "../../lib/model/network.ts";
import { readPyTorchChain, toPyTorch } from "../../lib/model/pytorch.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { readWeights } from "../../lib/model/tensorflow_weights.ts";
import golden from "../golden/torch/chains.safetensors" with { type: "bytes" };
import { assertClose } from "../support/assert_close.ts";
import { tinyParameters } from "../support/tiny_data.ts";

/** A state_dict, what goes in and what comes out. */
interface Case {
  readonly state: Map<string, Tensor>;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly options: FromPyTorchOptions;
}

const cases = new Map<string, Case>();
const { tensors, metadata } = decodeSafetensors(golden);
type Said = { chain: string[] | null; activation?: "relu" };
for (const [name, { chain, ...others }] of Object.entries<Said>(JSON.parse(metadata.chains))) {
  const of = `${name}|`;
  const state = new Map(
    [...tensors].filter(([key]) => key.startsWith(of)).map(([key, tensor]) => {
      return [key.slice(of.length), tensor];
    }),
  );
  const [x, y] = ["x", "y"].map((key) => state.get(key)!);
  for (const key of ["x", "y"]) state.delete(key);
  cases.set(name, { state, x, y, options: { ...(chain ? { chain } : {}), ...others } });
}

// PyTorch and TensorFlow.js compute in float32: measured 1.2e-7 at most
const TOLERANCE = { atol: 5e-7, rtol: 0 };

for (const [name, { state, x, y, options }] of cases) {
  Deno.test(`fromPyTorch() makes a model with PyTorch's outputs: ${name}`, async () => {
    await tf.setBackend("cpu");
    const model = fromPyTorch(encodeSafetensors(state), options);
    const output = model.predict(tf.tensor(x.data as Float32Array, [...x.shape])) as tf.Tensor;
    assert.deepEqual(output.shape, y.shape);
    assertClose(await output.data(), y.data as Float32Array, { ...TOLERANCE, name });
    model.dispose();
  });

  Deno.test(`readPyTorchChain() makes a network with PyTorch's outputs: ${name}`, async () => {
    const { network, parameters } = readPyTorchChain(state, options);
    const [count, T, C] = x.shape;
    const layout: SequenceLayout = network.input.kind === "tokens"
      ? { kind: "tokens", T, stride: T }
      : { kind: "floats", T, C, stride: T * C };
    await using engine = await openReference({ network, parameters, layout, training: null });
    const output = await engine.predict({ data: x.data as Float32Array, count });
    assertClose(output, y.data as Float32Array, { ...TOLERANCE, name });
  });
}

const cell = { hiddenSize: 4, returnSequences: true };
const NETWORKS: Readonly<Record<string, Pick<NetworkOptions, "input" | "layers">>> = {
  "stacked, bidirectional and merged layers": {
    input: { kind: "features", size: 3, maskValue: -1 },
    layers: [
      { kind: "dense", units: 2, activation: "tanh" },
      { kind: "lstm", ...cell },
      { kind: "lstm", ...cell },
      { kind: "lstm", hiddenSize: 5, returnSequences: true, useBias: false },
      { kind: "bidirectional", merge: "concat", forward: { kind: "gru", ...cell, resetAfter: true } },
      { kind: "bidirectional", merge: "mul", forward: { kind: "gru", ...cell, resetAfter: true } },
      { kind: "activation", activation: "relu" },
      { kind: "dense", units: 3, useBias: false },
    ],
  },
  "an encoder and a decoder": {
    input: { kind: "tokens", vocabulary: 7, size: 3, maskZero: true },
    layers: [
      { kind: "bidirectional", merge: "ave", forward: { kind: "rnn", hiddenSize: 4, activation: "relu" } },
      { kind: "repeat", steps: 3 },
      { kind: "rnn", ...cell, activation: "relu" },
      { kind: "dense", units: 2, activation: "softmax" },
    ],
  },
};

for (const [name, options] of Object.entries(NETWORKS)) {
  Deno.test(`models go to PyTorch and back, through a file, without a changed bit: ${name}`, async () => {
    const network = createNetwork({ ...options, loss: "meanSquaredError" });
    const parameters = tinyParameters(network);
    const isPadded = network.input.kind === "tokens";
    // TensorFlow.js cannot have a mask below a RepeatVector; the network can.
    const file = isPadded
      ? encodeSafetensors(toPyTorch(network, parameters), {
        producer: "scanline",
        activation: "relu",
        chain: JSON.stringify([
          "mask 0",
          "embedding",
          "rnn0",
          "ave",
          "last",
          "repeat 3",
          "rnn1",
          "head",
          "softmax",
        ]),
      })
      : await toSafetensors(toTensorflow({ network, parameters, T: null }));
    const { tensors, metadata } = decodeSafetensors(file);
    const { activation } = metadata as { activation?: "relu" };
    const found = readPyTorchChain(tensors, { chain: JSON.parse(metadata.chain), activation });
    assert.deepEqual(found.network, network);
    assert.deepEqual(found.parameters, parameters);
    const model = fromPyTorch(file);
    assert.deepEqual(await readWeights(model, network), parameters);
  });
}
