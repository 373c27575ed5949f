import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fit } from "../../lib/train/fit.ts";
import type { BatchDataset, FitDatasetArgs } from "../../lib/train/fit_arguments.ts";
import { fitDataset } from "../../lib/train/fit_dataset.ts";
import { closeFit } from "../../lib/train/fit_session.ts";
import { assertClose } from "../support/assert_close.ts";
import { assertSame, noise, outcomeOf, recorder, twins } from "./support/stock.ts";

const T = 4, C = 2;

function build(): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.simpleRNN({ units: 3, inputShape: [null, C], recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: 1, activation: "sigmoid" }),
    ],
  });
  model.compile({ loss: "binaryCrossentropy", optimizer: tf.train.adam(0.05), metrics: ["accuracy"] });
  return model;
}

type Batch = { xs: tf.Tensor; ys: tf.Tensor };
type Batches = tf.data.Dataset<Batch>;

/** Examples of `[T, 2]`, in batches of 4 with a short last one. */
function examples(name: string, count = 11): Batches {
  const xs = noise(`xs ${name}`, count * T * C), ys = noise(`ys ${name}`, count);
  const list = Array.from({ length: count }, (_, n) => ({
    xs: Array.from({ length: T }, (_, t) => [...xs.subarray((n * T + t) * C, (n * T + t + 1) * C)]),
    ys: [ys[n] > 0 ? 1 : 0],
  }));
  return tf.data.array(list).batch(4) as unknown as Batches;
}

/** Batches of tensors that differ in size and in length, and never end. */
function uneven(): Batches {
  const lengths = [4, 4, 3, 4, 5, 3], sizes = [2, 3, 1, 5, 2, 2];
  function* batches() {
    for (let index = 0;; index++) {
      const length = lengths[index % 6], size = sizes[index % 6];
      const x = noise(`uneven ${index}`, size * length * C);
      yield {
        xs: tf.tensor(x, [size, length, C]),
        ys: tf.tensor(x.subarray(0, size).map((value) => value > 0 ? 1 : 0), [size, 1]),
      };
    }
  }
  return tf.data.generator(batches as never) as unknown as Batches;
}

type Watch = (model: tf.Sequential) => NonNullable<FitDatasetArgs["callbacks"]>;

/** Trains a model by both and asserts that nothing tells them apart. */
async function compare(
  { dataset, args, watch }: {
    dataset: () => Batches;
    args: Omit<FitDatasetArgs, "callbacks">;
    watch?: Watch;
  },
): Promise<tf.History> {
  const [ours, stock] = twins(build), recorded = recorder(), expected = recorder();
  const before = tf.memory().numTensors;
  const history = await fitDataset(ours, dataset(), {
    ...args,
    callbacks: watch?.(ours) ?? recorded.callbacks,
    device: "reference",
  });
  const made = tf.memory().numTensors - before;
  const stockArgs = { ...args, callbacks: watch?.(stock) ?? expected.callbacks };
  const stockHistory = await stock.fitDataset(
    dataset(),
    stockArgs as unknown as tf.ModelFitDatasetArgs<Batch>,
  );
  assert.equal(made, tf.memory().numTensors - before - made, "tensors: the optimizer's slots");
  assertSame(
    await outcomeOf(ours, history, recorded.seen),
    await outcomeOf(stock, stockHistory, expected.seen),
  );
  await closeFit(ours);
  return history;
}

const CASES: readonly { name: string; dataset?: () => Batches; args: Omit<FitDatasetArgs, "callbacks"> }[] = [
  { name: "all batches", args: { epochs: 3 } },
  { name: "batches that differ", dataset: uneven, args: { epochs: 2, batchesPerEpoch: 7 } },
  { name: "initialEpoch", args: { epochs: 3, initialEpoch: 1 } },
  {
    name: "batchesPerEpoch of one that repeats",
    dataset: () => examples("a").repeat(),
    args: { epochs: 3, batchesPerEpoch: 2 },
  },
  { name: "a dataset to validate", args: { epochs: 2, validationData: examples("b", 9) as BatchDataset } },
  {
    name: "some batches to validate",
    args: { epochs: 2, validationData: uneven() as BatchDataset, validationBatches: 4 },
  },
  {
    name: "classWeight",
    args: { epochs: 2, classWeight: { 0: 0.5, 1: 3 }, validationData: examples("c") as BatchDataset },
  },
  { name: "a shuffled dataset", dataset: () => examples("d").shuffle(3, "seed"), args: { epochs: 3 } },
];

for (const { name, dataset = () => examples("a"), args } of CASES) {
  Deno.test(`fitDataset() is model.fitDataset() with ${name}`, async () => {
    await compare({ dataset, args });
  });
}

