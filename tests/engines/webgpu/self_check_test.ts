import assert from "node:assert/strict";
import type { Engine, EngineOptions } from "../../../lib/engines/engine.ts";
import { openReference } from "../../../lib/engines/reference/engine.ts";
import { openWebgpu } from "../../../lib/engines/webgpu/open.ts";
import { checkDevice, type CheckedEngine } from "../../../lib/engines/webgpu/self_check.ts";
import {
  type ChainCase,
  dense,
  describeChain,
  drop,
  EVERY,
  gru,
  LAST,
  lstm,
  norm,
  repeat,
  rnn,
} from "../chain_case.ts";
import { CHAINS } from "../chain_cases.ts";
import { chainOptions } from "../chain_data.ts";
import { type Case, CASES, describe, optionsOf } from "../contract_cases.ts";
import { test, withShaders } from "./support/adapter_tests.ts";

const LSTM: Case = { kind: "LSTM", hidden: [70, 9], images: 9, size: [5, 6], dropout: [0.5, 0.5] };
const HARD: Case = { kind: "LSTM, hardSigmoid", hidden: [10], images: 9, size: [5, 6] };
const RELU: Case = { kind: "ReLU RNN", hidden: [70, 9], images: 9, size: [5, 6], axis: "columns" };
const TANH: Case = { kind: "tanh RNN", hidden: [70, 9], images: 9, size: [5, 6], dropout: [0.3, 0.5] };
/** Too large for the reference. */
const LARGE: Case = { kind: "LSTM", hidden: [200, 200], images: 2, size: [60, 4] };

