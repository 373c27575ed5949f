/**
 * Parameters as TensorFlow 1's LSTMCell names and shapes them, turned into the flat layout of a {@link Classifier}.
 *
 * A cell keeps one `kernel [C+H,4H]` for [x h] and one `bias [4H]`, columns in the order i j f o (j is g); it adds
 * `forget_bias`, 1, to the forget gate when it runs. The kernels of a network are the upper C and the lower H rows, its
 * columns i f g o, and its bias holds the 1.
 *
 * @module
 */
import type { Classifier } from "../../lib/model/classifier.ts";
import { type DenseLayer, recurrentLayers } from "../../lib/model/network.ts";
import type { Tensor } from "../../lib/model/safetensors.ts";
import { numbersOf } from "./pytorch.ts";

/** Where in i j f o each of i f g o stands. */
const GATES = [0, 2, 1, 3];

/**
 * Gathers the parameters of a classifier (`layer0`, …, `classification`), or what belongs to them, into one flat array.
 *
 * @param prefix What stands before `layer0.kernel` in the names
 * @param forgetBias What a cell adds to the forget gate's bias; 0 for gradients
 */
export function fromTensorFlow(
  network: Classifier,
  tensors: ReadonlyMap<string, Tensor>,
  { prefix, forgetBias }: { prefix: string; forgetBias: 0 | 1 },
): Float64Array {
  const flat = new Float64Array(network.size);
  const numbers = (name: string) => numbersOf(tensors, prefix + name);
  recurrentLayers(network).forEach(({ kernel, recurrentKernel, bias, inputSize, hiddenSize }, l) => {
    const ofGates = (columns: Float64Array) =>
      columns.map((_, k) => {
        const column = k % (4 * hiddenSize), gate = Math.floor(column / hiddenSize);
        return columns[k - column + GATES[gate] * hiddenSize + column % hiddenSize];
      });
    const joint = ofGates(numbers(`layer${l}.kernel`)), split = inputSize * 4 * hiddenSize;
    flat.set(joint.subarray(0, split), kernel.offset);
    flat.set(joint.subarray(split), recurrentKernel.offset);
    const isForget = (k: number) => Math.floor(k / hiddenSize) === 1;
    const biases = ofGates(numbers(`layer${l}.bias`));
    flat.set(biases.map((value, k) => value + (isForget(k) ? forgetBias : 0)), bias!.offset);
  });
  const { kernel, bias } = network.layers.at(-1) as DenseLayer;
  flat.set(numbers("classification.weights"), kernel.offset);
  flat.set(numbers("classification.biases"), bias!.offset);
  return flat;
}