Deno.test("fitDataset() is model.fitDataset() with tensors to validate", async () => {
  const x = tf.tensor(noise("validation", 6 * T * C), [6, T, C]), y = tf.tensor([0, 1, 1, 0, 1, 0], [6, 1]);
  await compare({
    dataset: () => examples("a"),
    args: { epochs: 2, validationData: [x, y], validationBatchSize: 2 },
  });
  tf.dispose([x, y]);
});

Deno.test("fitDataset() warns where batchesPerEpoch are too many, as model.fitDataset() does", async () => {
  const warn = console.warn, warnings: unknown[] = [];
  console.warn = (text: unknown) => void warnings.push(text);
  try {
    await compare({ dataset: () => examples("a"), args: { epochs: 3, batchesPerEpoch: 2 } });
  } finally {
    console.warn = warn;
  }
  assert.equal(warnings.length, 4); // three batches are there: the second epoch and the third are short, in both
});

Deno.test("fitDataset() stops where model.fitDataset() does", async () => {
  for (const hook of ["onEpochBegin", "onBatchBegin", "onBatchEnd", "onEpochEnd"] as const) {
    for (const at of [0, 1, 2]) {
      for (const batchesPerEpoch of [undefined, 3]) {
        const args = { epochs: 3, batchesPerEpoch, validationData: examples("b") as BatchDataset };
        await compare({
          dataset: () => batchesPerEpoch ? examples("a").repeat() : examples("a"),
          args,
          watch: (model) => ({
            [hook]: (index: number) => void (index === at && (model.stopTraining = true)),
          }),
        });
      }
    }
  }
});

Deno.test("fitDataset() takes the same steps however many an engine is given at once", async () => {
  const args = { epochs: 2, batchesPerEpoch: 40, device: "reference" } as const;
  const [one, many] = twins(build);
  const { history } = await fitDataset(one, uneven(), { ...args, callbacks: { onBatchEnd: () => {} } });
  const again = (await fitDataset(many, uneven(), args)).history;
  // Where lengths change the engine is opened again, from float32.
  assertClose(again.loss, history.loss, { atol: 0, rtol: 1e-6, name: "loss" });
  assert.deepEqual(again.acc, history.acc);
  await closeFit(one);
  await closeFit(many);
});

Deno.test("fitDataset() and fit() can take turns", async () => {
  const [ours, stock] = twins(build);
  const x = tf.tensor(noise("turns", 6 * T * C), [6, T, C]), y = tf.tensor([0, 1, 1, 0, 1, 0], [6, 1]);
  for (let turn = 0; turn < 2; turn++) {
    await fit(ours, x, y, { shuffle: false, device: "reference" });
    await fitDataset(ours, examples("a"), { epochs: 1, device: "reference" });
    await stock.fit(x, y, { shuffle: false });
    await stock.fitDataset(examples("a"), { epochs: 1 });
  }
  const none = new tf.History();
  none.history = {};
  assertSame(await outcomeOf(ours, none, []), await outcomeOf(stock, none, []));
  await closeFit(ours);
  tf.dispose([x, y]);
});

Deno.test("fitDataset() refuses what is no dataset of batches, and disposes a batch that it refuses", async () => {
  const [model] = twins(build), args = { epochs: 1, device: "reference" } as const;
  const fails = (dataset: unknown, message: RegExp, more: object = {}) =>
    assert.rejects(fitDataset(model, dataset as BatchDataset, { ...args, ...more }), message);
  await fails(
    {},
    /^TypeError: Cannot fit the model: dataset must be a tf.data.Dataset of { xs, ys }: current value is {}/,
  );
  await fails(
    tf.data.array([1, 2]),
    /^TypeError: .* the dataset must give batches { xs, ys }: current value is 1$/,
  );
  const batch = () => ({ xs: tf.ones([2, T, 3]), ys: tf.ones([2, 1]) });
  const wrong = tf.data.generator(
    (function* () {
      yield batch();
    }) as never,
  );
  const before = tf.memory().numTensors;
  await fails(wrong, /^TypeError: .* xs must have the shape \[N, T, 2\]: current value is \[2, 4, 3\]$/);
  assert.equal(tf.memory().numTensors, before);
  const right = examples("a");
  await fails(right, /^RangeError: .* epochs must be a whole number from 1 on: current value is 0$/, {
    epochs: 0,
  });
  await fails(right, /^TypeError: .* epochs must be a whole number from 1 on: current value is missing$/, {
    epochs: undefined,
  });
  await fails(right, /^TypeError: .* args must be among .*: current value has "batchSize"$/, {
    batchSize: 1,
  });
  await fails(right, /^TypeError: .* validationData must be a dataset, or \[x, y\]: current value is 7$/, {
    validationData: 7,
  });
});
