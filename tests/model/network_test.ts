import assert from "node:assert/strict";
import { createNetwork } from "../../lib/model/create_network.ts";
import {
  type DropoutLayer,
  gateCount,
  isRecurrent,
  type Network,
  outputSize,
  recurrentLayers,
  stepsOf,
} from "../../lib/model/network.ts";
import type { LayerOptions, NetworkOptions } from "../../lib/model/network_options.ts";

const FEATURES = { kind: "features", size: 5 } as const;
const LSTM = { kind: "lstm", hiddenSize: 4 } as const;
const GRU = { kind: "gru", hiddenSize: 4 } as const;
const RNN = { kind: "rnn", hiddenSize: 4 } as const;
const DENSE = { kind: "dense", units: 2 } as const;

/** A network of these layers, from the input up. */
function chain(layers: readonly LayerOptions[], others: Partial<NetworkOptions> = {}): Network {
  return createNetwork({ input: FEATURES, layers, loss: "meanSquaredError", ...others });
}

function shapesOf({ parameters }: Network): [string, readonly number[]][] {
  return parameters.map(({ name, shape }) => [name, shape]);
}

const SHAPES: { what: string; network: () => Network; shapes: [string, number[]][] }[] = [
  {
    what: "an LSTM and a head",
    network: () => chain([LSTM, DENSE]),
    shapes: [
      ["layer0.kernel", [5, 16]],
      ["layer0.recurrentKernel", [4, 16]],
      ["layer0.bias", [16]],
      ["head.kernel", [4, 2]],
      ["head.bias", [2]],
    ],
  },
  {
    what: "a GRU with reset after, whose two biases stay apart",
    network: () => chain([{ ...GRU, resetAfter: true }, DENSE]),
    shapes: [
      ["layer0.kernel", [5, 12]],
      ["layer0.recurrentKernel", [4, 12]],
      ["layer0.bias", [2, 12]],
      ["head.kernel", [4, 2]],
      ["head.bias", [2]],
    ],
  },
  {
    what: "layers without a bias",
    network: () => chain([{ ...GRU, useBias: false }, { ...DENSE, useBias: false }]),
    shapes: [["layer0.kernel", [5, 12]], ["layer0.recurrentKernel", [4, 12]], ["head.kernel", [4, 2]]],
  },
  {
    what: "tokens, two directions and a dense layer below the head",
    network: () =>
      chain([
        { kind: "bidirectional", merge: "concat", forward: RNN },
        { kind: "dense", units: 3, activation: "relu" },
        { kind: "dropout", rate: 0.5 },
        DENSE,
        { kind: "activation", activation: "softmax" },
      ], { input: { kind: "tokens", vocabulary: 9, size: 6 } }),
    shapes: [
      ["embeddings", [9, 6]],
      ["layer0.forward.kernel", [6, 4]],
      ["layer0.forward.recurrentKernel", [4, 4]],
      ["layer0.forward.bias", [4]],
      ["layer0.backward.kernel", [6, 4]],
      ["layer0.backward.recurrentKernel", [4, 4]],
      ["layer0.backward.bias", [4]],
      ["layer1.kernel", [8, 3]],
      ["layer1.bias", [3]],
      ["head.kernel", [3, 2]],
      ["head.bias", [2]],
    ],
  },
  {
    what: "batch normalizations, with gamma and beta or without",
    network: () =>
      chain([
        { kind: "batchNorm", scale: false },
        { ...RNN, returnSequences: true },
        { kind: "last" },
        { kind: "batchNorm" },
        DENSE,
        { kind: "batchNorm", scale: false, center: false },
      ]),
    shapes: [
      ["layer0.beta", [5]],
      ["layer0.movingMean", [5]],
      ["layer0.movingVariance", [5]],
      ["layer1.kernel", [5, 4]],
      ["layer1.recurrentKernel", [4, 4]],
      ["layer1.bias", [4]],
      ["layer2.gamma", [4]],
      ["layer2.beta", [4]],
      ["layer2.movingMean", [4]],
      ["layer2.movingVariance", [4]],
      ["layer3.kernel", [4, 2]],
      ["layer3.bias", [2]],
      ["layer4.movingMean", [2]],
      ["layer4.movingVariance", [2]],
    ],
  },
  {
    what: "a last layer with weights that is recurrent: there is no head",
    network: () => chain([DENSE, { ...RNN, returnSequences: true }]),
    shapes: [
      ["layer0.kernel", [5, 2]],
      ["layer0.bias", [2]],
      ["layer1.kernel", [2, 4]],
      ["layer1.recurrentKernel", [4, 4]],
      ["layer1.bias", [4]],
    ],
  },
];

