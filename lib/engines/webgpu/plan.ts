/**
 * Which buffers a training needs and which kernels one step dispatches, as plain data.
 *
 * Images come in quads, the lanes of one `vec4`; columns of a kernel that are computed together come in quads too: the
 * gates i f g o of one unit of an LSTM, four units of an RNN, four classes of the head.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Network } from "../../model/network.ts";
import { type Optimizer, SLOT_COUNT } from "../../model/optimizers.ts";
import { MAX_STEPS } from "../engine.ts";
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
import { type Frame, type HeadSizes, headSizes, layerSizes, type Sizes } from "./sizes.ts";

/** What the plan depends on. */
export interface PlanOptions {
  readonly network: Network;
  readonly sequence: SequenceLayout;
  readonly imageBytes: number;
  /** The most images that go through the network together. */
  readonly batchSize: number;
  /** Null for an engine that only predicts. */
  readonly training: {
    readonly optimizer: Optimizer;
    readonly trainCount: number;
    readonly seed: number;
  } | null;
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

/** The plan of an engine. */
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
  /** Images of a prediction that are brought to the device together: whole batches. */
  readonly stagedImages: number;
  /** One training step, without its update; none in an engine that only predicts. */
  readonly gradient: readonly Dispatch[];
  readonly update: readonly Dispatch[];
  /** Lays the parameters out without changing them. */
  readonly pack: Dispatch;
  readonly predict: readonly Dispatch[];
  /** The bytes that a workgroup keeps in its own memory, by what they are. */
  readonly workgroupBytes: ReadonlyMap<string, number>;
}

/** Offsets of bindings must be multiples of this. */
const BINDING_ALIGNMENT = 256;

const roundUp = (n: number, multiple: number) => multiple * Math.ceil(n / multiple);

/** A part of a buffer that kernels see as a buffer of its own; in bytes. */
export interface View {
  readonly buffer: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * Plans the buffers and dispatches of an engine.
 *
 * @param stagedBytes The images of a prediction that are brought to the device together are no more than this, or one batch
 */
export function planEngine(options: PlanOptions, stagedBytes: number): Plan {
  const { network, sequence, imageBytes, batchSize, training } = options;
  const T = sequence.T, N4 = Math.ceil(batchSize / 4), last = network.layers.length - 1;
  const layers = layerSizes(
    training ? network.layers : network.layers.map((layer) => ({ ...layer, dropout: 0 })),
  );
  const head = headSizes(network.head);
  const staged = Math.floor(stagedBytes / (4 * N4 * imageBytes));
  const stagedImages = 4 * N4 * Math.max(1, Math.min(staged, MAX_STEPS));
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
    buffers: planBuffers(options, layers, { head, frame, weightBytes, weightBackBytes, stagedImages }),
    views,
    matrices,
    ones: [
      ...layers.map(({ index, J }) => ({ buffer: `inputs ${index}`, stride: J, rows: T * N4 })),
      { buffer: "head inputs", stride: head.H4 + 4, rows: N4 },
    ],
    parts,
    slots: training ? SLOT_COUNT[training.optimizer.kind] : 0,
    stagedImages,
    gradient: training
      ? [
        gatherDispatch(options, layers[0], { frame, images: "train images" }),
        ...layers.filter(({ layer }) => layer.dropout > 0).map((sizes) =>
          maskDispatch(sizes, training.seed, frame)
        ),
        ...forward,
        headStep,
        ...layers.toReversed().flatMap((sizes) => layerBackward(sizes, frame)),
        ...layers.map((sizes) => layerGradient(sizes, frame)),
        headGradient(head, frame),
      ]
      : [],
    update: training ? [updateDispatch(training.optimizer, matrices.length, frame)] : [],
    pack: updateDispatch(undefined, matrices.length, frame),
    predict: [gatherDispatch(options, layers[0], { frame, images: "staged images" }), ...forward, headStep],
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
  { head, frame, weightBytes, weightBackBytes, stagedImages }: {
    head: HeadSizes;
    frame: Frame;
    weightBytes: number;
    weightBackBytes: number;
    stagedImages: number;
  },
): Map<string, number> {
  const { imageBytes, training } = options, { N4, size, parts } = frame;
  const rows = frame.T * N4, slots = training ? SLOT_COUNT[training.optimizer.kind] : 0;
  // What kernels bind but do not read in a prediction is as small as a buffer can be.
  const buffers = new Map<string, number>([
    ...(training ? [["train images", training.trainCount * imageBytes] as const] : []),
    ["staged images", stagedImages * imageBytes],
    ["train labels", training?.trainCount ?? 4],
    ["positions", 4 * MAX_STEPS * 4 * N4],
    ["scale", 4 * 256],
    ["results", 4 * MAX_STEPS * 4 * N4 * Math.max(2, head.classes)],
    ["parameters", 4 * size],
    ["partials", training ? 4 * size * parts : 4],
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
    if (top || training) buffers.set(`dy ${index}`, 16 * (top ? N4 : rows) * H4);
    if (layer.kind === "lstm") buffers.set(`c ${index}`, 16 * (rows + N4) * H);
    if (layer.dropout > 0) buffers.set(`mask ${index}`, 16 * rows * H4);
  }
  return buffers;
}
