/**
 * A trained model that reads any images: what `compile()` needs beyond the model is found out from it.
 *
 * @module
 */
import { type LayersModel, toNetwork } from "../model/layers_model.ts";
import { DEVICE_RULES, type DeviceOptions } from "../engines/open.ts";
import { check, checkOptions, OBJECT, oneOf } from "../options.ts";
import { compile } from "./compile.ts";
import type { Trainer, TrainingConfig } from "./trainer.ts";

/** What {@link openReader} takes of a run's configuration. */
export type ReaderConfig = Pick<TrainingConfig, "sequence" | "optimizer" | "biases">;

/**
 * The size of the images that a model reads; square, where sequences of any length or single pixels leave it open.
 *
 * @throws {RangeError} If a model that reads pixel by pixel reads sequences whose length makes no square.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { imageSize } from "./reader.ts";
 * import assert from "node:assert/strict";
 *
 * const rnn = tf.layers.simpleRNN({ units: 3, inputShape: [28, 20], recurrentInitializer: "zeros" });
 * const model = tf.sequential({ layers: [rnn, tf.layers.dense({ units: 10 })] });
 * assert.deepEqual(imageSize(model, { axis: "columns", range: [0, 1] }), { height: 20, width: 28 });
 * ```
 */
export function imageSize(
  model: LayersModel,
  sequence: TrainingConfig["sequence"],
): { height: number; width: number } {
  check("find the size of the images", "sequence", { value: sequence, rule: OBJECT });
  const { axis } = sequence;
  check("find the size of the images", "axis", { value: axis, rule: oneOf("rows", "columns", "pixels") });
  const { network, T } = toNetwork(model);
  const lines = T ?? network.inputSize;
  if (axis === "rows") return { height: lines, width: network.inputSize };
  if (axis === "columns") return { height: network.inputSize, width: lines };
  const side = Math.sqrt(T ?? 28 * 28);
  if (Number.isInteger(side)) return { height: side, width: side };
  throw new RangeError(
    `Cannot find the size of the images: the length of its sequences must make a square, pixel by pixel: current value is ${T}`,
  );
}

/**
 * Opens a trainer that is only asked to `predict()` and `read()`: its own images are one blank one.
 *
 * @throws {TypeError} If the model has a layer or a property that is not supported.
 * @throws {RangeError} If the device is not there.
 *
 * @example
 * ```ts ignore
 * const { config, model } = await openRun("runs/train-lstm/2026-11-22T05-41-25");
 * await using reader = await openReader(model, config.training, { device: "wasm" });
 * const probabilities = await reader.read(prepareDigit(raster, imageSize(model, config.training.sequence)));
 * ```
 */
export async function openReader(
  model: LayersModel,
  config: ReaderConfig,
  device: DeviceOptions = {},
): Promise<Trainer> {
  check("open the reader", "config", { value: config, rule: OBJECT });
  const { sequence, optimizer, biases } = config;
  const checked = checkOptions("open the reader", device, DEVICE_RULES);
  const { height, width } = imageSize(model, sequence);
  const blank = { pixels: new Uint8Array(height * width), labels: Uint8Array.of(0), count: 1, height, width };
  return await compile(model, { train: blank, sequence, optimizer, biases, batchSize: 1, ...checked });
}
