/**
 * Where everything lies in the memory that all threads share. Addresses are bytes; every array starts on a cache line.
 *
 * Images come in groups of eight, the lanes of two vectors, and every array of activations ends in `[8]`. A kernel's four
 * columns that are computed together are a *quad*: the gates i f g o of one unit of an LSTM, four units of an RNN, four
 * classes of the head.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequence.ts";
import type { Network, RecurrentLayer } from "../../model/network.ts";
import { MAX_STEPS } from "../engine.ts";
import { CONSTANT_BYTES } from "./kernels.ts";
import { GROUP, OCTET, QUAD, TILE, WORD } from "./strides.ts";
import { TEAM_WORDS } from "./team.ts";

/** The most images that one command predicts. */
export const MAX_PREDICTED = 4096;

const CACHE_LINE = 64;
const PAGE = 65536;
const MAX_PAGES = 65536;

/** Rounds up to a multiple. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/**
 * What each group of a batch, and the lines that all images share, leave behind for the gradient of a matrix: a record
 * each. Addresses are those of record 0, bytes lead from a record to the next.
 */
export interface RecordPlan {
  /** The values of t that a record has room for: T, or 1 for the head. */
  readonly T: number;
  /** [T][quads][4][8]: z, then its activations, then ∂loss/∂z. */
  readonly dz: number;
  readonly dzBytes: number;
  /** [ceil(J/8)][8·T][8]: the input of every t, a row an image; of shared lines a row a line. */
  readonly inputs: number;
  readonly inputBytes: number;
  /** [ceil(J/8)][2] int32: the first t and the one after the last at which a panel of the inputs is not all blank. */
  readonly spans: number;
  readonly spanBytes: number;
}

/** A matrix W [J,columns] with a bias, and the records for its gradient. */
export interface MatrixPlan {
  /** Rows of W. */
  readonly J: number;
  readonly quads: number;
  /** [quads][J][4], a quad after another as the products read them: elements into the parameters, gradients and slots. */
  readonly W: number;
  /** [quads][4], as W. */
  readonly b: number;
  readonly biasScale: number;
  /** The addresses of W and of what products start from: b, or in the first layer what {@link Plan.blank} makes of it. */
  readonly panels: number;
  readonly bias: number;
  /** Features of x in front of h; the others come after it. */
  readonly front: number;
  readonly back: number;
  readonly records: RecordPlan;
}

/**
 * A recurrent layer: its matrix is kernel over recurrent kernel, J = C + H, as its input is x beside h. In the first
 * layer h lies amid x: what is not blank, around the middle of a line, is then one range with h in it.
 */
export interface LayerPlan extends MatrixPlan {
  readonly layer: RecurrentLayer;
  readonly C: number;
  readonly H: number;
  /** Transposed panels: of the recurrent kernel [ceil(H/4)][4·quads][4], of the kernel [ceil(C/4)][4·quads][4] (0 in the first layer). */
  readonly recurrentBack: number;
  readonly inputBack: number;
  /** Per thread: bytes from the start of its memory. */
  readonly c: number; // [T+1][H][8]
  readonly tanhC: number; // [T][H][8], of the c after each t
  readonly y: number; // [T][units][8]
  readonly mask: number; // [T][4·ceil(H/4)][8]
  readonly dy: number; // [T][4·ceil(H/4)][8], ∂loss/∂y from the layer above
}

/** The head: its rows are the images of the batch. */
export interface HeadPlan extends MatrixPlan {
  readonly classes: number;
  /** Transposed panels, [ceil(J/4)][4·quads][4]. */
  readonly inputBack: number;
}

/** What a thread is told when it starts. Plain data. */
export interface Plan {
  readonly network: Network;
  readonly sequence: Omit<SequenceLayout, "scale">;
  readonly batchSize: number;
  readonly threads: number;
  readonly memoryPages: number;
  readonly team: number;
  /** A byte's input is blank + byte / divisor; inputs are counted from blank on. */
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
  /** [MAX_STEPS][groupsABatch]: the first t of each group that it does not share, see prefix.ts. */
  readonly starts: number;
  readonly groupsABatch: number;
  /** The first record of the lines that all images share: each thread has one of its own. */
  readonly sharedRecord: number;
  /** int32: the thread whose record of them counts. */
  readonly sharedBy: number;
  /** [layers][groupsABatch][2][H] float32: what groups hand back to the row that they share. */
  readonly boundaries: {
    readonly address: number;
    readonly layerBytes: number;
    readonly groupBytes: number;
    readonly arrayBytes: number;
  };
  /** One batch: losses [batchSize] float32, correct [batchSize] int32. */
  readonly losses: number;
  readonly correct: number;
  /** [MAX_STEPS][2] float64: mean loss, number correct. */
  readonly results: number;
  readonly parameters: number;
  readonly gradients: number;
  readonly slots: readonly number[];
  /** Elements of each of those arrays. */
  readonly size: number;
  /** The recurrent layers, then the head. */
  readonly layers: readonly LayerPlan[];
  readonly head: HeadPlan;
  readonly thread: {
    readonly start: number;
    readonly bytes: number;
    /** Of the group at hand; in a training as many again are for the row that groups share. */
    readonly lanesBytes: number;
    /** [8][imageBytes] bytes, and the same as [imageBytes][8]; some bytes more, since 16 at a time are read and written. */
    readonly images: number;
    readonly pixels: number;
    readonly xh: readonly [number, number];
    /** [2] int32: which of the first layer's inputs are not blank. */
    readonly range: number;
    readonly dh: number;
    readonly dc: number;
    readonly headInput: number;
    readonly logits: number;
    /** Of a weight gradient: [MAX_QUADS][8·T_PER_PIECE][4]; [ceil(J/8)][MAX_QUADS][4][8] and [MAX_QUADS][4]. */
    readonly rows: number;
    readonly sums: number;
  };
}