/** What is wrong, in which networks the check must find it, and which text of the shaders is replaced by which. */
const FAULTS: readonly (readonly [string, readonly Case[], string, string])[] = [
  ["bytes are read in the wrong order", [LSTM, RELU], "let at = t * C + c;", "let at = c + t;"],
  ["the order of the pixels is another", [RELU], "order[at]", "at"],
  ["a lane has the image of another one", [LSTM, RELU], "feature(n + 1u, at)", "feature(n, at)"],
  ["every workgroup is the first", [LSTM, RELU, TANH], "let n4 = group.x / SHARES;", "let n4 = 0u;"],
  ["a workgroup has 64 units at most", [LSTM, RELU, TANH, LARGE], "unit += THREADS", "unit += 1000u"],
  ["odd rows of a product are even ones", [LSTM, RELU], "inputs[row1 * J + k]", "inputs[row0 * J + k]"],
  ["half of the input's gradient is missing", [LSTM, RELU, TANH, LARGE], "dy[row1 * C4 + feature] = d1;", ""],
  ["gates are swapped", [LSTM, HARD, LARGE], "let f = activate(GATE, zf);", "let f = activate(GATE, zi);"],
  [
    "gates are swapped in the backward pass",
    [LSTM, HARD],
    "let i = gates[at(place)];",
    "let i = gates[at(place + 1u)];",
  ],
  [
    "a state is forgotten in the backward pass",
    [LSTM, HARD, LARGE],
    "slope(ACTIVATION, y), dc)",
    "slope(ACTIVATION, y), Lanes(0))",
  ],
  [
    "a state is read too early",
    [LSTM, HARD, LARGE],
    "let hk = h[before + k];",
    "let hk = h[H - before + k];",
  ],
  ["states do not alternate", [RELU, TANH], "h[H - (t & 1u) * H + unit]", "h[(t & 1u) * H + unit]"],
  [
    "a barrier is missing",
    [LSTM, TANH, LARGE],
    "    workgroupBarrier();\n  }\n}",
    "  }\n}",
  ],
  ["a constant is wrong", [HARD], "fma(Lanes(0.2), z, Lanes(0.5))", "z / 6.0 + 0.5"],
  [
    "a hard sigmoid is not clipped",
    [HARD],
    "clamp(fma(Lanes(0.2), z, Lanes(0.5)), Lanes(0), Lanes(1))",
    "0.2 * z + 0.5",
  ],
  ["a slope is wrong", [HARD], "Lanes(0), Lanes(0.2)", "Lanes(0), Lanes(0.21)"],
  ["exp() is right to two digits", [LSTM], "exp(-clamp", "1.02 * exp(-clamp"],
  ["tanh() is right to two digits", [LSTM, HARD, TANH], "tanh(clamp", "0.99 * tanh(clamp"],
  ["softmax is right to two digits", [RELU], "exp(max(", "1.01 * exp(0.98 * max("],
  ["a ReLU leaks", [RELU], "max(z, Lanes(0))", "max(z, 0.01 * z)"],
  ["a ReLU has a slope of 1 everywhere", [RELU], "Lanes(1), y > Lanes(0)", "Lanes(1), y > Lanes(-1)"],
  ["nothing is dropped", [LSTM, TANH], "y *= mask[at(to * H4 + unit)];", ""],
  ["all sequences have the same mask", [LSTM, TANH], "vec4u(0u, 1u, 0u, 0u)", "vec4u(0u)"],
  ["all layers have the same mask", [LSTM, TANH], "FIRST + t + STREAM * 65536u", "FIRST + t"],
  ["all t have the same mask", [LSTM, TANH], "FIRST + t + STREAM * 65536u", "FIRST + STREAM * 65536u"],
  ["outputs that are kept are not scaled", [LSTM, TANH], "vec4f(SCALE)", "vec4f(1)"],
  ["the gradient is not dropped", [LSTM, TANH], "mask[source], dh)", "Lanes(1), dh)"],
  ["labels are those of other images", [LSTM, RELU], "positions[step.firstPosition + n].position]);", "n]);"],
  ["a mean is over one image more", [LSTM, RELU], "f32(step.count)", "f32(step.count + 1u)"],
  ["the last rows are not summed", [LSTM, TANH, LARGE], "min((part + 1u) * rowsAPart, ROWS)", "ROWS - 1u"],
  ["a bias has no gradient", [LSTM, RELU, LARGE], "feature < J - 4u + BIASES", "feature < J - 4u"],
  ["a piece of time forgets the states before", [LARGE], "if (piece.first > 0u)", "if (false)"],
  ["a piece of time forgets the gradients after", [LARGE], "carried[unit] = c[at(left + unit)];", ""],
  ["a piece of time has the gates of another", [LARGE], "row - piece.first * N4", "row"],
  ["a piece of time forgets a sum", [LARGE], "if (row == part * ((ROWS + PARTS - 1u) / PARTS))", "if (true)"],
  ["weights are transposed", [LSTM, RELU], "(row * s.quads + quad) * 4u", "(quad * s.rows + row) * 4u"],
];

/** Makes the backward pass of an LSTM forget what comes from later states. */
const forgetState = (code: string) =>
  code.replace("slope(ACTIVATION, y), dc)", "slope(ACTIVATION, y), Lanes(0))");

const checked = (test: Case) => openWebgpu(optionsOf(test));

for (const [fault, cases, text, becomes] of FAULTS) {
  test(`an adapter is refused where ${fault}`, async () => {
    for (const network of cases) {
      let changed = false;
      const breakIt = (code: string) => {
        changed ||= code.includes(text);
        return code.replaceAll(text, becomes);
      };
      await withShaders(breakIt, async () => {
        await assert.rejects(checked(network), /its gradients must be right/, describe(network));
      });
      assert(changed, "the text was not found");
    }
  });
}

