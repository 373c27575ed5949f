/**
 * What every layer is to a plan: a pass, which reads one edge of the chain and writes the next one.
 *
 * Sequences are processed in quads, the lanes of one `vec4`; a row is a step of one quad, (t, n4).
 *
 * @module
 */
import { roundUp } from "../../round_up.ts";
import type { Dispatch } from "../kernels.ts";
import type { Shapes, WorkgroupLimits } from "../shapes.ts";
import type { Matrix } from "./weight_matrix.ts";

/** The sizes that all passes of a plan have in common. */
export interface Frame {
  /** Quads of sequences of a batch. */
  readonly N4: number;
  /** Partial sums of a weight gradient. */
  readonly parts: number;
  /** The number of all parameters. */
  readonly size: number;
  /** The seed of the dropout masks; null in an engine that only predicts. */
  readonly seed: number | null;
  /** The most bytes of a buffer that a kernel over a piece of time sees. */
  readonly windowBytes: number;
  /** Chosen shapes of kernels. */
  readonly shapes: Shapes;
  readonly workgroupLimits: WorkgroupLimits;
}

/** What one pass writes and the next one reads: rows `[steps][N4]` of a buffer. */
export interface Edge {
  readonly buffer: string;
  /** From one row to the next, in `vec4`; the features are the first ones of a row. */
  readonly stride: number;
  /** The features, C. */
  readonly size: number;
  readonly steps: number;
  /** The buffer of the gradient, `[steps][N4][C rounded up to 4]`; null where nothing below is trained. */
  readonly gradient: string | null;
}

/** The bytes of a buffer, by its name. */
export type BufferSize = readonly [name: string, bytes: number];

/** A pass: its buffers, among them those of its input, and its dispatches. */
export interface Pass {
  readonly input: Edge;
  readonly buffers: readonly BufferSize[];
  readonly matrices: readonly Matrix[];
  /** Draw the dropout masks of a training step. */
  readonly masks: readonly Dispatch[];
  /** Compute the output from the input. */
  readonly forward: readonly Dispatch[];
  /** Compute the gradient of the input, and what the weight gradients need, from the gradient of the output. */
  readonly backward: readonly Dispatch[];
  readonly weightGradients: readonly Dispatch[];
  /** Change what a layer itself keeps, after the update of a training step. */
  readonly updates: readonly Dispatch[];
  /** The bytes of workgroup memory that its kernels use, by what they hold. */
  readonly workgroupBytes: readonly BufferSize[];
}

/** A pass before its place in the chain is known. */
export interface Stage {
  /** Whether it has weights. */
  readonly trains: boolean;
  /** @param options.wantsGradient Whether the gradient of its input is needed */
  place(output: Edge, options: { frame: Frame; wantsGradient: boolean }): Pass;
}

/** Nothing: what a pass has none of. */
export const EMPTY_PASS: Omit<Pass, "input" | "forward"> = {
  buffers: [],
  matrices: [],
  masks: [],
  backward: [],
  weightGradients: [],
  updates: [],
  workgroupBytes: [],
};

/** Places stages one after another, from the output down. @returns From the input up */
export function placeStages(
  stages: readonly Stage[],
  output: Edge,
  { frame, wantsGradient }: { frame: Frame; wantsGradient: boolean },
): Pass[] {
  const passes: Pass[] = [];
  let edge = output;
  for (let index = stages.length - 1; index >= 0; index--) {
    const trainedBelow = wantsGradient || stages.slice(0, index).some(({ trains }) => trains);
    const pass = stages[index].place(edge, {
      frame,
      wantsGradient: frame.seed !== null && trainedBelow,
    });
    passes.unshift(pass);
    edge = pass.input;
  }
  return passes;
}

/** What all passes of a chain have, those of `backward` from the output down. */
export function joinPasses(passes: readonly Pass[]): Omit<Pass, "input"> {
  return {
    buffers: passes.flatMap(({ buffers }) => buffers),
    matrices: passes.flatMap(({ matrices }) => matrices),
    masks: passes.flatMap(({ masks }) => masks),
    forward: passes.flatMap(({ forward }) => forward),
    backward: passes.toReversed().flatMap(({ backward }) => backward),
    weightGradients: passes.flatMap(({ weightGradients }) => weightGradients),
    updates: passes.flatMap(({ updates }) => updates),
    workgroupBytes: passes.flatMap(({ workgroupBytes }) => workgroupBytes),
  };
}

/** An edge of its own, with as many features as a row has, and its buffers. */
export function plainEdge(
  name: string,
  { size, steps }: { size: number; steps: number },
  { frame: { N4 }, wantsGradient }: { frame: Frame; wantsGradient: boolean },
): { edge: Edge; buffers: BufferSize[] } {
  const stride = roundUp(size, 4), bytes = 16 * steps * N4 * stride;
  const edge = { buffer: name, stride, size, steps, gradient: wantsGradient ? `gradient of ${name}` : null };
  return {
    edge,
    buffers: [[edge.buffer, bytes], ...edge.gradient === null ? [] : [[edge.gradient, bytes] as const]],
  };
}
