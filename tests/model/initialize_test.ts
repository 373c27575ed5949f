import assert from "node:assert/strict";
import { excerpt } from "../../lib/excerpt.ts";
import { createHash } from "node:crypto";
import { initialize, type Start, STARTS } from "../../lib/model/initialize.ts";
import { type Classifier, createClassifier } from "../../lib/model/classifier.ts";
import { createStack, type StackLayer } from "../support/stack.ts";
import type { Parameter } from "../../lib/model/network.ts";
import { hashName } from "../../lib/random.ts";
import { assertClose } from "../support/assert_close.ts";

function lstm(inputSize: number, hiddenSize: number): StackLayer {
  return { kind: "lstm", inputSize, hiddenSize, gateActivation: "sigmoid", dropout: 0 };
}

function rnn(inputSize: number, hiddenSize: number): StackLayer {
  return { kind: "rnn", inputSize, hiddenSize, activation: "relu", dropout: 0 };
}

/** One parameter of a network's start. */
function started(network: Classifier, name: string, { start, seed = 1 }: { start: Start; seed?: number }) {
  const parameter = network.parameters.find((parameter) => parameter.name === name) as Parameter;
  return initialize(network, start, seed).subarray(parameter.offset, parameter.offset + parameter.size);
}

// Written by tests/golden/initialize.py: SHA-256 of the float32 numbers of (LSTM 3→8, RNN 8→5, 4 classes, seed 2017).
const HASHES: Record<Start, string> = {
  pytorch: "6dd68de7f01c7ddd5527109d43bc93285acc439c113738fe5848d87aabd4c98c",
  tf1: "338a4bb8680811e22a36645e5dab6763d73d0babcd69e189195d12548c575b84",
  keras: "2390de9be5b92d942434985c5baa28705102c51f724cb24addc4b12ef03df5ad",
  irnn: "fd6df14e756e1ff9501f1625ba342e6ab1ff091e7bf30701062cfb2537c2a5da",
  identity: "bce114310036f16a08aaaa94ffb24b27e400290f07715f0e7933fcecc94503e4",
};

// The same of both directions of an LSTM 9→6, GRU 12→7, GRU with reset after 7→5, batch normalization, dense 5→8, 4 classes.
const CHAIN_HASHES: Record<Start, string> = {
  pytorch: "4a8f75ecd7b452df02f6bf18a71d3c74029194a3629445fb532fac539ccea906",
  tf1: "14211ae9d7aa3e3eade900a6407720f0e61d4a4a38ce97759668e3202140a342",
  keras: "d8ca0b2ef85ed6c2db22d4fb5cf3fa8bd062dbebfa089bbec7b136662933c3c2",
  irnn: "8467e0b6f9816a0c28e571de71a060310ebe8cb0e4b2755f9756d86fd72936f2",
  identity: "90930d59ce39fcf51ceb7c931920b866f661ee940f798c337855344ed0672996",
};

function chain(): Classifier {
  return createClassifier({
    inputSize: 9,
    layers: [
      {
        kind: "bidirectional",
        merge: "concat",
        forward: { kind: "lstm", hiddenSize: 6, returnSequences: true },
      },
      { kind: "gru", hiddenSize: 7, returnSequences: true },
      { kind: "gru", hiddenSize: 5, resetAfter: true },
      { kind: "batchNorm" },
      { kind: "dropout", rate: 0.5 },
      { kind: "dense", units: 8, activation: "relu" },
      { kind: "dense", units: 4 },
    ],
    biases: 2,
  });
}

for (const start of STARTS) {
  Deno.test(`initialize() gives ${start}'s start the bits that another program computed`, () => {
    const stack = createStack({ layers: [lstm(3, 8), rnn(8, 5)], classes: 4, biases: 2 });
    for (const [network, hash] of [[stack, HASHES[start]], [chain(), CHAIN_HASHES[start]]] as const) {
      const bytes = new Uint8Array(initialize(network, start, 2017).buffer);
      assert.equal(createHash("sha256").update(bytes).digest("hex"), hash);
    }
  });
}

/** The limits of the uniform arrays of an LSTM 28→100 with 10 classes, by each framework's rule. */
const LIMITS: { start: Start; name: string; limit: number }[] = [
  { start: "pytorch", name: "layer0.kernel", limit: 1 / 10 },
  { start: "pytorch", name: "layer0.recurrentKernel", limit: 1 / 10 },
  { start: "pytorch", name: "layer0.bias", limit: 1 / 10 },
  { start: "pytorch", name: "head.kernel", limit: 1 / 10 },
  { start: "pytorch", name: "head.bias", limit: 1 / 10 },
  { start: "tf1", name: "layer0.kernel", limit: Math.sqrt(6 / (28 + 100 + 400)) },
  { start: "tf1", name: "layer0.recurrentKernel", limit: Math.sqrt(6 / (28 + 100 + 400)) },
  { start: "tf1", name: "head.kernel", limit: Math.sqrt(6 / 110) },
  { start: "keras", name: "layer0.kernel", limit: Math.sqrt(6 / (28 + 400)) },
  { start: "keras", name: "head.kernel", limit: Math.sqrt(6 / 110) },
];

