/**
 * From the weights of a PyTorch model to a TensorFlow.js model.
 *
 * @module
 */
import { checkOptions, meets, oneOf, optional, type Rules, whole } from "../options.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import { readPyTorchChain } from "./pytorch.ts";
import { decodeSafetensors } from "./safetensors.ts";
import { toTensorflow } from "./to_tensorflow.ts";
import { readChainMetadata } from "./torch_chain.ts";

/** What a `state_dict()` does not say. */
export interface FromPyTorchOptions {
  /**
   * The names of the modules in the order in which `forward()` calls them (`fc` is enough for `module.model.fc`), and between them
   * what has no weights:
   *
   * - `last`: only the last step of the recurrent module before it goes on, `output[:, -1]`; of a bidirectional one the last output
   *   of each direction, `torch.cat([h_n[-2], h_n[-1]], 1)`. Without it every step does.
   * - `lastStep`: only the last step of whatever is before it goes on, `output[:, -1]` also of a bidirectional module.
   * - `sum`, `ave`, `mul`: the directions of the bidirectional module before it are merged so. Without it both go on, side by side.
   * - `eps 0.001`, `momentum 0.01`: those of the `BatchNorm` before it. Without them they are 1e-5 and 0.1.
   * - `relu`, `tanh`, `sigmoid`, `softmax`, `hardSigmoid` (that of Keras).
   * - `repeat 5`: the one step, five times.
   * - `mask 0`, as the first one: steps with token 0, or with features that are all 0, are not read.
   *
   * By default one `LSTM`, `GRU` or `RNN` of one direction, `last`, and one `Linear`, above an `Embedding` if there is one. A file of
   * `toSafetensors()` has its own.
   */
  readonly chain?: readonly string[];
  /** The activation of every `RNN`; tanh by default, as in PyTorch. */
  readonly activation?: "tanh" | "relu";
  /** The length of a sequence; null for any, the default. */
  readonly T?: number | null;
}

const LENGTH = {
  must: "a whole number from 1 on, or null",
  isKind: (value: unknown) => value === null || meets(whole(1), value),
};

const RULES: Rules<FromPyTorchOptions> = {
  chain: optional({
    must: "a list of words",
    isKind: (value) => Array.isArray(value) && value.every((word) => typeof word === "string"),
  }),
  activation: optional(oneOf("tanh", "relu")),
  T: optional(LENGTH),
};

/**
 * Makes a TensorFlow.js model of the weights of `nn.LSTM`, `nn.GRU`, `nn.RNN`, `nn.Embedding`, `nn.BatchNorm1d` and `nn.Linear`
 * modules, to predict with it or to train it further. `toSafetensors()` is the inverse.
 *
 * Modules may be stacked, bidirectional, without bias, under any names, and of type float16, bfloat16 or float64, which is rounded.
 * A GRU becomes a `gru({ resetAfter: true })`. Trained further, batch normalization averages the variances of the batches themselves,
 * as TensorFlow.js does, not PyTorch's estimates.
 *
 * @param file The bytes of a safetensors file: `safetensors.torch.save_file(model.state_dict(), "weights.safetensors")`
 * @returns A `tf.Sequential`, not compiled, that takes `[N, T, C]`, or tokens `[N, T]`
 * @throws {SyntaxError} If the bytes are not safetensors; says how to make them of a `.pth` file.
 * @throws {TypeError} If there are other modules, or the chain must be said; the message lists the modules.
 *
 * @example
 * ```ts
 * import { fromPyTorch } from "./from_pytorch.ts";
 * import { encodeSafetensors } from "./safetensors.ts";
 * import assert from "node:assert/strict";
 *
 * const matrix = (rows: number, columns: number) => ({
 *   shape: [rows, columns],
 *   data: new Float32Array(rows * columns),
 * });
 * const file = encodeSafetensors(
 *   new Map([
 *     ["rnn.weight_ih_l0", matrix(12, 2)],
 *     ["rnn.weight_hh_l0", matrix(12, 4)], // a GRU of 4 units, without bias
 *     ["fc.weight", matrix(1, 4)],
 *   ]),
 * );
 * const model = fromPyTorch(file, { chain: ["rnn", "fc", "sigmoid"] }); // without "last": at every step
 * assert.deepEqual(model.outputs[0].shape, [null, null, 1]);
 * ```
 */
export function fromPyTorch(file: Uint8Array, options: FromPyTorchOptions = {}): LayersModel {
  const { T = null, ...given } = checkOptions("take PyTorch's weights", options, RULES);
  const { tensors, metadata } = decodeSafetensors(file);
  return toTensorflow({ ...readPyTorchChain(tensors, { ...readChainMetadata(metadata), ...given }), T });
}
