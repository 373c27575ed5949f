/**
 * The layout of the memory that all threads share. Addresses count bytes; every array starts on a cache line.
 *
 * Images are processed in groups of eight, the lanes of two vectors, and every array of activations ends in `[8]`. Four
 * columns of a matrix that are computed together are a *quad*: the gates i f g o of one unit of an LSTM, four units of an
 * RNN, four classes of the head.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Network, RecurrentLayer } from "../../model/network.ts";
import { SLOT_COUNT } from "../../model/optimizers.ts";
import { type EngineOptions, MAX_STEPS } from "../engine.ts";
import { roundUp } from "../round_up.ts";
import { CONSTANT_BYTES } from "./kernels.ts";
import { GROUP, OCTET, QUAD, TILE, WORD } from "./strides.ts";
import { TEAM_WORDS } from "./team.ts";

/** The most images of one `predict` command. */
export const MAX_PREDICTED = 4096;

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const CACHE_LINE = 64;

/**
 * What is kept for the gradient of a matrix: one record for each group of a batch, and one for the lines that all images
 * share. Addresses are those of record 0; `…Bytes` lead from one record to the next.
 */
export interface RecordPlan {
  /** How many values of t a record holds: T, or 1 for the head. */
  readonly T: number;
  /** [T][quads][4][8]: z, later its activations, later ∂loss/∂z. */
  readonly dz: number;
  readonly dzBytes: number;
  /** [ceil(J/8)][8·T][8]: the input of every t, one row for each image; or one row for each shared line. */
  readonly inputs: number;
  readonly inputBytes: number;
  /** [ceil(J/8)][2] int32: the first t at which a panel of the inputs is not all blank, and the one after the last. */
  readonly spans: number;
  readonly spanBytes: number;
}

/** A matrix W [J,columns] with its bias, and the records for its gradient. */
export interface MatrixPlan {
  /** Rows of W. */
  readonly J: number;
  readonly quads: number;
  /** Where W [quads][J][4] starts, in elements of the parameters, of their gradients and of each slot. */
  readonly W: number;
  /** Where the bias [quads][4] starts, in elements of the same arrays. */
  readonly b: number;
  readonly biasScale: number;
  /** Address of W. */
  readonly panels: number;
  /** Address of the bias that products add: b, or in the first layer b shifted for {@link Plan.blank}. */
  readonly bias: number;
  /** Features of x before h, and after it. */
  readonly front: number;
  readonly back: number;
  readonly records: RecordPlan;
}

/**
 * A recurrent layer. Its matrix is the kernel above the recurrent kernel, J = C + H, since its input is x beside h. In the
 * first layer h stands in the middle of x, so that h and the features with ink, around the middle of a line, are one range.
 */
export interface LayerPlan extends MatrixPlan {
  readonly layer: RecurrentLayer;
  readonly C: number;
  readonly H: number;
  /** Panels of the transposed recurrent kernel [ceil(H/4)][4·quads][4]. */
  readonly recurrentBack: number;
  /** Panels of the transposed kernel [ceil(C/4)][4·quads][4]; 0 in the first layer. */
  readonly inputBack: number;
  /** [groupsABatch][2][H] float32, dh and dc: what each group hands to the row that all groups share. */
  readonly boundary: number;
  /** From one of these [H] to the next. */
  readonly boundaryBytes: number;
  // In the memory of each thread, in bytes from its start:
  readonly c: number; // [T+1][H][8]
  readonly tanhC: number; // [T][H][8], of the c after each t
  readonly y: number; // [T][4·ceil(H/4)][8]
  readonly mask: number; // [T][4·ceil(H/4)][8]
  readonly dy: number; // [T][4·ceil(H/4)][8], ∂loss/∂y from the layer above
}

/** The head. */
export interface HeadPlan extends MatrixPlan {
  readonly classes: number;
  /** Panels of the transposed kernel [ceil(J/4)][4·quads][4]. */
  readonly inputBack: number;
}

