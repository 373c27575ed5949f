/**
 * State dicts of real PyTorch modules, which tests/golden/torch/state_dicts.py wrote: some are read, the others are rejected
 * with a message that says what they are.
 */
import assert from "node:assert/strict";
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { type PyTorchNetwork, readPyTorch } from "../../lib/model/pytorch.ts";
import { decodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import golden from "../golden/torch/state_dicts.safetensors" with { type: "bytes" };
import { assertClose } from "../support/assert_close.ts";

const cases = new Map<string, Map<string, Tensor>>();
for (const [key, tensor] of decodeSafetensors(golden).tensors) {
  const [of, name] = key.split("|");
  cases.set(of, (cases.get(of) ?? new Map()).set(name, tensor));
}

/** The state dict of a case, without the images and logits of its module. */
function stateOf(name: string): Map<string, Tensor> {
  const state = new Map(cases.get(name)!);
  for (const key of ["pixels", "logits"]) state.delete(key);
  return state;
}

async function assertLogits({ network, parameters }: PyTorchNetwork, name: string): Promise<void> {
  const [{ shape, data }, logits] = ["pixels", "logits"].map((key) => cases.get(name)!.get(key)!);
  const [count, height, width] = shape;
  const images = { pixels: data as Uint8Array, count, height, width };
  await using engine = await openReference({
    network,
    layout: layOutSequence({ axis: "rows", range: [0, 1] }, { height, width }),
    parameters,
    training: null,
  });
  // PyTorch computes in float32
  assertClose(await engine.predict(sequencesOf(images)), logits.data as Float32Array, {
    atol: 1e-6,
    rtol: 0,
    name,
  });
}

const rounded = "float64 numbers are rounded to float32";

/** The names of the two modules, and the notes. */
const TAKEN: Readonly<Record<string, readonly [rnn: string, head: string, ...notes: string[]]>> = {
  "lstm": ["rnn", "fc"],
  "two layers": ["rnn", "fc"],
  "rnn": ["rnn", "fc"],
  "rnn without bias": ["rnn", "fc"],
  "lstm without bias": ["rnn", "fc"],
  "linear without bias": ["rnn", "fc"],
  "inherited": ["", "fc"],
  "model": ["model.rnn", "model.fc"],
  "net": ["net.rnn", "net.fc"],
  "DataParallel": ["module.rnn", "module.fc"],
  "compiled": ["_orig_mod.rnn", "_orig_mod.fc"],
  "compiled inside": ["rnn._orig_mod", "fc"],
  "averaged": ["module.rnn", "module.fc", "n_averaged is left out: a single whole number is no weight"],
  "float64": ["rnn", "fc", rounded],
  "float16": ["rnn", "fc"],
  "bfloat16": ["rnn", "fc"],
};

for (const [name, [rnn, head, ...notes]] of Object.entries(TAKEN)) {
  Deno.test(`readPyTorch() reads a real state_dict and gets PyTorch's logits: ${name}`, async () => {
    const found = readPyTorch(stateOf(name));
    assert.deepEqual(found.chain, [rnn, "last", head]);
    assert.deepEqual(found.notes, notes);
    await assertLogits(found, name);
  });
}

const listed = (what: string) =>
  "every module must be nn.LSTM, nn.GRU, nn.RNN, nn.Linear, nn.BatchNorm1d or nn.Embedding: " +
  `current value is ${what}`;

const unordered = (example: string) =>
  "chain must name the modules in the order of forward(), and what has no weights, as in " +
  `${example} (also relu, tanh, sigmoid, softmax; without last every step goes on): current value is missing`;

const NAMED: Readonly<Record<string, string>> = {
  "proj_size": listed("rnn (nn.LSTM with proj_size)"),
  "bidirectional": unordered('["rnn","last","fc"]'),
  "bidirectional gru": unordered('["rnn","last","fc"]'),
  "all steps":
    "fc.weight must have 4 columns, to read what comes before it: current value is 20, for 5 steps of them",
  "cell": listed("rnn (nn.LSTMCell)"),
  "gru cell": listed("rnn (nn.GRUCell)"),
  "two linears": unordered('["rnn","last","fc","fc2"]'),
  "two lstms": unordered('["rnn","rnn2","last","fc"]'),
  "convolution": listed("conv (nn.Conv2d), conv1 (nn.Conv1d)"),
  "embedding": "a classifier of images must read numbers, without a mask: current value is tokens",
  "batch norm": unordered('["rnn","last","bn","fc"]'),
  "layer norm": listed("ln (nn.LayerNorm or similar)"),
  "attention": listed("attention (nn.MultiheadAttention)"),
  "weight norm": listed(
    "rnn (recurrent, of unknown kind), rnn.parametrizations.weight_hh_l0 (a weight norm, which must be removed)",
  ),
  "linear weight norm": listed(
    "fc (of unknown kind, with bias [3]), fc.parametrizations.weight (a weight norm, which must be removed)",
  ),
  "permuted": listed("the model itself (of unknown kind, with permutation [3])"),
  "lstm only": unordered('["","last"]'),
  "linear only": unordered('["last",""]'),
  "one class": "the last module must have a row for each of at least two classes: current value is 1",
  "not a number": "rnn.weight_hh_l0 must be finite in float32: current value is NaN at [9,2]",
  "too large": "fc.bias must be finite in float32: current value is 1e+300 at [1]",
};

for (const [name, message] of Object.entries(NAMED)) {
  Deno.test(`readPyTorch() says why it cannot read a real state_dict: ${name}`, () => {
    assert.throws(() => readPyTorch(stateOf(name)), {
      name: "TypeError",
      message: `Cannot take PyTorch's weights: ${message}`,
    });
  });
}

/** What weights or a chain tell; the outputs of such models are proven in from_pytorch_test.ts. */
const CHAINED: Readonly<Record<string, readonly [chain: readonly string[] | undefined, kinds: string]>> = {
  "gru": [undefined, "gru dense"],
  "bidirectional": [["rnn", "lastStep", "fc"], "bidirectional last dense"],
  "bidirectional gru": [["rnn", "last", "fc"], "bidirectional dense"],
  "two linears": [["rnn", "last", "fc", "relu", "fc2"], "lstm dense dense"],
  "two lstms": [["rnn", "rnn2", "last", "fc"], "lstm lstm dense"],
  "batch norm": [["rnn", "last", "bn", "eps 0.001", "fc"], "lstm batchNorm dense"],
};

for (const [name, [chain, kinds]] of Object.entries(CHAINED)) {
  Deno.test(`readPyTorch() reads a classifier of any chain: ${name}`, () => {
    const found = readPyTorch(stateOf(name), { chain });
    assert.deepEqual(found.network.layers.map(({ kind }) => kind).join(" "), kinds);
    assert.deepEqual([found.chain, found.notes], [chain ?? ["rnn", "last", "fc"], []]);
    assert.equal(found.network.biases, 2);
  });
}

Deno.test("readPyTorch() rejects chains that are none of a classifier", () => {
  const state = stateOf("bidirectional gru");
  const everyStep = "chain must have last, for a classifier: current value is every step of the last module";
  for (
    const [chain, message] of [[["rnn", "fc"], everyStep], [
      ["mask 0", "rnn", "last", "fc"],
      /without a mask/,
    ]] as const
  ) {
    assert.throws(
      () => readPyTorch(state, { chain }),
      typeof message === "string"
        ? { name: "TypeError", message: `Cannot take PyTorch's weights: ${message}` }
        : message,
    );
  }
  const linear = () => readPyTorch(stateOf("linear only"), { chain: [""] });
  assert.throws(linear, /must have last, for a classifier/);
});

Deno.test("all cases of the golden file are tested", () => {
  const tested = new Set([TAKEN, NAMED, CHAINED].flatMap(Object.keys));
  assert.deepEqual([...cases.keys()].sort(), [...tested].sort());
});

Deno.test("readPyTorch() accepts any prefix of the names", () => {
  const { parameters } = readPyTorch(stateOf("lstm"));
  for (const prefix of ["state_dict.", "module._orig_mod.", "a.b.c.", "weight_ih_l0.", "bias."]) {
    const state = new Map([...stateOf("lstm")].map(([name, tensor]) => [prefix + name, tensor]));
    const found = readPyTorch(state);
    assert.deepEqual(found.parameters, parameters);
    assert.deepEqual(found.chain, [`${prefix}rnn`, "last", `${prefix}fc`]);
  }
});

Deno.test("readPyTorch() escapes and shortens names in messages, and lists only some of many", () => {
  const messageOf = (name: string, copies = 1) => {
    const state = stateOf("lstm");
    for (let i = 0; i < copies; i++) {
      state.set(`${name}${i}.weight`, { shape: [1], data: Float32Array.of(1) });
    }
    try {
      readPyTorch(state);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(messageOf("\x1b[31mred\u202e"), /\\u\{1b\}\[31mred\\u\{202e\}0 \(nn\.RMSNorm/);
  assert.ok(messageOf("x".repeat(1e6)).length < 400);
  assert.match(messageOf("norm", 1000), /norm7 \(nn\.RMSNorm or nn\.PReLU\), 992 more$/);
});
