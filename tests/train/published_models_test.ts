/**
 * `fit()` beside TensorFlow.js's own, over models that other people published: three epochs from the same start, in the same
 * order, without dropout.
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { canFit, fit } from "../../lib/train/fit.ts";
import { closeFit } from "../../lib/train/fit_session.ts";
import { buildModel } from "../../scripts/bench/models/build.ts";
import { PUBLISHED_MODELS, type PublishedModel } from "../../scripts/bench/models/table.ts";
import {
  type Fit,
  type Outcome,
  relativeDistance,
  sketch,
  stockFit,
  trainModel,
} from "../../scripts/bench/models/train.ts";
import goldens from "../golden/published_models.json" with { type: "json" };
import { COURSE, type PublishedGolden } from "../golden/published_models.ts";
import { assertClose } from "../support/assert_close.ts";
import { lacks, named } from "../support/permissions.ts";

/** Of losses and metrics: the largest difference that was measured is 9e-7 (R16), ten times that. */
const HISTORY_TOLERANCE = 1e-5;
/** Of each weight: 1.4e-5 was measured (E3, where RMSprop divides by roots of small squares), otherwise 1e-6. */
const WEIGHT_TOLERANCE = 1e-4;

const needs = [{ name: "read", path: "lib" }] as const; // a worker module

const scanlineFit: Fit = async (model, x, y, args) => {
  const history = await fit(model, x, y, { ...args, device: "wasm" } as Parameters<typeof fit>[3]);
  await closeFit(model);
  return history as tf.History;
};

function assertAgrees({ id }: PublishedModel, actual: Outcome, expected: PublishedGolden): void {
  assert.deepEqual(Object.keys(actual.history), Object.keys(expected.history), id);
  for (const [name, values] of Object.entries(expected.history)) {
    assertClose(actual.history[name], values, {
      atol: 1e-7,
      rtol: HISTORY_TOLERANCE,
      name: `${id}: ${name}`,
    });
  }
  assert.equal(actual.weights.length, expected.sketches.length, id);
  expected.sketches.forEach((expected, index) => {
    const distance = relativeDistance(sketch(actual.weights[index]), expected);
    assert.ok(distance <= WEIGHT_TOLERANCE, `${id}: weight ${index} differs by ${distance} of its norm`);
  });
}

Deno.test("canFit() has nothing against any of the published models, dropout and all", () => {
  assert.equal(PUBLISHED_MODELS.length, 26);
  for (const published of PUBLISHED_MODELS) {
    const model = buildModel(tf, published, { dropout: true });
    assert.equal(canFit(model), null, published.id);
    model.dispose();
  }
});

for (const published of PUBLISHED_MODELS) {
  const { id, name } = published;
  Deno.test({
    name: named(`fit() trains ${id}, ${name}, to what TensorFlow.js's model.fit() did`, needs),
    ignore: lacks(needs),
    fn: async () => {
      const golden = (goldens as Record<string, PublishedGolden>)[id];
      assertAgrees(published, await trainModel(tf, published, COURSE, scanlineFit), golden);
    },
  });
}

Deno.test("the file of TensorFlow.js's results is what it computes here and now", async () => {
  await tf.setBackend("cpu");
  for (const published of PUBLISHED_MODELS.filter(({ id }) => ["R12", "R16", "R19", "R23"].includes(id))) {
    const golden = (goldens as Record<string, PublishedGolden>)[published.id];
    assertAgrees(published, await trainModel(tf, published, COURSE, stockFit), golden);
  }
});