/** The layout of the memory, as plain data that each thread gets. */
export interface Plan {
  readonly sequence: Omit<SequenceLayout, "scale">;
  readonly batchSize: number;
  readonly threads: number;
  readonly memoryPages: number;
  readonly team: number;
  /** The input of a byte is blank + byte / divisor; the engine stores inputs as x − blank. */
  readonly blank: number;
  readonly divisor: number;
  readonly imageBytes: number;
  readonly trainLabels: number;
  /** [MAX_STEPS][batchSize], or [MAX_PREDICTED]. */
  readonly positions: number;
  /** [MAX_PREDICTED][K]. */
  readonly logits: number;
  /** [GROUP][T][H] of the top layer. */
  readonly outputs: number;
  /** [MAX_STEPS][groupsABatch]: the first t that a group computes on its own, see prefix.ts. */
  readonly starts: number;
  readonly groupsABatch: number;
  /** Number of the first record of the lines that all images share; each thread has such a record. */
  readonly sharedRecord: number;
  /** int32: the thread whose record of the shared lines has the gradients. */
  readonly sharedBy: number;
  /** [batchSize] float32, of one batch. */
  readonly losses: number;
  /** [batchSize] int32, of one batch. */
  readonly correct: number;
  /** [MAX_STEPS][2] float64: mean loss, number of correct images. */
  readonly results: number;
  readonly parameters: number;
  readonly gradients: number;
  readonly slots: readonly number[];
  /** Elements of each of those arrays. */
  readonly size: number;
  readonly layers: readonly LayerPlan[];
  readonly head: HeadPlan;
  readonly thread: {
    readonly start: number;
    readonly bytes: number;
    /** The part for one group; in a training a second one, as large, is for the row that groups share. */
    readonly lanesBytes: number;
    /** [8][imageBytes] bytes, and some more, since 16 at a time are read. */
    readonly images: number;
    /** [imageBytes][8] bytes, and some more, since 16 at a time are written. */
    readonly pixels: number;
    readonly xh: readonly [number, number];
    /** [2] int32: which of the first layer's inputs are not blank. */
    readonly range: number;
    readonly dh: number;
    readonly dc: number;
    readonly headInput: number;
    readonly logits: number;
    /** dz of a piece of a weight gradient, [MAX_QUADS][8·T_PER_PIECE][4]. */
    readonly rows: number;
    /** The sums of a weight gradient, [ceil(J/8)][MAX_QUADS][4][8] and [MAX_QUADS][4]. */
    readonly sums: number;
  };
}

/** The most quads of columns that one work item takes. */
export const MAX_QUADS = 8;
/** How many values of t a weight gradient sums together. */
export const T_PER_PIECE = 28;

/** Hands out addresses, one after another. */
class Arena {
  next: number;
  constructor(start: number) {
    this.next = start;
  }
  take(bytes: number): number {
    const address = this.next;
    this.next = roundUp(address + bytes, CACHE_LINE);
    return address;
  }
}

/**
 * Lays out the memory of an engine; one that only predicts needs less.
 *
 * @throws {RangeError} If it needs more than the 4 GiB that 32-bit addresses reach
 */
