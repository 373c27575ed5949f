/**
 * The tests that every engine passes: it gives the numbers of the reference, and keeps the promises of {@link Engine}.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Engine, type EngineState, MAX_STEPS, type StepResult } from "../../lib/engines/engine.ts";
import { measureBatch, openReference } from "../../lib/engines/reference/engine.ts";
import { linear } from "../../lib/engines/reference/linear.ts";
import type { NetworkGradient } from "../../lib/engines/reference/network.ts";
import { type Sequences, sequencesOf, type Targets } from "../../lib/data/sequences.ts";
import { isRecurrent } from "../../lib/model/network.ts";
import { adadelta, adam, momentum, type Optimizer, rmsprop, sgd } from "../../lib/model/optimizers.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { type ChainCase, chainOptions, CHAINS, describeChain, MIXED } from "./chain_cases.ts";
import { compare, compareTensors, type EngineUnderTest, movement, register } from "./comparison.ts";
import { type Case, type CaseOptions, CASES, describe, optionsOf, scattered } from "./contract_cases.ts";

/** An engine that all tests are run over. */
export interface ContractEngine extends EngineUnderTest {
  /** Whether a training resumes from a state with the same bits; false where reading rounds it. True by default. */
  readonly exactState?: boolean;
}

const OPTIMIZERS: readonly Optimizer[] = [
  sgd({ learningRate: 0.1 }),
  momentum({ learningRate: 0.1 }),
  rmsprop({ learningRate: 0.001 }),
  adam({ learningRate: 0.01 }),
  adadelta({ learningRate: 1 }),
];

