/**
 * Predictions of a model of TensorFlow.js: for many sequences, for one, and step by step.
 *
 * @module
 */
import type { SequenceLayout } from "../data/sequences.ts";
import type { DeviceDescription, Engine } from "../engines/engine.ts";
import { DEVICE_RULES, type DeviceOptions, openEngine } from "../engines/open.ts";
import { type NetworkState, startStates, stepNetwork } from "../engines/reference/step.ts";
import { Turns } from "../engines/turns.ts";
import { type LayersModel, type ModelChain, toChain } from "../model/from_tensorflow.ts";
import { type Network, stepsOf } from "../model/network.ts";
import { markWeights, readWeights } from "../model/tensorflow_weights.ts";
import { isNumberArray, readArray, type ShapedArray } from "../model/tensorflow_arrays.ts";
import { check, checkOptions, number, whole } from "../options.ts";
import { asyncDispose } from "../symbols.ts";
import { type DataForm, type Named, type SequenceSource, takeSequences } from "./fit_data.ts";

/** What a network answers, row by row. */
export interface Answers extends ShapedArray {
  /** As many numbers as the shape says. */
  readonly data: Float32Array;
}

/**
 * Opens a model to predict with. It need not be compiled, and may be trained meanwhile: each call takes the weights that it has.
 *
 * @throws {TypeError} If the model cannot be computed, or an option is unknown.
 *
 * @example
 * ```ts
 * import * as tf from "npm:@tensorflow/tfjs@4.22.0";
 * import { openPredictor } from "./sequence_predictor.ts";
 * import assert from "node:assert/strict";
 *
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.gru({ units: 4, inputShape: [null, 2] }),
 *     tf.layers.dense({ units: 1 }),
 *   ],
 * });
 * await using predictor = await openPredictor(model, { device: "reference" });
 * const { data, shape } = await predictor.predict([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]); // one sequence
 * assert.deepEqual(shape, [1]);
 *
 * const reader = await predictor.start();
 * reader.step([0.1, 0.2]); // what it would answer if the sequence ended here
 * reader.step([0.3, 0.4]);
 * assert.ok(Math.abs(reader.step([0.5, 0.6])[0] - data[0]) < 1e-6);
 * ```
 */
export async function openPredictor(
  model: LayersModel,
  options: DeviceOptions = {},
): Promise<SequencePredictor> {
  const choice = checkOptions(ACTION, options, DEVICE_RULES);
  const chain = toChain(model, { action: ACTION, isTrained: false, loss: "meanSquaredError" }); // no loss is computed
  const predictor = new SequencePredictor(model, chain, choice);
  if (chain.T !== null) await predictor.open(layoutOf(chain.network, chain.T));
  return predictor;
}

const ACTION = "predict";

/** A model on a device, to predict with. Made by {@link openPredictor}. One call at a time. */
export class SequencePredictor implements AsyncDisposable {
  readonly #model: LayersModel;
  readonly #chain: ModelChain;
  readonly #choice: DeviceOptions;
  readonly #turns = new Turns("the predictor");
  /** Opened for sequences of one layout; of another length it must be opened again. */
  #opened: { engine: Engine; key: string; marks: readonly object[] } | null = null;

  /** @ignore `openPredictor()` makes predictors. */
  constructor(model: LayersModel, chain: ModelChain, choice: DeviceOptions) {
    this.#model = model;
    this.#chain = chain;
    this.#choice = choice;
  }

  /** The device that computes; null before the first call, if the model leaves the length of sequences open. */
  get device(): DeviceDescription | null {
    return this.#opened?.engine.device ?? null;
  }

