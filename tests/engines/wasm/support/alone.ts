/**
 * A training on whatever threads there are, for alone_test.ts.
 *
 * @module
 */
import { adam, createClassifier, modelSha256, openModel, openTraining } from "../../../../core.ts";
import { tinySplit } from "../../../support/tiny_data.ts";

/** What a training ends with. */
export interface Ending {
  readonly sha256: string;
  readonly accuracy: number;
  /** `[N, T, K]`, of the first images. */
  readonly readings: Float32Array;
  readonly threads: number;
  /** What more threads, and a call that fails, end with. */
  readonly messages: readonly string[];
  /** How often a timer ran between the steps. */
  readonly turns: number;
}

/** Trains, evaluates and reads, with as many threads as there are by default. */
export async function trainHere(): Promise<Ending> {
  const train = tinySplit({ count: 600, height: 28, width: 28, classes: 10 });
  const network = createClassifier({
    inputSize: 28,
    layers: [{ kind: "lstm", hiddenSize: 40, returnSequences: true }, { kind: "dropout", rate: 0.2 }, {
      kind: "gru",
      hiddenSize: 24,
    }, { kind: "dense", units: 10 }],
    biases: 2,
  });
  const options = {
    train,
    validation: 100,
    sequence: { axis: "rows", range: [0, 1] },
    optimizer: adam({ learningRate: 0.01 }),
    initialize: "pytorch",
    clip: { norm: 1 },
    augment: { shift: 1 },
    device: "wasm",
    math: "fused",
  } as const;
  await using training = await openTraining(network, options);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for await (const _ of training.epochs(3));
  clearInterval(timer);
  const { accuracy } = await training.evaluate("validation");
  const trained = await training.trained();
  await using model = await openModel(trained, { device: "wasm" });
  const readings = await model.read(train, { to: 3 });
  const messages: string[] = [];
  if (!("SharedArrayBuffer" in globalThis)) {
    await openTraining(network, { ...options, threads: 2 }).catch(({ message }) => messages.push(message));
    const disposed = model.predict(train).catch(({ message }) => messages.push(message));
    await model[Symbol.asyncDispose]();
    await disposed;
  }
  return {
    sha256: modelSha256(trained),
    accuracy,
    readings,
    threads: training.device.threads,
    messages,
    turns,
  };
}
