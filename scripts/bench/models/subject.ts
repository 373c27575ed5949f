/**
 * A published model as the bench measures it: `fit()` over the same batches again and again.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Opened, Subject, Worked } from "../protocol.ts";
import { buildModel, type TensorFlow, toTensors } from "./build.ts";
import { generateExamples } from "./generate.ts";
import type { PublishedModel } from "./table.ts";
import type { Fit } from "./train.ts";

/** What is opened. */
export interface ModelRequest {
  readonly model: PublishedModel;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Files with the same examples as float32, for programs that do not generate them. */
  readonly files: { readonly x: string; readonly y: string };
}

/** A library in JavaScript. */
export interface Library {
  readonly tf: TensorFlow;
  readonly fit: Fit;
  /** Its name, version and device. */
  readonly detail: string;
  /** Frees what `fit` keeps with a model. */
  readonly close?: (model: tf.Sequential) => Promise<void>;
}

/** Trains with a library. Dropout drops, as the model's author had it. */
export class ModelSubject implements Subject<ModelRequest> {
  readonly #library: Library;
  #opened: { request: ModelRequest; model: tf.Sequential; x: tf.Tensor; y: tf.Tensor } | null = null;

  constructor(library: Library) {
    this.#library = library;
  }

  async open(request: ModelRequest): Promise<Opened> {
    const { tf, close, detail } = this.#library;
    if (this.#opened) {
      const { model, x, y } = this.#opened;
      await close?.(model);
      tf.dispose([x, y]);
      model.dispose();
    }
    const { model: published, batches } = request;
    const examples = generateExamples(published, batches * published.batchSize);
    this.#opened = {
      request,
      model: buildModel(tf, published, { dropout: true }),
      ...toTensors(tf, examples),
    };
    return { detail };
  }

  /** Less than an epoch is an epoch of fewer batches; more is whole epochs, so that the tensors are the same ones. */
  async train(steps: number): Promise<Omit<Worked, "ms">> {
    const { tf, fit } = this.#library, { request, model, x, y } = this.#opened!;
    const { batches, model: { batchSize } } = request;
    const epochs = Math.ceil(steps / batches), taken = Math.min(steps, batches);
    const part = (all: tf.Tensor) => taken === batches ? all : all.slice(0, taken * batchSize);
    const [partOfX, partOfY] = [part(x), part(y)];
    const { history } = await fit(model, partOfX, partOfY, { batchSize, epochs, verbose: 0 });
    if (partOfX !== x) tf.dispose([partOfX, partOfY]);
    return { loss: history.loss[0] as number, steps: epochs * taken };
  }

  forward(): Promise<void> {
    throw new Error("Cannot measure: only training is");
  }
}