/** Those of TensorFlow.js, with its defaults. */
const TF_OPTIMIZERS: readonly Optimizer[] = [
  { kind: "nesterov", learningRate: 0.1, momentum: 0.9 },
  { kind: "tfAdagrad", learningRate: 0.1, start: 0.1, epsilon: 1e-7 },
  { kind: "tfAdadelta", learningRate: 1, rho: 0.95, epsilon: 1e-7 },
  { kind: "tfAdam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  { kind: "tfAdamax", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay: 0.1 },
  { kind: "tfRmsprop", learningRate: 0.001, decay: 0.9, momentum: 0.5, epsilon: 1e-7 },
];

/** Its ε is subtracted below a root, so that tiny gradients need a tiny one. */
const CENTERED: Optimizer = {
  kind: "tfCenteredRmsprop",
  learningRate: 0.001,
  decay: 0.9,
  momentum: 0.5,
  epsilon: 1e-20,
};

/** Images for the network of {@link SMALL}. */
const IMAGES = sequencesOf(tinySplit({ count: 2, height: 5, width: 9, classes: 4 }));
/** Every weight has a gradient. */
const DENSE_GRADIENTS: ChainCase = {
  name: "GRU",
  T: 5,
  N: 6,
  input: 3,
  layers: [{ kind: "gru", hiddenSize: 7 }, { kind: "dense", units: 2 }],
  loss: "meanSquaredError",
};
const SMALL: Case = { kind: "LSTM", hidden: [7, 5], images: 6, size: [5, 9], classes: 4 };
const FOREIGN = sequencesOf(tinySplit({ count: 20, height: 5, width: 9, classes: 4, seed: 3 }));
/** Too few bytes. */
const SHORT: Sequences = { ...FOREIGN, data: FOREIGN.data.subarray(1) };

/** Registers all tests of one engine. */
export function testEngine(engine: ContractEngine): void {
  testAgreement(engine);
  testPromises(engine);
}

function testAgreement(engine: ContractEngine): void {
  for (const test of CASES) {
    register(engine, `agrees with the reference: ${describe(test)}`, () => agreesOnGradient(engine, test));
  }
  for (const test of CHAINS) {
    const title = `agrees with the reference: ${describeChain(test)}`;
    register(engine, title, () => agreesOnChain(engine, test));
  }
  for (const dropout of [[0.5], [0.3, 0.5]]) {
    register(
      engine,
      `drops as the reference does: dropout ${dropout}`,
      () => agreesOnDropout(engine, droppingOptions(dropout)),
    );
  }
  register(engine, `drops as the reference does: ${describeChain(MIXED)}`, () => {
    return agreesOnDropout(engine, chainOptions(MIXED));
  });
  for (const optimizer of OPTIMIZERS) {
    for (const biases of [1, 2] as const) {
      const title = `agrees after ten steps of ${optimizer.kind}, biases: ${biases}`;
      register(
        engine,
        title,
        () => agreesAfterTenSteps(engine, optionsOf({ ...SMALL, biases }, { optimizer })),
      );
    }
  }
  for (const optimizer of [...OPTIMIZERS, ...TF_OPTIMIZERS, CENTERED]) {
    const test = optimizer === CENTERED ? DENSE_GRADIENTS : MIXED;
    register(engine, `agrees after ten steps of ${optimizer.kind}: ${describeChain(test)}`, () => {
      return agreesAfterTenSteps(engine, chainOptions(test, { optimizer }));
    });
    register(engine, `takes the learning rate of a call: ${optimizer.kind}`, () => {
      const { learningRate } = optimizer;
      return agreesAfterTenSteps(engine, chainOptions(test, { optimizer }), [
        undefined,
        learningRate / 2,
        0,
        learningRate / 10,
      ]);
    });
  }
}

/** Registers the tests of what every engine promises, the reference too. */
export function testPromises(engine: ContractEngine): void {
  for (const [text, check] of Object.entries(PROMISES)) register(engine, text, () => check(engine));
}

const PROMISES: Readonly<Record<string, (engine: ContractEngine) => Promise<void>>> = {
  "agrees with the reference where gates saturate": agreesWhenSaturated,
  "takes many steps in one call with the same results as one by one": stepsAreSteps,
  "resumes from a state as if it had never stopped": resumes,
  "states are copied when they are read and written": stateIsACopy,
  "predicts any images, in any order": predictsAnyImages,
  "gives the outputs of every t; the head turns the last ones into the logits": givesOutputs,
  "the order of a batch's images does not matter": orderDoesNotMatter,
  "repeating the image of a batch does not change the gradient": repetitionDoesNotMatter,
  "a small step lowers the loss by as much as the gradient says": smallStepLowersLoss,
  "gradient() changes nothing": gradientChangesNothing,
  "parameters are read and written without the rest of the state": parametersAlone,
  "predicts without a training as with one, and refuses to train": predictsWithoutTraining,
  "rejects invalid batches, and does not change": rejectsBatches,
  "rejects states of another length": rejectsStates,
  "rejects invalid options": rejectsOptions,
  "rejects sequences and targets that are not the network's": rejectsData,
  "rejects an invalid learning rate": rejectsRates,
  "rejects a call while another one runs, without disturbing it": rejectsOverlapping,
  "fails the running call with one error when it is disposed": endsWhenDisposed,
  "rejects every call once disposed": rejectsOnceDisposed,
};

async function agreesOnGradient(engine: EngineUnderTest, test: Case): Promise<void> {
  const options = optionsOf(test), { network } = options;
  const batch = scattered(test.images, options.training.sequences.count);
  const expected = textbook(options, batch);
  await using tested = await engine.open(options);

  const gradient = await tested.gradient(batch);
  compareTensors(engine, "gradient", { network, actual: gradient, expected: expected.gradient });
  compare(engine, "logits", {
    actual: await tested.predict(options.training.sequences, batch),
    expected: expected.answers,
  });
  const [{ step, loss, metrics, count }] = await tested.train([batch]);
  compare(engine, "loss", { actual: [loss], expected: [expected.loss] });
  assert.deepEqual({ step, metrics, count }, { step: 1, metrics: expected.metrics, count: test.images });
}

async function agreesOnChain(engine: EngineUnderTest, test: ChainCase): Promise<void> {
  const options = chainOptions(test), { network, training: { sequences } } = options;
  const batch = scattered(test.N, sequences.count);
  const expected = textbook(options, batch);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  const gradient = await tested.gradient(batch);
  compareTensors(engine, "gradient", { network, actual: gradient, expected: expected.gradient });
  for (const read of hasOutputs(options) ? ["predict", "outputs"] as const : ["predict"] as const) {
    for (const [some, positions] of [[sequences, batch], [options.test, undefined]] as const) {
      compare(engine, "logits", {
        name: read === "predict" ? "answers" : "outputs",
        actual: await tested[read](some, positions),
        expected: await reference[read](some, positions),
      });
    }
  }
  const [{ step, loss, metrics, count }] = await tested.train([batch]);
  compare(engine, "loss", { actual: [loss], expected: [expected.loss] });
  assert.deepEqual({ step, count }, { step: 1, count: test.N });
  compareMetrics(engine, options, { actual: metrics, expected: expected.metrics });
}

/** Whether the last recurrent layer reads in one direction. */
function hasOutputs({ network: { layers } }: CaseOptions): boolean {
  const last = layers.findLast((layer) => isRecurrent(layer) || layer.kind === "bidirectional");
  return last !== undefined && isRecurrent(last);
}

/** Compares metrics: what is counted must be the same, means of steps or outputs up to rounding. */
function compareMetrics(
  engine: EngineUnderTest,
  { network: { metrics, output } }: CaseOptions,
  { actual, expected }: { actual: readonly number[]; expected: readonly number[] },
): void {
  assert.equal(actual.length, metrics.length, "number of metrics");
  metrics.forEach((name, index) => {
    const isCount = name === "categoricalAccuracy" && !output.everyStep;
    if (isCount) assert.equal(actual[index], expected[index], name);
    else compare(engine, "loss", { name, actual: [actual[index]], expected: [expected[index]] });
  });
}

function droppingOptions(dropout: number[]): CaseOptions {
  const hidden = dropout.map((_, index) => 9 - index);
  return optionsOf({ kind: "LSTM", hidden, images: 17, size: [5, 6], dropout });
}

async function agreesOnDropout(engine: EngineUnderTest, options: CaseOptions): Promise<void> {
  const { network, training: { sequences, batchSize } } = options;
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  for (const step of [0, 1, 2]) { // each step draws different masks
    const batch = scattered(batchSize - step, sequences.count, step);
    const [actual, expected] = [await tested.gradient(batch), await reference.gradient(batch)];
    compareTensors(engine, "gradient", { network, actual, expected });
    compare(engine, "logits", {
      actual: await tested.predict(options.test),
      expected: await reference.predict(options.test),
    });
    compareLosses(engine, await tested.train([batch]), await reference.train([batch]));
  }
}

/** @param rates The learning rates of calls, in turn; undefined for that of the optimizer */
async function agreesAfterTenSteps(
  engine: EngineUnderTest,
  options: CaseOptions,
  rates: readonly (number | undefined)[] = [undefined],
): Promise<void> {
  const { network, parameters } = options, batches = tenBatches(options);
  const together = Math.ceil(batches.length / rates.length);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);
  for (const [index, rate] of rates.entries()) {
    const some = batches.slice(index * together, (index + 1) * together);
    compareLosses(engine, await tested.train(some, rate), await reference.train(some, rate));
  }

  const [after, wanted] = [await tested.readState(), await reference.readState()];
  assert.equal(after.step, 10);
  compareTensors(engine, "movement", {
    network,
    actual: movement(after.parameters, parameters),
    expected: movement(wanted.parameters, parameters),
  });
  assert.equal(after.slots.length, wanted.slots.length, "number of slots");
  for (const [index, slot] of after.slots.entries()) {
    const prefix = `slot ${index} of `;
    compareTensors(engine, "movement", { network, actual: slot, expected: wanted.slots[index], prefix });
  }
}

