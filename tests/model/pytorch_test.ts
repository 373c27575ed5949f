import assert from "node:assert/strict";
import { recurrentLayers } from "../../lib/model/network.ts";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { createStack, type StackLayer } from "../support/stack.ts";
import { gatherPyTorch, readPyTorch, toPyTorch } from "../../lib/model/pytorch.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import classifier from "../golden/classifier.safetensors" with { type: "bytes" };
import { assertClose } from "../support/assert_close.ts";
import { tinyParameters } from "../support/tiny_data.ts";

function networkOf(kind: "lstm" | "rnn", hidden: readonly number[], biases: 1 | 2 = 2) {
  const layers = hidden.map((hiddenSize, l): StackLayer => {
    const sizes = { inputSize: l === 0 ? 3 : hidden[l - 1], hiddenSize, dropout: 0 };
    return kind === "lstm"
      ? { kind, gateActivation: "sigmoid", ...sizes }
      : { kind, activation: "relu", ...sizes };
  });
  return createStack({ layers, classes: 4, biases });
}

/** The tensors of a classifier, some of them changed or removed. */
function tensorsOf(changes: Readonly<Record<string, Tensor | null>> = {}): Map<string, Tensor> {
  const network = networkOf("lstm", [5, 5]);
  const tensors = toPyTorch(network, tinyParameters(network), { head: "out" });
  for (const [name, tensor] of Object.entries(changes)) {
    if (tensor) tensors.set(name, tensor);
    else tensors.delete(name);
  }
  return tensors;
}

Deno.test("readPyTorch() turns PyTorch's weights into a network with PyTorch's logits", async () => {
  const tensors = new Map(decodeSafetensors(classifier).tensors);
  const [images, logits] = ["images", "logits"].map((name) => tensors.get(name)!);
  tensors.delete("images");
  tensors.delete("logits");
  const { network, parameters, chain } = readPyTorch(tensors);
  assert.deepEqual(chain, ["rnn", "last", "out"]);
  assert.deepEqual(recurrentLayers(network).map(({ kind, hiddenSize }) => [kind, hiddenSize]), [["lstm", 5], [
    "lstm",
    5,
  ]]);

  const [count, height, width] = images.shape;
  const split = { pixels: images.data as Uint8Array, count, height, width };
  await using engine = await openReference({
    network,
    layout: layOutSequence({ axis: "rows", range: [0, 1] }, { height, width }),
    parameters,
    training: null,
  });
  const expected = logits.data as Float32Array;
  assertClose(await engine.predict(sequencesOf(split)), expected, { atol: 3e-6, rtol: 0, name: "logits" }); // PyTorch computes in float32
});

Deno.test("weights go to PyTorch and back, through a file, without a changed bit", () => {
  for (const kind of ["lstm", "rnn"] as const) {
    for (const hidden of [[5], [5, 5, 5]]) {
      const network = networkOf(kind, hidden), parameters = tinyParameters(network);
      const bytes = encodeSafetensors(toPyTorch(network, parameters, { rnn: "a.b", head: "fc" }));
      const found = readPyTorch(decodeSafetensors(bytes).tensors, { activation: "relu" });
      assert.deepEqual(found, { network, parameters, chain: ["a.b", "last", "fc"], notes: [] });
    }
  }
});

Deno.test("toPyTorch() writes the sum of both biases as bias_ih, also for networks with one bias", () => {
  const network = networkOf("lstm", [5], 1), parameters = tinyParameters(network);
  const tensors = toPyTorch(network, parameters);
  const { offset, size } = recurrentLayers(network)[0].bias!;
  assert.deepEqual(tensors.get("rnn.bias_ih_l0")!.data, parameters.slice(offset, offset + size));
  assert.deepEqual(tensors.get("rnn.bias_hh_l0")!.data, new Float32Array(20));
});

Deno.test("gatherPyTorch() adds both biases, or combines them by another rule for gradients", () => {
  const network = networkOf("rnn", [5]);
  const tensors = toPyTorch(network, new Float32Array(network.size).fill(1));
  tensors.set("rnn.bias_hh_l0", { shape: [5], data: new Float32Array(5).fill(0.25) });
  const { offset } = recurrentLayers(network)[0].bias!;
  assert.equal(gatherPyTorch(network, tensors)[offset], 1.25);
  assert.equal(gatherPyTorch(network, tensors, { joinBiases: (ih) => ih })[offset], 1);
});

