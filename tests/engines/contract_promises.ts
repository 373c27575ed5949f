/**
 * The tests of what every engine promises, the reference too.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { EngineState, StepOptions, TrainingData } from "../../lib/engines/engine.ts";
import { type DenseLayer, recurrentLayers } from "../../lib/model/network.ts";
import { openReference } from "../../lib/engines/reference/engine.ts";
import { linear } from "../../lib/engines/reference/linear.ts";
import { pickSequences, type Sequences, sequencesOf, type Targets } from "../../lib/data/sequences.ts";
import type { BatchNormLayer, Parameter } from "../../lib/model/network.ts";
import { adam, momentum, sgd } from "../../lib/model/optimizers.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { CHAINS, MIXED } from "./chain_cases.ts";
import { dense, LAST, norm } from "./chain_case.ts";
import { chainOptions } from "./chain_data.ts";
import { NORMED } from "./chain_norms.ts";
import { compare, compareLosses, compareTensors, type EngineUnderTest, register } from "./comparison.ts";
import {
  AUGMENTATIONS,
  type CaseOptions,
  CASES,
  optionsOf,
  scattered,
  SMALL,
  tenBatches,
  transformsOf,
} from "./contract_cases.ts";

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
  "takes steps that are begun ahead with the same results as one by one": stepsAhead,
  "resumes from a state as if it had never stopped": resumes,
  "trains on other data as if it had been opened with them": replacesData,
  "states are copied when they are read and written": stateIsACopy,
  "predicts any images, in any order": predictsAnyImages,
  "gives the outputs of every t; the head turns the last ones into the logits": givesOutputs,
  "the order of a batch's images does not matter": orderDoesNotMatter,
  "repeating the image of a batch does not change the gradient": repetitionDoesNotMatter,
  "a small step lowers the loss by as much as the gradient says": smallStepLowersLoss,
  "gradient() changes nothing": gradientChangesNothing,
  "limits a gradient by its norm, or its numbers, before its update": clipsGradients,
  "moves the averages of a normalization towards the moments of each batch": movesAverages,
  "transforms that leave images as they are change nothing": transformsMayRest,
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

/** An image classifier, a chain of other layers, and one of normalizations that is clipped: all with dropout. */
function trainings(): readonly CaseOptions[] {
  const optimizer = adam({ learningRate: 0.01 });
  return [
    optionsOf({ ...SMALL, dropout: [0.5, 0.5] }, { optimizer }),
    chainOptions(MIXED, { optimizer }),
    chainOptions(NORMED, { optimizer, clip: { kind: "norm", most: 0.1 } }),
  ];
}

/** Moved images, at another learning rate in each step. */
function movedTraining(): readonly [CaseOptions, StepOptions] {
  const optimizer = sgd({ learningRate: 0.1 });
  const options = optionsOf(SMALL, { optimizer, transforms: true, clip: { kind: "value", most: 0.01 } });
  const batches = tenBatches(options), learningRates = batches.map((_, index) => 0.1 / (1 + index));
  return [options, { learningRates, transforms: transformsOf(options, batches) }];
}

async function stepsAreSteps(engine: EngineUnderTest): Promise<void> {
  const plain = trainings().map((options): readonly [CaseOptions, StepOptions] => [options, {}]);
  for (const [options, { learningRates, transforms }] of [...plain, movedTraining()]) {
    const batches = tenBatches(options);
    await using together = await engine.open(options);
    await using apart = await engine.open(options);

    const all = await together.train(batches, { learningRates, transforms });
    const each = [];
    for (const [index, batch] of batches.entries()) {
      each.push(
        ...await apart.train([batch], {
          learningRates: learningRates && [learningRates[index]],
          transforms: transforms && [transforms[index]],
        }),
      );
    }
    assert.deepEqual(all, each);
    const counted = all.map(({ step, count }) => [step, count]);
    assert.deepEqual(counted, batches.map(({ length }, index) => [index + 1, length]));
    assert.deepEqual(await together.readState(), await apart.readState());
    assert.deepEqual(await together.train([], { transforms: transforms && [] }), []);
  }
}

async function stepsAhead(engine: EngineUnderTest): Promise<void> {
  const tokens = chainOptions(CHAINS.find(({ input }) => typeof input !== "number")!);
  const plain = [...trainings(), tokens].map((options): readonly [CaseOptions, StepOptions] => [options, {}]);
  for (const [options, { learningRates, transforms }] of [...plain, movedTraining()]) {
    const batches = tenBatches(options), ends = [0, 1, 4, 4, 9, 10]; // one call has no steps
    await using ahead = await engine.open(options);
    await using apart = await engine.open(options);
    const begin = async (call: number) => {
      const [start, end] = ends.slice(call, call + 2);
      await ahead.begin(batches.slice(start, end), {
        learningRates: learningRates?.slice(start, end),
        transforms: transforms?.slice(start, end),
      });
    };
    const collected = [], calls = ends.length - 1;
    await begin(0);
    for (let call = 0; call < calls; call++) {
      if (call + 1 < calls) await begin(call + 1);
      collected.push(await ahead.collect());
    }
    assert.deepEqual(collected.map(({ length }) => length), [1, 3, 0, 5, 1]);
    assert.deepEqual(collected.flat(), await apart.train(batches, { learningRates, transforms }));
    assert.deepEqual(await ahead.readState(), await apart.readState());
    const [again] = await ahead.train(batches.slice(0, 1), { transforms: transforms?.slice(0, 1) });
    assert.equal(again.step, 11);
  }
}

