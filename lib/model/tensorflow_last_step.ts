/**
 * A layer of TensorFlow.js that leaves the last step of a sequence.
 *
 *     y = x[:, T−1]        [N,T,C] → [N,C]
 *
 * It trains, predicts, saves and loads as every layer does; a program that loads it imports Scanline.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";

/** The name of the class in `model.json`. */
export const LAST_STEP = "LastStep";

/** What `lastStep()` takes. */
export interface LastStepArgs {
  /** `[T, C]`, T null for any; for the first layer. */
  readonly inputShape?: (number | null)[];
  /** Its name. */
  readonly name?: string;
}

/** The layer; `lastStep()` makes one. */
export class LastStep extends tf.layers.Layer {
  static className = LAST_STEP;

  constructor(args: LastStepArgs = {}) {
    super(args as ConstructorParameters<typeof tf.layers.Layer>[0]);
    this.inputSpec = [{ ndim: 3 }];
    this.supportsMasking = true; // the step goes on, masked or not
  }

  override computeMask(): tf.Tensor {
    return null as unknown as tf.Tensor; // nothing above has steps; as TensorFlow.js's own layers have it
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [N, , C] = inputShape as tf.Shape;
    return [N, C];
  }

  /** @param inputs x [N,T,C] */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D, [N, T, C] = x.shape;
      return tf.reshape(tf.slice(x, [0, T - 1, 0], [N, 1, C]), [N, C]);
    });
  }
}

tf.serialization.registerClass(LastStep);
