/**
 * The kernels as plain data: their source and their bindings. Each is one `.wgsl` file, preceded by `step.wgsl` and
 * `functions.wgsl`, and where they need them by `segments.wgsl` and other files that several kernels share.
 *
 * @module
 */
import recurrentBackward from "./shaders/recurrent_backward.wgsl" with { type: "text" };
import recurrentForward from "./shaders/recurrent_forward.wgsl" with { type: "text" };
import gruBackward from "./shaders/gru_backward.wgsl" with { type: "text" };
import lstmBackward from "./shaders/lstm_backward.wgsl" with { type: "text" };
import rnnBackward from "./shaders/rnn_backward.wgsl" with { type: "text" };
import gruForward from "./shaders/gru_forward.wgsl" with { type: "text" };
import lstmForward from "./shaders/lstm_forward.wgsl" with { type: "text" };
import rnnForward from "./shaders/rnn_forward.wgsl" with { type: "text" };
import answer from "./shaders/answer.wgsl" with { type: "text" };
import batchNorm from "./shaders/batch_norm.wgsl" with { type: "text" };
import batchNormBackward from "./shaders/batch_norm_backward.wgsl" with { type: "text" };
import batchNormForward from "./shaders/batch_norm_forward.wgsl" with { type: "text" };
import clip from "./shaders/clip.wgsl" with { type: "text" };
import embed from "./shaders/embed.wgsl" with { type: "text" };
import embeddingGradient from "./shaders/embedding_gradient.wgsl" with { type: "text" };
import flatGradient from "./shaders/flat_gradient.wgsl" with { type: "text" };
import functions from "./shaders/functions.wgsl" with { type: "text" };
import gather from "./shaders/gather.wgsl" with { type: "text" };
import gradient from "./shaders/gradient.wgsl" with { type: "text" };
import head from "./shaders/head.wgsl" with { type: "text" };
import inputGradient from "./shaders/input_gradient.wgsl" with { type: "text" };
import inputProduct from "./shaders/input_product.wgsl" with { type: "text" };
import loss from "./shaders/loss.wgsl" with { type: "text" };
import mask from "./shaders/mask.wgsl" with { type: "text" };
import maskSteps from "./shaders/mask_steps.wgsl" with { type: "text" };
import mergeBackward from "./shaders/merge_backward.wgsl" with { type: "text" };
import mergeForward from "./shaders/merge_forward.wgsl" with { type: "text" };
import metric from "./shaders/metric.wgsl" with { type: "text" };
import movingAverages from "./shaders/moving_averages.wgsl" with { type: "text" };
import penalty from "./shaders/penalty.wgsl" with { type: "text" };
import pointwiseBackward from "./shaders/pointwise_backward.wgsl" with { type: "text" };
import pointwiseForward from "./shaders/pointwise_forward.wgsl" with { type: "text" };
import segments from "./shaders/segments.wgsl" with { type: "text" };
import softmaxBackward from "./shaders/softmax_backward.wgsl" with { type: "text" };
import softmaxForward from "./shaders/softmax_forward.wgsl" with { type: "text" };
import step from "./shaders/step.wgsl" with { type: "text" };
import tally from "./shaders/tally.wgsl" with { type: "text" };
import targets from "./shaders/targets.wgsl" with { type: "text" };
import update from "./shaders/update.wgsl" with { type: "text" };
import weightGradient from "./shaders/weight_gradient.wgsl" with { type: "text" };
import { type Shape, USUAL_SHAPE } from "./shapes.ts";
import { expandTemplate } from "./template.ts";

/** A kind of binding: the uniform of a step or of a piece, or a storage buffer that is read or written. */
export type Binding = "step" | "piece" | "read" | "write";

/** A kernel's source, a template as in `template.ts`, and its bindings in the order of their numbers. */
export interface Kernel {
  readonly template: string;
  readonly bindings: readonly Binding[];
}

const BINDING = /@binding\(\d+\) var<(uniform> step|uniform> piece|storage, read|storage, read_write)\b/g;
const KINDS: Readonly<Record<string, Binding>> = {
  "uniform> step": "step",
  "uniform> piece": "piece",
  "storage, read": "read",
  "storage, read_write": "write",
};

/** A kernel from its sources; they declare the bindings in the order of their numbers. */
function kernel(...sources: string[]): Kernel {
  const template = [step, functions, ...sources].join("");
  const declared = expandTemplate(template, blocksOf(USUAL_SHAPE, 0)).matchAll(BINDING);
  return { template, bindings: Array.from(declared, ([, type]) => KINDS[type]) };
}

/** The source of a kernel in the shape of a dispatch. */
export function sourceOf(
  { kernel, shaped, blocks: chosen }: Pick<Dispatch, "kernel" | "shaped" | "blocks">,
): string {
  const shape = shaped?.shape ?? USUAL_SHAPE, blocks = { ...blocksOf(shape, shaped?.kept ?? 0), ...chosen };
  return `${preludeOf(shape)}\n${expandTemplate(KERNELS[kernel].template, blocks)}`;
}