/** The most columns whose gradient is computed and that are updated together, in quads. */
export const MAX_QUADS = 8;
/** How much of T of a weight gradient is summed together. */
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

/** What {@link planMemory} needs to know. */
export interface PlanOptions {
  readonly network: Network;
  readonly sequence: SequenceLayout;
  readonly imageBytes: number;
  readonly threads: number;
  /** Null for an engine that only predicts: nothing that only a training reads has room then. */
  readonly training: {
    readonly trainCount: number;
    readonly batchSize: number;
    readonly slotCount: number;
  } | null;
}

/**
 * Lays out the memory of an engine.
 *
 * @throws {RangeError} If it needs more than the 4 GiB that 32-bit addresses reach
 */
export function planMemory(options: PlanOptions): Plan {
  const { network, sequence, imageBytes, threads, training } = options;
  const { trainCount, batchSize, slotCount } = training ?? { trainCount: 0, batchSize: 0, slotCount: 0 };
  const arena = new Arena(CONSTANT_BYTES);
  const { scale, ...layout } = sequence, blank = scale[0];
  const { offsets, size } = planParameters(network);
  const team = arena.take(TEAM_WORDS * WORD);
  const arrays = () => arena.take(size * WORD);
  const parameters = arrays(), gradients = training ? arrays() : 0;
  const slots = Array.from({ length: slotCount }, arrays);
  const groups = Math.ceil(batchSize / GROUP), sharedRecord = Math.max(groups, threads);
  const matrices = planMatrices(network, arena, {
    offsets,
    parameters,
    blank,
    records: training
      ? { count: sharedRecord + threads, inputCount: sharedRecord + threads, T: sequence.T }
      : { count: threads, inputCount: 0, T: sequence.T },
  });

  const perThread = new Arena(0);
  const trains = training !== null;
  const layers = matrices.layers.map((layer) => planActivations(layer, { T: sequence.T, trains }, perThread));
  const thread = planScratch(layers, matrices.head, { imageBytes, trains }, perThread);
  const plan = {
    network,
    sequence: layout,
    batchSize,
    threads,
    team,
    blank,
    divisor: 255 / (scale[255] - blank),
    imageBytes,
    trainLabels: arena.take(trainCount),
    positions: arena.take(WORD * Math.max(MAX_STEPS * batchSize, MAX_PREDICTED)),
    logits: arena.take(WORD * MAX_PREDICTED * network.head.classes),
    outputs: arena.take(WORD * GROUP * sequence.T * network.head.inputSize),
    starts: arena.take(WORD * MAX_STEPS * groups),
    groupsABatch: groups,
    sharedRecord,
    sharedBy: arena.take(4),
    boundaries: planBoundaries(network, groups, arena),
    losses: arena.take(WORD * groups * GROUP),
    correct: arena.take(WORD * groups * GROUP),
    results: arena.take(2 * Float64Array.BYTES_PER_ELEMENT * MAX_STEPS),
    parameters,
    gradients,
    slots,
    size,
    layers,
    head: matrices.head,
    thread: { ...thread, start: arena.take(threads * thread.bytes) },
  };
  const memoryPages = Math.ceil(arena.next / PAGE);
  if (memoryPages > MAX_PAGES) {
    throw new RangeError(
      `Cannot open the device wasm: parameters and activations must fit into 4 GiB: they need ${
        (arena.next / 2 ** 30).toFixed(1)
      } GiB; a smaller batch, fewer threads or a smaller network takes less`,
    );
  }
  return { ...plan, memoryPages };
}

/** Features of x in front of h: whole panels in the first layer, all of them in the others. */
function chooseFront(network: Network, index: number): number {
  const C = network.layers[index].inputSize;
  return index === 0 ? Math.min(C, roundUp(C / 2, GROUP)) : C;
}

