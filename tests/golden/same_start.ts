/**
 * Hands the start and the order of a recipe to PyTorch, to tell whether its figures are Scanline's or the training's.
 *
 *     deno run --allow-write=runs tests/golden/same_start.ts train-rnn 1
 *     python3 tests/golden/same_start.py train-rnn data/mnist
 *
 * With `train-rnn`, seed 1, PyTorch 2.13 went .7493 .8759 .9066 .8873 .9075 .9398 .9486 .9555 .9610 .7857: its last epoch ends in
 * a dip as Scanline's does, at .6429. With `train-gru`, seed 1, its two epochs end like Scanline's, with
 * the mean losses .4830 and .1117 and the test accuracies .9549 and .9756. With `train-irnn`, seed 2, its first two
 * have 2.1323 and 1.9810, .2347 and .2832, where Scanline has 2.1331 and 1.9803, .2373 and .2821.
 */
import { initialize } from "../../lib/model/initialize.ts";
import { createClassifier } from "../../lib/model/classifier.ts";
import { shuffledOrder } from "../../lib/random.ts";

const gru = { kind: "gru", hiddenSize: 128, resetAfter: true } as const,
  dense = { kind: "dense", units: 10 } as const;
const pytorch = { inputSize: 28, biases: 2, start: "pytorch" } as const;
const RECIPES = {
  "train-rnn": {
    ...pytorch,
    epochs: 10,
    layers: [{ kind: "rnn", activation: "relu", hiddenSize: 128 }, dense],
  },
  "train-gru": { ...pytorch, epochs: 2, layers: [{ ...gru, returnSequences: true }, gru, dense] },
  "train-irnn": {
    inputSize: 1,
    biases: 1,
    start: "irnn",
    epochs: 4,
    layers: [{ kind: "rnn", activation: "relu", hiddenSize: 100 }, dense],
  },
} as const;

const IMAGES = 60_000;
const { epochs, layers, inputSize, biases, start } = RECIPES[Deno.args[0] as keyof typeof RECIPES],
  seed = Number(Deno.args[1]);
const network = createClassifier({ inputSize, layers, biases });
const order = new Uint32Array(epochs * IMAGES);
for (let epoch = 0; epoch < epochs; epoch++) order.set(shuffledOrder(IMAGES, seed, epoch), epoch * IMAGES);

await Deno.mkdir("runs/same-start", { recursive: true });
await Deno.writeFile(
  "runs/same-start/parameters.bin",
  new Uint8Array(initialize(network, start, seed).buffer),
);
await Deno.writeFile("runs/same-start/order.bin", new Uint8Array(order.buffer));
