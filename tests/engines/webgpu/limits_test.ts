import assert from "node:assert/strict";
import { type Dispatch, sourceOf } from "../../../lib/engines/webgpu/kernels.ts";
import { fits, type Limits, planPrediction, planWithin } from "../../../lib/engines/webgpu/limits.ts";
import { narrow } from "../../../lib/engines/webgpu/narrow.ts";
import type { PlannedTraining, PlanOptions } from "../../../lib/engines/webgpu/plan.ts";
import { possibleShapes } from "../../../lib/engines/webgpu/shapes.ts";
import { adam, type Optimizer, sgd } from "../../../lib/model/optimizers.ts";
import { testStream } from "../../support/tiny_data.ts";
import { type ChainCase, dense, EVERY, gru, lstm, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { type Case, optionsOf } from "../contract_cases.ts";

/** The limits of every WebGPU adapter. */
const DEFAULTS: Limits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};

const PLAIN = { transforms: false, labelSmoothing: 0, clip: null };

function planOptionsOf(test: Case, changes: Partial<PlannedTraining> = {}): TrainingOptions {
  const { network, layout, training: { optimizer, seed } } = optionsOf({ ...test, images: 1 });
  return {
    network,
    layout,
    batchSize: test.images,
    training: {
      optimizer,
      seed,
      count: 60_000,
      targets: "classes",
      ...PLAIN,
      ...changes,
    },
  };
}

interface TrainingOptions extends PlanOptions {
  readonly training: PlannedTraining;
}

/** The message of the refusal, and the numbers that it says fit. */
function offerOf(limits: Limits, options: TrainingOptions): { message: string; offer: Map<string, number> } {
  const offer = new Map<string, number>();
  let message = "";
  assert.throws(() => planWithin(limits, options), (error: Error) => {
    assert(error instanceof RangeError);
    message = error.message;
    return true;
  });
  const end = message.slice(message.lastIndexOf("; ") + 2);
  const pattern = /(\d+) (training sequences|units a layer)|--batch-size (\d+)/g;
  for (const [, count, what, size] of end.matchAll(pattern)) {
    offer.set(what ?? "--batch-size", Number(count ?? size));
  }
  return { message, offer };
}

function change(options: TrainingOptions, offer: ReadonlyMap<string, number>): TrainingOptions {
  const units = offer.get("units a layer"), { training } = options;
  return {
    ...options,
    network: units === undefined ? options.network : narrow(options.network, { units }),
    training: { ...training, count: offer.get("training sequences") ?? training.count },
    batchSize: offer.get("--batch-size") ?? options.batchSize,
  };
}

/** Checks that what is offered fits, and that no number in it can be one larger. */
function assertTrue(limits: Limits, options: TrainingOptions): Map<string, number> {
  const { message, offer } = offerOf(limits, options);
  if (offer.size === 0) {
    assert.match(message, /no smaller training of this kind fits: try --device wasm$/);
    const least = {
      training: { ...options.training, count: 1 },
      batchSize: 1,
      network: narrow(options.network, { units: 1 }),
    };
    assert(!fits(limits, { ...options, ...least }), message);
    return offer;
  }
  planWithin(limits, change(options, offer));
  for (const [what, value] of offer) {
    const larger = change(options, new Map([...offer, [what, value + 1]]));
    assert(!fits(limits, larger), `${what} ${value + 1} fits too: ${message}`);
  }
  return offer;
}

const MNIST = { images: 64, size: [28, 28] } as const;

const TWO_LAYERS = { ...MNIST, kind: "LSTM", hidden: [200, 200] } as const;

const KNOWN: readonly (readonly [string, Case, Partial<PlannedTraining>, Record<string, number>])[] = [
  ["a batch a little too large", { ...TWO_LAYERS, images: 2861 }, {}, { "--batch-size": 2860 }],
  ["a batch too large for several buffers", { ...TWO_LAYERS, images: 5000 }, {}, { "--batch-size": 2860 }],
  ["an LSTM too wide", { ...MNIST, kind: "LSTM", hidden: [7, 513] }, {}, { "units a layer": 512 }],
  ["an RNN too wide", { ...MNIST, kind: "tanh RNN", hidden: [1000, 7] }, {}, { "units a layer": 512 }],
  ["a layer and a batch too large", { ...MNIST, kind: "LSTM", hidden: [1000], images: 5000 }, {}, {
    "units a layer": 512,
    "--batch-size": 1168,
  }],
  ["images beyond a binding", { ...MNIST, kind: "LSTM", hidden: [7] }, { count: 2e5 }, {
    "training sequences": 171_196,
  }],
];

for (const [what, network, changes, expected] of KNOWN) {
  Deno.test(`planWithin() says what fits: ${what}`, () => {
    const options = planOptionsOf(network, changes);
    assert.deepEqual(Object.fromEntries(assertTrue(DEFAULTS, options)), expected);
  });
}

