/**
 * A pass: what one layer does with a group of eight sequences, forward and backward.
 *
 * @module
 */
import type { Kernels } from "../kernels.ts";
import type { Plan } from "../plan.ts";
import { GROUP } from "../strides.ts";

/** The kernels, and the memory of one thread that they compute in. */
export interface Workspace {
  readonly kernels: Kernels;
  readonly plan: Plan;
  readonly memory: WebAssembly.Memory;
  /** Where the memory of this thread starts. */
  readonly base: number;
}

/** One group of a batch. */
export interface Group {
  /** Sequences of the whole batch. */
  readonly count: number;
  /** Which group this is. */
  readonly index: number;
  /** The number of the record that it writes. */
  readonly record: number;
  /** The first t that it computes on its own. */
  readonly start: number;
  /** The training step, whose masks are drawn; null for a prediction, which keeps no record and drops nothing. */
  readonly training: { readonly step: number; readonly seed: number } | null;
}

/** A layer of the chain. */
export interface Pass {
  /** Reads what the layer below wrote. */
  forward(group: Group): void;
  /** Reads the gradient of what {@link forward} wrote, and writes that of what it read. */
  backward(group: Group): void;
}

/** How many sequences of a batch a group has. */
export function presentIn({ count, index }: Pick<Group, "count" | "index">): number {
  return Math.min(GROUP, count - GROUP * index);
}
