/**
 * What comes in: the first edge of the chain, from bytes, numbers or tokens.
 *
 * @module
 */
import type { SequenceLayout } from "../../../data/sequences.ts";
import type { Network } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { type Dispatch, workgroupsFor } from "../kernels.ts";
import { NO_MASK } from "./mask.ts";
import type { BufferSize, Edge, Frame } from "./pass.ts";
import { KEPT_STEPS } from "./recurrent.ts";

/** The bytes of an element of each kind of sequences. */
const ELEMENT_BYTES = { bytes: 1, floats: 4, tokens: 4 } as const;

/** The bytes of a sequence. */
export function sequenceBytes({ kind, stride }: SequenceLayout): number {
  return ELEMENT_BYTES[kind] * stride;
}

/** Whether some steps are masked. */
function masks({ input }: Network): boolean {
  return input.kind === "tokens" ? input.maskZero : input.maskValue !== null;
}

/** The buffer of the steps that are not masked, if some are. */
export function inputBuffers(network: Network, { T }: SequenceLayout, { N4 }: Frame): BufferSize[] {
  return masks(network) ? [[KEPT_STEPS, 16 * T * N4]] : [];
}

/**
 * Writes the first edge.
 *
 * @param options.from The buffer of the sequences
 * @param options.transforms Whether each sequence of a batch has a transform
 */
export function inputForward(
  network: Network,
  { layout, edge, from, transforms }: {
    layout: SequenceLayout;
    edge: Edge;
    from: string;
    transforms: boolean;
  },
  { N4 }: Frame,
): Dispatch[] {
  const { input } = network, C = input.size, T = layout.T, shared = { T, N4, C, J: edge.stride };
  const workgroups = workgroupsFor(T * N4 * C), masked = masks(network);
  if (input.kind === "tokens") {
    return [{
      kernel: "embed",
      label: "embed",
      constants: { ...shared, OFFSET: input.embeddings.offset, MASKED: Number(masked) },
      buffers: [from, "positions", "parameters", edge.buffer, masked ? KEPT_STEPS : NO_MASK],
      workgroups,
    }];
  }
  const gather: Dispatch = {
    kernel: "gather",
    label: "gather",
    constants: {
      ...shared,
      FLOATS: Number(layout.kind === "floats"),
      STRIDE: layout.stride,
      WIDTH: layout.kind === "bytes" ? layout.width : layout.stride,
      TRANSFORMS: Number(transforms),
    },
    buffers: [from, "positions", "scale", "order", "transforms", edge.buffer],
    workgroups,
  };
  if (input.maskValue === null) return [gather];
  return [gather, {
    kernel: "mask_steps",
    label: "mask_steps",
    constants: { ROWS: T * N4, C, J: edge.stride, VALUE: input.maskValue },
    buffers: [edge.buffer, KEPT_STEPS],
    workgroups: workgroupsFor(T * N4),
  }];
}

/** The gradient of the table of tokens. */
export function inputGradients(
  { input }: Network,
  { layout: { T }, edge }: { layout: SequenceLayout; edge: Edge },
  { N4 }: Frame,
): Dispatch[] {
  if (input.kind !== "tokens" || edge.gradient === null) return [];
  const { vocabulary: V, size: C, embeddings: { offset } } = input;
  return [{
    kernel: "embedding_gradient",
    label: "embedding_gradient",
    constants: { T, N4, V, C, C4: roundUp(C, 4), OFFSET: offset },
    buffers: ["occurrences", edge.gradient, "partials"],
    workgroups: workgroupsFor(V * C),
  }];
}