const LOSS = { loss: "meanSquaredError" } as const;
const GRUS: ChainCase = {
  name: "GRUs in two directions, masked",
  T: 6,
  N: 9,
  input: 5,
  maskValue: 0,
  layers: [
    { kind: "bidirectional", merge: "concat", forward: gru(70, EVERY) },
    gru(9, { recurrentDropout: 0.3 }),
    dense(3),
  ],
  ...LOSS,
};
const RESET_AFTER: ChainCase = {
  name: "GRU, reset after, that repeats the answer of another",
  T: 6,
  N: 9,
  input: 5,
  layers: [gru(9, { resetAfter: true }), repeat(4), gru(70, { ...EVERY, resetAfter: true }), dense(2)],
  ...LOSS,
};
const TOKENS: ChainCase = {
  name: "LSTM over tokens, 0 masked",
  T: 6,
  N: 9,
  input: { vocabulary: 12, size: 5, maskZero: true },
  layers: [lstm(9, { inputDropout: 0.3 }), dense(4, { activation: "softmax" })],
  loss: "categoricalCrossEntropy",
};
const SOFTMAX: ChainCase = {
  name: "softmax that is to give numbers",
  T: 3,
  N: 9,
  input: 5,
  layers: [lstm(9), dense(4, { activation: "softmax" })],
  ...LOSS,
};
const STACK: ChainCase = {
  name: "dense layers at every step",
  T: 6,
  N: 9,
  input: 5,
  layers: [rnn(9, { ...EVERY, backwards: true }), dense(8, { activation: "sigmoid" }), drop(0.3), dense(3)],
  loss: "huber",
};

const NORMALIZED: ChainCase = {
  name: "normalized at every step, and the last step",
  T: 6,
  N: 9,
  input: 5,
  layers: [gru(9, EVERY), norm(), LAST, dense(8), norm({ scale: false }), dense(3)],
  loss: "softmaxCrossEntropy",
  labelSmoothing: 0.2,
};
/** Too large for the reference. */
const WIDE: ChainCase = {
  ...NORMALIZED,
  T: 90,
  layers: [gru(200, EVERY), norm(), LAST, dense(200), norm({ scale: false }), dense(3)],
};

