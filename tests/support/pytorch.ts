/**
 * Parameters as PyTorch names and shapes them, turned into the flat layout of a {@link Network}.
 *
 * `nn.LSTM` keeps `weight_ih_l0 [4H,C]`, `weight_hh_l0 [4H,H]` (rows in the order i f g o) and two biases `[4H]`;
 * the kernels of a network are their transposes, and its bias stands for both.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Network, Parameter } from "../../lib/model/network.ts";
import type { Tensor } from "../../lib/model/safetensors.ts";

/** The numbers of a tensor that must be there, as float64. */
export function numbersOf(tensors: ReadonlyMap<string, Tensor>, name: string): Float64Array<ArrayBuffer> {
  const tensor = tensors.get(name);
  assert(tensor, `the file has no tensor ${name}`);
  return Float64Array.from(tensor.data as ArrayLike<number>);
}

/**
 * Gathers the parameters of a classifier (`rnn`, `head`), or what belongs to them, into one flat array.
 *
 * @param prefix What stands before `rnn.weight_ih_l0` in the names
 * @param joinBiases Makes one number of those of `bias_ih` and `bias_hh`: their sum, unless it is a gradient
 */
export function fromPyTorch(
  network: Network,
  tensors: ReadonlyMap<string, Tensor>,
  { prefix, joinBiases = (ih, hh) => ih + hh }: {
    prefix: string;
    joinBiases?: (ih: number, hh: number) => number;
  },
): Float64Array {
  const flat = new Float64Array(network.size);
  const numbers = (name: string) => numbersOf(tensors, prefix + name);
  const transposed = (name: string, { shape: [rows, columns] }: Parameter) => {
    const source = numbers(name); // [columns, rows]
    return source.map((_, k) => source[(k % columns) * rows + Math.floor(k / columns)]);
  };

  network.layers.forEach(({ kernel, recurrentKernel, bias }, l) => {
    flat.set(transposed(`rnn.weight_ih_l${l}`, kernel), kernel.offset);
    flat.set(transposed(`rnn.weight_hh_l${l}`, recurrentKernel), recurrentKernel.offset);
    const other = numbers(`rnn.bias_hh_l${l}`);
    flat.set(numbers(`rnn.bias_ih_l${l}`).map((value, k) => joinBiases(value, other[k])), bias.offset);
  });
  flat.set(transposed("head.weight", network.head.kernel), network.head.kernel.offset);
  flat.set(numbers("head.bias"), network.head.bias.offset);
  return flat;
}

/** For gradients: both biases have the same one, and so has the bias that stands for both. */
export function sameOfBoth(ih: number, hh: number): number {
  assert(Math.abs(ih - hh) <= 1e-15, `the gradients of two biases differ: ${ih} and ${hh}`);
  return ih;
}