async function agreesWhenSaturated(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf({ kind: "LSTM", hidden: [7, 9], images: 6, size: [5, 9], scale: 100 });
  const batch = scattered(6, options.training.sequences.count);
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  compare(engine, "logits", {
    actual: await tested.predict(options.training.sequences),
    expected: await reference.predict(options.training.sequences),
  });
  assert((await tested.gradient(batch)).every(Number.isFinite), "a gradient is not finite");
  compareLosses(engine, await tested.train([batch]), await reference.train([batch]));
}

/** An image classifier, and a chain of other layers: both with dropout. */
function twoTrainings(): readonly CaseOptions[] {
  const optimizer = adam({ learningRate: 0.01 });
  return [optionsOf({ ...SMALL, dropout: [0.5, 0.5] }, { optimizer }), chainOptions(MIXED, { optimizer })];
}

async function stepsAreSteps(engine: EngineUnderTest): Promise<void> {
  for (const options of twoTrainings()) {
    const batches = tenBatches(options);
    await using together = await engine.open(options);
    await using apart = await engine.open(options);

    const all = await together.train(batches);
    const each = [];
    for (const batch of batches) each.push(...await apart.train([batch]));
    assert.deepEqual(all, each);
    const counted = all.map(({ step, count }) => [step, count]);
    assert.deepEqual(counted, batches.map(({ length }, index) => [index + 1, length]));
    assert.deepEqual(await together.readState(), await apart.readState());
    assert.deepEqual(await together.train([]), []);
  }
}