for (const { what, network, shapes } of SHAPES) {
  Deno.test(`createNetwork() names and shapes the parameters of ${what}, each where the one before ends`, () => {
    const built = network();
    assert.deepEqual(shapesOf(built), shapes);
    let end = 0;
    for (const { offset, size, shape } of built.parameters) {
      assert.equal(offset, end);
      assert.equal(size, shape.reduce((a, b) => a * b));
      end += size;
    }
    assert.equal(built.size, end);
    const averaged = built.parameters.filter(({ name }) => name.includes(".moving"));
    assert.equal(built.parameterCount, averaged.reduce((left, { size }) => left - size, end));
  });
}

Deno.test("createNetwork() gives layers the parameters of its own list, and the input its table", () => {
  const network = chain([
    {
      kind: "bidirectional",
      merge: "sum",
      forward: LSTM,
      backward: { ...GRU, gateActivation: "hardSigmoid" },
    },
    DENSE,
  ], { input: { kind: "tokens", vocabulary: 3, size: 5 } });
  const [both, head] = network.layers;
  assert(network.input.kind === "tokens" && both.kind === "bidirectional" && head.kind === "dense");
  const { forward, backward } = both;
  assert.deepEqual(
    [
      network.input.embeddings,
      ...[forward, backward].flatMap((layer) => [layer.kernel, layer.recurrentKernel, layer.bias]),
      head.kernel,
      head.bias,
    ],
    network.parameters,
  );
  assert.equal(forward.kernel, network.parameters[1]);
  assert(backward.kind === "gru" && backward.gateActivation === "hardSigmoid" && !backward.resetAfter);
  assert.deepEqual([forward.backwards, backward.backwards], [false, true]);
});

Deno.test("createNetwork() fills in what is left out of a layer", () => {
  const { layers: [lstm, dense], metrics, input } = chain([LSTM, DENSE]);
  assert.partialDeepStrictEqual(lstm, {
    kind: "lstm",
    name: "layer0",
    inputSize: 5,
    activation: "tanh",
    gateActivation: "sigmoid",
    returnSequences: false,
    backwards: false,
    inputDropout: 0,
    recurrentDropout: 0,
    masked: false,
  });
  assert.partialDeepStrictEqual(dense, { name: "head", inputSize: 4, activation: "linear" });
  assert.deepEqual(metrics, []);
  assert.deepEqual(input, { kind: "features", size: 5, maskValue: null });
});

Deno.test("createNetwork() doubles the updates of recurrent biases alone, but not of a GRU's with reset after", () => {
  const scales = (layers: readonly LayerOptions[], biases?: 1 | 2) =>
    chain(layers, { biases }).parameters.map(({ updateScale }) => updateScale);
  assert.deepEqual(scales([LSTM, DENSE], 2), [1, 1, 2, 1, 1]);
  assert.deepEqual(scales([{ ...GRU, resetAfter: true }, DENSE], 2), [1, 1, 1, 1, 1]);
  assert.deepEqual(scales([GRU, DENSE]), [1, 1, 1, 1, 1]);
  const { parameterCount, size } = chain([LSTM, DENSE], { biases: 2 });
  assert.equal(parameterCount, size + 16);
});

