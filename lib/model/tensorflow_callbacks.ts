/**
 * The callbacks and the `History` of `model.fit()`, for a loop that is not TensorFlow.js's own: the same objects, called in the
 * same order.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt, printable } from "../excerpt.ts";
import type { LayersModel } from "./from_tensorflow.ts";

/** The hooks of a callback. */
export const HOOKS = [
  "onTrainBegin",
  "onEpochBegin",
  "onBatchBegin",
  "onBatchEnd",
  "onEpochEnd",
  "onTrainEnd",
] as const;

/** One of {@link HOOKS}. */
export type Hook = typeof HOOKS[number];

/** What callbacks are told: loss, metrics, and more; all are numbers. */
export interface Logs {
  [name: string]: number;
}

/** `tf.History`. */
export type TensorflowHistory = tf.History;

/** TensorFlow.js's own `History`, all of whose values are numbers. */
export interface History extends TensorflowHistory {
  /** One number an epoch for `loss`, each metric, and with a validation `val_loss` and so on. */
  history: { [name: string]: number[] };
}

type Callback = tf.Callback | tf.CustomCallback;

/** Functions by hook. Instances of `tf.Callback` and `tf.CustomCallback` have them too. */
export type CallbackFunctions = tf.CustomCallbackArgs;

/** What `callbacks` can be. */
export type CallbacksOption = CallbackFunctions | readonly CallbackFunctions[];

/** When the loop lets other things on the thread run. */
export type YieldEvery = "auto" | "batch" | "epoch" | "never" | number;

/** Lets TensorFlow.js warn, which it does on the console unless a program told it to be quiet (`tf.enableProdMode()`). */
export function warnOfTraining(message: string): void {
  tf.backend_util.warn(message);
}

/** What callbacks get from `setParams()`, as in TensorFlow.js. */
export interface CallbackParams {
  readonly epochs: number;
  readonly initialEpoch: number | null;
  readonly samples: number | null;
  readonly steps: number | null;
  readonly batchSize: number | null;
  readonly verbose: number;
  readonly doValidation: boolean;
  readonly metrics: readonly string[];
}

/** The class of all callbacks, which TensorFlow.js does not export. */
const BaseCallback: abstract new () => tf.Callback = Object.getPrototypeOf(tf.Callback);

/** What of a `CustomCallback` each hook calls. */
const FIELDS: Readonly<Record<Hook, readonly string[]>> = {
  onTrainBegin: ["trainBegin"],
  onEpochBegin: ["epochBegin"],
  onBatchBegin: ["batchBegin"],
  onBatchEnd: ["batchEnd", "yield"],
  onEpochEnd: ["epochEnd"],
  onTrainEnd: ["trainEnd"],
};

const FUNCTION_NAMES: readonly string[] = [...HOOKS, "onYield", "nowFunc", "nextFrameFunc"];

/**
 * The callbacks of one training, and its `History`, which is the last of them.
 *
 * Unlike in TensorFlow.js, an array may have functions beside instances of `tf.Callback`, and a hook that is not known is an
 * error.
 */
export class Callbacks {
  readonly history: History;
  readonly #list: tf.CallbackList;
  readonly #given: readonly Callback[];

  /** @throws {TypeError} If a callback is none, or has a hook that is not known. */
  constructor(action: string, given: CallbacksOption | undefined, yieldEvery: YieldEvery | undefined) {
    this.#given = (Array.isArray(given) ? given : [given ?? {}]).map((one) =>
      one instanceof BaseCallback ? one as Callback : makeCallback(action, one, yieldEvery)
    );
    this.history = new tf.History() as History;
    this.#list = new tf.CallbackList([...this.#given, this.history]);
  }

  /** Tells all callbacks what they are about. */
  begin(model: LayersModel, params: CallbackParams): void {
    this.#list.setParams(params as unknown as Parameters<tf.CallbackList["setParams"]>[0]);
    const trained = trainedModel(model);
    this.#list.setModel(trained);
    trained.history = this.history;
  }

  /** Whether a hook does something: else the model need not have the current weights when it is called. */
  listens(hook: Hook): boolean {
    return this.#given.some((callback) => {
      if (!(callback instanceof tf.CustomCallback)) return callback[hook] !== BaseCallback.prototype[hook];
      if (callback[hook] !== tf.CustomCallback.prototype[hook]) return true;
      return FIELDS[hook].some((field) => Reflect.get(callback, field) != null);
    });
  }

  /** Calls a hook of all callbacks, one after another. */
  async call(hook: "onTrainBegin" | "onTrainEnd"): Promise<void>;
  async call(hook: Exclude<Hook, "onTrainBegin" | "onTrainEnd">, index: number, logs?: Logs): Promise<void>;
  async call(hook: Hook, index?: number, logs?: Logs): Promise<void> {
    if (hook === "onTrainBegin" || hook === "onTrainEnd") await this.#list[hook]();
    else await this.#list[hook](index!, logs);
  }
}

function makeCallback(
  action: string,
  functions: CallbackFunctions,
  yieldEvery: YieldEvery | undefined,
): Callback {
  const isObject = typeof functions === "object" && functions !== null;
  if (!isObject) {
    throw new TypeError(
      `Cannot ${action}: callbacks must be functions by name, or instances of tf.Callback: ` +
        `current value is ${excerpt(functions)}`,
    );
  }
  for (const name of FUNCTION_NAMES) {
    const value: unknown = Reflect.get(functions, name);
    if (value === undefined || value === null || typeof value === "function") continue;
    throw new TypeError(
      `Cannot ${action}: ${name} of callbacks must be a function: current value is ${excerpt(value)}`,
    );
  }
  const unknown = Object.keys(functions).find((name) =>
    /^on[A-Z]/.test(name) && !FUNCTION_NAMES.includes(name)
  );
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot ${action}: callbacks must have functions among ${FUNCTION_NAMES.join(", ")}: ` +
        `current value has "${printable(unknown)}"`,
    );
  }
  return new tf.CustomCallback(functions, yieldEvery);
}

/** Whether a call to `model.fit()`, or to another that has said so by {@link setTraining}, is going on. */
export function isTraining(model: LayersModel): boolean {
  return Reflect.get(trainedModel(model), "isTraining");
}

/** Says that a training begins or ends: `model.fit()` refuses to begin meanwhile. */
export function setTraining(model: LayersModel, value: boolean): void {
  Reflect.set(trainedModel(model), "isTraining", value);
}

/** The model that TensorFlow.js trains, and tells callbacks about: that within a `tf.Sequential`, else the model itself. */
function trainedModel(model: LayersModel): LayersModel {
  return model instanceof tf.Sequential ? Reflect.get(model, "model") : model;
}
