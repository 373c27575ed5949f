import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { Targets } from "../../lib/data/sequences.ts";
import { LOSSES, METRICS } from "../../lib/model/losses.ts";
import { sumScores } from "../../lib/train/scores.ts";
import { assertClose } from "../support/assert_close.ts";
import { testStream } from "../support/tiny_data.ts";

type LossFunction = (y: tf.Tensor, p: tf.Tensor) => tf.Tensor;

/** What TensorFlow.js computes for each name; its layers' own functions are found through `model.compile()`. */
function stockOf(name: string): LossFunction {
  if (name === "softmaxCrossEntropy") return tf.losses.softmaxCrossEntropy;
  if (name === "sigmoidCrossEntropy") return tf.losses.sigmoidCrossEntropy;
  if (name === "huber") return tf.losses.huberLoss;
  return (tf.metrics as unknown as Record<string, LossFunction>)[
    name.replace("CrossEntropy", "Crossentropy")
  ];
}

/** Outputs of some rows: any numbers for logits and values, probabilities that sum to 1 or lie each in 0 … 1. */
function outputsOf(name: string, { rows, K }: { rows: number; K: number }): Float32Array {
  const random = testStream(`outputs of ${name}`);
  const p = Float32Array.from({ length: rows * K }, () => 6 * random.uniform() - 3);
  if (name.startsWith("categorical")) {
    for (let row = 0; row < rows; row++) {
      const z = p.subarray(row * K, (row + 1) * K).map(Math.exp);
      p.set(z.map((value) => value / z.reduce((a, b) => a + b)), row * K);
    }
    p.set([1, 0, 0], 0); // clipped
  }
  if (name.startsWith("binary")) {
    p.forEach((z, at) => p[at] = 1 / (1 + Math.exp(-z)));
    p.set([1, 0, 0.5], 0);
  }
  return p;
}

for (const name of [...LOSSES, ...METRICS.filter((one) => !(LOSSES as readonly string[]).includes(one))]) {
  for (const T of [1, 4]) {
    Deno.test(`sumScores() computes ${name} as TensorFlow.js, ${T === 1 ? "per sequence" : "per step"}`, () => {
      const count = 5, K = 3, rows = count * T;
      const random = testStream(`targets of ${name}`), p = outputsOf(name, { rows, K });
      const isRegression = /^(mean|huber)/.test(name), isBinary = /^(binary|sigmoid)/.test(name);
      const y = new Float32Array(rows * K);
      for (let row = 0; row < rows; row++) {
        if (isRegression) { for (let k = 0; k < K; k++) y[row * K + k] = 4 * random.uniform() - 2; }
        else if (isBinary) { for (let k = 0; k < K; k++) y[row * K + k] = random.below(2); }
        else y[row * K + random.below(K)] = 1;
      }
      const shape = T === 1 ? [count, K] : [count, T, K];
      const expected = tf.tidy(() =>
        tf.mean(stockOf(name)(tf.tensor(y, shape), tf.tensor(p, shape))).dataSync()[0]
      );
      const isLoss = (LOSSES as readonly string[]).includes(name);
      const network = {
        output: { size: K, everyStep: T > 1 },
        loss: (isLoss ? name : "meanSquaredError") as typeof LOSSES[number],
        metrics: (isLoss ? [] : [name]) as typeof METRICS[number][],
      };
      const both: Targets[] = [{ kind: "rows", data: y }];
      if (!isRegression && !isBinary) {
        const classes = Int32Array.from(
          { length: rows },
          (_, row) => y.subarray(row * K, row * K + K).indexOf(1),
        );
        both.push({ kind: "classes", data: classes });
      }
      for (const targets of both) {
        const { loss, metrics } = sumScores(p, { network, targets, first: 0, count });
        // float32 there: 1e-7 a rounding, some ten of them
        const actual = (isLoss ? loss : metrics[0]) / count;
        assertClose([actual], [expected], { atol: 1e-6, rtol: 2e-6, name: `${name} of ${targets.kind}` });
      }
    });
  }
}

Deno.test("sumScores() weighs the loss of each sequence, and no metric", () => {
  const network = {
    output: { size: 1, everyStep: true },
    loss: "meanSquaredError",
    metrics: ["meanSquaredError"],
  } as const;
  const targets: Targets = {
    kind: "rows",
    data: new Float32Array(6),
    weights: Float32Array.of(7, 10, 100),
  };
  const sums = sumScores(Float32Array.of(1, 2, 3, 4), { network, targets, first: 1, count: 2 });
  assert.deepEqual(sums, { loss: 10 * 2.5 + 100 * 12.5, metrics: [2.5 + 12.5] });
});