Deno.test("createNetwork() leaves the averages of a batch normalization to itself, and fills in what is left out", () => {
  const { layers: [norm], parameters } = chain([{
    kind: "batchNorm",
    gammaRegularizer: { l2: 0.1 },
    betaRegularizer: { l1: 0.2 },
  }, DENSE]);
  assert(norm.kind === "batchNorm");
  assert.partialDeepStrictEqual(norm, { size: 5, epsilon: 1e-3, momentum: 0.99, unbiased: false });
  assert.deepEqual([norm.gamma, norm.beta, norm.movingMean, norm.movingVariance], parameters.slice(0, 4));
  assert.deepEqual(parameters.map(({ updateScale }) => updateScale), [1, 1, 0, 0, 1, 1]);
  assert.deepEqual(parameters.slice(0, 4).map(({ l1, l2 }) => [l1, l2]), [[0, 0.1], [0.2, 0], [0, 0], [
    0,
    0,
  ]]);
  const { layers: [other] } = chain([{
    kind: "batchNorm",
    epsilon: 1e-5,
    momentum: 0.9,
    unbiased: true,
    scale: false,
    center: false,
  }, DENSE]);
  assert.partialDeepStrictEqual(other, {
    epsilon: 1e-5,
    momentum: 0.9,
    unbiased: true,
    gamma: null,
    beta: null,
  });
});

Deno.test("createNetwork() keeps λ₁ and λ₂ beside the parameter that they weigh", () => {
  const weight = (l1: number, l2: number) => ({ l1, l2 });
  const { parameters } = chain([
    {
      ...LSTM,
      kernelRegularizer: weight(0.1, 0.2),
      recurrentRegularizer: { l2: 0.3 },
      biasRegularizer: { l1: 0.4 },
    },
    { ...DENSE, kernelRegularizer: { l2: 0.5 }, biasRegularizer: { l2: 0.6 } },
  ], { input: { kind: "tokens", vocabulary: 3, size: 5, regularizer: { l1: 0.7 } } });
  assert.deepEqual(parameters.map(({ l1, l2 }) => [l1, l2]), [
    [0.7, 0],
    [0.1, 0.2],
    [0, 0.3],
    [0.4, 0],
    [0, 0.5],
    [0, 0.6],
  ]);
});

Deno.test("createNetwork(): a mask reaches all layers up to the first that returns one step", () => {
  const masked = (network: Network) => recurrentLayers(network).map((layer) => layer.masked);
  const many = { ...RNN, returnSequences: true };
  const input = { ...FEATURES, maskValue: -1 };
  assert.deepEqual(masked(chain([many, DENSE, RNN], { input })), [true, true]);
  assert.deepEqual(masked(chain([RNN, { kind: "repeat", steps: 3 }, many], { input })), [true, false]);
  assert.deepEqual(masked(chain([{ kind: "batchNorm" }, many], { input })), [true]);
  assert.deepEqual(masked(chain([many, { kind: "last" }, { kind: "repeat", steps: 3 }, RNN], { input })), [
    true,
    false,
  ]);
  assert.deepEqual(masked(chain([{ kind: "bidirectional", merge: "ave", forward: RNN }], { input })), [
    true,
    true,
  ]);
  const tokens = { kind: "tokens", vocabulary: 3, size: 5 } as const;
  assert.deepEqual(masked(chain([RNN], { input: { ...tokens, maskZero: true } })), [true]);
  assert.deepEqual(masked(chain([RNN], { input: tokens })), [false]);
  assert.deepEqual(masked(chain([RNN])), [false]);
});