async function resumes(engine: ContractEngine): Promise<void> {
  for (const options of twoTrainings()) {
    const { network } = options, batches = tenBatches(options);
    await using unstopped = await engine.open(options);
    await unstopped.train(batches.slice(0, 4));
    const state = await unstopped.readState();
    await unstopped.train(batches.slice(4));

    await using resumed = await engine.open({ ...options, parameters: new Float32Array(network.size) });
    await resumed.train(batches.slice(7));
    await resumed.writeState(state);
    await resumed.train(batches.slice(4));

    const [found, expected] = [await resumed.readState(), await unstopped.readState()];
    if (engine.exactState ?? true) assert.deepEqual(found, expected);
    else compareStates(engine, options, { actual: found, expected });
  }
}

/** Compares states that were rounded when they were read. */
function compareStates(
  engine: EngineUnderTest,
  { network }: CaseOptions,
  { actual, expected }: { actual: EngineState; expected: EngineState },
): void {
  assert.equal(actual.step, expected.step);
  for (const [index, array] of [actual.parameters, ...actual.slots].entries()) {
    const wanted = [expected.parameters, ...expected.slots][index];
    const prefix = `array ${index} of the state, `;
    compareTensors(engine, "movement", { network, actual: array, expected: wanted, prefix });
  }
}

async function stateIsACopy(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL, { optimizer: momentum({ learningRate: 0.1 }) });
  await using tested = await engine.open(options);
  await tested.train(tenBatches(options));
  const state = await tested.readState();
  const kept = structuredClone(state);

  options.parameters.fill(0);
  const written = structuredClone(state);
  await tested.writeState(written);
  for (const array of [state.parameters, ...state.slots, written.parameters, ...written.slots]) array.fill(9);
  assert.deepEqual(await tested.readState(), kept);
}

/** Images and positions of predictions. */
function requestsOf(
  { test, training: { sequences } }: CaseOptions,
): readonly (readonly [Sequences, Uint32Array?])[] {
  const positions = Uint32Array.of(19, 3, 3, 0, 7, 11, 2, 19, 5); // more than batchSize, one of them twice
  return [[FOREIGN], [FOREIGN, positions], [test], [sequences, Uint32Array.of(9, 0, 9)]];
}

async function predictsAnyImages(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] });
  await using tested = await engine.open(options);
  await using reference = await openReference(options);
  await tested.train([Uint32Array.of(1, 2)]); // what a step leaves in memory must not matter
  await tested.writeState(await reference.readState());

  for (const [images, some] of requestsOf(options)) {
    const expected = await reference.predict(images, some);
    compare(engine, "logits", { actual: await tested.predict(images, some), expected });
  }
  assert.equal((await tested.predict(options.test, new Uint32Array(0))).length, 0);
  await assert.rejects(
    tested.predict(SHORT),
    /^TypeError: Cannot predict: data of sequences must have length 900: current value is 899$/,
  );
  await assert.rejects(tested.predict(FOREIGN, Uint32Array.of(0, 20)), /^RangeError: Cannot predict: .*20/);
}

