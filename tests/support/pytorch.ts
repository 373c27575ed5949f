/**
 * Parameters as PyTorch names and shapes them, turned into the flat layout of a {@link Classifier}.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Classifier } from "../../lib/model/classifier.ts";
import { gatherPyTorch } from "../../lib/model/pytorch.ts";
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
  network: Classifier,
  tensors: ReadonlyMap<string, Tensor>,
  { prefix, joinBiases }: { prefix: string; joinBiases?: (ih: number, hh: number) => number },
): Float64Array {
  return gatherPyTorch(network, tensors, { rnn: `${prefix}rnn`, head: `${prefix}head`, joinBiases });
}

/** For gradients: both biases have the same one, and so has the bias that stands for both. */
export function sameOfBoth(ih: number, hh: number): number {
  assert(Math.abs(ih - hh) <= 1e-15, `the gradients of two biases differ: ${ih} and ${hh}`);
  return ih;
}