/** Elements of a matrix and its bias, from a cache line on. */
interface MatrixOffsets {
  readonly W: number;
  readonly b: number;
}

/** One matrix after another: those of the layers, then the head's. */
function planParameters(network: Network): { offsets: MatrixOffsets[]; size: number } {
  const { layers, head } = network, offsets: MatrixOffsets[] = [];
  let size = 0;
  const take = (count: number) => {
    const offset = size;
    size = roundUp(size + count, CACHE_LINE / 4);
    return offset;
  };
  const shapes = layers.map((layer) => ({ J: layer.inputSize + layer.hiddenSize, quads: countQuads(layer) }));
  for (const { J, quads } of [...shapes, { J: head.inputSize, quads: Math.ceil(head.classes / 4) }]) {
    offsets.push({ W: take(quads * J * 4), b: take(quads * 4) });
  }
  return { offsets, size };
}

function countQuads({ kind, hiddenSize }: RecurrentLayer): number {
  return kind === "lstm" ? hiddenSize : Math.ceil(hiddenSize / 4);
}

function planBoundaries(network: Network, groups: number, arena: Arena): Plan["boundaries"] {
  const arrayBytes = roundUp(
    WORD * Math.max(...network.layers.map(({ hiddenSize }) => hiddenSize)),
    CACHE_LINE,
  );
  const groupBytes = 2 * arrayBytes, layerBytes = groups * groupBytes;
  return { address: arena.take(network.layers.length * layerBytes), layerBytes, groupBytes, arrayBytes };
}

type MatrixOnly = Omit<LayerPlan, "c" | "tanhC" | "y" | "mask" | "dy">;

function planMatrices(
  network: Network,
  arena: Arena,
  { offsets, parameters, blank, records }: {
    offsets: readonly MatrixOffsets[];
    parameters: number;
    blank: number;
    records: RecordCounts;
  },
): { layers: MatrixOnly[]; head: HeadPlan } {
  const matrix = (index: number, J: number, quads: number, T: number) => {
    const { W, b } = offsets[index], shifted = index === 0 && blank !== 0;
    return {
      J,
      quads,
      ...offsets[index],
      panels: parameters + WORD * W,
      bias: shifted ? arena.take(quads * QUAD) : parameters + WORD * b,
      records: planRecords({ J, quads }, { ...records, T }, arena),
    };
  };
  const layers = network.layers.map((layer, index): MatrixOnly => {
    const C = layer.inputSize, H = layer.hiddenSize, quads = countQuads(layer);
    const front = chooseFront(network, index);
    return {
      ...matrix(index, C + H, quads, records.T),
      biasScale: layer.bias.updateScale,
      front,
      back: C - front,
      layer,
      C,
      H,
      recurrentBack: arena.take(Math.ceil(H / 4) * quads * 4 * QUAD),
      inputBack: index > 0 ? arena.take(Math.ceil(C / 4) * quads * 4 * QUAD) : 0,
    };
  });
  const { classes, inputSize } = network.head, quads = Math.ceil(classes / 4);
  const head = {
    ...matrix(layers.length, inputSize, quads, 1),
    biasScale: 1,
    front: inputSize,
    back: 0,
    classes,
    inputBack: arena.take(Math.ceil(inputSize / 4) * quads * 4 * QUAD),
  };
  return { layers, head };
}

/** How many records there are: all of them have dz, those of a training the inputs too. */
interface RecordCounts {
  readonly count: number;
  readonly inputCount: number;
  readonly T: number;
}

function planRecords(
  { J, quads }: { J: number; quads: number },
  { count, inputCount, T }: RecordCounts,
  arena: Arena,
): RecordPlan {
  const panels = Math.ceil(J / 8), dzBytes = T * quads * TILE;
  const inputBytes = panels * T * GROUP * OCTET, spanBytes = roundUp(panels * 2 * WORD, CACHE_LINE);
  return {
    T,
    ...{ dz: arena.take(count * dzBytes), dzBytes },
    ...{ inputs: arena.take(inputCount * inputBytes), inputBytes },
    ...{ spans: arena.take(inputCount * spanBytes), spanBytes },
  };
}

function planActivations(
  layer: MatrixOnly,
  { T, trains }: { T: number; trains: boolean },
  arena: Arena,
): LayerPlan {
  const lstm = layer.layer.kind === "lstm", padded = roundUp(layer.H, 4) * OCTET;
  return {
    ...layer,
    c: lstm ? arena.take((T + 1) * layer.H * OCTET) : 0,
    tanhC: lstm ? arena.take(T * layer.H * OCTET) : 0,
    y: arena.take(T * padded),
    mask: trains && layer.layer.dropout > 0 ? arena.take(T * padded) : 0,
    dy: trains ? arena.take(T * padded) : 0,
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