async function resumes(engine: ContractEngine): Promise<void> {
  for (const options of trainings()) {
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
  for (const options of trainings()) {
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
    .concat(NORMED)
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
  for (const options of trainings()) {
    await using tested = await engine.open(options);
    await tested.train([Uint32Array.of(0, 3, 1)]);
    const state = await tested.readState();
    const gradient = await tested.gradient(Uint32Array.of(4, 2));
    assert.deepEqual(await tested.gradient(Uint32Array.of(4, 2)), gradient);
    assert.deepEqual(await tested.readState(), state);
  }
}

async function clipsGradients(engine: EngineUnderTest): Promise<void> {
  const learningRate = 1, optimizer = sgd({ learningRate });
  const options = optionsOf({ ...SMALL, biases: 2 }, { optimizer }), { network, parameters } = options;
  const scales = Float64Array.from({ length: network.size });
  for (const { offset, size, updateScale } of network.parameters) {
    scales.fill(updateScale, offset, offset + size);
  }
  const batch = scattered(5, options.training.sequences.count);
  await using plain = await engine.open(options);
  const g = await plain.gradient(batch),
    norm = Math.sqrt(g.reduce((sum, g, k) => sum + scales[k] * g * g, 0));
  const largest = Math.max(...g.map(Math.abs));

  for (const [kind, whole] of [["norm", norm], ["value", largest]] as const) {
    for (const share of [0.1, 2]) {
      const most = share * whole, clip = { kind, most };
      await using tested = await engine.open({ ...options, training: { ...options.training, clip } });
      assert.deepEqual(await tested.gradient(batch), g); // it is not clipped
      await tested.train([batch]);
      const after = await tested.readParameters();
      compareTensors(engine, "movement", {
        network,
        actual: after.map((value, k) => (parameters[k] - value) / scales[k]),
        expected: g.map((g) =>
          kind === "value" ? Math.min(Math.max(g, -most), most) : g * Math.min(1, most / (norm + 1e-6))
        ),
        prefix: `clipped by ${kind}, `,
        roundedBy: () => 2 ** -24,
      });
    }
  }
}

async function movesAverages(engine: EngineUnderTest): Promise<void> {
  for (const unbiased of [false, true]) {
    const momentum = 0.75, layers = [norm({ momentum, unbiased }), LAST, dense(2)];
    const options = chainOptions({
      name: "normalized features",
      T: 2,
      N: 4,
      input: 3,
      layers,
      loss: "meanSquaredError",
    });
    const { network, parameters, layout: { T, stride }, training: { sequences } } = options;
    const { movingMean, movingVariance } = network.layers[0] as BatchNormLayer;
    const of = (flat: ArrayLike<number>, { offset, size }: Parameter) =>
      Array.from(flat).slice(offset, offset + size);
    let M = of(parameters, movingMean), V = of(parameters, movingVariance);
    await using tested = await engine.open(options);
    for (const batch of [Uint32Array.of(3, 0, 7, 5), Uint32Array.of(2)]) {
      const rows = [...batch].flatMap((position) =>
        Array.from({ length: T }, (_, t) => {
          return Array.from(sequences.data).slice(position * stride + t * 3, position * stride + t * 3 + 3);
        })
      );
      const mean = M.map((_, c) => rows.reduce((sum, x) => sum + x[c], 0) / rows.length);
      const squares = M.map((_, c) => rows.reduce((sum, x) => sum + (x[c] - mean[c]) ** 2, 0));
      const towards = (averages: number[], moments: number[]) =>
        averages.map((average, c) => momentum * average + (1 - momentum) * moments[c]);
      M = towards(M, mean);
      V = towards(V, squares.map((sum) => sum / (rows.length - (unbiased ? 1 : 0))));
      await tested.train([batch]);
      const after = await tested.readParameters();
      compare(engine, "movement", { name: "M", actual: of(after, movingMean), expected: M });
      compare(engine, "movement", { name: "V", actual: of(after, movingVariance), expected: V });
    }
  }
}

async function transformsMayRest(engine: EngineUnderTest): Promise<void> {
  for (const axis of ["rows", "columns"] as const) {
    const options = optionsOf({ ...SMALL, axis }), { network } = options;
    const batch = scattered(5, options.training.sequences.count);
    await using plain = await engine.open(options);
    await using tested = await engine.open({
      ...options,
      training: { ...options.training, transforms: true },
    });
    const [resting] = transformsOf(options, [batch], { shift: 0, rotate: 0, scale: 0 });
    const expected = await plain.gradient(batch);
    compareTensors(engine, "gradient", {
      network,
      actual: await tested.gradient(batch, resting),
      expected,
    });
    assert.notDeepEqual(
      await tested.gradient(batch, transformsOf(options, [batch], AUGMENTATIONS.shifted)[0]),
      expected,
    );
  }
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
