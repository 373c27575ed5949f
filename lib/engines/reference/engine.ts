/**
 * The reference engine: the textbook in plain loops, in float64. Slow, and the oracle of all other engines.
 *
 * Each file is one piece of the mathematics: `lstm.ts`, `rnn.ts`, `dropout.ts`, `head.ts`, `network.ts` (all of them
 * in order, and back), `optimizers.ts`.
 *
 * @module
 */
// deno-lint-ignore-file require-await -- the contract is asynchronous, a textbook is not
import type { Images } from "../../data/dataset.ts";
import type { SequenceLayout } from "../../data/sequence.ts";
import { SLOT_COUNT } from "../../model/optimizers.ts";
import type { DeviceDescription, Engine, EngineOptions, EngineState, StepResult } from "../engine.ts";
import { checkEngineOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import { drawMasks } from "./dropout.ts";
import { gatherBatch, gatherLabels } from "./gather.ts";
import { networkForward, type NetworkGradient, networkGradient } from "./network.ts";
import { updateParameters } from "./optimizers.ts";
import { row } from "./recurrent.ts";

/**
 * Opens the reference engine. It computes and keeps its parameters in float64; what leaves it in a Float32Array is rounded.
 *
 * @throws {TypeError} If an option is of another kind than it must be.
 * @throws {RangeError} If the options do not fit each other.
 *
 * @example
 * ```ts
 * import { createNetwork } from "../../model/network.ts";
 * import { sgd } from "../../model/optimizers.ts";
 * import { openReference } from "./engine.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   layers: [{ kind: "rnn", inputSize: 2, hiddenSize: 3, activation: "tanh", dropout: 0 }],
 *   classes: 2,
 * });
 * const images = { pixels: Uint8Array.of(0, 255, 255, 0), labels: Uint8Array.of(1), count: 1, height: 2, width: 2 };
 * await using engine = await openReference({
 *   network,
 *   optimizer: sgd({ learningRate: 0.1 }),
 *   train: images,
 *   test: images,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   seed: 1,
 *   batchSize: 1,
 *   parameters: new Float32Array(network.size),
 * });
 * const [{ loss }] = await engine.train([Uint32Array.of(0)]);
 * assert.equal(loss, Math.log(2)); // all weights are 0: both classes are as likely
 * ```
 */
export async function openReference(options: EngineOptions): Promise<Engine> {
  const layout = checkEngineOptions(options);
  return new GuardedEngine(new ReferenceEngine(options, layout), options);
}

class ReferenceEngine implements UnguardedEngine {
  readonly device: DeviceDescription = { kind: "reference", threads: 1, detail: "plain loops in float64" };
  readonly #options: EngineOptions;
  readonly #layout: SequenceLayout;
  readonly #parameters: Float64Array;
  readonly #slots: readonly Float64Array[];
  #step = 0;

  constructor(options: EngineOptions, layout: SequenceLayout) {
    const { network, optimizer, parameters } = options;
    this.#layout = layout;
    this.#options = options;
    this.#parameters = Float64Array.from(parameters);
    this.#slots = Array.from({ length: SLOT_COUNT[optimizer.kind] }, () => new Float64Array(network.size));
  }

  async train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    return batches.map((batch) => this.#takeStep(batch));
  }

  async gradient(batch: Uint32Array): Promise<Float32Array> {
    return Float32Array.from(this.#measure(batch).gradient);
  }

  async predict(images: "train" | "test" | Images, positions: Uint32Array): Promise<Float32Array> {
    const { classes } = this.#options.network.head;
    const logits = new Float32Array(positions.length * classes);
    for (const { start, trace } of this.#read(images, positions)) logits.set(trace.logits, start * classes);
    return logits;
  }

  async outputs(images: "train" | "test" | Images, positions: Uint32Array): Promise<Float32Array> {
    const { T } = this.#layout, H = this.#options.network.head.inputSize;
    const outputs = new Float32Array(positions.length * T * H);
    for (const { start, count: N, trace } of this.#read(images, positions)) {
      const { h } = trace.layers[trace.layers.length - 1]; // [T+1,N,H]
      for (let n = 0; n < N; n++) {
        for (let t = 0; t < T; t++) {
          outputs.set(row(h, (t + 1) * N + n, H), ((start + n) * T + t) * H);
        }
      }
    }
    return outputs;
  }

  async readState(): Promise<EngineState> {
    return {
      parameters: Float32Array.from(this.#parameters),
      slots: this.#slots.map((slot) => Float32Array.from(slot)),
      step: this.#step,
    };
  }

  async writeState(state: EngineState): Promise<void> {
    this.#parameters.set(state.parameters);
    this.#slots.forEach((slot, index) => slot.set(state.slots[index]));
    this.#step = state.step;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #takeStep(batch: Uint32Array): StepResult {
    const { loss, correct, gradient } = this.#measure(batch);
    const step = ++this.#step;
    updateParameters(this.#options, { p: this.#parameters, g: gradient }, { slots: this.#slots, step });
    return { step, loss, correct, count: batch.length };
  }

  /** The way forward of all images, a batch at a time. */
  *#read(images: "train" | "test" | Images, positions: Uint32Array) {
    const { batchSize, network } = this.#options;
    const source = typeof images === "string" ? this.#options[images] : images;
    for (let start = 0; start < positions.length; start += batchSize) {
      const batch = gatherBatch(source, positions.subarray(start, start + batchSize), this.#layout);
      yield { start, count: batch.N, trace: networkForward(network, this.#parameters, { batch, masks: [] }) };
    }
  }

  /** Loss and gradient as the next step finds them. */
  #measure(positions: Uint32Array): NetworkGradient {
    const { network, train, seed } = this.#options;
    const batch = gatherBatch(train, positions, this.#layout);
    const labels = gatherLabels(train.labels, positions);
    const masks = drawMasks(network, { seed, step: this.#step + 1, T: batch.T, N: batch.N });
    return networkGradient(network, this.#parameters, { batch, labels, masks });
  }
}
