/** Models of PyTorch, which tests/golden/torch/state_dicts.py wrote, as TensorFlow.js models and as networks. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { SequenceLayout } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { toSafetensors } from "../../lib/model/formats.ts";
import { fromPyTorch, type FromPyTorchOptions } from "../../lib/model/from_pytorch.ts";
import { toTensorflow } from "../../lib/model/to_tensorflow.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { NetworkOptions } from "../../lib/model/network_options.ts";
import { readPyTorchChain, toPyTorch } from "../../lib/model/pytorch.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { chainOf } from "../../lib/model/torch_chain.ts";
import { placeLayers } from "../../lib/model/torch_tensors.ts";
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
  "batch normalization, and the last step of both directions": {
    input: { kind: "features", size: 3 },
    layers: [
      { kind: "batchNorm", scale: false, center: false, epsilon: 1e-5 },
      { kind: "bidirectional", merge: "concat", forward: { kind: "lstm", ...cell } },
      { kind: "batchNorm", momentum: 0.875 },
      { kind: "last" },
      { kind: "dense", units: 2, activation: "relu" },
      { kind: "dense", units: 2 },
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

const stateOf = (name: string) => cases.get(name)!.state;
const read = (state: ReadonlyMap<string, Tensor>, chain?: readonly string[]) => () =>
  readPyTorchChain(state, { chain });

Deno.test("fromPyTorch() asks for the chain where modules do not tell it, with an example", () => {
  const rule = (example: string) =>
    "Cannot take PyTorch's weights: chain must name the modules in the order of forward(), and what has no weights, " +
    `as in ${example} (also relu, tanh, sigmoid, softmax; without last every step goes on): current value is missing`;
  const examples = {
    "a dense stack": '["embed","gru","last","fc1","fc2"]',
    "both ends": '["rnn","last","fc"]',
    "encoder and decoder": '["decoder","encoder","last","fc"]',
  };
  for (const [name, example] of Object.entries(examples)) {
    assert.throws(read(stateOf(name)), { name: "TypeError", message: rule(example) });
  }
});

Deno.test("fromPyTorch() rejects chains that are not those of the modules", () => {
  const gru = stateOf("gru"), both = stateOf("both ends");
  const words = "last, sum, ave, mul, lastStep, relu, tanh, sigmoid, softmax, hardSigmoid";
  const wrong: [ReadonlyMap<string, Tensor>, readonly string[], string][] = [
    [
      gru,
      ["lstm", "fc"],
      `"lstm" of chain must be the name of one module, or ${words}: current value is fc (nn.Linear), rnn (nn.GRU)`,
    ],
    [gru, ["rnn", "last"], "chain must name every module: current value is without fc (nn.Linear)"],
    [gru, ["rnn", "rnn", "fc"], "chain must name rnn once: current value is twice or more"],
    [
      gru,
      ["fc", "rnn"],
      "rnn.weight_ih_l0 must have 1 columns, to read what comes before it: current value is 3, for 3 steps of them",
    ],
    [gru, ["rnn", "fc", "last"], "last must follow a recurrent module: current value is fc"],
    [gru, ["last", "rnn", "fc"], "last must follow a recurrent module: current value is missing"],
    [gru, ["rnn", "sum", "fc"], "sum must follow a bidirectional module: current value is rnn"],
    [gru, ["rnn", "biased", "fc"], "biased must follow a batch normalization module: current value is rnn"],
    [gru, ["rnn", "eps 0.1", "fc"], "eps must follow a batch normalization module: current value is rnn"],
    [
      stateOf("batch norm of the last step"),
      ["batchnorm", "rnn", "last", "fc1", "fc2"],
      "rnn.weight_ih_l0 must have 4 columns, to read what comes before it: current value is 3",
    ],
    [
      both,
      ["rnn", "sum", "last", "fc"],
      "fc.weight must have 4 columns, to read what comes before it: current value is 8, for 2 steps of them",
    ],
    [
      stateOf("padded"),
      ["mask 1", "embed", "rnn", "last", "fc"],
      "mask of tokens must be 0: current value is 1",
    ],
  ];
  for (const [state, chain, message] of wrong) {
    const expected = { name: "TypeError", message: `Cannot take PyTorch's weights: ${message}` };
    assert.throws(read(state, chain), expected, chain.join());
  }
  assert.throws(
    read(stateOf("encoder and decoder"), ["encoder", "repeat 3", "decoder", "fc"]),
    /^RangeError: Cannot build the network: layer 1 \(repeat\) must read one step: current value is a sequence$/,
  );
  const normalized = stateOf("batch norm of the last step");
  for (const word of ["eps x", "eps 0", "momentum", "momentum 2"]) {
    const chain = ["rnn", "last", "batchnorm", word, "fc1", "fc2"];
    assert.throws(
      read(normalized, chain),
      /^RangeError: Cannot build the network: (epsilon|momentum) of layer 1 /,
    );
  }
  for (const mask of ["mask x", "repeat x"]) assert.throws(read(gru, [mask, "rnn", "fc"]), RangeError);
});

Deno.test("fromPyTorch() rejects modules that it does not know, and tensors that do not fit", () => {
  const vector = (length: number): Tensor => ({ shape: [length], data: new Float32Array(length) });
  const matrix = (rows: number, columns: number): Tensor => {
    return { shape: [rows, columns], data: new Float32Array(rows * columns) };
  };
  const wrong: [string, Readonly<Record<string, Tensor | null>>, RegExp][] = [
    [
      "gru",
      { "norm.weight": vector(4) },
      /every module must be nn\.LSTM, .*: current value is norm \(nn\.RMSNorm/,
    ],
    ["gru", { "rnn.weight_hr_l0": matrix(2, 4) }, /current value is rnn \(nn\.GRU with proj_size\)$/],
    ["both ends", { "rnn.more_l0_reverse": vector(4) }, /rnn \(a changed nn\.LSTM, with more_l0_reverse\)$/],
    [
      "both ends",
      { "rnn.weight_hh_l1_reverse": null },
      /weight_hh_l1_reverse must have shape \[16,4\]: .* missing$/,
    ],
    [
      "batch norm of the last step",
      { "batchnorm.running_var": null },
      /batchnorm\.running_var must have shape \[4\]: current value is missing$/,
    ],
    [
      "batch norm of the last step",
      { "batchnorm.running_mean": matrix(2, 2) },
      /batchnorm\.running_mean must be a vector: current value is \[2,2\]$/,
    ],
    [
      "batch norm of the last step",
      { "batchnorm.running_mean": vector(3) },
      /batchnorm\.running_mean must have 4 numbers, to read what comes before it: current value is 3$/,
    ],
    [
      "batch norm of the last step",
      { "batchnorm.bias": null },
      /batchnorm\.bias must have shape \[4\]: current value is missing$/,
    ],
    [
      "batch norm of the last step",
      { "batchnorm.more": vector(4) },
      /current value is batchnorm \(a changed nn\.BatchNorm, with more\)$/,
    ],
    ["gru", { "rnn.bias_hh_l0": null }, /rnn\.bias_hh_l0 must have shape \[12\]: current value is missing$/],
    [
      "gru without bias",
      { "rnn.bias_hh_l7": vector(12) },
      /weight_ih_l2 must have shape|bias_ih_l0 must have/,
    ],
    ["gru", { "rnn.weight_hh_l99": matrix(12, 4) }, /rnn must have at most 64 layers: current value is 100$/],
    ["gru", { "fc.bias": vector(2) }, /fc\.bias must have shape \[1\]: current value is \[2\]$/],
    ["gru", { "fc.bias": { shape: [1], data: Float32Array.of(NaN) } }, /fc\.bias must be finite in float32/],
    [
      "gru",
      { "fc.weight": { shape: [1, 4], data: new Int32Array(4) } },
      /must have floating-point numbers: .* int32$/,
    ],
  ];
  for (const [name, changes, message] of wrong) {
    const state = new Map(stateOf(name));
    for (const [key, tensor] of Object.entries(changes)) {
      if (tensor) state.set(key, tensor);
      else state.delete(key);
    }
    const { chain } = cases.get(name)!.options;
    assert.throws(read(state, chain), (error: Error) => {
      assert.match(`${error}`, message);
      return error instanceof TypeError && error.message.startsWith("Cannot take PyTorch's weights: ");
    });
  }
  assert.throws(read(new Map()), /^TypeError: .* every module must be .*: current value is no tensors$/);
});

Deno.test("fromPyTorch() checks its options, and the metadata of Scanline's files", () => {
  const file = encodeSafetensors(stateOf("gru"));
  const wrong = (options: unknown, reason: RegExp) =>
    assert.throws(() => fromPyTorch(file, options as FromPyTorchOptions), reason);
  wrong(
    { chain: "rnn" },
    /^TypeError: Cannot take PyTorch's weights: chain must be a list of words: .* "rnn"$/,
  );
  wrong({ order: [] }, /^TypeError: .* must be among chain, activation, T: current value has "order"$/);
  wrong({ T: 0 }, /^TypeError: .* T must be a whole number from 1 on, or null: current value is 0$/);
  const damaged = encodeSafetensors(stateOf("gru"), { producer: "scanline", chain: "[1]" });
  assert.throws(
    () => fromPyTorch(damaged),
    /^SyntaxError: Cannot read the metadata: chain must be a list of words/,
  );
  assert.deepEqual(fromPyTorch(file, { T: 5 }).inputs[0].shape, [null, 5, 3]);
});

Deno.test("toPyTorch() writes what load_state_dict() wants of batch normalization, and chains say how it differs", () => {
  const layers: NetworkOptions["layers"] = [
    { kind: "batchNorm", epsilon: 1e-5, momentum: 0.9, unbiased: true },
    { kind: "lstm", hiddenSize: 3 },
    { kind: "batchNorm", momentum: 0.3 },
    { kind: "dense", units: 2 },
  ];
  const network = createNetwork({ input: { kind: "features", size: 2 }, layers, loss: "meanSquaredError" });
  const tensors = toPyTorch(network, tinyParameters(network)), sites = placeLayers(network);
  assert.deepEqual([...tensors.keys()].filter((name) => name.startsWith("batchnorm0.")), [
    "batchnorm0.weight",
    "batchnorm0.bias",
    "batchnorm0.running_mean",
    "batchnorm0.running_var",
    "batchnorm0.num_batches_tracked",
  ]);
  assert.deepEqual(tensors.get("batchnorm1.num_batches_tracked"), { shape: [], data: BigInt64Array.of(0n) });
  const chain = chainOf(network, sites);
  const expected = ["batchnorm0", "rnn", "last", "batchnorm1", "eps 0.001", "momentum 0.7", "biased", "head"];
  assert.deepEqual(chain, expected);
  const found = readPyTorchChain(tensors, { chain });
  assert.deepEqual(found, { network, parameters: tinyParameters(network) });
});

Deno.test("toPyTorch() rejects layers that no module of PyTorch computes", () => {
  const refuse = (layer: NetworkOptions["layers"][number], message: string) => {
    const network = createNetwork({
      input: { kind: "features", size: 2 },
      layers: [layer],
      loss: "meanSquaredError",
    });
    assert.throws(() => toPyTorch(network, new Float32Array(network.size)), {
      name: "TypeError",
      message: `Cannot give PyTorch's names: ${message}`,
    });
  };
  refuse(
    { kind: "gru", hiddenSize: 3 },
    "resetAfter of layer 0 must be true: torch.nn.GRU resets after the product with the recurrent kernel: " +
      "current value is false",
  );
  refuse(
    { kind: "lstm", hiddenSize: 3, backwards: true },
    "backwards of layer 0 must be false: no module of torch.nn reads backwards alone: current value is true",
  );
  refuse(
    { kind: "lstm", hiddenSize: 3, activation: "relu" },
    "activation of layer 0 must be tanh, as that of torch.nn.LSTM: current value is relu",
  );
  refuse(
    { kind: "rnn", hiddenSize: 3, activation: "sigmoid" },
    "activation of layer 0 must be tanh or relu, as that of torch.nn.RNN: current value is sigmoid",
  );
  refuse(
    { kind: "batchNorm", scale: false },
    "center of layer0 must be as its scale: torch.nn.BatchNorm1d has both, or none: current value is true",
  );
  const forward = { kind: "rnn", hiddenSize: 3 } as const;
  refuse(
    { kind: "bidirectional", merge: "sum", forward, backward: { ...forward, useBias: false } },
    "both directions of layer 0 must have a bias, or none: current value is false",
  );
});