/** As {@link FAULTS}. */
const CHAIN_FAULTS: readonly (readonly [string, readonly ChainCase[], string, string])[] = [
  ["numbers are read in the wrong order", [STACK], "let at = t * C + c;", "let at = c + t;"],
  ["the reset gate is forgotten", [GRUS], "let rh = r * h[", "let rh = h["],
  ["the reset gate has no gradient", [GRUS], "d * stateBefore(t, n4, unit) * slope(GATE, r)", "Lanes(0)"],
  ["the reset gate acts too early", [RESET_AFTER], "fma(r, hg,", "fma(Lanes(1), hg,"],
  ["the second bias is forgotten", [RESET_AFTER], "if (TWO_BIASES)", "if (false)"],
  ["the reset state has no gradient", [GRUS], "return RESET_GATES;", "return KERNEL_GATES;"],
  [
    "lanes of the state's gradient are mixed up",
    [RESET_AFTER],
    "return RECURRENT_GATES;",
    "return KERNEL_GATES;",
  ],
  [
    "a masked state goes on",
    [GRUS, TOKENS],
    "output = select(last[unit], output,",
    "output = select(output, output,",
  ],
  ["no step is masked", [GRUS], "!= vec4f(VALUE)", "!= vec4f(9)"],
  ["no token is masked", [TOKENS], "keep[lane] = 0.0;", ""],
  [
    "a masked step has a gradient",
    [GRUS],
    "carried[unit] = select(dh, dh * z, keep);",
    "carried[unit] = dh * z;",
  ],
  ["steps are masked in the wrong order", [GRUS], "select(t, T - 1u - t, BACKWARDS)", "t"],
  ["nothing is turned around", [GRUS, STACK], "s = T - 1u - t;", "s = t;"],
  [
    "directions are merged in the wrong order",
    [GRUS],
    "b[((T - 1u - t) * N4 + n4) * H4 + unit]",
    "b[(t * N4 + n4) * H4 + unit]",
  ],
  ["the state is not dropped", [GRUS], "dropped *= stateMask[at(n4 * H4 + unit)];", ""],
  ["a mask differs from step to step", [TOKENS], "select(row, n4, ONE_MASK)", "row"],
  [
    "only one of the repeated steps has a gradient",
    [RESET_AFTER],
    "d += ofStep(t, n4, c);",
    "d = ofStep(t, n4, c);",
  ],
  ["tokens have the row of the first", [TOKENS], "token * C + c", "c"],
  ["only one occurrence of a token counts", [TOKENS], "sum += dx[", "sum = dx["],
  [
    "an activation is another",
    [STACK],
    "case SIGMOID: { return sigmoid(z); }",
    "case SIGMOID: { return safeTanh(z); }",
  ],
  ["a slope is another", [STACK], "return fma(-y, y, y);", "return 1.0 - y * y;"],
  ["softmax has no gradient through its sum", [SOFTMAX], "dy[row * K4 + k] - mean", "dy[row * K4 + k]"],
  ["a loss is another", [STACK], "d = clamp(out - y, vec4f(-1), vec4f(1)) / f32(K);", "d = (out - y);"],
  ["a mean is that of other features", [NORMALIZED, WIDE], "total(local.x, sum) / n", "total(local.x, sum)"],
  ["a variance is around 0", [NORMALIZED], "inputs[row * J + c] - m, alive", "inputs[row * J + c], alive"],
  ["sequences that are not there are normalized", [NORMALIZED], "< vec4u(step.count)", "< vec4u(1000u)"],
  ["a normalization ignores its mean's gradient", [NORMALIZED, WIDE], " - dBeta / n", ""],
  ["a normalization ignores its variance's gradient", [NORMALIZED, WIDE], " - x * (dGamma / n)", ""],
  ["the last step is the first", [NORMALIZED, WIDE], "s = S - 1u;", "s = 0u;"],
  ["the last step's gradient goes to all", [NORMALIZED, WIDE], "if (s == S - 1u)", "if (true)"],
  ["labels are not smooth", [NORMALIZED, WIDE], "(1.0 - SMOOTHING) * hit + SMOOTHING / f32(K)", "hit"],
  ["targets are those of the first step", [STACK], "place.position * T + t", "place.position * T"],
];

for (const [fault, cases, text, becomes] of CHAIN_FAULTS) {
  test(`an adapter is refused where ${fault}`, async () => {
    for (const chain of cases) {
      let changed = false;
      const breakIt = (code: string) => {
        changed ||= code.includes(text);
        return code.replaceAll(text, becomes);
      };
      await withShaders(breakIt, async () => {
        await assert.rejects(
          openWebgpu(chainOptions(chain)),
          /its gradients must be right/,
          describeChain(chain),
        );
      });
      assert(changed, "the text was not found");
    }
  });
}

for (
  const chain of [
    GRUS,
    RESET_AFTER,
    TOKENS,
    STACK,
    NORMALIZED,
    WIDE,
    ...CHAINS.filter((_, index) => index % 4 === 0),
  ]
) {
  test(`a correct adapter is not refused: ${describeChain(chain)}`, async () => {
    const options = chainOptions(chain);
    await using engine = await openWebgpu(options);
    assert.deepEqual(await engine.readParameters(), options.parameters); // the check leaves nothing in the engine
  });
}

test("chains that are too large for the reference are checked as smaller ones", async () => {
  const large: ChainCase = {
    name: "large",
    T: 300,
    N: 2,
    input: { vocabulary: 3000, size: 80, maskZero: true },
    layers: [
      { kind: "bidirectional", merge: "sum", forward: gru(150, EVERY) },
      lstm(150, { backwards: true }),
      repeat(40),
      rnn(100, { ...EVERY, recurrentDropout: 0.1 }),
      dense(90, { activation: "relu" }),
      dense(3, { activation: "softmax" }),
    ],
    loss: "categoricalCrossEntropy",
  };
  await using engine = await openWebgpu(chainOptions(large));
  assert.equal(engine.device.kind, "webgpu");
  await withShaders(
    (code) => code.replace("let rh = r * h[(t & 1u) * H + unit];", "let rh = r;"),
    async () => {
      await assert.rejects(openWebgpu(chainOptions(large)), /its gradients must be right/);
    },
  );
});

