/**
 * A model as two files, `model.json` and `weights.bin`, which TensorFlow.js's own loaders read. Scanline itself reads the
 * weights alone: what they mean stands in `config.json`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { LayersModel } from "./from_tensorflow.ts";

/** The two files. */
export interface TensorflowFiles {
  /** `model.json`. */
  readonly json: string;
  /** `weights.bin`: every weight, little-endian, in the order of the manifest in `model.json`. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

/** What {@link serializeModel} writes besides the model. */
export interface SerializeOptions {
  /** Anything `model.json` should say of itself: its `userDefinedMetadata`, beside what the model has there. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The one file of weights, beside `model.json`. */
const WEIGHTS_PATH = "weights.bin";

/**
 * Serializes a model, its weights included, without the state of an optimizer.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { serializeModel } from "./tensorflow_files.ts";
 * import assert from "node:assert/strict";
 *
 * const lstm = tf.layers.lstm({ units: 4, inputShape: [28, 28], recurrentInitializer: "zeros" });
 * const model = tf.sequential({ layers: [lstm, tf.layers.dense({ units: 10 })] });
 * const { json, weights } = await serializeModel(model);
 * assert.equal(weights.byteLength, 4 * model.countParams());
 *
 * const manifest = JSON.parse(json).weightsManifest;
 * assert.deepEqual(manifest[0].paths, ["weights.bin"]);
 * ```
 */
export async function serializeModel(
  model: LayersModel,
  { metadata }: SerializeOptions = {},
): Promise<TensorflowFiles> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(tf.io.withSaveHandler((saved) => {
    artifacts = saved;
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) });
  }));
  const { weightSpecs = [], weightData = [], ...rest } = artifacts;
  if (metadata) rest.userDefinedMetadata = { ...rest.userDefinedMetadata, ...metadata };
  return {
    json: JSON.stringify({ ...rest, weightsManifest: [{ paths: [WEIGHTS_PATH], weights: weightSpecs }] }),
    weights: new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
  };
}
