/**
 * What acts on each number of each step by itself: activations, dropout, and orders of the steps; and softmax.
 *
 * @module
 */
import { type Activation, CELL_ACTIVATIONS, type CellActivation } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { workgroupsFor } from "../kernels.ts";
import { type MaskOptions, planMask } from "./mask.ts";
import { type Edge, EMPTY_PASS, plainEdge, type Stage } from "./pass.ts";

/** The order in which a pass reads its steps, by its number in the kernels. */
const ORDERS = ["same", "reversed", "repeated", "last"] as const;

/** What a pointwise pass does. */
export interface PointwiseOptions {
  readonly name: string;
  /** The features of a step. */
  readonly size: number;
  /** The steps that come out. */
  readonly steps: number;
  /** The order of the steps that it reads; `repeated` is the only one again and again, `last` the last one alone. */
  readonly order?: typeof ORDERS[number];
  /** The steps that come in; as many as come out by default. */
  readonly before?: number;
  readonly activation?: CellActivation;
  /** With one step, the mask is the same at all t. */
  readonly mask?: MaskOptions | null;
  /** An edge that another pass owns, to read that one. */
  readonly reads?: Edge;
  /** Whether the gradient is added to what another pass wrote before. */
  readonly adds?: boolean;
}

/** The number by which the kernels know an activation. */
export function activationNumber(activation: CellActivation): number {
  return CELL_ACTIVATIONS.indexOf(activation);
}

/** A pointwise pass. */
export function pointwiseStage(options: PointwiseOptions): Stage {
  const {
    name,
    size,
    steps,
    order = "same",
    before: S = steps,
    activation = "linear",
    mask: drops = null,
    reads,
    adds = false,
  } = options;
  return {
    trains: false,
    place(output, placed) {
      const { frame } = placed, { N4 } = frame;
      const { edge: input, buffers } = reads
        ? { edge: reads, buffers: [] }
        : plainEdge(`inputs of ${name}`, { size, steps: S }, placed);
      const mask = planMask(name, drops, frame);
      const constants = {
        T: steps,
        S,
        N4,
        C: size,
        C4: roundUp(size, 4),
        J: input.stride,
        ORDER: ORDERS.indexOf(order),
        ACTIVATION: activationNumber(activation),
        DROPOUT: mask.used,
        ONE_MASK: Number(drops?.steps === 1),
      };
      return {
        ...EMPTY_PASS,
        input,
        buffers: [...buffers, ...mask.buffers],
        masks: mask.draw,
        forward: [{
          kernel: "pointwise_forward",
          label: `pointwise_forward of ${name}`,
          constants: { ...constants, OUT_J: output.stride },
          buffers: [input.buffer, mask.buffer, output.buffer],
          workgroups: workgroupsFor(steps * N4 * size),
        }],
        backward: input.gradient === null ? [] : [{
          kernel: "pointwise_backward",
          label: `pointwise_backward of ${name}`,
          constants: { ...constants, ADD: Number(adds) },
          buffers: [input.buffer, mask.buffer, output.gradient!, input.gradient],
          workgroups: workgroupsFor(S * N4 * size),
        }],
      };
    },
  };
}

/** Softmax over the features of each step. */
export function softmaxStage({ name, size: K, steps }: { name: string; size: number; steps: number }): Stage {
  return {
    trains: false,
    place(output, placed) {
      const ROWS = steps * placed.frame.N4;
      const { edge: input, buffers } = plainEdge(`inputs of ${name}`, { size: K, steps }, placed);
      const constants = { ROWS, K, J: input.stride };
      return {
        ...EMPTY_PASS,
        input,
        buffers,
        forward: [{
          kernel: "softmax_forward",
          label: `softmax_forward of ${name}`,
          constants: { ...constants, OUT_J: output.stride },
          buffers: [input.buffer, output.buffer],
          workgroups: workgroupsFor(ROWS),
        }],
        backward: input.gradient === null ? [] : [{
          kernel: "softmax_backward",
          label: `softmax_backward of ${name}`,
          constants: { ...constants, K4: roundUp(K, 4) },
          buffers: [input.buffer, output.gradient!, input.gradient],
          workgroups: workgroupsFor(ROWS),
        }],
      };
    },
  };
}

/** An activation, pointwise or softmax. */
export function activationStage(
  { activation, ...options }: { name: string; size: number; steps: number; activation: Activation },
): Stage {
  return activation === "softmax" ? softmaxStage(options) : pointwiseStage({ ...options, activation });
}