async function givesOutputs(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] }), { network: { head } } = options;
  const T = 5, H = head.inputSize;
  await using tested = await engine.open(options);
  await using reference = await openReference(options);

  for (const [images, some] of requestsOf(options)) {
    const outputs = await tested.outputs(images, some); // [N,T,H]
    compare(engine, "logits", {
      name: "outputs",
      actual: outputs,
      expected: await reference.outputs(images, some),
    });
    const N = outputs.length / (T * H);
    const last = Float64Array.from({ length: N * H }, (_, k) => {
      return outputs[(Math.floor(k / H) * T + T - 1) * H + k % H];
    });
    const expected = linear(last, head, Float64Array.from(options.parameters)).z;
    compare(engine, "logits", { actual: await tested.predict(images, some), expected });
  }
  assert.equal((await tested.outputs(options.test, new Uint32Array(0))).length, 0);
  await assert.rejects(tested.outputs(SHORT), /^TypeError: Cannot read outputs: .* length 900/);
  await assert.rejects(tested.outputs(FOREIGN, Uint32Array.of(20)), /^RangeError: Cannot read outputs: .*20/);
}

async function orderDoesNotMatter(engine: EngineUnderTest): Promise<void> {
  const images = [6, 37].map((images) => optionsOf({ ...SMALL, images }));
  const chains = CHAINS.filter(({ name }) =>
    ["tokens, 0 masked", "GRU, masked", "encoder and decoder"].includes(name)
  )
    .map((test) => chainOptions({ ...test, layers: test.layers.filter(({ kind }) => kind !== "dropout") }));
  for (const options of [...images, ...chains]) {
    const { network, training: { batchSize, sequences } } = options;
    const batch = scattered(batchSize, sequences.count);
    await using tested = await engine.open(options);
    const [actual, expected] = [await tested.gradient(batch.toReversed()), await tested.gradient(batch)];
    compareTensors(engine, "gradient", { network, actual, expected });
  }
}

async function repetitionDoesNotMatter(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL);
  await using tested = await engine.open(options);
  compareTensors(engine, "gradient", {
    network: options.network,
    actual: await tested.gradient(Uint32Array.of(2, 2, 2, 2, 2)),
    expected: await tested.gradient(Uint32Array.of(2)),
  });
}

async function smallStepLowersLoss(engine: EngineUnderTest): Promise<void> {
  const learningRate = 0.01;
  const options = optionsOf(SMALL, { optimizer: sgd({ learningRate }) });
  const batch = Uint32Array.of(0, 3, 1, 5);
  await using tested = await engine.open(options);
  const gradient = await tested.gradient(batch);
  const [before, after] = await tested.train([batch, batch]);
  const foretold = learningRate * gradient.reduce((sum, g) => sum + g * g, 0);
  const share = (before.loss - after.loss) / foretold; // 1 − O(learningRate)
  assert(share > 0.9 && share < 1.01, `the loss fell by ${share} times what the gradient says`);
}

async function gradientChangesNothing(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] }, { optimizer: adam({ learningRate: 0.01 }) });
  await using tested = await engine.open(options);
  await tested.train([Uint32Array.of(0, 3, 1)]);
  const state = await tested.readState();
  const gradient = await tested.gradient(Uint32Array.of(4, 2));
  assert.deepEqual(await tested.gradient(Uint32Array.of(4, 2)), gradient);
  assert.deepEqual(await tested.readState(), state);
}

async function parametersAlone(engine: ContractEngine): Promise<void> {
  const options = optionsOf(SMALL, { optimizer: adam({ learningRate: 0.01 }) });
  await using tested = await engine.open(options);
  await tested.train(tenBatches(options));
  const state = await tested.readState();
  assert.deepEqual(await tested.readParameters(), state.parameters);

  const written = options.parameters.slice();
  await tested.writeParameters(written);
  written.fill(9); // it was copied
  assert.deepEqual(await tested.readState(), { ...state, parameters: options.parameters });
  await using fresh = await engine.open(options);
  assert.deepEqual(await tested.predict(options.test), await fresh.predict(options.test));

  const { parameters } = options;
  await assert.rejects(
    tested.writeParameters(parameters.subarray(1)),
    rangeError(/^Cannot write the parameters: parameters must have length /, /current value is \d+$/),
  );
  await assert.rejects(
    tested.writeParameters([...parameters] as never),
    /^TypeError: Cannot write the parameters: parameters must be a Float32Array/,
  );
}

