/**
 * A model as two files, `model.json` and `weights.bin`, for the loaders of TensorFlow.js. Scanline itself loads only the
 * weights: `config.json` has the layers.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { joinBytes } from "../bytes.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import type { Metadata } from "./metadata.ts";

/** The two files. */
export interface TensorflowFiles {
  /** `model.json`. */
  readonly json: string;
  /** `weights.bin`: every weight, little-endian, layer by layer, as the manifest in `model.json` lists them. */
  readonly weights: Uint8Array<ArrayBuffer>;
}

/** Of a weight, float32 or int32. */
const BYTES = 4;

/** The one file of weights, beside `model.json`. */
const WEIGHTS_PATH = "weights.bin";

/**
 * Serializes a model, its weights included, without the state of an optimizer.
 *
 * @param metadata Added to the `userDefinedMetadata` of the model, in `model.json`
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
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
  metadata: Metadata = {},
): Promise<TensorflowFiles> {
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(tf.io.withSaveHandler((saved) => {
    artifacts = saved;
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) });
  }));
  const { weightSpecs: specs = [], weightData = [], ...rest } = artifacts;
  if (Object.keys(metadata).length > 0) {
    rest.userDefinedMetadata = { ...rest.userDefinedMetadata, ...metadata };
  }
  const { weights, bytes } = layerByLayer(model, specs, tf.io.CompositeArrayBuffer.join(weightData));
  return {
    json: JSON.stringify({ ...rest, weightsManifest: [{ paths: [WEIGHTS_PATH], weights }] }),
    weights: bytes,
  };
}

/** TensorFlow.js saves what no optimizer moves, the averages of batch normalization, behind all other weights; a network does not. */
function layerByLayer(
  { layers }: LayersModel,
  specs: readonly tf.io.WeightsManifestEntry[],
  data: ArrayBuffer,
): { weights: tf.io.WeightsManifestEntry[]; bytes: Uint8Array<ArrayBuffer> } {
  const order = layers.flatMap(({ weights }) => weights.map(({ originalName }) => originalName));
  let offset = 0;
  const parts = specs.map((spec) => {
    const sizeBytes = BYTES * tf.util.sizeFromShape(spec.shape);
    const bytes = new Uint8Array(data, offset, sizeBytes);
    offset += sizeBytes;
    return { spec, bytes, place: order.indexOf(spec.name) };
  }).sort((a, b) => a.place - b.place);
  return { weights: parts.map(({ spec }) => spec), bytes: joinBytes(...parts.map(({ bytes }) => bytes)) };
}
