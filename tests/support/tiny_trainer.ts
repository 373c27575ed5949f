/**
 * A small training of images of 5 × 4 pixels in three classes.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { adam } from "../../lib/model/optimizers.ts";
import { lstm } from "../../lib/model/to_tensorflow.ts";
import { compile } from "../../lib/train/compile.ts";
import type { CompileOptions } from "../../lib/train/open_parts.ts";
import type { Trainer } from "../../lib/train/trainer.ts";

/** Opens an LSTM with dropout; by default on `wasm`, since the textbook engine keeps float64 to itself. */
export function openTiny(options: Pick<CompileOptions, "train"> & Partial<CompileOptions>): Promise<Trainer> {
  const model = tf.sequential({
    layers: [
      lstm({ units: 3, inputShape: [5, 4] }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 3 }),
    ],
  });
  return compile(model, {
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: adam({ learningRate: 0.02 }),
    initialize: "pytorch",
    batchSize: 4,
    device: "wasm",
    threads: 1,
    ...options,
  });
}