async function predictsWithoutTraining(engine: EngineUnderTest): Promise<void> {
  for (const test of [SMALL, { ...SMALL, dropout: [0.5, 0.5] }, ...CASES.slice(0, 4), ...CASES.slice(-4)]) {
    const options = optionsOf(test), { count } = options.test;
    await using trains = await engine.open(options);
    await using tested = await engine.open({ ...options, training: null });
    const many = Uint32Array.from({ length: 150 }, (_, n) => n * 7 % count);
    for (const positions of [undefined, many, Uint32Array.of(count - 1, 0)]) {
      const [logits, outputs] = [
        await tested.predict(options.test, positions),
        await tested.outputs(options.test, positions),
      ];
      assert.deepEqual(logits, await trains.predict(options.test, positions));
      assert.deepEqual(outputs, await trains.outputs(options.test, positions));
    }
    const other = options.parameters.map((p) => p / 2);
    for (const one of [trains, tested]) await one.writeParameters(other);
    assert.deepEqual(await tested.readParameters(), await trains.readParameters());
    assert.deepEqual(await tested.predict(options.test), await trains.predict(options.test));
  }

  const options = optionsOf(SMALL);
  await using trains = await engine.open(options);
  const state = await trains.readState();
  await using tested = await engine.open({ ...options, training: null });
  const refused = ["train", "compute the gradient", "read the state", "write the state"];
  for (const [action, call] of callsTo(tested, state).filter(([action]) => refused.includes(action))) {
    await assert.rejects(call(), {
      name: "Error",
      message: `Cannot ${action}: the engine must have been opened with a training: it only predicts`,
    });
  }
}

async function rejectsBatches(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL);
  await using tested = await engine.open(options);
  const { batchSize, sequences } = options.training;
  const before = await tested.readState();
  const good = Uint32Array.of(0, 1);
  for (
    const batch of [[0, 1], undefined, Uint8Array.of(0, 1), Int32Array.of(-1)] as unknown as Uint32Array[]
  ) {
    await assert.rejects(
      tested.train([good, batch]),
      /^TypeError: Cannot train: positions must be a Uint32Array/,
    );
  }
  await assert.rejects(tested.train(good as never), /^TypeError: Cannot train: batches must be an array/);
  await assert.rejects(
    tested.train(Array(MAX_STEPS + 1).fill(good)),
    /^RangeError: Cannot train: there must be at most 256 batches: current value is 257$/,
  );
  const bad: [Uint32Array, RegExp][] = [
    [new Uint32Array(0), /1 to 6 sequences: current value is 0$/],
    [new Uint32Array(batchSize + 1), /1 to 6 sequences: current value is 7$/],
    [Uint32Array.of(0, sequences.count), /below 11: current value is 11$/],
    [Uint32Array.of(0xffffffff), /below 11: current value is 4294967295$/],
  ];
  for (const [batch, reason] of bad) {
    await assert.rejects(tested.train([good, batch]), rangeError(/^Cannot train: /, reason));
    await assert.rejects(tested.gradient(batch), rangeError(/^Cannot compute the gradient: /, reason));
  }
  assert.deepEqual(await tested.readState(), before);
}

async function rejectsStates(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL, { optimizer: adam({ learningRate: 0.01 }) });
  await using tested = await engine.open(options);
  const before = await tested.readState();
  const { parameters, slots: [m, v] } = before;
  const bad = [
    { ...before, parameters: parameters.subarray(1) },
    { ...before, slots: [m] },
    { ...before, slots: [m, v, m] },
    { ...before, slots: [m, v.subarray(1)] },
    { ...before, step: -1 },
    { ...before, step: 1.5 },
    { ...before, step: 2 ** 32 },
  ];
  for (
    const wrong of [{ parameters: [...parameters] }, { slots: undefined }, { slots: [m, [...v]] }, {
      step: "1",
    }]
  ) {
    await assert.rejects(
      tested.writeState({ ...before, ...wrong } as EngineState),
      /^TypeError: Cannot write the state/,
    );
  }
  for (const state of bad) {
    await assert.rejects(
      tested.writeState(state),
      rangeError(/^Cannot write the state: /, /current value is \S+$/),
    );
  }
  assert.deepEqual(await tested.readState(), before);
}

