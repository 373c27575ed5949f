/**
 * A small checkpoint for tests.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/run/checkpoint.ts";

/** Of a training with momentum, in the middle of a report's four steps; `step` must be 4 at least for those. */
export function tinyCheckpoint({ step = 0, size = 12 } = {}): Checkpoint {
  const flat = (factor: number) =>
    Float32Array.from({ length: size }, (_, k) => Math.fround((k + 1) * factor));
  const last = { step, loss: 0.5, correct: 3, count: 4 };
  const begun = { loss: 9.875, correct: 11, images: 16, steps: 4, elapsedMs: 1.5, last };
  return {
    state: {
      parameters: flat(0.1),
      slots: [flat(-0.2)],
      step,
      tally: step < 4 ? { loss: 0, correct: 0, images: 0, steps: 0, elapsedMs: 0, last: null } : begun,
    },
    epoch: Math.floor(step / 6),
    config: {
      recipe: "tiny",
      model: {
        inputSize: 4,
        layers: [
          { kind: "lstm", hiddenSize: 3 },
          { kind: "dropout", rate: 0.5 },
          { kind: "dense", units: 3 },
        ],
        biases: 2,
        T: 5,
        sequence: { axis: "rows", range: [0, 1] },
        classNames: ["a", "b", "c"],
      },
      training: {
        optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
        initialize: "pytorch",
        batchSize: 4,
        lastBatch: "short",
        seed: 1,
        images: { train: 22, validation: 0, test: 13 },
      },
      data: { dataset: "mnist" },
    },
    images: "0123456789abcdef".repeat(4),
    metricsBytes: 0,
  };
}