for (const { start, name, limit } of LIMITS) {
  Deno.test(`initialize() starts ${name} uniform within ±${limit.toFixed(4)}, as ${start} does`, () => {
    const values = started(createStack({ layers: [lstm(28, 100)], classes: 10 }), name, { start });
    assert.ok(values.every((value) => Math.abs(value) <= Math.fround(limit)));
    assertUniform(values, limit);
  });
}

/** Mean and variance of n draws within ±l lie within 4.5 standard deviations, l/√(3n) and l²√(4/45n). */
function assertUniform(values: Float32Array, limit: number): void {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + value * value, 0) / n;
  assertClose([mean], [0], { atol: 4.5 * limit / Math.sqrt(3 * n), rtol: 0, name: "mean" });
  assertClose([variance], [limit ** 2 / 3], {
    atol: 4.5 * limit ** 2 * Math.sqrt(4 / (45 * n)),
    rtol: 0,
    name: "variance",
  });
}

Deno.test("initialize() starts pytorch's two biases as the sum of two draws, and those of the head as one", () => {
  const one = createStack({ layers: [rnn(4, 64)], classes: 3, biases: 1 });
  const two = createStack({ layers: [rnn(4, 64)], classes: 3, biases: 2 });
  const draws = started(one, "layer0.bias", { start: "pytorch" });
  const sums = Array.from({ length: 32 }, (_, i) => draws[2 * i] + draws[2 * i + 1]);
  const biases = started(two, "layer0.bias", { start: "pytorch" });
  // Three roundings of numbers below 1/4: half of 2⁻²⁶ each.
  assertClose(biases.subarray(0, 32), sums, { atol: 3 * 2 ** -27, rtol: 0, name: "bias" });
  for (const name of ["layer0.kernel", "layer0.recurrentKernel", "head.bias"]) {
    assert.deepEqual(
      started(two, name, { start: "pytorch" }),
      started(one, name, { start: "pytorch" }),
      name,
    );
  }
});

Deno.test("initialize() starts pytorch's RNN within ±1/√hidden and tf1's by the fans of its joint kernel", () => {
  const network = createStack({ layers: [rnn(28, 128)], classes: 10 });
  assertUniform(started(network, "layer0.recurrentKernel", { start: "pytorch" }), 1 / Math.sqrt(128));
  assertUniform(
    started(network, "layer0.recurrentKernel", { start: "tf1" }),
    Math.sqrt(6 / (28 + 128 + 128)),
  );
});

for (const start of ["tf1", "keras"] as const) {
  Deno.test(`initialize() starts ${start}'s biases at 0, but those of an LSTM's forget gate at 1`, () => {
    const network = createStack({ layers: [lstm(3, 4), rnn(4, 5)], classes: 2 });
    const gates = (value: number) => Array(4).fill(value);
    const bias = [...gates(0), ...gates(1), ...gates(0), ...gates(0)]; // i f g o
    assert.deepEqual([...started(network, "layer0.bias", { start })], bias);
    assert.deepEqual([...started(network, "layer1.bias", { start })], Array(5).fill(0));
    assert.deepEqual([...started(network, "head.bias", { start })], [0, 0]);
  });
}

for (const [kind, hiddenSize, layer] of [["LSTM", 100, lstm], ["RNN", 33, rnn], ["RNN", 1, rnn]] as const) {
  Deno.test(`initialize() starts keras's recurrent kernel of an ${kind} of ${hiddenSize} with orthonormal rows`, () => {
    const network = createStack({ layers: [layer(5, hiddenSize)], classes: 10 });
    const R = started(network, "layer0.recurrentKernel", { start: "keras" });
    const columns = R.length / hiddenSize;
    const products: number[] = [], identity: number[] = [];
    for (let a = 0; a < hiddenSize; a++) {
      for (let b = 0; b <= a; b++) {
        let product = 0;
        for (let i = 0; i < columns; i++) product += R[a * columns + i] * R[b * columns + i];
        products.push(product);
        identity.push(a === b ? 1 : 0);
      }
    }
    // Rounding moves a row of length 1 by at most 2⁻²⁴, and so a product of two of them by 2⁻²³.
    assertClose(products, identity, { atol: 2 ** -23, rtol: 0, name: "R Rᵀ" });
  });
}

Deno.test("initialize() draws another row for keras where one has no direction", () => {
  const network = createStack({ layers: [rnn(1, 1)], classes: 2 });
  // Seed 31447691 is the first whose first normal number here is 0.
  const [value] = started(network, "layer0.recurrentKernel", { start: "keras", seed: 31_447_691 });
  assert.equal(Math.abs(value), 1);
});