async function rejectsOptions(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL), { training, parameters, layout } = options;
  const { sequences, targets } = training;
  const bad: [changes: object, RegExp][] = [
    [
      { parameters: parameters.subarray(1) },
      /^RangeError: .* parameters must have length \d+: current value is \d+$/,
    ],
    [{ parameters: Float64Array.from(parameters) }, /^TypeError: .* parameters must be a Float32Array/],
    [{ layout: { ...layout, C: 5 } }, /^RangeError: .* must give the 9 features .* is 5$/],
    [{ layout: undefined }, /^TypeError: .* layout must be an object/],
    [
      { layout: { ...layout, kind: "tokens" } },
      /^RangeError: .* kind of layout must be one of bytes, floats/,
    ],
    [{ layout: { ...layout, T: 0 } }, /^RangeError: .* T of layout must be a whole number from 1 on/],
  ];
  const badTraining: [changes: object, RegExp][] = [
    [{ batchSize: 0 }, /^RangeError: .* batchSize must be/],
    [{ seed: -1 }, /^RangeError: .* seed must be/],
    [{ optimizer: { kind: "lion" } }, /^TypeError: .* optimizer must be made by/],
    [{ optimizer: { kind: "sgd", learningRate: NaN } }, /^RangeError: .* learningRate must be/],
    [{ sequences: { ...sequences, count: 12 } }, /^TypeError: .* data of sequences must have length 540/],
    [
      { sequences: { ...sequences, data: Float32Array.from(sequences.data) } },
      /^TypeError: .* data of sequences must be a Uint8A/,
    ],
    [
      { targets: { ...targets, data: targets.data.subarray(1) } },
      /^TypeError: .* data of targets must have length 11: current value is 10$/,
    ],
    [
      { targets: { ...targets, data: targets.data.map(() => 4) } },
      /^RangeError: .* below the 4 classes .* 4, at 0$/,
    ],
    [
      { targets: { ...targets, data: Float32Array.from(targets.data) } },
      /^TypeError: .* data of targets must be a Uint8Array or an Int32Array/,
    ],
    [
      { targets: { kind: "rows", data: new Float32Array(44).fill(NaN) } },
      /^RangeError: .* targets must be finite: current value is NaN, in row 0$/,
    ],
    [
      { targets: { ...targets, weights: new Float32Array(10) } },
      /^TypeError: .* weights of targets must have length 11/,
    ],
  ];
  for (const [changes, message] of bad) {
    await assert.rejects(engine.open({ ...options, ...changes }), message);
  }
  for (const [changes, message] of badTraining) {
    await assert.rejects(engine.open({ ...options, training: { ...training, ...changes } }), message);
  }
}

async function rejectsData(engine: EngineUnderTest): Promise<void> {
  const tokens = chainOptions(MIXED), floats = chainOptions(DENSE_GRADIENTS);
  const changed = <Data extends Sequences["data"]>(data: Data, k: number, value: number) => {
    const copy = data.slice() as Data;
    copy[k] = value;
    return copy;
  };
  const wrong = [
    [
      tokens,
      changed(tokens.test.data, 7, 6),
      /^RangeError: .* tokens must .* 0 to 5: current value is 6, in sequence 1$/,
    ],
    [tokens, changed(tokens.test.data, 0, -1), /^RangeError: .* tokens must be .* current value is -1/],
    [tokens, new Float32Array(40), /^TypeError: .* data of sequences must be an Int32Array/],
    [
      floats,
      changed(floats.test.data, 15, NaN),
      /^RangeError: .* must be finite: current value is NaN, in sequence 1$/,
    ],
    [floats, new Uint8Array(120), /^TypeError: .* data of sequences must be a Float32Array/],
    [floats, new Float32Array(119), /^TypeError: .* data of sequences must have length 120/],
  ] as const;
  for (const [options, data, message] of wrong) {
    const { training, test: { count } } = options, sequences = { data, count };
    await using tested = await engine.open(options);
    await assert.rejects(tested.predict(sequences), message);
    await assert.rejects(engine.open({ ...options, training: { ...training, sequences } }), message);
  }
  const targets = [
    [{ kind: "classes", data: new Uint8Array(11) }, /^RangeError: .* kind of targets must be one of rows/],
    [{ kind: "rows", data: new Float32Array(11) }, /^TypeError: .* data of targets must have length 22/],
    [{ kind: "rows", data: new Float64Array(22) }, /^TypeError: .* data of targets must be a Float32Array/],
  ] as const;
  for (const [wrong, message] of targets) {
    const training = { ...floats.training, targets: wrong as Targets };
    await assert.rejects(engine.open({ ...floats, training }), message);
  }
}