export function planMemory(
  { network, imageSize, training }: Pick<EngineOptions, "network" | "imageSize" | "training">,
  sequence: SequenceLayout,
  threads: number,
): Plan {
  const { scale, ...layout } = sequence, blank = scale[0], trains = training !== null;
  const batchSize = training?.batchSize ?? 0, slotCount = training ? SLOT_COUNT[training.optimizer.kind] : 0;
  const imageBytes = imageSize.height * imageSize.width;
  const arena = new Arena(CONSTANT_BYTES), perThread = new Arena(0);
  const { offsets, size } = planParameters(network);
  const team = arena.take(TEAM_WORDS * WORD);
  const flat = () => arena.take(size * WORD);
  const parameters = flat(), gradients = trains ? flat() : 0;
  const slots = Array.from({ length: slotCount }, flat);
  const groups = Math.ceil(batchSize / GROUP), sharedRecord = Math.max(groups, threads);
  const recordCount = trains ? sharedRecord + threads : threads;
  const frame = { offsets, parameters, blank, T: sequence.T, groups, recordCount, trains, arena, perThread };
  const layers = network.layers.map((_, index) => planLayer(network, index, frame));
  const head = planHead(network, frame);
  const thread = planScratch(layers, head, { imageBytes, trains }, perThread);
  const plan = {
    sequence: layout,
    batchSize,
    threads,
    team,
    blank,
    divisor: 255 / (scale[255] - blank),
    imageBytes,
    trainLabels: arena.take(training?.train.count ?? 0),
    positions: arena.take(WORD * Math.max(MAX_STEPS * batchSize, MAX_PREDICTED)),
    logits: arena.take(WORD * MAX_PREDICTED * network.head.classes),
    outputs: arena.take(WORD * GROUP * sequence.T * network.head.inputSize),
    starts: arena.take(WORD * MAX_STEPS * groups),
    groupsABatch: groups,
    sharedRecord,
    sharedBy: arena.take(WORD),
    losses: arena.take(WORD * groups * GROUP),
    correct: arena.take(WORD * groups * GROUP),
    results: arena.take(2 * Float64Array.BYTES_PER_ELEMENT * MAX_STEPS),
    parameters,
    gradients,
    slots,
    size,
    layers,
    head,
    thread: { ...thread, start: arena.take(threads * thread.bytes) },
  };
  const memoryPages = Math.ceil(arena.next / PAGE_BYTES);
  if (memoryPages > MAX_PAGES) {
    throw new RangeError(
      `Cannot open the device wasm: parameters and activations must fit into 4 GiB: they need ${
        (arena.next / 2 ** 30).toFixed(1)
      } GiB; a smaller batch, fewer threads or a smaller network takes less`,
    );
  }
  return { ...plan, memoryPages };
}

/** Where a matrix and its bias start, in elements. */
interface MatrixOffsets {
  readonly W: number;
  readonly b: number;
}

/** Places the matrices of the layers one after another, then that of the head, each on a cache line. */
function planParameters(network: Network): { offsets: MatrixOffsets[]; size: number } {
  const { layers, head } = network;
  let size = 0;
  const take = (count: number) => {
    const offset = size;
    size = roundUp(size + count, CACHE_LINE / WORD);
    return offset;
  };
  const shapes = layers.map((layer) => ({ J: layer.inputSize + layer.hiddenSize, quads: countQuads(layer) }));
  shapes.push({ J: head.inputSize, quads: Math.ceil(head.classes / 4) });
  const offsets = shapes.map(({ J, quads }) => ({ W: take(quads * J * 4), b: take(quads * 4) }));
  return { offsets, size };
}

function countQuads({ kind, hiddenSize }: RecurrentLayer): number {
  return kind === "lstm" ? hiddenSize : Math.ceil(hiddenSize / 4);
}

/** What the plans of all matrices have in common. */
interface Frame {
  readonly offsets: readonly MatrixOffsets[];
  readonly parameters: number;
  readonly blank: number;
  readonly T: number;
  readonly groups: number;
  /** Records of each matrix. */
  readonly recordCount: number;
  readonly trains: boolean;
  readonly arena: Arena;
  readonly perThread: Arena;
}

