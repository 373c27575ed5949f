/**
 * A TensorFlow.js model as the home of the weights of a training.
 *
 * @module
 */
import type { Classifier } from "./classifier.ts";
import { type LayersModel, toNetwork } from "./from_tensorflow.ts";
import { markWeights, readWeights, writeWeights } from "./tensorflow_weights.ts";

/** The weights in a model: a `WeightsHome` of a training. Others change them by `model.setWeights()` or `model.fit()`. */
export class ModelWeights {
  readonly #model: LayersModel;
  readonly #network: Classifier;
  /** Of the weights when they were last taken or written. */
  #marks: readonly object[];

  /** @param network What the model was compiled to */
  constructor(model: LayersModel, network: Classifier) {
    this.#model = model;
    this.#network = network;
    this.#marks = markWeights(model, network);
  }

  checkLayers(): void {
    const { biases, layers } = this.#network;
    const unbiased = layers.some((layer) => layer.kind === "batchNorm" && layer.unbiased);
    const { network } = toNetwork(this.#model, { biases, unbiased });
    if (JSON.stringify(network) === JSON.stringify(this.#network)) return;
    throw new TypeError(
      "Cannot train: the layers of the model must be those that were compiled: current value is other ones " +
        "(compile() it again)",
    );
  }

  get isChanged(): boolean {
    return markWeights(this.#model, this.#network).some((mark, index) => mark !== this.#marks[index]);
  }

  async handOver(take: (parameters: Float32Array) => Promise<void>): Promise<boolean> {
    if (!this.isChanged) return false;
    const marks = markWeights(this.#model, this.#network);
    await take(await this.read());
    this.#marks = marks;
    return true;
  }

  async read(): Promise<Float32Array> {
    return await readWeights(this.#model, this.#network);
  }

  write(parameters: Float32Array): void {
    writeWeights(this.#model, this.#network, parameters);
    this.#marks = markWeights(this.#model, this.#network);
  }
}
