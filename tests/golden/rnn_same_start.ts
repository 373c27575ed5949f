/**
 * Hands the start and the order of `train-rnn` to PyTorch, to tell whether a dip of the test accuracy is Scanline's or the
 * training's.
 *
 *     deno run --allow-write=runs tests/golden/rnn_same_start.ts 1
 *     python3 tests/golden/rnn_same_start.py data/mnist
 *
 * With seed 1, PyTorch 2.13 went .7493 .8759 .9066 .8873 .9075 .9398 .9486 .9555 .9610 .7857: its last epoch ends in a dip
 * as Scanline's does, at .6429.
 */
import { initialize } from "../../lib/model/initialize.ts";
import { createStack } from "../support/stack.ts";
import { shuffledOrder } from "../../lib/random.ts";

const EPOCHS = 10, IMAGES = 60_000;
const seed = Number(Deno.args[0] ?? 1);
const network = createStack({
  layers: [{ kind: "rnn", activation: "relu", inputSize: 28, hiddenSize: 128, dropout: 0 }],
  classes: 10,
  biases: 2,
});
const order = new Uint32Array(EPOCHS * IMAGES);
for (let epoch = 0; epoch < EPOCHS; epoch++) order.set(shuffledOrder(IMAGES, seed, epoch), epoch * IMAGES);

await Deno.mkdir("runs/same-start", { recursive: true });
await Deno.writeFile(
  "runs/same-start/parameters.bin",
  new Uint8Array(initialize(network, "pytorch", seed).buffer),
);
await Deno.writeFile("runs/same-start/order.bin", new Uint8Array(order.buffer));