Deno.test("createNetwork(): a Dropout has the stream of the layer below, no two masks of a chain have the same", () => {
  const many = { ...LSTM, returnSequences: true };
  const dropout: LayerOptions = { kind: "dropout", rate: 0.5 };
  const { layers } = chain([
    dropout, // above the input
    many,
    dropout,
    dropout, // above another one
    { kind: "bidirectional", merge: "concat", forward: many },
    dropout,
    DENSE,
    dropout,
  ]);
  const streams = layers.filter((layer): layer is DropoutLayer => layer.kind === "dropout").map((
    { stream },
  ) => stream);
  assert.deepEqual([streams[1], streams[3], streams[4]], [0, 1, 2]);
  assert.equal(new Set(streams).size, streams.length);
  const recurrent = recurrentLayers({ layers }).map(({ stream }) => stream);
  assert.deepEqual(recurrent.slice(0, 2), [0, 1]);
  assert.equal(new Set(recurrent).size, 3);
  for (const stream of [...streams, ...recurrent]) assert(stream * 65_536 + 65_535 < 2 ** 32);
});

const OUTPUTS: { what: string; layers: readonly LayerOptions[]; size: number; everyStep: boolean }[] = [
  { what: "an LSTM", layers: [LSTM], size: 4, everyStep: false },
  { what: "a GRU of all steps", layers: [{ ...GRU, returnSequences: true }], size: 4, everyStep: true },
  { what: "a dense layer alone", layers: [DENSE], size: 2, everyStep: true },
  { what: "the last step of what comes in", layers: [{ kind: "last" }], size: 5, everyStep: false },
  { what: "what comes in, normalized", layers: [{ kind: "batchNorm" }], size: 5, everyStep: true },
  {
    what: "the last step of two directions, normalized",
    layers: [
      { kind: "bidirectional", merge: "concat", forward: { ...LSTM, returnSequences: true } },
      { kind: "batchNorm" },
      { kind: "last" },
    ],
    size: 8,
    everyStep: false,
  },
  {
    what: "an encoder and a decoder",
    layers: [LSTM, { kind: "repeat", steps: 3 }, { ...LSTM, returnSequences: true }, DENSE],
    size: 2,
    everyStep: true,
  },
  ...(["concat", "sum", "ave", "mul"] as const).map((merge) => ({
    what: `two directions, ${merge}`,
    layers: [{ kind: "bidirectional", merge, forward: RNN }] as const,
    size: merge === "concat" ? 8 : 4,
    everyStep: false,
  })),
];

for (const { what, layers, size, everyStep } of OUTPUTS) {
  Deno.test(`createNetwork() of ${what} returns ${size} numbers ${everyStep ? "at every step" : "once"}`, () => {
    const network = chain(layers);
    assert.deepEqual(network.output, { size, everyStep });
    assert.equal(network.layers.reduce((features, layer) => outputSize(layer, features), 5), size);
  });
}

Deno.test("stepsOf() counts the steps between layers, and keeps the t of the last one", () => {
  const { layers } = chain([
    { ...GRU, returnSequences: true },
    { kind: "dropout", rate: 0.5 },
    { kind: "bidirectional", merge: "mul", forward: RNN },
    { kind: "repeat", steps: 3 },
    { kind: "batchNorm" },
    { kind: "last" },
    DENSE,
  ]);
  assert.deepEqual(stepsOf({ layers }, 7), [
    { count: 7, first: 0 },
    { count: 7, first: 0 },
    { count: 7, first: 0 },
    { count: 1, first: 6 },
    { count: 3, first: 0 },
    { count: 3, first: 0 },
    { count: 1, first: 2 },
    { count: 1, first: 2 },
  ]);
  assert.deepEqual(stepsOf(chain([LSTM, DENSE]), 7), [
    { count: 7, first: 0 },
    { count: 1, first: 6 },
    { count: 1, first: 6 },
  ]);
});

Deno.test("gateCount() is 4 for an LSTM, 3 for a GRU and 1 for an RNN, which are the recurrent layers", () => {
  assert.deepEqual([LSTM, GRU, RNN].map(gateCount), [4, 3, 1]);
  const { layers } = chain([{ ...LSTM, returnSequences: true }, { kind: "dropout", rate: 0 }, RNN, DENSE]);
  assert.deepEqual(layers.map(isRecurrent), [true, false, true, false]);
});