const GRU: ChainCase = {
  name: "GRU",
  T: 60,
  N: 1,
  input: 5,
  layers: [gru(400), dense(600, { activation: "relu" }), dense(700)],
  loss: "meanSquaredError",
};

const KNOWN_CHAINS:
  readonly (readonly [string, ChainCase, { batchSize?: number }, Record<string, number>])[] = [
    ["a GRU too wide", GRU, {}, { "units a layer": 341 }],
    ["a masked LSTM too wide", { ...GRU, layers: [lstm(400), dense(2)], maskValue: 0 }, {}, {
      "units a layer": 341,
    }],
    ["a table too large", { ...GRU, input: { vocabulary: 40_000, size: 900 } }, {}, {}],
    ["a batch of answers too large", { ...GRU, layers: [lstm(9, EVERY), dense(5000)] }, { batchSize: 200 }, {
      "training sequences": 111, // of their targets
      "--batch-size": 108,
    }],
  ];

for (const [what, chain, { batchSize = 1 }, expected] of KNOWN_CHAINS) {
  Deno.test(`planWithin() says what fits: ${what}`, () => {
    const { network, layout, training: { optimizer, seed, targets } } = chainOptions({ ...chain, N: 1 });
    const training = { optimizer, seed, count: 1000, targets: targets.kind, ...PLAIN };
    const options = { network, layout, batchSize, training };
    assert.deepEqual(Object.fromEntries(assertTrue(DEFAULTS, options)), expected);
  });
}

Deno.test("planWithin() respects the limit of workgroups along an axis", () => {
  const large = { ...DEFAULTS, maxStorageBufferBindingSize: 2 ** 32, maxBufferSize: 2 ** 33 };
  const network: Case = { kind: "tanh RNN", hidden: [1], images: 270_000, size: [1, 1], classes: 2 };
  const { message, offer } = offerOf(large, planOptionsOf(network));
  assert.match(
    message,
    /the kernel \w+ of layer0 must fit .*maxComputeWorkgroupsPerDimension of 65535 workgroups/,
  );
  assert.deepEqual([...offer], [["--batch-size", 4 * 65535]]);
});

Deno.test("planWithin() names the limit, the need and what fits, and takes what fits", () => {
  const options = planOptionsOf({ ...MNIST, kind: "LSTM", hidden: [200, 200], images: 2861 });
  assert.throws(
    () => planWithin(DEFAULTS, options),
    new RangeError(
      'Cannot open the device webgpu: the buffer "inputs of layer1" must fit into the adapter\'s ' +
        "maxStorageBufferBindingSize of 134217728 bytes: current value is 134218496; --batch-size 2860 fits",
    ),
  );
  assert.deepEqual(planWithin(DEFAULTS, { ...options, batchSize: 2860 }).batchSize, 2860);
});

Deno.test("the steps of the four sources' networks are whole: 8 dispatches with one layer, 13 with two", () => {
  for (
    const [kind, hidden, count] of [["LSTM", [64], 8], ["LSTM", [100, 100], 13], [
      "ReLU RNN",
      [128],
      8,
    ]] as const
  ) {
    const { gradient, update } = planWithin(DEFAULTS, planOptionsOf({ ...MNIST, kind, hidden }));
    assert.equal(gradient.length + update.length, count);
  }
});

Deno.test("an LSTM over every pixel of MNIST trains in batches of 100, whose gates are larger than a binding", () => {
  const options = planOptionsOf({
    ...MNIST,
    kind: "LSTM",
    hidden: [128],
    images: 100,
    axis: "pixels",
    scaled: { range: [0, 1] },
  });
  const { buffers, gradient } = planWithin(DEFAULTS, options), gates = buffers.get("gates of layer0")!;
  assert.equal(gates, 4 * 784 * 100 * 128 * 4);
  assert(gates > DEFAULTS.maxStorageBufferBindingSize);
  const windows = gradient.flatMap(({ piece, kernel }) => piece ? [{ kernel, ...piece.window }] : []);
  for (const kernel of ["input_product", "lstm_forward", "lstm_backward", "weight_gradient"]) {
    const ofKernel = windows.filter((window) =>
      window.kernel === kernel && window.buffer === "gates of layer0"
    );
    assert(ofKernel.length > 1, kernel);
    assert.equal(ofKernel.reduce((sum, { size }) => sum + size, 0), gates, kernel);
    assert(ofKernel.every(({ size }) => size <= 2 ** 26), kernel);
  }
});

Deno.test("the plan of a prediction has no buffers or dispatches that only a training needs", () => {
  const options = planOptionsOf({ ...MNIST, kind: "LSTM", hidden: [200, 200], dropout: [0.5, 0.5] });
  const trained = planWithin(DEFAULTS, options), predicted = planPrediction(DEFAULTS, options);
  assert.deepEqual(predicted.batchSize, 64);
  assert.deepEqual([predicted.gradient, predicted.update], [[], []]);
  const bytes = ({ buffers }: typeof trained) => buffers.values().reduce((sum, size) => sum + size, 0);
  for (
    const name of ["train sequences", "gradient of inputs of layer1", "mask of layer0", "mask of layer1"]
  ) {
    assert.ok(trained.buffers.has(name), name);
    assert.ok(!predicted.buffers.has(name), name);
  }
  assert.ok(bytes(predicted) < bytes(trained) - 60_000 * 784);
});

