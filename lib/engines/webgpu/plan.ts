/**
 * Which buffers a training needs and which kernels one step dispatches, as plain data.
 *
 * Images come in quads, the lanes of one `vec4`; columns of a kernel that are computed together come in quads too: the
 * gates i f g o of one unit of an LSTM, four units of an RNN, four classes of the head.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Network, RecurrentLayer } from "../../model/network.ts";
import { type Optimizer, SLOT_COUNT } from "../../model/optimizers.ts";
import {
  gatherDispatch,
  headDispatch,
  headGradient,
  layerBackward,
  layerForward,
  layerGradient,
  maskDispatch,
  updateDispatch,
} from "./dispatches.ts";
import type { Dispatch } from "./kernels.ts";

/** The most steps of one command buffer. */
export const MAX_STEPS = 256;

/** What the plan depends on. */
export interface PlanOptions {
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly sequence: SequenceLayout;
  readonly imageBytes: number;
  readonly trainCount: number;
  readonly testCount: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** One weight matrix with its bias, as `update.wgsl` reads it. */
export interface MatrixTable {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly unitColumns: number;
  readonly quads: number;
  /** Where it starts in `weights` and `weightsBack`, in float32, each at the start of a buffer of its own binding. */
  readonly weights: number;
  readonly weightsBack: number;
  readonly biasScale: number;
}

/** The plan of a training. */
export interface Plan {
  readonly batchSize: number;
  /** Image quads of a batch. */
  readonly N4: number;
  readonly classes: number;
  /** T. */
  readonly steps: number;
  /** Where the top layer's states lie: the buffer, its features a row, the first state and how many. */
  readonly top: {
    readonly name: string;
    readonly stride: number;
    readonly first: number;
    readonly units: number;
  };
  /** Size in bytes of each buffer, by name. */
  readonly buffers: ReadonlyMap<string, number>;
  readonly views: ReadonlyMap<string, View>;
  readonly matrices: readonly MatrixTable[];
  /** Every (buffer, feature stride, rows) whose bias feature must be 1. */
  readonly ones: readonly { readonly buffer: string; readonly stride: number; readonly rows: number }[];
  /** How many partial sums a weight gradient has. */
  readonly parts: number;
  /** Flat arrays that the optimizer keeps. */
  readonly slots: number;
  /** One training step, without its update. */
  readonly gradient: readonly Dispatch[];
  readonly update: Dispatch;
  /** Lays the parameters out without changing them. */
  readonly pack: Dispatch;
  readonly predict: readonly Dispatch[];
  /** The bytes that a workgroup keeps in its own memory, by what they are. */
  readonly workgroupBytes: ReadonlyMap<string, number>;
}

/** Offsets of bindings must be multiples of this. */
const BINDING_ALIGNMENT = 256;

const up4 = (n: number) => 4 * Math.ceil(n / 4);
const roundUp = (n: number, multiple: number) => multiple * Math.ceil(n / multiple);

/** A layer's sizes, named as the kernels name them. */
export interface Sizes {
  readonly layer: RecurrentLayer;
  readonly index: number;
  readonly top: boolean;
  readonly C: number;
  readonly C4: number;
  readonly H: number;
  readonly H4: number;
  /** Features of a row of inputs: x, h and four for the bias. */
  readonly J: number;
  readonly quads: number;
  /** From a row of what this layer's outputs are written to, to the next. */
  readonly outJ: number;
}

/** The head's sizes. */
export interface HeadSizes {
  readonly H: number;
  readonly H4: number;
  readonly classes: number;
  readonly quads: number;
  /** Of its kernel in the flat parameters. */
  readonly offset: number;
}

/** What all dispatches of a plan have in common. */
export interface Frame {
  readonly T: number;
  readonly N4: number;
  /** Partial sums of a weight gradient. */
  readonly parts: number;
  /** Parameters in all. */
  readonly size: number;
}

/** A part of a buffer that kernels see as a buffer of its own; in bytes. */
export interface View {
  readonly buffer: string;
  readonly offset: number;
  readonly size: number;
}

/** Plans the buffers and dispatches of a training. */
export function planTraining(options: PlanOptions): Plan {
  const { network, sequence, batchSize } = options;
  const T = sequence.T, N4 = Math.ceil(batchSize / 4), last = network.layers.length - 1;
  const layers = network.layers.map((layer, index): Sizes => {
    const C4 = up4(layer.inputSize), H4 = up4(layer.hiddenSize);
    return {
      layer,
      index,
      top: index === last,
      C: layer.inputSize,
      C4,
      H: layer.hiddenSize,
      H4,
      J: C4 + H4 + 4,
      quads: layer.kind === "lstm" ? layer.hiddenSize : H4 / 4,
      outJ: H4 + (index === last ? 4 : up4(network.layers[index + 1].hiddenSize) + 4),
    };
  });
  const head: HeadSizes = {
    H: network.head.inputSize,
    H4: up4(network.head.inputSize),
    classes: network.head.classes,
    quads: Math.ceil(network.head.classes / 4),
    offset: network.head.kernel.offset,
  };
  const parts = choosePartCount(network.size, T * N4);
  const frame: Frame = { T, N4, parts, size: network.size };
  const { matrices, views, weightBytes, weightBackBytes } = planMatrices(layers, head);
  const forward = layers.flatMap((sizes) => layerForward(sizes, frame));
  const headStep = headDispatch(head, `dy ${last}`, frame);
  return {
    batchSize,
    N4,
    classes: head.classes,
    steps: T,
    top: { name: `inputs ${last}`, stride: layers[last].J, first: layers[last].C4, units: head.H },
    buffers: planBuffers(options, layers, { head, frame, weightBytes, weightBackBytes }),
    views,
    matrices,
    ones: [
      ...layers.map(({ index, J }) => ({ buffer: `inputs ${index}`, stride: J, rows: T * N4 })),
      { buffer: "head inputs", stride: head.H4 + 4, rows: N4 },
    ],
    parts,
    slots: SLOT_COUNT[options.optimizer.kind],
    gradient: [
      gatherDispatch(options, layers[0], { frame, images: "train images" }),
      ...layers.filter(({ layer }) => layer.dropout > 0).map((sizes) =>
        maskDispatch(sizes, options.seed, frame)
      ),
      ...forward,
      headStep,
      ...layers.toReversed().flatMap((sizes) => layerBackward(sizes, frame)),
      ...layers.map((sizes) => layerGradient(sizes, frame)),
      headGradient(head, frame),
    ],
    update: updateDispatch(options.optimizer, matrices.length, frame),
    pack: updateDispatch(undefined, matrices.length, frame),
    predict: [gatherDispatch(options, layers[0], { frame, images: "images" }), ...forward, headStep],
    workgroupBytes: new Map([
      ...layers.map(({ index, H, H4, layer }): [string, number] => {
        return [`the state of four images in layer ${index}`, 32 * (layer.kind === "lstm" ? H : H4)];
      }),
      ["the logits of four images", 16 * 4 * head.quads],
    ]),
  };
}

/** Enough partial sums to keep a large GPU busy, few enough to be small beside the activations. */
function choosePartCount(size: number, rows: number): number {
  return Math.max(1, Math.min(8, Math.floor(2 ** 21 / size), rows));
}

function planMatrices(layers: readonly Sizes[], head: HeadSizes) {
  const views = new Map<string, View>(), matrices: MatrixTable[] = [];
  let weightBytes = 0, weightBackBytes = 0;
  const add = (name: string, table: Omit<MatrixTable, "weights" | "weightsBack">) => {
    const size = (table.rows + 1) * table.quads * 16, backSize = table.rows * table.quads * 16;
    views.set(`weights ${name}`, { buffer: "weights", offset: weightBytes, size });
    views.set(`weights back ${name}`, { buffer: "weights back", offset: weightBackBytes, size: backSize });
    matrices.push({ ...table, weights: weightBytes / 4, weightsBack: weightBackBytes / 4 });
    weightBytes = roundUp(weightBytes + size, BINDING_ALIGNMENT);
    weightBackBytes = roundUp(weightBackBytes + backSize, BINDING_ALIGNMENT);
  };
  for (const { layer, index, C, H, quads } of layers) {
    add(`${index}`, {
      offset: layer.kernel.offset,
      rows: C + H,
      columns: layer.kind === "lstm" ? 4 * H : H,
      unitColumns: layer.kind === "lstm" ? H : 0,
      quads,
      biasScale: layer.bias.updateScale,
    });
  }
  const { offset, H, classes, quads } = head;
  add("head", { offset, rows: H, columns: classes, unitColumns: 0, quads, biasScale: 1 });
  return { matrices, views, weightBytes, weightBackBytes };
}

function planBuffers(
  options: PlanOptions,
  layers: readonly Sizes[],
  { head, frame, weightBytes, weightBackBytes }: {
    head: HeadSizes;
    frame: Frame;
    weightBytes: number;
    weightBackBytes: number;
  },
): Map<string, number> {
  const { imageBytes, trainCount, testCount } = options, { N4, size, parts } = frame;
  const rows = frame.T * N4, slots = SLOT_COUNT[options.optimizer.kind];
  const buffers = new Map<string, number>([
    ["train images", trainCount * imageBytes],
    ["test images", Math.max(1, testCount * imageBytes)], // there may be none, but no buffer of 0 bytes
    ["staged images", 4 * N4 * imageBytes],
    ["train labels", trainCount],
    ["positions", 4 * MAX_STEPS * 4 * N4],
    ["scale", 4 * 256],
    ["results", 4 * MAX_STEPS * 4 * N4 * Math.max(2, head.classes)],
    ["parameters", 4 * size],
    ["partials", 4 * size * parts],
    ["slot 0", slots > 0 ? 4 * size : 4],
    ["slot 1", slots > 1 ? 4 * size : 4],
    ["weights", weightBytes],
    ["weights back", weightBackBytes],
    ["matrices", 32 * (layers.length + 1)],
    ["no mask", 16],
    ["head inputs", 16 * N4 * (head.H4 + 4)],
    ["head dz", 16 * N4 * head.quads * 4],
  ]);
  for (const { layer, index, J, H, H4, quads, top } of layers) {
    buffers.set(`inputs ${index}`, 16 * (rows + N4) * J);
    buffers.set(`gates ${index}`, 16 * rows * quads * 4);
    buffers.set(`dy ${index}`, 16 * (top ? N4 : rows) * H4);
    if (layer.kind === "lstm") buffers.set(`c ${index}`, 16 * (rows + N4) * H);
    if (layer.dropout > 0) buffers.set(`mask ${index}`, 16 * rows * H4);
  }
  return buffers;
}
