/**
 * Writes tfjs.safetensors: `model.fit()` of TensorFlow.js 4.22 on its cpu backend, twenty steps of four epochs over the same
 * batches, for each optimizer, each loss and each layer.
 *
 *     deno run -A tests/golden/tfjs.ts
 *
 * Weights and data are uniform numbers of Scanline's generator. `getWeights()` of each layer has the order of the flat array of
 * the network that stands beside it in `tfjs_cases.ts`, so that both start alike; that of the model has moving averages last.
 */
import * as tf from "@tensorflow/tfjs";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { Network } from "../../lib/model/network.ts";
import { encodeSafetensors, type Tensor } from "../../lib/model/safetensors.ts";
import { tinyParameters } from "../support/tiny_data.ts";
import { tinySequences, tinyTargets } from "../engines/chain_data.ts";
import type { Targets } from "../../lib/data/sequences.ts";
import { STEPS_IN, TF_CASES, type TfCase } from "./tfjs_cases.ts";

const EPOCHS = 4, BATCH = 8, COUNT = 37; // five batches an epoch, the last of five sequences

/** What a training begins with: also what Scanline trains with. */
function prepare({ network: options, ourLoss, classWeight, loss }: TfCase) {
  const network = createNetwork({ ...options, loss: ourLoss });
  const sequences = tinySequences(network, { T: STEPS_IN, count: COUNT, seed: 1 });
  const isSparse = loss === "sparseCategoricalCrossentropy";
  const targets = tinyTargets(network, {
    T: STEPS_IN,
    count: COUNT,
    targets: isSparse ? "classes" : "rows",
  });
  const weights = classWeight && weightsOf(targets.data, { K: network.output.size, classWeight });
  return { network, sequences, targets, weights, start: tinyParameters(network) };
}

/** The weight of each row's largest class. */
function weightsOf(
  rows: ArrayLike<number>,
  { K, classWeight }: { K: number; classWeight: Readonly<Record<number, number>> },
): Float32Array {
  return Float32Array.from({ length: COUNT }, (_, n) => {
    const row = Array.from({ length: K }, (_, k) => rows[n * K + k]);
    return classWeight[row.indexOf(Math.max(...row))];
  });
}

/** A compiled model that starts with these weights. */
function createModel({ layers, loss, optimizer, metrics = [] }: TfCase, start: Float32Array): tf.Sequential {
  const model = tf.sequential({ layers: [...layers()] });
  let offset = 0;
  for (const layer of model.layers) {
    layer.setWeights(
      layer.getWeights().map(({ shape, size }) => tf.tensor(start.subarray(offset, offset += size), shape)),
    );
  }
  if (offset !== start.length) {
    throw new RangeError(`Cannot set ${start.length} weights: there are ${offset}`);
  }
  model.compile({ loss: loss as string, optimizer: optimizer(), metrics: [...metrics] });
  return model;
}

/** Trains, and returns the tensors of one case. */
async function train(name: string, test: TfCase): Promise<[string, Tensor][]> {
  const { network, sequences, targets, weights, start } = prepare(test);
  const model = createModel(test, start);
  const x = tf.tensor(
    sequences.data,
    shapeOfX(network),
    network.input.kind === "tokens" ? "int32" : "float32",
  );
  const y = tf.tensor(
    targets.data,
    [COUNT, ...model.outputShape.slice(1) as number[]].with(-1, widthOf(targets, network)),
    "float32",
  );

  const logs: tf.Logs[] = [];
  await model.fit(x, y, {
    batchSize: BATCH,
    epochs: EPOCHS,
    shuffle: false,
    verbose: 0,
    yieldEvery: "never",
    classWeight: test.classWeight as tf.ModelFitArgs["classWeight"],
    callbacks: { onBatchEnd: (_, batch) => void logs.push({ ...batch }) },
  });
  const trained = model.layers.flatMap((layer) => layer.getWeights().map((weight) => weight.dataSync()));
  const f32 = (data: Float32Array, shape = [data.length]): Tensor => ({ data, shape });
  const names = Object.keys(logs[0]).filter((key) => !["batch", "size", "loss"].includes(key));
  const perStep = (key: string) => f32(Float32Array.from(logs, (batch) => batch[key]));
  console.log(`${name}: loss ${logs[0].loss} to ${logs.at(-1)!.loss}`);
  return [
    ["sequences", { data: sequences.data, shape: shapeOfX(network) }],
    ["targets", { data: targets.data, shape: [...y.shape] }],
    ...weights ? [["weights", f32(weights)] as [string, Tensor]] : [],
    ["start", f32(start)],
    ["trained", f32(Float32Array.from(trained.flatMap((array) => [...array])))],
    ["losses", perStep("loss")],
    ...names.map((key, index): [string, Tensor] => [`metric${index}`, perStep(key)]),
  ].map(([key, tensor]) => [`${name}/${key}`, tensor] as [string, Tensor]);
}

function shapeOfX({ input }: Network): number[] {
  return input.kind === "tokens" ? [COUNT, STEPS_IN] : [COUNT, STEPS_IN, input.size];
}

function widthOf({ kind }: Targets, { output }: Network): number {
  return kind === "classes" ? 1 : output.size;
}

await tf.setBackend("cpu");
tf.enableProdMode(); // else TensorFlow.js prints a banner
const tensors = [];
for (const [name, test] of TF_CASES) tensors.push(...await train(name, test));
const metadata = { golden: JSON.stringify({ tfjs: tf.version.tfjs, batchSize: BATCH }) };
await Deno.writeFile("tests/golden/tfjs.safetensors", encodeSafetensors(new Map(tensors), metadata));