Deno.test("toPyTorch() rejects networks that no PyTorch module can be", () => {
  const refuse = (network: ReturnType<typeof networkOf>, size: number, reason: RegExp) =>
    assert.throws(() => toPyTorch(network, new Float32Array(size)), reason);
  refuse(networkOf("lstm", [5]), 3, /^TypeError: .*must have 204 elements: current value is 3$/);
  const hard = createStack({
    layers: [{ kind: "lstm", gateActivation: "hardSigmoid", inputSize: 3, hiddenSize: 2, dropout: 0 }],
    classes: 2,
  });
  refuse(hard, hard.size, /^TypeError: .*gates of layer 0 must be sigmoid.*hardSigmoid$/);
});

Deno.test("toPyTorch() rejects two modules of one name", () => {
  const network = networkOf("lstm", [5]), parameters = new Float32Array(network.size);
  const twice = {
    name: "TypeError",
    message: /every module must have a name of its own: current value is a$/,
  };
  assert.throws(() => toPyTorch(network, parameters, { rnn: "a", head: "a" }), twice);
});

Deno.test("readPyTorch() rejects files that are not modules which fit each other", () => {
  const vector = (length: number): Tensor => ({ shape: [length], data: new Float32Array(length) });
  const matrix = (rows: number, columns: number): Tensor => ({
    shape: [rows, columns],
    data: new Float32Array(rows * columns),
  });
  const wrong: [Readonly<Record<string, Tensor | null>>, RegExp][] = [
    [{ "rnn.weight_ih_l0": null }, /rnn\.weight_ih_l0 must be a matrix: current value is missing$/],
    [
      { "rnn.weight_hh_l0": null },
      /every module must be .*: current value is rnn \(recurrent, of unknown kind\)$/,
    ],
    [{ "other.weight_ih_l0": matrix(5, 3) }, /: current value is other \(recurrent, of unknown kind\)$/],
    [
      { "out.weight": null },
      /: current value is out \(of unknown kind, with bias \[4\]\)$/,
    ],
    [
      { "out.weight": null, "out.bias": null },
      /: chain must name the modules in the order of forward\(\), .* as in \["rnn","last"\] /,
    ],
    [
      { "fc.weight": matrix(4, 5) },
      /: chain must name the modules in the order of forward\(\), .* as in \["rnn","last","out","fc"\] /,
    ],
    [{ "out.bias": vector(5) }, /out\.bias must have shape \[4\]: current value is \[5\]$/],
    [{ "out.weight": matrix(4, 6) }, /out\.weight must have 5 columns, to read .*: current value is 6$/],
    [{ "out.weight": matrix(4, 10) }, /out\.weight must .*: current value is 10, for 2 steps of them$/],
    [{ "rnn.bias_hh_l1": null }, /rnn\.bias_hh_l1 must have shape \[20\]: current value is missing$/],
    [
      { "rnn.weight_ih_l0": matrix(15, 3) },
      /weight_ih_l0 must have shape \[20,3\]: current value is \[15,3\]$/,
    ],
    [{ "rnn.weight_ih_l0": vector(20) }, /must be a matrix: current value is \[20\]$/],
    [{ "rnn.weight_ih_l0": matrix(0, 3) }, /must be a matrix: current value is \[0,3\]$/],
    [
      { "rnn.weight_ih_l1": matrix(20, 7) },
      /weight_ih_l1 must have shape \[20,5\]: current value is \[20,7\]$/,
    ],
    [
      { "rnn.weight_hh_l3": matrix(20, 5) },
      /weight_ih_l2 must have shape \[20,5\]: current value is missing$/,
    ],
    [{ "rnn.weight_hh_l99999": matrix(20, 5) }, /rnn must have at most 64 layers: current value is 100000$/],
    [
      { "rnn.weight_hh_l01": matrix(20, 5) },
      /: current value is rnn \(a changed nn\.LSTM, with weight_hh_l01\)/,
    ],
    [{ "conv.bias": vector(2) }, /: current value is conv \(of unknown kind, with bias \[2\]\)$/],
    [
      { "out.bias": { shape: [4], data: new Int8Array(4) } },
      /out\.bias must have floating-point numbers: .* int8$/,
    ],
    [
      { "out.bias": { shape: [4], data: new BigInt64Array(4) } },
      /out\.bias must have floating-point numbers: .* int64$/,
    ],
    [
      { "out.bias": { shape: [4], data: Float32Array.of(0, NaN, 0, 0) } },
      /out\.bias must be finite in float32: current value is NaN at \[1\]$/,
    ],
    [
      {
        "rnn.bias_ih_l0": { shape: [20], data: new Float32Array(20).fill(3e38) },
        "rnn.bias_hh_l0": { shape: [20], data: new Float32Array(20).fill(3e38) },
      },
      /the sum of bias_ih and bias_hh must be finite in float32: current value is Infinity$/,
    ],
  ];
  for (const [changes, reason] of wrong) assert.throws(() => readPyTorch(tensorsOf(changes)), reason);
});
