/**
 * A GRU of TensorFlow.js whose reset gate acts after the product, as in PyTorch, cuDNN and Keras 3. The `tf.layers.gru()` of
 * TensorFlow.js has the other one only.
 *
 *     z r = σ(x W + b + h R + b')                 [N,2H], their part of W, R and the biases
 *     g   = φ(x W_g + b_g + r∘(h R_g + b'_g))     [N,H]
 *     h'  = z∘h + (1 − z)∘g                       [N,H]
 *
 * Kernel [C,3H] and recurrent kernel [H,3H], columns z r g; bias [2,3H], that of x and that of h. It trains, predicts, saves and
 * loads as every layer does; a program that loads it imports Scanline.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";

/** The name of the class in `model.json`. */
export const GRU_RESET_AFTER = "GRUResetAfter";

/** What `tf.layers.gru()` takes, and `resetAfter`. */
export interface GruArgs {
  /** H, the hidden units. */
  readonly units: number;
  /** Whether the reset gate acts after the product, as in PyTorch, cuDNN and Keras 3; false by default. */
  readonly resetAfter?: boolean;
  /** `[T, C]`, T null for any; for the first layer. */
  readonly inputShape?: (number | null)[];
  /** `[N, T, C]`, for the first layer. */
  readonly batchInputShape?: (number | null)[];
  /** φ; tanh by default. */
  readonly activation?: string;
  /** σ; sigmoid by default. */
  readonly recurrentActivation?: string;
  /** True by default. */
  readonly useBias?: boolean;
  /** Whether it returns the outputs of all steps. */
  readonly returnSequences?: boolean;
  /** Whether it reads from the end. */
  readonly goBackwards?: boolean;
  /** The share of x that training drops. */
  readonly dropout?: number;
  /** The share of h that training drops. */
  readonly recurrentDropout?: number;
  /** One of `tf.initializers`, or its name. */
  readonly kernelInitializer?: string | object;
  /** One of `tf.initializers`, or its name. */
  readonly recurrentInitializer?: string | object;
  /** One of `tf.initializers`, or its name. */
  readonly biasInitializer?: string | object;
  /** Its name. */
  readonly name?: string;
  /** Whether its weights are trained. */
  readonly trainable?: boolean;
}

/** The layer of TensorFlow.js whose arguments, and what becomes of them, ours shares. */
interface StockCell extends tf.layers.Layer {
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly dropoutFunc?: typeof tf.dropout;
  readonly [property: string]: unknown;
}

interface Activation {
  apply(x: tf.Tensor): tf.Tensor;
}

type AddWeight = Parameters<tf.layers.Layer["addWeight"]>;

class ResetAfterCell extends tf.layers.RNNCell {
  static className = "GRUResetAfterCell";
  readonly stateSize: number;
  readonly #stock: StockCell;
  readonly #weights: tf.LayerVariable[] = [];

  constructor(args: Omit<GruArgs, "resetAfter">) {
    super({ trainable: args.trainable });
    this.#stock = tf.layers.gruCell(args as Parameters<typeof tf.layers.gruCell>[0]) as unknown as StockCell;
    this.stateSize = this.#stock.units;
  }

  get kernel(): tf.LayerVariable {
    return this.#weights[0];
  }

  get recurrentKernel(): tf.LayerVariable {
    return this.#weights[1];
  }

  get bias(): tf.LayerVariable | null {
    return this.#weights[2] ?? null;
  }

  /** In place of `tf.dropout`, if it was given. */
  get dropoutFunc(): typeof tf.dropout | undefined {
    return this.#stock.dropoutFunc;
  }

  /** @param inputShape [N,C] */
  override build(inputShape: tf.Shape): void {
    const { units: H, useBias } = this.#stock, C = inputShape[inputShape.length - 1];
    this.#add("kernel", [C, 3 * H], "kernel");
    this.#add("recurrent_kernel", [H, 3 * H], "recurrent");
    if (useBias) this.#add("bias", [2, 3 * H], "bias");
    this.built = true;
  }

  #add(name: string, shape: tf.Shape, prefix: string): void {
    const of = (suffix: string) => this.#stock[prefix + suffix];
    this.#weights.push(
      this.addWeight(
        name,
        shape,
        undefined,
        of("Initializer") as AddWeight[3],
        of("Regularizer") as AddWeight[4],
        true,
        of("Constraint") as AddWeight[6],
      ),
    );
  }

  /** @param inputs x [N,C] and h [N,H]; returns h' as output and as state */
  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor[] {
    return tf.tidy(() => {
      const [givenX, givenH] = inputs as tf.Tensor2D[];
      const { activation, recurrentActivation, dropout, recurrentDropout } = this.#stock;
      const drop = this.dropoutFunc ?? tf.dropout;
      this.dropoutMask ??= mask(givenX, training ? dropout : 0, drop);
      this.recurrentDropoutMask ??= mask(givenH, training ? recurrentDropout : 0, drop);
      const x = masked(givenX, this.dropoutMask), h = masked(givenH, this.recurrentDropoutMask);

      const [ofX, ofH] = this.bias ? tf.unstack(this.bias.read()) : [0, 0]; // [3H] each
      const [xZ, xR, xG] = tf.split(tf.add(tf.matMul(x, this.kernel.read() as tf.Tensor2D), ofX), 3, 1);
      const [hZ, hR, hG] = tf.split(
        tf.add(tf.matMul(h, this.recurrentKernel.read() as tf.Tensor2D), ofH),
        3,
        1,
      );
      const z = recurrentActivation.apply(tf.add(xZ, hZ));
      const r = recurrentActivation.apply(tf.add(xR, hR));
      const g = activation.apply(tf.add(xG, tf.mul(r, hG)));
      const next = tf.add(tf.mul(z, h), tf.mul(tf.sub(1, z), g));
      return [next, next];
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...this.#stock.getConfig(), ...super.getConfig(), resetAfter: true };
  }
}

/** The mask of a whole sequence, which {@link GruResetAfter} disposes before the next one; null where nothing is dropped. */
function mask(of: tf.Tensor, rate: number, drop: typeof tf.dropout): tf.Tensor {
  if (rate <= 0 || rate >= 1) return null as unknown as tf.Tensor; // as TensorFlow.js's own cells have it
  return tf.keep(drop(tf.onesLike(of), rate));
}

function masked(x: tf.Tensor2D, mask: tf.Tensor | tf.Tensor[]): tf.Tensor2D {
  return mask ? tf.mul(x, mask as tf.Tensor) : x;
}

/** The layer; `gru({ resetAfter: true })` makes one. */
export class GruResetAfter extends tf.RNN {
  static override className = GRU_RESET_AFTER;

  constructor({ resetAfter: _, ...args }: GruArgs) {
    super({ ...args, cell: new ResetAfterCell(args) });
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Parameters<tf.RNN["call"]>[1]) {
    tf.dispose([this.cell.dropoutMask, this.cell.recurrentDropoutMask]);
    Object.assign(this.cell, { dropoutMask: null, recurrentDropoutMask: null });
    return super.call(inputs, kwargs);
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(config);
  }
}

tf.serialization.registerClass(GruResetAfter);