Deno.test("planPrediction() takes as many images at once as fit, up to 64", () => {
  for (const [hidden, batchSize] of [[100, 64], [256, 64], [512, 32]]) {
    const case_: Case = { kind: "LSTM", hidden: [hidden], images: 64, size: [28, 28], axis: "pixels" };
    assert.equal(planPrediction(DEFAULTS, planOptionsOf(case_)).batchSize, batchSize);
  }
  const wide = planOptionsOf({ ...MNIST, kind: "LSTM", hidden: [513] });
  assert.throws(
    () => planPrediction(DEFAULTS, wide),
    /^RangeError: Cannot open the device webgpu: the state of/,
  );
});

Deno.test("what planWithin() offers fits, and nothing larger does: 500 networks and adapters", () => {
  const random = testStream("limits");
  const pick = <Value>(...values: Value[]) => values[random.below(values.length)];
  /** A whole number up to 2^bits, small ones as likely as large ones. */
  const some = (bits: number) => 1 + random.below(2 ** (1 + random.below(bits)));
  let offered = 0, nothing = 0;
  for (let k = 0; k < 500; k++) {
    const network: Case = {
      kind: pick("LSTM", "LSTM, hardSigmoid", "ReLU RNN", "tanh RNN"),
      hidden: Array.from({ length: 1 + random.below(3) }, () => some(9)),
      images: some(13),
      size: [some(5), some(5)],
      axis: pick("rows", "columns", "pixels"),
      classes: pick(2, 10, 10, 200),
      dropout: pick([0, 0, 0], [0.5, 0.5, 0.5]),
    };
    const options = planOptionsOf(network, {
      optimizer: pick<Optimizer>(sgd({ learningRate: 1 }), adam({ learningRate: 1 })),
      count: some(16),
    });
    const limits: Limits = {
      ...DEFAULTS,
      maxComputeWorkgroupStorageSize: pick(16384, 1024 + some(14)),
      maxStorageBufferBindingSize: pick(2 ** 27, some(12) + 2 ** (17 + random.below(10))),
      maxBufferSize: pick(2 ** 28, some(12) + 2 ** (17 + random.below(11))),
    };
    if (fits(limits, options)) {
      planWithin(limits, options);
      continue;
    }
    if (assertTrue(limits, options).size > 0) offered++;
    else nothing++;
  }
  assert(offered > 150 && nothing > 50, `${offered} offers, ${nothing} times nothing`);
});

Deno.test("what a plan asks for is the workgroup memory that its kernels declare", () => {
  const layers = [
    lstm(9, EVERY),
    gru(7, { ...EVERY, resetAfter: false }),
    gru(10, { ...EVERY, resetAfter: true }),
    rnn(5),
    dense(3),
  ];
  for (const maskValue of [undefined, 0]) {
    const chain = { name: "all kinds", layers, T: 3, N: 6, input: 3, loss: "softmaxCrossEntropy" } as const;
    const { network, layout, training } = chainOptions({ ...chain, maskValue });
    const planned = {
      ...PLAIN,
      optimizer: training.optimizer,
      count: 6,
      targets: "classes",
      seed: 1,
    } as const;
    const options = { network, layout, batchSize: 6, training: planned };
    const rounds = Object.values(possibleShapes(planWithin(DEFAULTS, options).gradient)).map(({ length }) =>
      length
    );
    for (let round = 0; round < Math.max(...rounds); round++) {
      const usual = planWithin(DEFAULTS, options).gradient;
      const shapes = Object.fromEntries(
        Object.entries(possibleShapes(usual)).map(([label, all]) => [label, all[round % all.length]]),
      );
      const plan = planWithin(DEFAULTS, { ...options, shapes });
      for (const layer of ["layer0", "layer1", "layer2", "layer3"]) {
        const declared = plan.gradient.filter(({ label }) =>
          /_(for|back)ward of /.test(label) && label.endsWith(layer)
        );
        const [, asked] = [...plan.workgroupBytes].find(([what]) => what.endsWith(` ${layer}`))!;
        assert.equal(asked, Math.max(...declared.map(declaredBytes)), `${layer}, round ${round}`);
      }
    }
  }
});

/** The bytes of all variables of workgroups of a kernel, each rounded up to 16, as WebGPU counts them. */
function declaredBytes(dispatch: Dispatch): number {
  const source = sourceOf(dispatch), lanes = dispatch.shaped!.shape.lanes;
  const sizes = [...source.matchAll(/var<workgroup> \w+: array<Lanes, (\w+)>/g)].map(([, name]) =>
    dispatch.constants[name]
  );
  assert.ok(sizes.length > 0);
  return sizes.reduce((sum, size) => sum + 16 * Math.ceil(4 * lanes * size / 16), 0);
}
