/**
 * The buffers of an engine and the dispatches of one step, as plain data.
 *
 * Images are processed in quads, the lanes of one `vec4`. Four columns of a matrix that are computed together are a quad
 * too: the gates i f g o of one unit of an LSTM, four units of an RNN, four classes of the head.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Network } from "../../model/network.ts";
import { type Optimizer, SLOT_COUNT } from "../../model/optimizers.ts";
import { MAX_STEPS } from "../engine.ts";
import { roundUp } from "../round_up.ts";
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
import { type Frame, headSizes, type LayerSizes, layerSizes, type MatrixSizes } from "./sizes.ts";

/** What a plan depends on. */
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

/** A weight matrix with its bias, as `update.wgsl` reads it. */
export interface MatrixTable {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly unitColumns: number;
  readonly quads: number;
  /** Where it starts in `weights` and `weightsBack`, in float32; each is bound as a buffer of its own. */
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
  readonly T: number;
  /** Where the top layer's states are: the buffer, the features of a row, the first state and their number. */
  readonly top: {
    readonly name: string;
    readonly stride: number;
    readonly first: number;
    readonly units: number;
  };
  /** The bytes of each buffer, by name. */
  readonly buffers: ReadonlyMap<string, number>;
  readonly views: ReadonlyMap<string, View>;
  readonly matrices: readonly MatrixTable[];
  /** The buffers of inputs, the features of a row and the number of rows; the bias feature of each row must be 1. */
  readonly ones: readonly { readonly buffer: string; readonly stride: number; readonly rows: number }[];
  /** The number of partial sums of a weight gradient. */
  readonly parts: number;
  /** The number of the optimizer's slots. */
  readonly slots: number;
  /** How many images of a prediction are uploaded together: whole batches. */
  readonly stagedImages: number;
  /** One training step without its update; empty in an engine that only predicts. */
  readonly gradient: readonly Dispatch[];
  readonly update: readonly Dispatch[];
  /** Writes the layouts that the products read. */
  readonly pack: Dispatch;
  readonly predict: readonly Dispatch[];
  /** The bytes of workgroup memory that kernels use, by what they hold. */
  readonly workgroupBytes: ReadonlyMap<string, number>;
}

/** The alignment of the offsets of bindings. */
const BINDING_ALIGNMENT = 256;

/** A part of a buffer, in bytes, that kernels see as a buffer of its own. */
export interface View {
  readonly buffer: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * Plans the buffers and dispatches of an engine.
 *
 * @param stagedBytes The most bytes of images that a prediction uploads together, if they hold one batch
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
  const { matrices, views, weightBytes, weightBackBytes } = planMatrices([...layers, head]);
  const forward = layers.flatMap((sizes) => layerForward(sizes, frame));
  const headStep = headDispatch(head, `dy ${last}`, frame);
  return {
    batchSize,
    N4,
    classes: head.columns,
    T,
    top: { name: `inputs ${last}`, stride: layers[last].J, first: layers[last].C4, units: head.C },
    buffers: planBuffers(options, layers, { head, frame, weightBytes, weightBackBytes, stagedImages }),
    views,
    matrices,
    ones: [
      ...layers.map(({ index, J }) => ({ buffer: `inputs ${index}`, stride: J, rows: T * N4 })),
      { buffer: "head inputs", stride: head.J, rows: N4 },
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
      ...layers.map(({ index, H, H4, lstm }): [string, number] => {
        return [`the state of four images in layer ${index}`, 32 * (lstm ? H : H4)];
      }),
      ["the logits of four images", 16 * 4 * head.quads],
    ]),
  };
}

/** Enough partial sums to keep a large GPU busy, and few enough to need less memory than the activations. */
function choosePartCount(size: number, rows: number): number {
  return Math.max(1, Math.min(8, Math.floor(2 ** 21 / size), rows));
}

function planMatrices(sizes: readonly MatrixSizes[]) {
  const views = new Map<string, View>(), matrices: MatrixTable[] = [];
  let weightBytes = 0, weightBackBytes = 0;
  for (const { name, C, H, columns, quads, lstm, offset, biasScale } of sizes) {
    const rows = C + H, size = (rows + 1) * quads * 16, backSize = rows * quads * 16;
    views.set(`weights ${name}`, { buffer: "weights", offset: weightBytes, size });
    views.set(`weights back ${name}`, { buffer: "weights back", offset: weightBackBytes, size: backSize });
    const unitColumns = lstm ? H : 0, weights = weightBytes / 4, weightsBack = weightBackBytes / 4;
    matrices.push({ offset, rows, columns, unitColumns, quads, weights, weightsBack, biasScale });
    weightBytes = roundUp(weightBytes + size, BINDING_ALIGNMENT);
    weightBackBytes = roundUp(weightBackBytes + backSize, BINDING_ALIGNMENT);
  }
  return { matrices, views, weightBytes, weightBackBytes };
}

function planBuffers(
  options: PlanOptions,
  layers: readonly LayerSizes[],
  { head, frame, weightBytes, weightBackBytes, stagedImages }: {
    head: MatrixSizes;
    frame: Frame;
    weightBytes: number;
    weightBackBytes: number;
    stagedImages: number;
  },
): Map<string, number> {
  const { imageBytes, training } = options, { N4, size, parts } = frame;
  const rows = frame.T * N4, slots = training ? SLOT_COUNT[training.optimizer.kind] : 0;
  // Buffers that kernels bind but do not read in a prediction are as small as possible.
  const buffers = new Map<string, number>([
    ...(training ? [["train images", training.trainCount * imageBytes] as const] : []),
    ["staged images", stagedImages * imageBytes],
    ["train labels", training?.trainCount ?? 4],
    ["positions", 4 * MAX_STEPS * 4 * N4],
    ["scale", 4 * 256],
    ["results", 4 * MAX_STEPS * 4 * N4 * Math.max(2, head.columns)],
    ["parameters", 4 * size],
    ["partials", training ? 4 * size * parts : 4],
    ["slot 0", slots > 0 ? 4 * size : 4],
    ["slot 1", slots > 1 ? 4 * size : 4],
    ["weights", weightBytes],
    ["weights back", weightBackBytes],
    ["matrices", 32 * (layers.length + 1)],
    ["no mask", 16],
    ["head inputs", 16 * N4 * head.J],
    ["head dz", 16 * N4 * head.quads * 4],
  ]);
  for (const { layer, index, J, H, H4, quads, lstm, top } of layers) {
    buffers.set(`inputs ${index}`, 16 * (rows + N4) * J);
    buffers.set(`gates ${index}`, 16 * rows * quads * 4);
    if (top || training) buffers.set(`dy ${index}`, 16 * (top ? N4 : rows) * H4);
    if (lstm) buffers.set(`c ${index}`, 16 * (rows + N4) * H);
    if (layer.dropout > 0) buffers.set(`mask ${index}`, 16 * rows * H4);
  }
  return buffers;
}
