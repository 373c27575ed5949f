/**
 * What `model.compile()` was given, as engines train it: loss, metrics, optimizer and the optimizer's state, in both directions.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { EngineState } from "../engines/engine.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import type { Network } from "./network.ts";
import type { Optimizer } from "./optimizers.ts";

/** The result of {@link toTraining}. */
export interface ModelTraining {
  /** What an engine trains, with the loss and the metrics of `model.compile()`. */
  readonly network: Network;
  /** T of the model's input, null where it is open. */
  readonly T: number | null;
  /** For each metric of the network, its key in `logs` and `History.history`; the first key, `loss`, is left out. */
  readonly metricNames: readonly string[];
  /** Classes `[N, 1]` or `[N, T, 1]` for sparse losses; for the others rows, in the shape of the output. */
  readonly targets: "classes" | "rows";
  /**
   * Whether TensorFlow.js weighs each sequence by itself. False for the functions of `tf.losses`, whose one number for the
   * batch it multiplies by all weights: `classWeight` cannot be computed then.
   */
  readonly weighted: boolean;
}

/**
 * From a model on which `compile()` was called to what an engine trains.
 *
 * The regularizers of `network` belong to the loss in training only: TensorFlow.js leaves them out of evaluations, and so
 * out of `val_loss`.
 *
 * @throws {TypeError} If anything in the model, its loss, its metrics or its optimizer cannot be computed.
 */
export function toTraining(_model: LayersModel): ModelTraining {
  throw new Error("not yet");
}

/** The optimizer of a compiled model with the numbers that its next step uses, η included. */
export function readOptimizer(_model: LayersModel): Promise<Optimizer> {
  throw new Error("not yet");
}

/** The η of an optimizer's next step: callbacks change it. */
export function readLearningRate(_optimizer: tf.Optimizer): Promise<number> {
  throw new Error("not yet");
}

/** The slots and the steps of a model's optimizer, where they start if it has taken no step. */
export function readOptimizerState(
  _model: LayersModel,
  _network: Network,
): Promise<Pick<EngineState, "slots" | "step">> {
  throw new Error("not yet");
}

/** Gives slots and steps back to a model's optimizer, which goes on from there in `model.fit()`. No tensor leaks. */
export function writeOptimizerState(
  _model: LayersModel,
  _network: Network,
  _state: Pick<EngineState, "slots" | "step">,
): void {
  throw new Error("not yet");
}
