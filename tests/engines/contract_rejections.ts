/**
 * The tests of what every engine refuses.
 *
 * @module
 */
import assert from "node:assert/strict";
import { LONGEST_SIDE } from "../../lib/data/transform.ts";
import { type Engine, type EngineState, MAX_STEPS, type StepOptions } from "../../lib/engines/engine.ts";
import { type Sequences, sequencesOf, type Targets } from "../../lib/data/sequences.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { tinySplit } from "../support/tiny_data.ts";
import { GRU, MIXED } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import { type EngineUnderTest, register } from "./comparison.ts";
import { optionsOf, SMALL, tenBatches, transformsOf } from "./contract_cases.ts";

/** Images for the network of {@link SMALL}. */
const IMAGES = sequencesOf(tinySplit({ count: 2, height: 5, width: 9, classes: 4 }));

/** Registers these tests. */
export function testRejections(engine: EngineUnderTest): void {
  for (const [text, check] of Object.entries(REJECTIONS)) register(engine, text, () => check(engine));
}

const REJECTIONS: Readonly<Record<string, (engine: EngineUnderTest) => Promise<void>>> = {
  "rejects invalid batches, and does not change": rejectsBatches,
  "rejects parameters of another length": rejectsParameters,
  "rejects states of another length": rejectsStates,
  "refuses to train without a training": refusesToTrain,
  "rejects invalid options": rejectsOptions,
  "rejects options that do not belong to the network or its sequences": rejectsMisplaced,
  "rejects sequences and targets that are not the network's": rejectsData,
  "rejects invalid learning rates": rejectsRates,
  "rejects invalid transforms, and does not change": rejectsTransforms,
  "rejects a call while another one runs, without disturbing it": rejectsOverlapping,
  "rejects other calls until what was begun is collected, without disturbing it": rejectsUncollected,
  "fails the running call with one error when it is disposed": endsWhenDisposed,
  "rejects every call once disposed": rejectsOnceDisposed,
};

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

async function rejectsParameters(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL), { parameters } = options;
  await using tested = await engine.open(options);
  await assert.rejects(
    tested.writeParameters(parameters.subarray(1)),
    rangeError(/^Cannot write the parameters: parameters must have length /, /current value is \d+$/),
  );
  await assert.rejects(
    tested.writeParameters([...parameters] as never),
    /^TypeError: Cannot write the parameters: parameters must be a Float32Array/,
  );
  assert.deepEqual(await tested.readParameters(), parameters);
}