function blocksOf({ work }: Shape, kept: number): Record<string, number> {
  return {
    BY_GATE: Number(work === "gates" || work === "registers"),
    KEPT: work === "registers" ? kept : 0,
    TILED: Number(work === "tiles"),
    MASKED: 0,
    RESET_BEFORE: 0,
  };
}

/** What a kernel of some shape knows of its invocations and sequences. */
function preludeOf({ lanes, threads }: Shape): string {
  const [Lanes, Flags, Bits] = lanes === 1
    ? ["f32", "bool", "u32"]
    : [`vec${lanes}f`, `vec${lanes}<bool>`, `vec${lanes}u`];
  return [
    `alias Lanes = ${Lanes};`, // the sequences of an invocation
    `alias Flags = ${Flags};`,
    `alias Bits = ${Bits};`,
    `const SHARES = ${4 / lanes}u;`, // of a quad, each for a workgroup
    `const THREADS = ${threads}u;`,
    "var<private> share: u32;",
    "fn at(index: u32) -> u32 { return index * SHARES + share; }", // in an array of quads
  ].join("\n");
}

/** All kernels, by the names of their files. */
export const KERNELS = {
  gather: kernel(gather),
  embed: kernel(embed),
  mask_steps: kernel(maskSteps),
  mask: kernel(mask),
  pointwise_forward: kernel(pointwiseForward),
  softmax_forward: kernel(softmaxForward),
  input_product: kernel(inputProduct),
  lstm_forward: kernel(recurrentForward, lstmForward),
  gru_forward: kernel(recurrentForward, gruForward),
  rnn_forward: kernel(recurrentForward, rnnForward),
  merge_forward: kernel(mergeForward),
  batch_norm_forward: kernel(batchNorm, batchNormForward),
  head: kernel(head),
  answer: kernel(answer),
  loss: kernel(targets, loss),
  metric: kernel(targets, metric),
  tally: kernel(tally),
  penalty: kernel(segments, penalty),
  batch_norm_backward: kernel(batchNorm, batchNormBackward),
  merge_backward: kernel(mergeBackward),
  lstm_backward: kernel(recurrentBackward, lstmBackward),
  gru_backward: kernel(recurrentBackward, gruBackward),
  rnn_backward: kernel(recurrentBackward, rnnBackward),
  input_gradient: kernel(inputGradient),
  softmax_backward: kernel(softmaxBackward),
  pointwise_backward: kernel(pointwiseBackward),
  weight_gradient: kernel(weightGradient),
  embedding_gradient: kernel(embeddingGradient),
  gradient: kernel(segments, flatGradient, gradient),
  clip: kernel(clip),
  update: kernel(segments, flatGradient, update),
  moving_averages: kernel(movingAverages),
} as const satisfies Record<string, Kernel>;

/** The name of a kernel's file. */
export type KernelName = keyof typeof KERNELS;

/** Invocations of a workgroup, in kernels that have no shapes. */
const WORKGROUP_SIZE = 64;

/** The part of its steps, or of their rows, that a dispatch computes. */
export interface Piece {
  readonly first: number;
  readonly end: number;
  /** The bytes of a buffer that its kernel sees, as if there were no others. */
  readonly window: { readonly buffer: string; readonly offset: number; readonly size: number };
}

/** Blocks of templates besides those of shapes: masked steps, and a GRU with reset before. */
type Block = "MASKED" | "RESET_BEFORE";

/** The shape of a dispatch, and those that it could have. */
export interface Shaped {
  readonly shape: Shape;
  /** The usual one first. */
  readonly possible: readonly Shape[];
  /** The name under which a shape is chosen: the label without its piece. */
  readonly label: string;
  /** The weights that an invocation keeps in registers where the shape says so. */
  readonly kept: number;
}

/** One dispatch of a kernel. */
export interface Dispatch {
  readonly kernel: KernelName;
  /** For people, for instance `lstm_forward of layer0`. */
  readonly label: string;
  /** The kernel's `override` constants. */
  readonly constants: Readonly<Record<string, number>>;
  /** Of kernels that have several. */
  readonly shaped?: Shaped;
  /** What else the template takes in: 1 for yes. */
  readonly blocks?: Partial<Record<Block, number>>;
  /** The names of the buffers of its bindings, without the uniforms of the step and of the piece. */
  readonly buffers: readonly string[];
  /** For kernels that compute one. */
  readonly piece?: Piece;
  /** Workgroups along x and y. */
  readonly workgroups: readonly [number, number];
}

/** The workgroups for a number of invocations: along x, and where those are too many also along y. */
export function workgroupsFor(invocations: number, maxAlongX = 65535): [number, number] {
  const groups = Math.ceil(invocations / WORKGROUP_SIZE);
  return groups <= maxAlongX ? [groups, 1] : [maxAlongX, Math.ceil(groups / maxAlongX)];
}
