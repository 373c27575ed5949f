/**
 * TensorFlow.js with `model.trainOnBatch()`: `tensorflow.ts cpu`, `wasm` or `webgpu`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Optimizer } from "../../../mod.ts";
import { recurrentLayers } from "../../../lib/model/network.ts";
import { type Opened, type OpenRequest, serve, type Subject } from "../protocol.ts";
import { gatherBatch, isSoftware, type Opening, readOpening, valuesOf } from "./batches.ts";

type BackendName = "cpu" | "wasm" | "webgpu";

tf.enableProdMode(); // faster, and without an advertisement

class TensorFlow implements Subject {
  readonly #backend: BackendName;
  #ready = false;
  #opening: Opening | null = null;
  #model: tf.Sequential | null = null;

  constructor(backend: BackendName) {
    this.#backend = backend;
  }

  async open(request: OpenRequest): Promise<Opened> {
    await this.#setUp();
    this.#model?.dispose();
    this.#opening = await readOpening(request);
    this.#model = buildModel(this.#opening, request.optimizer);
    return {
      detail: `TensorFlow.js ${tf.version.tfjs}, ${this.#backend}${await this.#extras()}`,
      software: await isSoftware(this.#backend),
    };
  }

  async train(steps: number): Promise<number> {
    let first = NaN;
    for (let step = 0; step < steps; step++) {
      const [x, y] = this.#nextBatch();
      const loss = await this.#model!.trainOnBatch(x, y) as number;
      if (step === 0) first = loss;
      tf.dispose([x, y]);
    }
    return first;
  }

  async forward(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const [x, y] = this.#nextBatch();
      const logits = this.#model!.predictOnBatch(x) as tf.Tensor;
      await logits.data();
      tf.dispose([x, y, logits]);
    }
  }

  #nextBatch(): [tf.Tensor, tf.Tensor] {
    const { layout: { T, C }, network, batches } = this.#opening!;
    const positions = batches.next();
    const { x, y } = gatherBatch(this.#opening!, positions);
    return [
      tf.tensor3d(x, [positions.length, T, C]),
      tf.tensor2d(y, [positions.length, network.classes]),
    ];
  }

  /** The backends share the core that the import map names; the lock file does not name them. */
  async #setUp(): Promise<void> {
    if (this.#ready) return;
    if (this.#backend !== "cpu") {
      await import([`npm:@tensorflow/tfjs-backend-${this.#backend}`, tf.version.tfjs].join("@"));
    }
    if (!await tf.setBackend(this.#backend)) throw new Error(`no backend ${this.#backend} here`);
    await tf.ready();
    this.#ready = true;
  }

  async #extras(): Promise<string> {
    if (this.#backend !== "wasm") return "";
    const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
    const threads = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
    const note = threads ? "threads" : "one thread: it has more in browsers only";
    return ` (${simd ? "SIMD" : "no SIMD"}, ${note})`;
  }
}

function buildModel(opening: Opening, optimizer: Optimizer): tf.Sequential {
  const { network, layout } = opening;
  const model = tf.sequential();
  for (const [index, layer] of recurrentLayers(network).entries()) {
    const options = {
      units: layer.hiddenSize,
      returnSequences: layer.returnSequences,
      recurrentInitializer: "zeros",
      ...(index === 0 ? { inputShape: [layout.T, layout.C] } : {}),
    } as const;
    model.add(
      layer.kind === "lstm"
        ? tf.layers.lstm({ ...options, recurrentActivation: "sigmoid" })
        : tf.layers.simpleRNN({ ...options, activation: "relu" }),
    );
  }
  model.add(tf.layers.dense({ units: network.classes }));
  const weights = network.parameters.map((parameter) =>
    tf.tensor(valuesOf(opening, parameter), [...parameter.shape])
  );
  model.setWeights(weights);
  tf.dispose(weights);
  model.compile({
    optimizer: stockOptimizer(optimizer),
    loss: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
  });
  return model;
}

function stockOptimizer(optimizer: Optimizer): tf.Optimizer {
  switch (optimizer.kind) {
    case "adam":
      return tf.train.adam(optimizer.learningRate, optimizer.beta1, optimizer.beta2, optimizer.epsilon);
    case "adadelta":
      return tf.train.adadelta(optimizer.learningRate, optimizer.rho, optimizer.epsilon);
    case "rmsprop":
      return tf.train.rmsprop(optimizer.learningRate, optimizer.alpha, 0, optimizer.epsilon);
    case "momentum":
      return tf.train.momentum(optimizer.learningRate, optimizer.momentum);
    case "sgd":
      return tf.train.sgd(optimizer.learningRate);
    default:
      throw new RangeError(
        `Cannot train with TensorFlow.js: the optimizer must be one of PyTorch's: current value is ${optimizer.kind}`,
      );
  }
}

await serve(new TensorFlow(Deno.args[0] as BackendName));