/** Weights over which a correct adapter and the reference differ as much as float32 and float64 can. */
const HARD_STARTS: readonly (readonly [Case, number])[] = [
  [{ kind: "tanh RNN", hidden: [20], images: 4, size: [12, 12], axis: "pixels" }, 3],
  [{ kind: "tanh RNN", hidden: [20], images: 4, size: [28, 28] }, 10],
  [{ kind: "LSTM", hidden: [20], images: 4, size: [28, 28] }, 30],
  [{ kind: "LSTM, hardSigmoid", hidden: [20], images: 4, size: [28, 28], dropout: [0.5] }, 30],
  [{ kind: "ReLU RNN", hidden: [20], images: 4, size: [28, 28] }, 30],
  [{ kind: "LSTM", hidden: [20, 20], images: 4, size: [28, 28] }, 1e30],
  [{ kind: "ReLU RNN", hidden: [20], images: 4, size: [28, 28] }, 1e38],
  [{ kind: "tanh RNN", hidden: [20], images: 4, size: [28, 28] }, NaN],
  [{ kind: "LSTM", hidden: [20], images: 4, size: [28, 28] }, Infinity],
  [{ kind: "LSTM", hidden: [20], images: 4, size: [28, 28] }, 0],
  [LARGE, 30],
];

for (const [network, scale] of HARD_STARTS) {
  test(`the check does not depend on the weights: weights × ${scale}, ${describe(network)}`, async () => {
    const options = optionsOf(network);
    options.parameters.forEach((value, k) => options.parameters[k] = value * scale);
    await using engine = await openWebgpu(options);
    const { parameters, slots, step } = await engine.readState();
    assert.deepEqual(parameters, options.parameters); // the check leaves nothing in the engine
    assert(slots.every((slot) => slot.every((value) => value === 0)));
    assert.equal(step, 0);
  });
}

test("the check does not depend on the sequences, and leaves none in the engine", async () => {
  for (const byte of [0, 255]) {
    const { training, ...shapes } = optionsOf(LSTM);
    const blank = { ...training.sequences, data: training.sequences.data.map(() => byte) };
    const options = { ...shapes, training: { ...training, sequences: blank } };
    await using checked = await openWebgpu(options);
    await using unchecked = await openWebgpu({ ...options, selfCheck: false });
    const batch = Uint32Array.of(7, 0, 3);
    assert.deepEqual(await checked.gradient(batch), await unchecked.gradient(batch));
    assert.deepEqual(await checked.predict(blank), await unchecked.predict(blank));
    assert.deepEqual(await checked.train([batch]), await unchecked.train([batch]));
  }
});

for (
  const network of [
    ...CASES.filter((_, index) => index % 3 === 0),
    { kind: "LSTM", hidden: [5, 5, 5], images: 1, size: [3, 3], dropout: [0.9, 0.99999, 0.5] },
    { kind: "ReLU RNN", hidden: [9, 9], images: 2, size: [3, 3], dropout: [0.9, 0.99999], classes: 2 },
    { kind: "LSTM", hidden: Array(40).fill(2), images: 2, size: [2, 2] },
    { kind: "tanh RNN", hidden: [1], images: 2, size: [100, 100], axis: "pixels" },
    { kind: "ReLU RNN", hidden: [2], images: 1, size: [1, 3000], axis: "columns" },
    { kind: "LSTM", hidden: [2], images: 3, size: [1, 3000], axis: "rows", classes: 200 },
  ] satisfies Case[]
) {
  test(`a correct adapter is not refused: ${describe(network)}`, async () => {
    await using engine = await checked(network);
    assert.equal(engine.device.kind, "webgpu");
  });
}

