/**
 * Trains the published models three epochs with TensorFlow.js 4.22's own `model.fit()` on its wasm backend, and writes what
 * came of it: the losses and metrics of each epoch, and a sketch of each weight.
 *
 *     deno run -A --no-lock tests/golden/published_models.ts
 *
 * Losses, metrics and weights of its cpu backend and of tfjs-node are the same to 1e-6.
 */
import * as tf from "@tensorflow/tfjs";
import { PUBLISHED_MODELS } from "../../scripts/bench/models/table.ts";
import { useWasmBackend } from "../../scripts/bench/models/tensorflow_wasm.ts";
import { type Course, sketch, stockFit, trainModel } from "../../scripts/bench/models/train.ts";

/** How they are trained here and by the test. The last batch is a short one. */
export const COURSE: Course = { count: 20, batchSize: 8, epochs: 3, dropout: false };

/** What the file has of a model. */
export interface PublishedGolden {
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly sketches: readonly (readonly number[])[];
}

if (import.meta.main) {
  tf.enableProdMode();
  await useWasmBackend();
  const goldens: [string, PublishedGolden][] = [];
  for (const published of PUBLISHED_MODELS) {
    const { history, weights } = await trainModel(tf, published, COURSE, stockFit);
    const sketches = weights.map((values) => sketch(values).map((sum) => Number(sum.toPrecision(9))));
    goldens.push([published.id, { history, sketches }]);
    console.error(published.id, history);
  }
  const lines = goldens.map(([id, golden]) => `${JSON.stringify(id)}:${JSON.stringify(golden)}`);
  const path = new URL("published_models.json", import.meta.url);
  await Deno.writeTextFile(path, `{\n${lines.join(",\n")}\n}\n`);
}
