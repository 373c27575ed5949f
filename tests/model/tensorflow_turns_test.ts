import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openReference } from "../../lib/engines/reference/engine.ts";
import type { Optimizer } from "../../lib/model/optimizers.ts";
import {
  readLearningRate,
  readOptimizer,
  readOptimizerState,
  writeOptimizerState,
} from "../../lib/model/tensorflow_optimizers.ts";
import { toTraining } from "../../lib/model/tensorflow_training.ts";
import { readWeights, writeWeights } from "../../lib/model/tensorflow_weights.ts";
import { assertClose } from "../support/assert_close.ts";
import { testStream } from "../support/tiny_data.ts";
import { randomizeWeights } from "./models.ts";

const [N, T, C, BATCH] = [12, 4, 2, 4];
/** Steps of one turn: an epoch. */
const TURN = N / BATCH;

const random = testStream("data");
const x = Float32Array.from({ length: N * T * C }, () => 2 * random.uniform() - 1);
const y = Float32Array.from({ length: N * 2 }, () => 2 * random.uniform() - 1);

interface Trained {
  readonly name: string;
  readonly create: () => string | tf.Optimizer;
  readonly expected: Optimizer;
}

const OPTIMIZERS: readonly Trained[] = [
  { name: "sgd", create: () => tf.train.sgd(0.1), expected: { kind: "sgd", learningRate: 0.1 } },
  {
    name: "momentum",
    create: () => tf.train.momentum(0.05, 0.8),
    expected: { kind: "momentum", learningRate: 0.05, momentum: 0.8 },
  },
  {
    name: "nesterov",
    create: () => tf.train.momentum(0.05, 0.8, true),
    expected: { kind: "nesterov", learningRate: 0.05, momentum: 0.8 },
  },
  {
    name: "adagrad",
    create: () => tf.train.adagrad(0.1, 0.2),
    expected: { kind: "tfAdagrad", learningRate: 0.1, start: 0.2, epsilon: 1e-7 },
  },
  {
    name: "adadelta",
    create: () => tf.train.adadelta(0.9, 0.8, 1e-4),
    expected: { kind: "tfAdadelta", learningRate: 0.9, rho: 0.8, epsilon: 1e-4 },
  },
  {
    name: "adam",
    create: () => tf.train.adam(0.02, 0.8, 0.95),
    expected: { kind: "tfAdam", learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-7 },
  },
  {
    name: "adamax",
    create: () => tf.train.adamax(0.02, 0.8, 0.95, undefined, 0.01),
    expected: { kind: "tfAdamax", learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-7, decay: 0.01 },
  },
  {
    name: "rmsprop",
    create: () => tf.train.rmsprop(0.01),
    expected: { kind: "tfRmsprop", learningRate: 0.01, decay: 0.9, momentum: 0, epsilon: 1e-7 },
  },
  {
    name: "rmsprop with momentum",
    create: () => tf.train.rmsprop(0.01, 0.8, 0.5, 1e-5),
    expected: { kind: "tfRmsprop", learningRate: 0.01, decay: 0.8, momentum: 0.5, epsilon: 1e-5 },
  },
  {
    name: "rmsprop, centered",
    create: () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-12, true),
    expected: { kind: "tfCenteredRmsprop", learningRate: 0.01, decay: 0.9, momentum: 0.5, epsilon: 1e-12 },
  },
  {
    name: "the name adam",
    create: () => "adam",
    expected: { kind: "tfAdam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  },
  {
    name: "the name adadelta",
    create: () => "adadelta",
    expected: { kind: "tfAdadelta", learningRate: 1, rho: 0.95, epsilon: 1e-7 },
  },
  { name: "the name sgd", create: () => "sgd", expected: { kind: "sgd", learningRate: 0.01 } },
  {
    name: "the name rmsprop",
    create: () => "rmsprop",
    expected: { kind: "tfRmsprop", learningRate: 0.001, decay: 0.9, momentum: 0, epsilon: 1e-7 },
  },
  {
    name: "the name adamax",
    create: () => "adamax",
    expected: { kind: "tfAdamax", learningRate: 0.002, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay: 0 },
  },
  {
    name: "the name adagrad",
    create: () => "adagrad",
    expected: { kind: "tfAdagrad", learningRate: 0.01, start: 0.1, epsilon: 1e-7 },
  },
];

/** Three layers, ten weights; those of the bidirectional one are collected before the last's. */
function compiled(optimizer: string | tf.Optimizer): tf.Sequential {
  const start = { recurrentInitializer: "glorotUniform" } as const;
  const model = tf.sequential({
    layers: [
      tf.layers.bidirectional({
        layer: tf.layers.simpleRNN({ units: 3, ...start, returnSequences: true }) as tf.RNN,
        mergeMode: "concat",
        inputShape: [T, C],
      }),
      tf.layers.gru({ units: 2, ...start }),
      tf.layers.dense({ units: 2 }),
    ],
  });
  randomizeWeights(model);
  model.compile({ loss: "meanSquaredError", optimizer });
  return model;
}

async function stockTurn(model: tf.Sequential): Promise<void> {
  const [xs, ys] = [tf.tensor(x, [N, T, C]), tf.tensor(y, [N, 2])];
  await model.fit(xs, ys, { epochs: 1, batchSize: BATCH, shuffle: false, verbose: 0 });
  tf.dispose([xs, ys]);
}

/** One epoch by an engine: weights and state out of the model, and back in. */
async function ourTurn(model: tf.Sequential): Promise<void> {
  const { network } = toTraining(model);
  const parameters = await readWeights(model, network), state = await readOptimizerState(model, network);
  await using engine = await openReference({
    network,
    layout: { kind: "floats", T, C, stride: T * C },
    parameters,
    training: {
      optimizer: await readOptimizer(model),
      sequences: { data: x, count: N },
      targets: { kind: "rows", data: y },
      seed: 1,
      batchSize: BATCH,
    },
  });
  await engine.writeState({ parameters, ...state });
  const batches = Array.from(
    { length: TURN },
    (_, i) => Uint32Array.from({ length: BATCH }, (_, k) => i * BATCH + k),
  );
  const rate = await readLearningRate(model.optimizer);
  await engine.train(batches, { learningRates: batches.map(() => rate) });
  const after = await engine.readState();
  writeWeights(model, network, after.parameters);
  writeOptimizerState(model, network, after);
}

for (const { name, create, expected } of OPTIMIZERS) {
  Deno.test(`readOptimizer() reads ${name}`, async () => {
    assert.deepEqual(await readOptimizer(compiled(create())), expected);
  });

  Deno.test(`model.fit() and an engine take turns with ${name}`, async () => {
    const stock = compiled(create()), ours = compiled(create());
    const { network } = toTraining(ours);
    for (let turn = 0; turn < 3; turn++) await stockTurn(stock);
    for (const turn of [stockTurn, ourTurn, stockTurn]) await turn(ours);
    const [actual, wanted] = await Promise.all([ours, stock].map((model) => readWeights(model, network)));
    assertClose(actual, wanted, { atol: 1e-6, rtol: 0, name: "parameters" });
    const [state, wantedState] = await Promise.all(
      [ours, stock].map((model) => readOptimizerState(model, network)),
    );
    assert.equal(state.step, 3 * TURN);
    assert.equal(wantedState.step, 3 * TURN);
    state.slots.forEach((slot, s) => {
      assertClose(slot, wantedState.slots[s], { atol: 1e-6, rtol: 1e-5, name: `slot ${s}` });
    });
  });

  Deno.test(`the first turn with ${name} can be an engine's, and no tensor leaks`, async () => {
    const stock = compiled(create()), ours = compiled(create());
    const { network } = toTraining(ours);
    for (let turn = 0; turn < 3; turn++) await stockTurn(stock);
    const counts: number[] = [];
    for (const turn of [ourTurn, ourTurn, stockTurn]) {
      await turn(ours);
      counts.push(tf.memory().numTensors);
    }
    const [actual, wanted] = await Promise.all([ours, stock].map((model) => readWeights(model, network)));
    assertClose(actual, wanted, { atol: 1e-6, rtol: 0, name: "parameters" });
    assert.equal(new Set(counts).size, 1, `tensors after each turn: ${counts}`);
  });
}

Deno.test("what writeOptimizerState() writes is what TensorFlow.js would have made of it, names included", async () => {
  for (const create of [() => tf.train.adam(0.1), () => tf.train.momentum(0.1, 0.9), () => "rmsprop"]) {
    const stock = compiled(create()), ours = compiled(create());
    await stockTurn(stock);
    await ourTurn(ours);
    const [expected, actual] = await Promise.all([stock, ours].map((model) => model.optimizer.getWeights()));
    const layerOf = (name: string) => name.replace(/_\d+|\d+/g, "");
    assert.deepEqual(actual.map(({ name }) => layerOf(name)), expected.map(({ name }) => layerOf(name)));
    assert.deepEqual(actual.map(({ tensor }) => tensor.shape), expected.map(({ tensor }) => tensor.shape));
  }
});

Deno.test("readLearningRate() reads what the next step of TensorFlow.js uses", async () => {
  const adam = tf.train.adam(0.1);
  Object.assign(adam, { learningRate: 0.025 });
  assert.equal(await readLearningRate(adam), 0.025);
  const sgd = tf.train.sgd(0.1) as tf.SGDOptimizer;
  Object.assign(sgd, { learningRate: 0.025 });
  assert.equal(await readLearningRate(sgd), Math.fround(0.1), "SGD does not look at the property again");
  sgd.setLearningRate(0.0125);
  assert.equal(await readLearningRate(sgd), 0.0125);
  const momentum = tf.train.momentum(0.1, 0.9) as tf.MomentumOptimizer;
  momentum.setMomentum(0.5);
  const model = compiled(momentum);
  assert.deepEqual(await readOptimizer(model), {
    kind: "momentum",
    learningRate: 0.1,
    momentum: Math.fround(0.9),
  });
});