  /**
   * What the model answers, without dropout: `[N, K]` or `[N, T, K]`; without N for one sequence.
   *
   * @param x `[N, T, C]`, or tokens `[N, T]`, as {@link fit} takes it; or one sequence, `[T, C]` or `[T]`
   * @throws {TypeError} If x is of another kind or shape.
   * @throws {RangeError} If a number is not finite, or a token is not in the vocabulary.
   */
  predict(x: Named<SequenceSource>): Promise<Answers> {
    return this.#turns.take(ACTION, async () => {
      const { network, T } = this.#chain, model = this.#model;
      const names = { input: model.inputNames[0], output: model.outputNames[0] };
      const form: DataForm = { network, T, targets: "rows", names };
      const { value, isOne } = await this.#asBatch(x);
      const { sequences, layout } = await takeSequences(ACTION, "x", { value, form });
      await this.open(layout);
      const data = await this.#opened!.engine.predict(sequences);
      const steps = network.output.everyStep ? [stepsOf(network, layout.T)[network.layers.length].count] : [];
      return { data, shape: [...(isOne ? [] : [sequences.count]), ...steps, network.output.size] };
    });
  }

  /**
   * Starts to read sequences step by step, from the state of zeros, with the weights that the model has now.
   *
   * @param count How many at once; one by default
   * @throws {TypeError} If a layer needs the whole sequence: one that reads backwards, or repeats.
   */
  start(count: number = 1): Promise<SequenceReader> {
    check(ACTION, "count", { value: count, rule: whole(1) });
    const { network } = this.#chain;
    return this.#turns.take(ACTION, async () => {
      const parameters = Float64Array.from(await readWeights(this.#model, network));
      return new SequenceReader(network, { parameters, count });
    });
  }

  /** Frees the device. A running call fails. */
  async [asyncDispose](): Promise<void> {
    this.#turns.close();
    await this.#opened?.engine[asyncDispose]();
    this.#opened = null;
  }

  /** @ignore Opens the device for sequences of a layout, with the weights that the model has. */
  async open(layout: SequenceLayout): Promise<void> {
    const { network } = this.#chain, model = this.#model, marks = markWeights(model, network);
    const key = JSON.stringify(layout.kind === "bytes" ? { ...layout, scale: [...layout.scale] } : layout);
    if (this.#opened?.key !== key) {
      await this.#opened?.engine[asyncDispose]();
      this.#opened = null;
      const parameters = await readWeights(model, network);
      const { engine } = await openEngine(this.#choice, { network, layout, parameters, training: null });
      this.#opened = { engine, key, marks };
    } else if (marks.some((mark, index) => mark !== this.#opened!.marks[index])) {
      await this.#opened.engine.writeParameters(await readWeights(model, network));
      this.#opened.marks = marks;
    }
  }

  /** One sequence as a batch of one. */
  async #asBatch(x: Named<SequenceSource>): Promise<{ value: Named<SequenceSource>; isOne: boolean }> {
    if (!Array.isArray(x) && !isNumberArray(x)) return { value: x, isOne: false };
    const isWrapped = Array.isArray(x) && x.length === 1 && isNumberArray(x[0]) && !ArrayBuffer.isView(x[0]);
    const { data, shape, identity } = await readArray(ACTION, "x", isWrapped ? x[0] : x);
    const isOne = shape.length === (this.#chain.network.input.kind === "tokens" ? 1 : 2);
    return { value: isOne ? { data, shape: [1, ...shape] } : identity ? x : { data, shape }, isOne };
  }
}

/** Sequences that are read step by step. Made by {@link SequencePredictor.start}. It computes on the thread that calls it. */
export class SequenceReader {
  readonly #network: Network;
  readonly #parameters: Float64Array;
  readonly #count: number;
  #states: NetworkState;

  /** @ignore `SequencePredictor.start()` makes readers. */
  constructor(network: Network, { parameters, count }: { parameters: Float64Array; count: number }) {
    this.#network = network;
    this.#parameters = parameters;
    this.#count = count;
    this.#states = startStates(network, count);
  }

  /**
   * Reads the next step.
   *
   * @param x Its features, `[C]`, or its token; of several sequences one behind another, `[N, C]` or `[N]`
   * @returns What the model would answer if the sequence ended here, `[K]` or `[N, K]`
   * @throws {TypeError} If there are too few numbers or too many.
   * @throws {RangeError} If a number is not finite, or a token is not in the vocabulary.
   */
  step(x: ArrayLike<number> | number): Float32Array {
    const { input } = this.#network, numbers = Float64Array.from(typeof x === "number" ? [x] : x ?? []);
    const expected = this.#count * (input.kind === "tokens" ? 1 : input.size);
    if (numbers.length !== expected) {
      throw new TypeError(
        `Cannot ${ACTION}: a step must have ${expected} numbers: current value is ${numbers.length}`,
      );
    }
    const rule = input.kind === "tokens" ? whole(0, input.vocabulary - 1) : number("finite", () => true);
    numbers.forEach((value, at) => check(ACTION, `number ${at} of the step`, { value, rule }));
    const { answers, states } = stepNetwork(this.#network, this.#parameters, {
      x: numbers,
      states: this.#states,
    });
    this.#states = states;
    return Float32Array.from(answers);
  }
}

/** The layout of numbers that are not images. */
function layoutOf({ input }: Network, T: number): SequenceLayout {
  if (input.kind === "tokens") return { kind: "tokens", T, stride: T };
  return { kind: "floats", T, C: input.size, stride: T * input.size };
}
