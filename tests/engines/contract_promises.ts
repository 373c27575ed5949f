/**
 * The tests of what every engine promises, the reference too.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type DenseLayer, recurrentLayers } from "../../lib/model/network.ts";
import type { EngineState, TrainingData } from "../../lib/engines/engine.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { linear } from "../../lib/engines/reference/linear.ts";
import { pickSequences, type Sequences, sequencesOf, type Targets } from "../../lib/data/sequences.ts";
import { adam, momentum, sgd } from "../../lib/model/optimizers.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { CHAINS, MIXED } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import { compare, compareLosses, compareTensors, type EngineUnderTest, register } from "./comparison.ts";
import { type CaseOptions, CASES, optionsOf, scattered, SMALL, tenBatches } from "./contract_cases.ts";

/** An engine that all tests are run over. */
export interface ContractEngine extends EngineUnderTest {
  /** Whether a training resumes from a state with the same bits; false where reading rounds it. True by default. */
  readonly exactState?: boolean;
}

const FOREIGN = sequencesOf(tinySplit({ count: 20, height: 5, width: 9, classes: 4, seed: 3 }));
/** Too few bytes. */
const SHORT: Sequences = { ...FOREIGN, data: FOREIGN.data.subarray(1) };

/** Registers these tests. */
export function testPromises(engine: ContractEngine): void {
  for (const [text, check] of Object.entries(PROMISES)) register(engine, text, () => check(engine));
}

const PROMISES: Readonly<Record<string, (engine: ContractEngine) => Promise<void>>> = {
  "agrees with the reference where gates saturate": agreesWhenSaturated,
  "takes many steps in one call with the same results as one by one": stepsAreSteps,
  "resumes from a state as if it had never stopped": resumes,
  "trains on other data as if it had been opened with them": replacesData,
  "states are copied when they are read and written": stateIsACopy,
  "predicts any images, in any order": predictsAnyImages,
  "gives the outputs of every t; the head turns the last ones into the logits": givesOutputs,
  "the order of a batch's images does not matter": orderDoesNotMatter,
  "repeating the image of a batch does not change the gradient": repetitionDoesNotMatter,
  "a small step lowers the loss by as much as the gradient says": smallStepLowersLoss,
  "gradient() changes nothing": gradientChangesNothing,
  "parameters are read and written without the rest of the state": parametersAlone,
  "predicts without a training as with one": predictsWithoutTraining,
};

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

async function replacesData(engine: EngineUnderTest): Promise<void> {
  for (const options of twoTrainings()) {
    const batches = tenBatches(options), other = turned(options);
    await using tested = await engine.open(options);
    await tested.train(batches.slice(0, 4));
    const state = await tested.readState();
    await tested.writeState(state); // rounded, as the other one's
    await assert.rejects(
      tested.replaceData({ ...other, sequences: { ...other.sequences, count: 1 } }),
      /^TypeError: Cannot replace the data: data of sequences must have length/,
    );
    assert.equal(await tested.replaceData(other), true);
    const losses = await tested.train(batches.slice(4));

    await using opened = await engine.open({ ...options, training: { ...options.training, ...other } });
    await opened.writeState(state);
    assert.deepEqual(losses, await opened.train(batches.slice(4)));
    assert.deepEqual(await tested.readState(), await opened.readState());
    await tested.replaceData(options.training);
    assert.notDeepEqual(await tested.gradient(batches[0]), await opened.gradient(batches[0]));
  }
}

/** The training data in the other order. */
function turned({ layout, training: { sequences, targets } }: CaseOptions): TrainingData {
  const { count } = sequences, positions = Uint32Array.from({ length: count }, (_, n) => count - 1 - n);
  const pick = (data: Sequences["data"], stride: number) =>
    pickSequences({ data }, { stride }, { positions });
  return {
    sequences: { data: pick(sequences.data, layout.stride), count },
    targets: { ...targets, data: pick(targets.data, targets.data.length / count) } as Targets,
  };
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
  const options = optionsOf({ ...SMALL, dropout: [0.5, 0.5] }), { network } = options;
  const T = 5, H = recurrentLayers(network).at(-1)!.hiddenSize;
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
    const expected =
      linear(last, network.layers.at(-1) as DenseLayer, Float64Array.from(options.parameters)).z;
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
}
