/**
 * The kernels as plain data: their source and their bindings. Each is one `.wgsl` file, preceded by `step.wgsl` and
 * `functions.wgsl`.
 *
 * @module
 */
import functions from "./shaders/functions.wgsl" with { type: "text" };
import gather from "./shaders/gather.wgsl" with { type: "text" };
import head from "./shaders/head.wgsl" with { type: "text" };
import inputGradient from "./shaders/input_gradient.wgsl" with { type: "text" };
import inputProduct from "./shaders/input_product.wgsl" with { type: "text" };
import lstmBackward from "./shaders/lstm_backward.wgsl" with { type: "text" };
import lstmForward from "./shaders/lstm_forward.wgsl" with { type: "text" };
import mask from "./shaders/mask.wgsl" with { type: "text" };
import rnnBackward from "./shaders/rnn_backward.wgsl" with { type: "text" };
import rnnForward from "./shaders/rnn_forward.wgsl" with { type: "text" };
import step from "./shaders/step.wgsl" with { type: "text" };
import update from "./shaders/update.wgsl" with { type: "text" };
import weightGradient from "./shaders/weight_gradient.wgsl" with { type: "text" };

/** A kind of binding: the uniform of a step, or a storage buffer that is read or written. */
export type Binding = "step" | "read" | "write";

/** A kernel's source, and its bindings in the order of their numbers. */
export interface Kernel {
  readonly source: string;
  readonly bindings: readonly Binding[];
}

function kernel(source: string, ...bindings: Binding[]): Kernel {
  return { source: step + functions + source, bindings };
}

/** All kernels, by the names of their files. */
export const KERNELS = {
  gather: kernel(gather, "step", "read", "read", "read", "write"),
  mask: kernel(mask, "step", "write"),
  input_product: kernel(inputProduct, "read", "read", "write"),
  lstm_forward: kernel(lstmForward, "step", "read", "write", "write", "write", "write", "read"),
  rnn_forward: kernel(rnnForward, "step", "read", "read", "write", "write", "read"),
  head: kernel(head, "step", "read", "read", "read", "read", "read", "write", "write", "write"),
  lstm_backward: kernel(lstmBackward, "read", "write", "read", "read", "read"),
  rnn_backward: kernel(rnnBackward, "read", "read", "write", "read", "read"),
  input_gradient: kernel(inputGradient, "read", "read", "write"),
  weight_gradient: kernel(weightGradient, "read", "read", "write"),
  update: kernel(update, "step", "read", "read", "write", "write", "write", "write", "write"),
} as const satisfies Record<string, Kernel>;

/** The name of a kernel's file. */
export type KernelName = keyof typeof KERNELS;

/** Invocations of a workgroup, in every kernel. */
const WORKGROUP_SIZE = 64;

/** One dispatch of a kernel. */
export interface Dispatch {
  readonly kernel: KernelName;
  /** For people, for instance `lstm_forward, layer 0`. */
  readonly label: string;
  /** The kernel's `override` constants. */
  readonly constants: Readonly<Record<string, number>>;
  /** The names of the buffers of its bindings, without the uniform of the step. */
  readonly buffers: readonly string[];
  /** Workgroups along x and y. */
  readonly workgroups: readonly [number, number];
}

/** The workgroups for a number of invocations: along x, and where those are too many also along y. */
export function workgroupsFor(invocations: number, maxAlongX = 65535): [number, number] {
  const groups = Math.ceil(invocations / WORKGROUP_SIZE);
  return groups <= maxAlongX ? [groups, 1] : [maxAlongX, Math.ceil(groups / maxAlongX)];
}
