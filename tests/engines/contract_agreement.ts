/**
 * The tests that an engine gives the numbers of the reference.
 *
 * @module
 */
import assert from "node:assert/strict";
import { measureBatch, openReference } from "../../lib/engines/reference/engine.ts";
import type { NetworkGradient } from "../../lib/engines/reference/network.ts";
import { isRecurrent } from "../../lib/model/network.ts";
import { type ChainCase, describeChain } from "./chain_case.ts";
import { CHAINS, MIXED } from "./chain_cases.ts";
import { chainOptions } from "./chain_data.ts";
import { NORMED } from "./chain_norms.ts";
import {
  coarser,
  compare,
  compareLosses,
  compareTensors,
  type EngineUnderTest,
  register,
} from "./comparison.ts";
import {
  AUGMENTATIONS,
  type Case,
  type CaseOptions,
  CASES,
  describe,
  type ImageOptions,
  optionsOf,
  scattered,
  transformsOf,
} from "./contract_cases.ts";

/** Registers the comparisons with the reference. */
export function testAgreement(engine: EngineUnderTest): void {
  for (const test of CASES) {
    register(engine, `agrees with the reference: ${describe(test)}`, () => agreesOnGradient(engine, test));
  }
  for (const test of CHAINS) {
    const title = `agrees with the reference: ${describeChain(test)}`;
    register(engine, title, () => agreesOnChain(coarser(engine, test.coarse ?? 1), test));
  }
  for (const most of Object.keys(AUGMENTATIONS)) {
    for (const test of MOVED) {
      const title = `agrees with the reference: images ${most}, ${describe(test)}`;
      const by = coarser(engine, test.coarse ?? 1);
      register(engine, title, () => agreesOnTransforms(by, optionsOf(test, { transforms: true }), most));
    }
  }
  for (const dropout of [[0.5], [0.3, 0.5]]) {
    register(
      engine,
      `drops as the reference does: dropout ${dropout}`,
      () => agreesOnDropout(engine, droppingOptions(dropout)),
    );
  }
  for (const test of [MIXED, NORMED]) {
    register(engine, `drops as the reference does: ${describeChain(test)}`, () => {
      return agreesOnDropout(coarser(engine, test.coarse ?? 1), chainOptions(test));
    });
  }
}

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

/** Images that are moved, in every order; blank ones come out of some. */
const MOVED: readonly Case[] = [
  { kind: "LSTM", hidden: [7], images: 17, size: [28, 28] },
  { kind: "ReLU RNN", hidden: [65], images: 3, size: [5, 9], axis: "columns" },
  { kind: "tanh RNN", hidden: [9, 7], images: 16, size: [9, 6], reversed: true, scaled: { range: [-1, 1] } },
  // Some gradients of its first pixels vanish over 28 steps.
  { kind: "LSTM", hidden: [7], images: 5, size: [4, 7], axis: "pixels", permutation: 5, coarse: 4 },
];

async function agreesOnTransforms(
  engine: EngineUnderTest,
  options: ImageOptions,
  most: keyof typeof AUGMENTATIONS,
): Promise<void> {
  const { network, training: { sequences, batchSize } } = options;
  await using tested = await engine.open(options);
  for (const count of [batchSize, 1, Math.ceil(batchSize / 2)]) {
    const batch = scattered(count, sequences.count, count);
    const [transforms] = transformsOf(options, [batch], AUGMENTATIONS[most]);
    const expected = textbook(options, batch, transforms);
    assert.notDeepEqual(expected.gradient, textbook(options, batch).gradient, "nothing has moved");
    const actual = await tested.gradient(batch, transforms);
    compareTensors(engine, "gradient", { network, actual, expected: expected.gradient });
    compare(engine, "logits", { // which are not moved
      actual: await tested.predict(sequences, batch),
      expected: textbook(options, batch).answers,
    });
  }
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

/** What the reference gives for a batch at the first step, before it rounds to float32. */
function textbook(
  options: CaseOptions,
  positions: Uint32Array,
  transforms?: Int32Array,
): NetworkGradient {
  return measureBatch(options, positions, { p: Float64Array.from(options.parameters), step: 1, transforms });
}
