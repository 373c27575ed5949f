/**
 * The training of a TensorFlow.js model.
 *
 * @module
 */
import type { LayersModel } from "../model/from_tensorflow.ts";
import { Training, type TrainingParts } from "./training.ts";

/** A TensorFlow.js model in training on a device. Made by `compile()`. */
export class Trainer extends Training {
  /** The model. It has the trained weights after every report, and when a loop ends. */
  readonly model: LayersModel;

  /** @ignore `compile()` makes trainers. */
  constructor(model: LayersModel, parts: TrainingParts) {
    super(parts);
    this.model = model;
  }
}
