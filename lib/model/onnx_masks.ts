/**
 * Masked sequences in ONNX, whose recurrent operators know of masks only the length of each sequence. So the steps that are read
 * move to the front, in their order; the operator reads as many as there are; and then each step takes the output of the last one
 * that was read.
 *
 * @module
 */
import type { RecurrentLayer } from "./network.ts";
import { axisOf, ELEMENTS, type OnnxGraph } from "./onnx_graph.ts";

/** Where the steps of masked sequences are, as the names of values. */
export interface MaskedSteps {
  /** How many of each sequence are read, int32 `[N]`. */
  readonly lengths: string;
  /** Where each step goes: those that are read to the front; int64 `[T, N, 1]`. */
  readonly destinations: string;
  /** The place of each step's output among those that are read, from 1 on; 0 where none was read; int64 `[T, N, 1]`. */
  readonly forward: string;
  /** The same for a layer that reads from the end. */
  readonly backward: string;
}

/** Adds the nodes that follow from the mask alone, bool `[T, N]`. */
export function findMaskedSteps(graph: OnnxGraph, mask: string): MaskedSteps {
  const axis = axisOf(graph, 0), last = axisOf(graph, 2);
  const zero = graph.wholes("zero", [0]), one = graph.wholes("one", [1]);
  const isRead = graph.add("Cast", [mask], "isRead", { to: ELEMENTS.int64 }); // [T, N]
  const forward = graph.add("CumSum", [isRead, axis], "countRead"); // of the steps up to this one
  const skipped = graph.add("CumSum", [graph.add("Sub", [one, isRead], "isSkipped"), axis], "countSkipped");
  const length = graph.add("ReduceSum", [isRead, axis], "length", { keepdims: 0 }); // [N]
  const before = graph.add("Sub", [forward, isRead], "countBefore");
  const behind = graph.add("Add", [length, skipped], "behind");
  const place = graph.add("Sub", [graph.add("Where", [mask, forward, behind], "place"), one], "place0");
  const isFollowed = graph.add("Less", [before, length], "isFollowed"); // by a step that is read, or is one
  const next = graph.add("Where", [isFollowed, graph.add("Add", [before, one], "next1"), zero], "next");
  return {
    lengths: graph.add("Cast", [length], "lengths", { to: ELEMENTS.int32 }),
    destinations: graph.add("Unsqueeze", [place, last], "destinations"),
    forward: graph.add("Unsqueeze", [forward, last], "forward"),
    backward: graph.add("Unsqueeze", [next, last], "backward"),
  };
}

/** Moves the steps of x `[T, N, size]` that are read to the front. */
export function moveToFront(
  graph: OnnxGraph,
  x: string,
  { masked, size, result }: { masked: MaskedSteps; size: number; result: string },
): string {
  const indices = expand(graph, masked.destinations, { size, result: `${result}.to` });
  return graph.add("ScatterElements", [x, indices, x], result, { axis: 0 });
}

/** For each step the output in y `[T, N, H]` of the last one that was read up to it, 0 where none was. */
export function placeOutputs(
  graph: OnnxGraph,
  y: string,
  { masked, layer: { hiddenSize, backwards } }: { masked: MaskedSteps; layer: RecurrentLayer },
): string {
  const pads = graph.wholes("zerosFirst", [1, 0, 0, 0, 0, 0]);
  const padded = graph.add("Pad", [y, pads], `${y}.padded`);
  const places = backwards ? masked.backward : masked.forward;
  const indices = expand(graph, places, { size: hiddenSize, result: `${y}.from` });
  return graph.add("GatherElements", [padded, indices], `${y}.placed`, { axis: 0 });
}

/** `[T, N, 1]` → `[T, N, size]`. */
function expand(
  graph: OnnxGraph,
  indices: string,
  { size, result }: { size: number; result: string },
): string {
  return graph.add("Expand", [indices, graph.wholes(`size${size}`, [1, 1, size])], result);
}