// deno-lint-ignore no-explicit-any -- what JavaScript could pass
const REFUSED: { what: string; options: any; message: RegExp }[] = [
  {
    what: "no layer",
    options: { layers: [] },
    message: /^RangeError: .* layers must be a list of at least one/,
  },
  {
    what: "a loss that there is not",
    options: { loss: "hinge" },
    message: /^RangeError: .* loss must be one of/,
  },
  {
    what: "metrics that there are not",
    options: { metrics: ["f1"] },
    message: /^TypeError: .* metrics must be a list of categoricalAccuracy, /,
  },
  { what: "three biases", options: { biases: 3 }, message: /^RangeError: .* biases must be one of 1, 2/ },
  {
    what: "an option that there is not",
    options: { classes: 2 },
    message: /^TypeError: .* current value has "classes"/,
  },
  {
    what: "an input of another kind",
    options: { input: { kind: "images", size: 2 } },
    message: /^RangeError: .* kind of input must be one of features, tokens/,
  },
  {
    what: "no features",
    options: { input: { kind: "features", size: 0 } },
    message: /size of input must be a whole number from 1 on: current value is 0/,
  },
  {
    what: "an infinite mask",
    options: { input: { kind: "features", size: 2, maskValue: Infinity } },
    message: /maskValue of input must be a number: current value is Infinity/,
  },
  {
    what: "tokens without a vocabulary",
    options: { input: { kind: "tokens", size: 2 } },
    message: /^TypeError: .* vocabulary of input must be .*: current value is missing/,
  },
  {
    what: "a negative weight of the table",
    options: { input: { kind: "tokens", vocabulary: 2, size: 2, regularizer: { l2: -1 } } },
    message: /l2 must be a number from 0 on: current value is -1/,
  },
  {
    what: "a layer that is a name",
    options: { layers: ["lstm"] },
    message: /^TypeError: .* layer 0 must be an object/,
  },
  {
    what: "a layer of another kind",
    options: { layers: [{ kind: "conv1d" }] },
    message: /kind of layer 0 must be one of lstm, gru, rnn, /,
  },
  {
    what: "a property of another layer",
    options: { layers: [{ ...RNN, gateActivation: "sigmoid" }] },
    message: /^TypeError: .* layer 0 has no property gateActivation$/,
  },
  {
    what: "half a unit",
    options: { layers: [{ ...RNN, hiddenSize: 0.5 }] },
    message: /hiddenSize of layer 0 must be a whole number from 1 on: current value is 0.5/,
  },
  {
    what: "a cell whose activation looks at other units",
    options: { layers: [{ ...LSTM, activation: "softmax" }] },
    message: /activation of layer 0 must be one of linear, relu, tanh, sigmoid, hardSigmoid: .* "softmax"/,
  },
  {
    what: "gates of another activation",
    options: { layers: [{ ...GRU, gateActivation: "swish" }] },
    message: /gateActivation of layer 0 must be one of linear/,
  },
  ...["inputDropout", "recurrentDropout"].map((name) => ({
    what: `${name} of all`,
    options: { layers: [{ ...GRU, [name]: 1 }] },
    message: new RegExp(`${name} of layer 0 must be at least 0 and below 1: current value is 1`),
  })),
  {
    what: "a dropout of all",
    options: { layers: [{ kind: "dropout", rate: 1 }] },
    message: /rate of layer 0 must be at least 0 and below 1: current value is 1/,
  },
  {
    what: "a text where true or false must be",
    options: { layers: [{ ...GRU, resetAfter: "yes" }] },
    message: /^TypeError: .* resetAfter of layer 0 must be true or false/,
  },
  {
    what: "a regularizer with another property",
    options: { layers: [{ ...RNN, kernelRegularizer: { l3: 1 } }] },
    message: /^TypeError: .* regularizer must be among l1, l2: current value has "l3"/,
  },
  ...Object.entries({ epsilon: 0, momentum: 1 }).map(([name, value]) => ({
    what: `a batch normalization with ${name} ${value}`,
    options: { layers: [{ kind: "batchNorm", [name]: value }] },
    message: new RegExp(`^RangeError: .* ${name} of layer 0 must be .*: current value is ${value}$`),
  })),
  ...["unbiased", "scale", "center"].map((name) => ({
    what: `a batch normalization that is ${name} in words`,
    options: { layers: [{ kind: "batchNorm", [name]: "yes" }] },
    message: new RegExp(`^TypeError: .* ${name} of layer 0 must be true or false: current value is "yes"$`),
  })),
  {
    what: "a batch normalization with an axis",
    options: { layers: [{ kind: "batchNorm", axis: 1 }] },
    message: /^TypeError: .* layer 0 has no property axis$/,
  },
  {
    what: "the last step of one",
    options: { layers: [RNN, { kind: "last" }] },
    message: /^RangeError: .* layer 1 \(last\) must read a sequence: current value is one step/,
  },
  {
    what: "no repetition",
    options: { layers: [RNN, { kind: "repeat", steps: 0 }] },
    message: /steps of layer 1 must be a whole number from 1 on: current value is 0/,
  },
  {
    what: "another merge",
    options: { layers: [{ kind: "bidirectional", merge: "max", forward: RNN }] },
    message: /merge of layer 0 must be one of concat, sum, ave, mul: current value is "max"/,
  },
  {
    what: "directions that are not recurrent",
    options: { layers: [{ kind: "bidirectional", merge: "sum", forward: DENSE }] },
    message: /kind of forward of layer 0 must be one of lstm, gru, rnn: current value is "dense"/,
  },
  {
    what: "a wrong backward layer",
    options: {
      layers: [{ kind: "bidirectional", merge: "sum", forward: RNN, backward: { ...RNN, hiddenSize: 0 } }],
    },
    message: /hiddenSize of backward of layer 0 must be a whole number from 1 on: current value is 0/,
  },
  {
    what: "directions of different sizes",
    options: {
      layers: [{ kind: "bidirectional", merge: "sum", forward: RNN, backward: { ...RNN, hiddenSize: 5 } }],
    },
    message:
      /both directions of layer 0 must have the same hiddenSize and returnSequences: current value is 4 and 5/,
  },
  {
    what: "a recurrent layer over one step",
    options: { layers: [RNN, GRU] },
    message:
      /layer 1 \(gru\) must read a sequence: current value is one step: returnSequences below it is false/,
  },
  {
    what: "two directions over one step",
    options: { layers: [RNN, { kind: "bidirectional", merge: "sum", forward: RNN }] },
    message: /layer 1 \(bidirectional\) must read a sequence/,
  },
  {
    what: "a repetition of a sequence",
    options: { layers: [{ kind: "repeat", steps: 2 }] },
    message: /layer 0 \(repeat\) must read one step: current value is a sequence/,
  },
  {
    what: "a dense layer without units",
    options: { layers: [{ kind: "dense", units: 0 }] },
    message: /units of layer 0 must be a whole number from 1 on: current value is 0/,
  },
  {
    what: "an activation that there is not",
    options: { layers: [{ kind: "activation", activation: "selu" }] },
    message: /activation of layer 0 must be one of .*softmax: current value is "selu"/,
  },
];

for (const { what, options, message } of REFUSED) {
  Deno.test(`createNetwork() refuses ${what}`, () => {
    assert.throws(
      () => createNetwork({ input: FEATURES, layers: [RNN], loss: "meanSquaredError", ...options }),
      (error: Error) => {
        assert.match(error.message, /^Cannot build the network: /);
        assert.match(`${error}`, message);
        return true;
      },
    );
  });
}