function planLayer({ layers }: Network, index: number, frame: Frame): LayerPlan {
  const { T, groups, trains, arena, perThread } = frame;
  const layer = layers[index], C = layer.inputSize, H = layer.hiddenSize, quads = countQuads(layer);
  const front = index === 0 ? Math.min(C, roundUp(C / 2, GROUP)) : C; // whole panels
  const lstm = layer.kind === "lstm", padded = roundUp(H, 4) * OCTET;
  const boundaryBytes = roundUp(WORD * H, CACHE_LINE);
  return {
    ...planMatrix(index, { J: C + H, quads, T }, frame),
    biasScale: layer.bias.updateScale,
    front,
    back: C - front,
    layer,
    C,
    H,
    recurrentBack: arena.take(Math.ceil(H / 4) * quads * 4 * QUAD),
    inputBack: index > 0 ? arena.take(Math.ceil(C / 4) * quads * 4 * QUAD) : 0,
    boundary: arena.take(groups * 2 * boundaryBytes),
    boundaryBytes,
    c: lstm ? perThread.take((T + 1) * H * OCTET) : 0,
    tanhC: lstm ? perThread.take(T * H * OCTET) : 0,
    y: perThread.take(T * padded),
    mask: trains && layer.dropout > 0 ? perThread.take(T * padded) : 0,
    dy: trains ? perThread.take(T * padded) : 0,
  };
}

function planHead({ layers, head: { inputSize, classes } }: Network, frame: Frame): HeadPlan {
  const quads = Math.ceil(classes / 4);
  return {
    ...planMatrix(layers.length, { J: inputSize, quads, T: 1 }, frame),
    biasScale: 1,
    front: inputSize,
    back: 0,
    classes,
    inputBack: frame.arena.take(Math.ceil(inputSize / 4) * quads * 4 * QUAD),
  };
}

function planMatrix(
  index: number,
  { J, quads, T }: { J: number; quads: number; T: number },
  { offsets, parameters, blank, recordCount, trains, arena }: Frame,
): Pick<MatrixPlan, "J" | "quads" | "W" | "b" | "panels" | "bias" | "records"> {
  const { W, b } = offsets[index], shifted = index === 0 && blank !== 0;
  const panels = Math.ceil(J / 8), inputCount = trains ? recordCount : 0;
  const dzBytes = T * quads * TILE, inputBytes = panels * T * GROUP * OCTET;
  const spanBytes = roundUp(panels * 2 * WORD, CACHE_LINE);
  return {
    J,
    quads,
    W,
    b,
    panels: parameters + WORD * W,
    bias: shifted ? arena.take(quads * QUAD) : parameters + WORD * b,
    records: {
      T,
      dz: arena.take(recordCount * dzBytes),
      dzBytes,
      inputs: arena.take(inputCount * inputBytes),
      inputBytes,
      spans: arena.take(inputCount * spanBytes),
      spanBytes,
    },
  };
}

function planScratch(
  layers: readonly LayerPlan[],
  head: HeadPlan,
  { imageBytes, trains }: { imageBytes: number; trains: boolean },
  arena: Arena,
): Omit<Plan["thread"], "start"> {
  const largest = (of: (layer: LayerPlan) => number) => Math.max(...layers.map(of));
  const xhBytes = largest((layer) => (roundUp(layer.J, 8) + 4) * OCTET); // an RNN's last quad writes past H
  return {
    images: arena.take(GROUP * imageBytes + 16),
    pixels: arena.take(roundUp(imageBytes, 16) * GROUP),
    range: arena.take(8),
    xh: [arena.take(xhBytes), arena.take(xhBytes)],
    dh: arena.take(largest((layer) => roundUp(layer.H, 4) * OCTET)),
    dc: arena.take(largest((layer) => layer.H * OCTET)),
    headInput: arena.take(roundUp(head.J, 8) * OCTET),
    logits: arena.take(head.quads * TILE),
    rows: trains ? arena.take(MAX_QUADS * T_PER_PIECE * GROUP * QUAD) : 0,
    sums: trains
      ? arena.take((Math.ceil(Math.max(largest(({ J }) => J), head.J) / 8) * TILE + QUAD) * MAX_QUADS)
      : 0,
    lanesBytes: roundUp(arena.next, 4096),
    bytes: (trains ? 2 : 1) * roundUp(arena.next, 4096),
  };
}