async function refusesToTrain(engine: EngineUnderTest): Promise<void> {
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
  const { sequences, targets } = training, { order } = layout;
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
    [{ layout: { ...layout, width: 0 } }, /^RangeError: .* width of layout must be a whole number from 1 on/],
    [
      { layout: { ...layout, width: 7 } },
      /^RangeError: .* the 45 pixels .* width of layout: current value is 7$/,
    ],
    [{ layout: { ...layout, order: [...order] } }, /^TypeError: .* order of layout must be a Uint32Array/],
    [
      { layout: { ...layout, order: order.subarray(1) } },
      /^TypeError: .* order .* length 45: current value is 44$/,
    ],
    [
      { layout: { ...layout, order: order.with(7, 45) } },
      /^RangeError: .* name the 45 pixels .* value is 45$/,
    ],
    [
      { layout: { ...layout, scale: layout.scale.subarray(1) } },
      /^TypeError: .* scale of layout .* length 256/,
    ],
  ];
  const badTraining: [changes: object, RegExp][] = [
    [{ batchSize: 0 }, /^RangeError: .* batchSize must be/],
    [{ seed: -1 }, /^RangeError: .* seed must be/],
    [{ optimizer: { kind: "lion" } }, /^TypeError: .* optimizer must be made by/],
    [{ optimizer: { kind: "sgd", learningRate: NaN } }, /^RangeError: .* learningRate must be/],
    [{ clip: "norm" }, /^TypeError: .* clip must be an object/],
    [{ clip: { kind: "size", most: 1 } }, /^RangeError: .* kind must be one of norm, value/],
    [{ clip: { kind: "norm" } }, /^TypeError: .* most must be a positive number: current value is missing$/],
    [
      { clip: { kind: "norm", most: 0 } },
      /^RangeError: .* most must be a positive number: current value is 0$/,
    ],
    [{ clip: { kind: "value", most: Infinity } }, /^RangeError: .* most must be a positive number/],
    [
      { clip: { kind: "norm", most: 1, least: 0 } },
      /^TypeError: .* clip must be among kind, most: .* "least"$/,
    ],
    [
      { labelSmoothing: 1 },
      /^RangeError: .* labelSmoothing must be at least 0 and below 1: current value is 1$/,
    ],
    [{ labelSmoothing: -0.1 }, /^RangeError: .* labelSmoothing must be/],
    [{ labelSmoothing: "0.1" }, /^TypeError: .* labelSmoothing must be/],
    [{ transforms: 1 }, /^TypeError: .* transforms must be true or false: current value is 1$/],
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

/** Options that a training of numbers, by their squared errors, cannot have; and images that are too large. */
async function rejectsMisplaced(engine: EngineUnderTest): Promise<void> {
  const options = chainOptions(GRU),
    large = optionsOf({ ...SMALL, size: [2, LONGEST_SIDE + 1], axis: "columns" });
  const wrong = [
    [options, { labelSmoothing: 0.1 }, /^RangeError: .* must be 0 .* is 0.1, with meanSquaredError$/],
    [
      options,
      { transforms: true },
      /^RangeError: .* transforms must be left out .* current value is floats$/,
    ],
    [large, { transforms: true }, /^RangeError: .* at most 4096 pixels a side .* current value is 4097x2$/],
  ] as const;
  for (const [given, changes, message] of wrong) {
    await assert.rejects(engine.open({ ...given, training: { ...given.training, ...changes } }), message);
  }
}

async function rejectsData(engine: EngineUnderTest): Promise<void> {
  const tokens = chainOptions(MIXED), floats = chainOptions(GRU);
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
  await using tested = await engine.open(chainOptions(GRU));
  const before = await tested.readState(), batch = Uint32Array.of(0);
  for (const rate of [-1, NaN, Infinity]) {
    const call = async () => await tested.train([batch], { learningRates: [rate] });
    await assert.rejects(call, /^RangeError: Cannot train: learningRate must be/);
  }
  await assert.rejects(
    async () => await tested.train([batch], { learningRates: ["1" as never] }),
    /^TypeError: Cannot train: learn/,
  );
  const wrong: readonly [StepOptions, RegExp][] = [
    [{ learningRates: [0.1, 0.1] }, /^RangeError: .* must be one for each of 1 batches: current value is 2$/],
    [{ learningRates: [] }, /^RangeError: .* must be one for each of 1 batches: current value is 0$/],
    [{ learningRates: 0.1 as never }, /^TypeError: .* learningRates must be an array/],
    [0.1 as never, /^TypeError: .* options must be an object/],
    [{ learningRate: 0.1 } as never, /^TypeError: .* must be among learningRates, transforms/],
  ];
  for (const [step, message] of wrong) {
    await assert.rejects(async () => await tested.train([batch], step), message);
  }
  assert.deepEqual(await tested.readState(), before);
}

async function rejectsTransforms(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL), batches = [Uint32Array.of(0), Uint32Array.of(2, 1)];
  const [one, two] = transformsOf(options, batches), training = { ...options.training, transforms: true };
  await using plain = await engine.open(options);
  await using tested = await engine.open({ ...options, training });
  const before = await tested.readState();
  const none = /^TypeError: Cannot train: transforms must be left out, as the engine was .* value is 6, 12$/;
  const must =
    /^TypeError: Cannot train: transforms must be one array of 6 int32 numbers a sequence for each batch/;
  await assert.rejects(async () => await plain.train(batches, { transforms: [one, two] }), none);
  await assert.rejects(
    plain.gradient(batches[0], one),
    /^TypeError: .* gradient: transforms must be left out/,
  );
  await assert.rejects(tested.gradient(batches[0]), /^TypeError: .* for each batch: current value is none$/);
  await assert.rejects(
    tested.gradient(batches[1], one),
    /^TypeError: .* for each batch: current value is 6$/,
  );
  for (
    const transforms of [
      undefined,
      [],
      [one],
      [two, one],
      [one, two, two],
      [one, Float32Array.from(two)],
      "ab",
    ]
  ) {
    const call = async () => await tested.train(batches, { transforms: transforms as Int32Array[] });
    await assert.rejects(call, transforms === "ab" ? /^TypeError: .* transforms must be an array/ : must);
  }
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

async function rejectsUncollected(engine: EngineUnderTest): Promise<void> {
  const options = optionsOf(SMALL, { optimizer: adam({ learningRate: 0.01 }) }),
    batches = tenBatches(options);
  await using alone = await engine.open(options);
  const [expected, wanted] = [await alone.train(batches), await alone.readState()];

  await using tested = await engine.open(options);
  const none = { message: "Cannot collect results: steps must have been begun: current value is none" };
  await assert.rejects(tested.collect(), none);
  await tested.begin(batches.slice(0, 4));
  await assert.rejects(tested.begin([new Uint32Array(0)]), /1 to 6 sequences: current value is 0$/);
  for (const [action, call] of callsTo(tested, wanted)) {
    await assert.rejects(call, {
      message:
        `Cannot ${action}: the engine must have nothing else to do: current value is steps that were begun ` +
        "(collect() them before)",
    });
  }
  await tested.begin(batches.slice(4));
  await assert.rejects(
    tested.begin(batches),
    /^Error: Cannot train: results must be collected before more than 2 calls are begun/,
  );
  assert.deepEqual([...await tested.collect(), ...await tested.collect()], expected);
  await assert.rejects(tested.collect(), none);
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

/** Accepts a RangeError whose message begins and ends like this. */
function rangeError(beginning: RegExp, end: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RangeError && beginning.test(error.message) && end.test(error.message);
}