async function rejectsRates(engine: EngineUnderTest): Promise<void> {
  await using tested = await engine.open(chainOptions(DENSE_GRADIENTS));
  const before = await tested.readState(), batch = Uint32Array.of(0);
  for (const rate of [-1, NaN, Infinity]) {
    const call = async () => await tested.train([batch], rate);
    await assert.rejects(call, /^RangeError: Cannot train: learningRate must be/);
  }
  await assert.rejects(
    async () => await tested.train([batch], "1" as never),
    /^TypeError: Cannot train: learn/,
  );
  assert.deepEqual(await tested.readState(), before);
}

async function rejectsOverlapping(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL, { optimizer: adam({ learningRate: 0.01 }) });
  const batches = tenBatches(options);
  await using alone = await engine.open(options);
  const [expected, wanted] = [await alone.train(batches), await alone.readState()];

  await using tested = await engine.open(options);
  const first = tested.train(batches);
  await Promise.all(
    callsTo(tested, wanted).map(([action, call]) =>
      assert.rejects(call(), {
        message:
          `Cannot ${action}: the engine must have nothing else to do: current value is a call to train ` +
          "(await each call before the next)",
      })
    ),
  );
  assert.deepEqual(await first, expected);
  assert.deepEqual(await tested.readState(), wanted);
}

async function endsWhenDisposed(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL);
  const tested = await engine.open(options);
  const running = tested.train(tenBatches(options));
  const ended = assert.rejects(running, {
    message: "Cannot train: the engine must stay open until the call is done: current value is disposed",
  });
  await tested[Symbol.asyncDispose]();
  await ended;
  await assert.rejects(tested.readState(), /must be open: current value is disposed$/);
}

/** Every call, by the action that its errors name. */
function callsTo(tested: Engine, state: EngineState): [action: string, call: () => Promise<unknown>][] {
  const batch = Uint32Array.of(0);
  return [
    ["train", () => tested.train([batch])],
    ["compute the gradient", () => tested.gradient(batch)],
    ["predict", () => tested.predict(IMAGES)],
    ["read outputs", () => tested.outputs(IMAGES)],
    ["read the parameters", () => tested.readParameters()],
    ["write the parameters", () => tested.writeParameters(state.parameters)],
    ["read the state", () => tested.readState()],
    ["write the state", () => tested.writeState(state)],
  ];
}

async function rejectsOnceDisposed(engine: EngineUnderTest): Promise<void> {
  const tested = await engine.open(optionsOf(SMALL));
  const state = await tested.readState();
  await tested[Symbol.asyncDispose]();
  await tested[Symbol.asyncDispose](); // a second time does nothing
  for (const [action, call] of callsTo(tested, state)) {
    await assert.rejects(call, {
      message: `Cannot ${action}: the engine must be open: current value is disposed`,
    });
  }
}

/** What the reference gives for a batch at the first step, before it rounds to float32. */
function textbook(options: CaseOptions, positions: Uint32Array): NetworkGradient {
  return measureBatch(options, positions, { p: Float64Array.from(options.parameters), step: 1 });
}

/** Ten batches of 1 to batchSize sequences. */
function tenBatches({ training: { sequences, batchSize } }: CaseOptions): Uint32Array[] {
  return Array.from({ length: 10 }, (_, k) => scattered(1 + (k + 4) % batchSize, sequences.count, k));
}

function compareLosses(engine: EngineUnderTest, actual: StepResult[], expected: StepResult[]): void {
  const losses = (results: StepResult[]) => results.map(({ loss }) => loss);
  compare(engine, "loss", { actual: losses(actual), expected: losses(expected) });
}

/** Accepts a RangeError whose message begins and ends like this. */
function rangeError(beginning: RegExp, end: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RangeError && beginning.test(error.message) && end.test(error.message);
}
