/**
 * The reference engine: the textbook's equations in plain loops, in float64. All other engines are tested against it.
 *
 * Each file is one piece of the mathematics: `lstm.ts`, `rnn.ts`, `dropout.ts`, `head.ts`, `network.ts` (all of them
 * together), `optimizers.ts`.
 *
 * @module
 */
// deno-lint-ignore-file require-await -- the contract is asynchronous, because some devices are
import type { Images } from "../../data/images.ts";
import type { SequenceLayout } from "../../data/sequence.ts";
import { SLOT_COUNT } from "../../model/optimizers.ts";
import type {
  DeviceDescription,
  Engine,
  EngineOptions,
  EngineState,
  EngineTraining,
  StepResult,
} from "../engine.ts";
import { checkEngineOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import { inParts } from "../in_parts.ts";
import { drawMasks } from "./dropout.ts";
import { gatherBatch, gatherLabels } from "./gather.ts";
import { networkForward, type NetworkGradient, networkGradient, type NetworkTrace } from "./network.ts";
import { updateParameters } from "./optimizers.ts";
import { row } from "./recurrent.ts";

/**
 * Opens the reference engine. It computes in float64; the results in a Float32Array are rounded.
 *
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If the options do not fit together, or a value is out of range.
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
 *   sequence: { axis: "rows", range: [0, 1] },
 *   imageSize: { height: 2, width: 2 },
 *   parameters: new Float32Array(network.size),
 *   training: { optimizer: sgd({ learningRate: 0.1 }), train: images, seed: 1, batchSize: 1 },
 * });
 * const [{ loss }] = await engine.train([Uint32Array.of(0)]);
 * assert.equal(loss, Math.log(2)); // all weights are 0: both classes are equally likely
 * ```
 */
export async function openReference(options: EngineOptions): Promise<Engine> {
  const layout = checkEngineOptions(options);
  return new GuardedEngine(new ReferenceEngine(options, layout), options);
}

/** Images that are predicted together, to save memory. */
const PREDICTED_TOGETHER = 64;

class ReferenceEngine implements UnguardedEngine {
  readonly device: DeviceDescription = { kind: "reference", threads: 1, detail: "plain loops in float64" };
  readonly #options: EngineOptions;
  readonly #layout: SequenceLayout;
  readonly #parameters: Float64Array;
  readonly #slots: readonly Float64Array[];
  #step = 0;

  constructor(options: EngineOptions, layout: SequenceLayout) {
    const { network, parameters, training } = options;
    this.#layout = layout;
    this.#options = options;
    this.#parameters = Float64Array.from(parameters);
    const slotCount = training ? SLOT_COUNT[training.optimizer.kind] : 0;
    this.#slots = Array.from({ length: slotCount }, () => new Float64Array(network.size));
  }

  async train(batches: readonly Uint32Array[]): Promise<StepResult[]> {
    return batches.map((batch) => this.#takeStep(batch));
  }

  async gradient(batch: Uint32Array): Promise<Float32Array> {
    return Float32Array.from(this.#measure(batch).gradient);
  }

  async predict(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const { classes: size } = this.#options.network.head;
    return await inParts(
      positions,
      { most: PREDICTED_TOGETHER, size },
      (part) => this.#forward(images, part).logits,
    );
  }

  async outputs(images: Images, positions: Uint32Array): Promise<Float32Array> {
    const { T } = this.#layout, H = this.#options.network.head.inputSize;
    return await inParts(positions, { most: PREDICTED_TOGETHER, size: T * H }, (part) => {
      const N = part.length, outputs = new Float64Array(N * T * H);
      const { h } = this.#forward(images, part).layers.at(-1)!; // [T+1,N,H]
      for (let n = 0; n < N; n++) {
        for (let t = 0; t < T; t++) outputs.set(row(h, (t + 1) * N + n, H), (n * T + t) * H);
      }
      return outputs;
    });
  }

  async readParameters(): Promise<Float32Array> {
    return Float32Array.from(this.#parameters);
  }

  async writeParameters(parameters: Float32Array): Promise<void> {
    this.#parameters.set(parameters);
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
    const { network } = this.#options, { optimizer } = this.#training;
    const p = this.#parameters, slots = this.#slots;
    updateParameters({ network, optimizer }, { p, g: gradient }, { slots, step });
    return { step, loss, correct, count: batch.length };
  }

  /** The training; the guard lets through no call that needs one without it. */
  get #training(): EngineTraining {
    return this.#options.training!;
  }

  /** The forward pass without dropout. */
  #forward(images: Images, positions: Uint32Array): NetworkTrace {
    const batch = gatherBatch(images, positions, this.#layout);
    return networkForward(this.#options.network, this.#parameters, { batch, masks: [] });
  }

  /** The loss and the gradient of a batch at the next step. */
  #measure(positions: Uint32Array): NetworkGradient {
    const { network } = this.#options, { train, seed } = this.#training;
    const batch = gatherBatch(train, positions, this.#layout);
    const labels = gatherLabels(train.labels, positions);
    const masks = drawMasks(network, { seed, step: this.#step + 1, T: batch.T, N: batch.N });
    return networkGradient(network, this.#parameters, { batch, labels, masks });
  }
}
