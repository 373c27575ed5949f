/**
 * The reference engine: the textbook's equations in plain loops, in float64. All other engines are tested against it.
 *
 * Each file is one piece of the mathematics, forward and back: `input.ts`, a file for each kind of layer (a recurrent layer is
 * `recurrent.ts`, the loop over time, and a cell: `lstm.ts`, `gru.ts`, `rnn.ts`), `losses.ts`, `regularizers.ts`, `network.ts`
 * (all of them together), `clip.ts`, `optimizers.ts`.
 *
 * @module
 */
// deno-lint-ignore-file require-await -- the contract is asynchronous, because some devices are
import type { Sequences } from "../../data/sequences.ts";
import { isRecurrent, type RecurrentLayer, stepsOf } from "../../model/network.ts";
import { asyncDispose } from "../../symbols.ts";
import type {
  DeviceDescription,
  Engine,
  EngineOptions,
  EngineState,
  EngineTraining,
  StepResult,
  TrainingData,
} from "../engine.ts";
import { checkEngineOptions } from "../check_options.ts";
import { type CheckedStepOptions, GuardedEngine, type UnguardedEngine } from "../guard.ts";
import { inParts } from "../in_parts.ts";
import { moveAverages } from "./batch_norm.ts";
import { clipGradient } from "./clip.ts";
import { drawMasks } from "./dropout.ts";
import { gatherBatch, gatherTargets } from "./gather.ts";
import { networkForward, type NetworkGradient, networkGradient, networkOutputs } from "./network.ts";
import { createSlots, updateParameters } from "./optimizers.ts";
import { bySequence } from "./signal.ts";

/**
 * Opens the reference engine. It computes in float64; the results in a Float32Array are rounded.
 *
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If the options do not fit together, or a value is out of range.
 *
 * @example
 * ```ts
 * import { createNetwork } from "../../model/create_network.ts";
 * import { sgd } from "../../model/optimizers.ts";
 * import { openReference } from "./engine.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "features", size: 2 },
 *   layers: [{ kind: "rnn", hiddenSize: 3 }, { kind: "dense", units: 2 }],
 *   loss: "softmaxCrossEntropy",
 * });
 * await using engine = await openReference({
 *   network,
 *   layout: { kind: "floats", T: 2, C: 2, stride: 4 },
 *   parameters: new Float32Array(network.size),
 *   training: {
 *     optimizer: sgd({ learningRate: 0.1 }),
 *     sequences: { data: Float32Array.of(0, 1, 1, 0), count: 1 },
 *     targets: { kind: "classes", data: Uint8Array.of(1) },
 *     seed: 1,
 *     batchSize: 1,
 *   },
 * });
 * const [{ loss }] = await engine.train([Uint32Array.of(0)]);
 * assert.equal(loss, Math.log(2)); // all weights are 0: both classes are equally likely
 * ```
 */
export async function openReference(options: EngineOptions): Promise<Engine> {
  checkEngineOptions(options);
  return new GuardedEngine(new ReferenceEngine(options), options);
}

/** Sequences that are predicted together, to save memory. */
const PREDICTED_TOGETHER = 64;

class ReferenceEngine implements UnguardedEngine {
  readonly device: DeviceDescription = { kind: "reference", threads: 1, detail: "plain loops in float64" };
  #options: EngineOptions;
  readonly #parameters: Float64Array;
  readonly #slots: readonly Float64Array[];
  #step = 0;

  constructor(options: EngineOptions) {
    const { network, parameters, training } = options;
    this.#options = options;
    this.#parameters = Float64Array.from(parameters);
    this.#slots = training ? createSlots(training.optimizer, network) : [];
  }

  async train(
    batches: readonly Uint32Array[],
    { learningRates, transforms }: CheckedStepOptions,
  ): Promise<StepResult[]> {
    return batches.map((batch, index) => {
      return this.#takeStep(batch, { learningRate: learningRates[index], transforms: transforms?.[index] });
    });
  }

  async replaceData(data: TrainingData): Promise<boolean> {
    this.#options = { ...this.#options, training: { ...this.#training, ...data } };
    return true;
  }

  async gradient(batch: Uint32Array, transforms?: Int32Array): Promise<Float32Array> {
    return Float32Array.from(this.#measure(batch, transforms).gradient);
  }

  async predict(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { network } = this.#options,
      p = this.#parameters,
      size = stepsOut(this.#options) * network.output.size;
    return await inParts(positions, { most: PREDICTED_TOGETHER, size }, (part) => {
      const batch = gatherBatch(sequences, part, this.#options.layout);
      return bySequence(networkForward(network, p, { batch }).output);
    });
  }

  async outputs(sequences: Sequences, positions: Uint32Array): Promise<Float32Array> {
    const { network, layout } = this.#options, p = this.#parameters;
    const last = network.layers.findLastIndex(isRecurrent);
    const { count: T } = stepsOf(network, layout.T)[last];
    const size = T * (network.layers[last] as RecurrentLayer).hiddenSize;
    return await inParts(positions, { most: PREDICTED_TOGETHER, size }, (part) => {
      return networkOutputs(network, p, gatherBatch(sequences, part, layout));
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

  async [asyncDispose](): Promise<void> {}

  #takeStep(
    batch: Uint32Array,
    { learningRate, transforms }: { learningRate: number; transforms?: Int32Array },
  ): StepResult {
    const { loss, metrics, gradient, moments } = this.#measure(batch, transforms);
    const step = ++this.#step;
    const { network } = this.#options, { optimizer, clip } = this.#training;
    const p = this.#parameters, slots = this.#slots;
    const g = clip ? clipGradient(network, clip, gradient) : gradient;
    updateParameters({ network, optimizer }, { p, g }, { slots, step, learningRate });
    moveAverages(network, p, moments);
    return { step, loss, metrics, count: batch.length };
  }

  /** The training; the guard lets through no call that needs one without it. */
  get #training(): EngineTraining {
    return this.#options.training!;
  }

  /** The loss and the gradient of a batch at the next step. */
  #measure(positions: Uint32Array, transforms?: Int32Array): NetworkGradient {
    return measureBatch(this.#options, positions, { p: this.#parameters, step: this.#step + 1, transforms });
  }
}

/** The steps of what the network answers to a sequence. */
function stepsOut({ network, layout }: EngineOptions): number {
  return stepsOf(network, layout.T)[network.layers.length].count;
}

/**
 * What one training step measures: the answers, the loss and the gradient of a batch.
 *
 * @param at.p The parameters, flat
 * @param at.step Its number, from 1 on, which the dropout masks depend on
 * @param at.transforms Of the images, `[N, 6]`; none by default
 */
export function measureBatch(
  options: EngineOptions,
  positions: Uint32Array,
  { p, step, transforms }: { p: Float64Array; step: number; transforms?: Int32Array },
): NetworkGradient {
  const { network, layout, training } = options, { sequences, targets, seed, labelSmoothing } = training!;
  return networkGradient(network, p, {
    batch: gatherBatch(sequences, positions, layout, transforms),
    targets: gatherTargets(targets, positions, { T: stepsOut(options), K: network.output.size }),
    draw: drawMasks({ seed, step }),
    labelSmoothing,
  });
}