/** What is wrong with transforms, as {@link FAULTS}. */
const TRANSFORM_FAULTS: readonly (readonly [string, string, string])[] = [
  ["are those of other sequences", "let m = 6u * place;", "let m = 0u;"],
  ["move by whole pixels only", "let right = u32(u >> 8u) & 255u;", "let right = 0u;"],
  ["turn into the wrong direction", "transforms[m + 1u] * y", "-transforms[m + 1u] * y"],
  ["are off by a row", "v >> 16u", "(v >> 16u) + 1"],
];

for (const [fault, text, becomes] of TRANSFORM_FAULTS) {
  test(`an adapter is refused where transforms ${fault}`, async () => {
    for (const network of [RELU, LARGE]) {
      const options = optionsOf(network, { transforms: true });
      await using engine = await openWebgpu(options); // a correct adapter is not refused
      assert.equal(engine.device.kind, "webgpu");
      const breakIt = (code: string) => code.replace(text, becomes);
      await withShaders(breakIt, async () => {
        await assert.rejects(openWebgpu(options), /its gradients must be right/, describe(network));
      });
    }
  });
}

/** The reference as a device whose parameters have rounding errors and whose gradients are `factor` times too large. */
function roundingEngine(factor: number): CheckedEngine & { readonly loads: number } {
  let loads = 0, reference: Engine | undefined;
  return {
    device: { kind: "webgpu", threads: 1, detail: "a device that rounds" },
    get loads() {
      return loads;
    },
    load: async (options: EngineOptions) => {
      loads++;
      const parameters = options.parameters.map((value, k) => value + 3e-6 * Math.sin(k * 12.9898 + loads));
      reference = await openReference({ ...options, parameters });
    },
    gradient: async (batch: Uint32Array) => (await reference!.gradient(batch)).map((value) => value * factor),
  } as unknown as CheckedEngine & { readonly loads: number };
}

Deno.test("where a ReLU is about to switch, the check tries other weights", async () => {
  // Found by search: with the first weights, one of its units is within some rounding errors of 0.
  const options = optionsOf({ kind: "ReLU RNN", hidden: [57], images: 9, size: [16, 5] });
  const open = () => assert.fail("the network is small enough");
  const right = roundingEngine(1);
  await checkDevice(right, options, open);
  assert.equal(right.loads, 2);
  await assert.rejects(checkDevice(roundingEngine(1.01), options, open), /its gradients must be right/);
});

test("an adapter that only predicts is refused for wrong answers, not for wrong gradients", async () => {
  for (const network of [LSTM, LARGE]) {
    const options = { ...optionsOf(network), training: null };
    await withShaders(
      (code) => code.replace("let f = activate(GATE, zf);", "let f = activate(GATE, zi);"),
      async () => {
        await assert.rejects(
          openWebgpu(options),
          /^Error: Cannot predict on WebGPU, .*: its answers must be right: answers\[\d+\] is -?[\d.e-]+ where the textbook has -?[\d.e-]+, over 5 made-up sequences; .*to predict all the same$/,
        );
      },
    );
    await withShaders(forgetState, async () => {
      await using engine = await openWebgpu(options);
      assert.deepEqual(await engine.readParameters(), options.parameters); // the check leaves nothing in the engine
    });
  }
});

test("the refusal of an adapter gives the numbers; the check can be left out", async () => {
  await withShaders(forgetState, async () => {
    await assert.rejects(
      checked(LSTM),
      /^Error: Cannot train on WebGPU, .*: its gradients must be right: that of layer0\.\w+\[\d+\] is -?[\d.e-]+ where the textbook has -?[\d.e-]+, over 5 made-up sequences; .*--no-self-check/,
    );
    await using unchecked = await openWebgpu({ ...optionsOf(LSTM), selfCheck: false });
    assert.equal(unchecked.device.kind, "webgpu");
  });
});