Deno.test("initialize() turns keras's recurrent kernels in every direction: means over seeds are 0", () => {
  const network = createStack({ layers: [rnn(2, 3)], classes: 2 });
  const seeds = 1000;
  const sums = new Float64Array(9);
  for (let seed = 0; seed < seeds; seed++) {
    started(network, "layer0.recurrentKernel", { start: "keras", seed }).forEach((value, i) =>
      sums[i] += value
    );
  }
  // The elements of a random orthogonal [3,3] have the variance 1/3.
  const means = sums.map((sum) => sum / seeds);
  assertClose(means, new Float64Array(9), { atol: 4.5 / Math.sqrt(3 * seeds), rtol: 0, name: "mean of R" });
});

for (const start of STARTS) {
  Deno.test(`initialize() starts a layer of ${start} alike whatever stands above it`, () => {
    const alone = createStack({ layers: [lstm(5, 6)], classes: 10 });
    const below = createStack({ layers: [lstm(5, 6), rnn(6, 7)], classes: 3 });
    for (const name of ["layer0.kernel", "layer0.recurrentKernel", "layer0.bias"]) {
      assert.deepEqual(started(below, name, { start }), started(alone, name, { start }), name);
    }
  });

  Deno.test(`initialize() starts ${start} from other numbers with another seed, and in every other array`, () => {
    const network = createStack({ layers: [rnn(6, 6), rnn(6, 6)], classes: 6 });
    const kernels = [1, 2, 4294967295].flatMap((seed) => {
      const values = initialize(network, start, seed);
      return network.parameters.filter(({ shape }) => shape.length === 2)
        .map(({ offset, size }) => values.slice(offset, offset + size).join());
    });
    const isIdentity = start === "irnn" || start === "identity"; // the recurrent kernels of an RNN, 6 of the 15
    assert.equal(new Set(kernels).size, isIdentity ? 15 - 6 + 1 : 15);
  });
}

Deno.test("hashName() gives every parameter of a hundred layers a stream of its own", () => {
  const layers = Array.from({ length: 100 }, () => rnn(1, 1));
  const names = createStack({ layers, classes: 2 }).parameters.map(({ name }) => name);
  assert.equal(new Set(names.map(hashName)).size, 302);
});

Deno.test("initialize() rejects an unknown start", () => {
  const network = createStack({ layers: [rnn(1, 1)], classes: 2 });
  for (const start of ["Keras", "toString", undefined]) {
    assert.throws(() => initialize(network, start as Start, 1), {
      name: "RangeError",
      message:
        `Cannot initialize the network: start must be one of pytorch, tf1, keras, irnn, identity: current value is ${
          excerpt(start)
        }`,
    });
  }
});

Deno.test("initialize() rejects a seed that is not an unsigned 32-bit integer", () => {
  const network = createStack({ layers: [rnn(1, 1)], classes: 2 });
  for (const seed of [-1, 0.5, 2 ** 32, NaN]) {
    assert.throws(() => initialize(network, "pytorch", seed), {
      name: "RangeError",
      message: new RegExp(`seed must be a whole number from 0 to 4294967295: current value is ${seed}$`),
    });
  }
});

Deno.test("initialize() sets the bias of every forget gate alone, where it is told to", () => {
  const network = chain(), usual = initialize(network, "pytorch", 1);
  const found = initialize(network, "pytorch", 1, { forgetBias: 1 });
  const forgets = new Set(network.parameters.flatMap(({ name, offset }) => {
    const isLstm = name === "layer0.forward.bias" || name === "layer0.backward.bias";
    return isLstm ? Array.from({ length: 6 }, (_, k) => offset + 6 + k) : [];
  }));
  assert.equal(forgets.size, 12);
  assert.deepEqual(found, usual.map((value, k) => forgets.has(k) ? 1 : value));
});

Deno.test("initialize() rejects a bias of forget gates that is no number, or where there are none", () => {
  const network = createStack({ layers: [rnn(1, 1)], classes: 2 });
  assert.throws(
    () => initialize(chain(), "keras", 1, { forgetBias: NaN }),
    /forgetBias must be a finite number/,
  );
  assert.throws(() => initialize(network, "keras", 1, { forgetBias: 1 }), {
    name: "RangeError",
    message:
      "Cannot initialize the network: forgetBias must be left out where no LSTM has a bias: current value is 1",
  });
});

Deno.test("initialize() lets an RNN of irnn hold what it has read: with ReLU, h' = h where x is 0", () => {
  const network = createStack({ layers: [rnn(2, 5)], classes: 2 });
  const R = started(network, "layer0.recurrentKernel", { start: "irnn" });
  assert.deepEqual([...R], Array.from({ length: 25 }, (_, k) => k % 6 === 0 ? 1 : 0));
  const W = started(createStack({ layers: [rnn(100, 100)], classes: 2 }), "layer0.kernel", { start: "irnn" });
  const deviation = Math.sqrt(W.reduce((sum, value) => sum + value * value, 0) / W.length);
  assertClose([deviation], [0.001], {
    atol: 4.5 * 0.001 / Math.sqrt(2 * W.length),
    rtol: 0,
    name: "deviation",
  });
});
