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
import { CONSTANT_BYTES } from "./kernels.ts";
import { TEAM_WORDS } from "./team.ts";

/** Images that one thread carries through the network together. */
export const GROUP = 8;
/** The most steps that one command takes. */
export const MAX_STEPS = 256;
/** The most images that one command predicts. */
export const MAX_PREDICTED = 4096;

const CACHE_LINE = 64;
const PAGE = 65536;
const MAX_PAGES = 65536;

/** Rounds up to a multiple. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** A run of the flat parameters that starts on a cache line here and is updated alike. */
export interface Segment {
  /** Where it starts in the flat array of the network. */
  readonly flatOffset: number;
  /** Where it starts in the engine's arrays, both in elements. */
  readonly offset: number;
  readonly count: number;
  readonly updateScale: number;
}

/** A matrix W [J,columns] with a bias, the panels that products read, and the rows of its gradient. */
export interface MatrixPlan {
  /** Rows of W. */
  readonly J: number;
  readonly quads: number;
  /** Columns of the last quad that exist. */
  readonly valid: number;
  /** From one row of W to the next, from a quad to the next, from a column of a quad to the next; in bytes. */
  readonly rowBytes: number;
  readonly quadBytes: number;
  readonly laneBytes: number;
  /** Elements into the parameters or gradients. */
  readonly kernelOffset: number;
  readonly biasOffset: number;
  /** [quads][J][4] and [quads][4]. */
  readonly panels: number;
  readonly bias: number;
  /** [ceil(J/8)][rows][8] and [quads][rows][4]: a row is an image at a step, or a step that all images share. */
  readonly inputRows: number;
  readonly dzRows: number;
}

/** A recurrent layer: its matrix is kernel over recurrent kernel, J = C + H, as its input is x beside h. */
export interface LayerPlan extends MatrixPlan {
  readonly layer: RecurrentLayer;
  readonly C: number;
  readonly H: number;
  /** Transposed panels: of the recurrent kernel [ceil(H/4)][4·quads][4], of the kernel [ceil(C/4)][4·quads][4] (0 in the first layer). */
  readonly recurrentBack: number;
  readonly inputBack: number;
  /** Per thread: bytes from the start of its memory. */
  readonly gates: number; // [T][quads][4][8], z and then its activations
  readonly c: number; // [T+1][H][8]
  readonly tanhC: number; // [T][H][8], of the c after each step
  readonly y: number; // [T][units][8]
  readonly mask: number; // [T][4·ceil(H/4)][8]
  readonly dy: number; // [T][4·ceil(H/4)][8], ∂loss/∂y from the layer above
}

/** The head: its rows are the images of the batch. */
export interface HeadPlan extends MatrixPlan {
  readonly classes: number;
  /** [ceil(J/4)][4·quads][4]. */
  readonly back: number;
}

/** A piece of work of one phase: some quads (or panels, or elements) of a matrix (or segment). */
export interface WorkItem {
  readonly matrix: number;
  readonly from: number;
  readonly to: number;
}

/** What a thread is told when it starts. Plain data. */
export interface Plan {
  readonly network: Network;
  readonly sequence: Omit<SequenceLayout, "scale">;
  readonly batchSize: number;
  readonly threads: number;
  readonly memoryPages: number;
  readonly team: number;
  readonly scale: number;
  readonly images: {
    readonly train: number;
    readonly test: number;
    readonly staged: number;
    readonly bytes: number;
  };
  readonly trainLabels: number;
  /** [MAX_STEPS][batchSize], or [MAX_PREDICTED]. */
  readonly positions: number;
  /** [MAX_PREDICTED][K]. */
  readonly logits: number;
  /** [GROUP][T][H] of the top layer. */
  readonly outputs: number;
  /** [MAX_STEPS][groupsABatch]: the first step of each group that it does not share, see prefix.ts. */
  readonly starts: number;
  readonly groupsABatch: number;
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
  readonly segments: readonly Segment[];
  /** The recurrent layers, then the head. */
  readonly layers: readonly LayerPlan[];
  readonly head: HeadPlan;
  readonly thread: {
    readonly start: number;
    readonly bytes: number;
    /** Of the group at hand; as many again are for the row that groups share. */
    readonly lanesBytes: number;
    readonly xh: readonly [number, number];
    readonly dh: number;
    readonly dc: number;
    readonly dz: number;
    readonly headInput: number;
    readonly logits: number;
    readonly block: number;
  };
}

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
  readonly trainCount: number;
  readonly testCount: number;
  readonly batchSize: number;
  readonly slotCount: number;
  readonly threads: number;
}

/**
 * Lays out the memory of a training.
 *
 * @throws {RangeError} If it needs more than the 4 GiB that 32-bit addresses reach
 */
export function planMemory(options: PlanOptions): Plan {
  const { network, sequence, imageBytes, batchSize, threads } = options;
  const arena = new Arena(CONSTANT_BYTES);
  const { segments, size } = planSegments(network);
  const team = arena.take(TEAM_WORDS * 4);
  const scale = arena.take(256 * 4);
  const arrays = () => arena.take(size * 4);
  const parameters = arrays(), gradients = arrays();
  const slots = Array.from({ length: options.slotCount }, arrays);
  const groups = Math.ceil(batchSize / GROUP);
  const matrices = planMatrices(network, segments, arena, { rows: groups * GROUP, steps: sequence.steps });

  const perThread = new Arena(0);
  const layers = matrices.layers.map((layer) => planActivations(layer, sequence.steps, perThread));
  const thread = planScratch(layers, matrices.head, perThread);
  const { scale: _, ...layout } = sequence;
  const plan = {
    network,
    sequence: layout,
    batchSize,
    threads,
    team,
    scale,
    images: {
      train: arena.take(options.trainCount * imageBytes),
      test: arena.take(options.testCount * imageBytes),
      staged: arena.take(MAX_PREDICTED * imageBytes),
      bytes: imageBytes,
    },
    trainLabels: arena.take(options.trainCount),
    positions: arena.take(4 * Math.max(MAX_STEPS * batchSize, MAX_PREDICTED)),
    logits: arena.take(4 * MAX_PREDICTED * network.head.classes),
    outputs: arena.take(4 * GROUP * sequence.steps * network.head.inputSize),
    starts: arena.take(4 * MAX_STEPS * groups),
    groupsABatch: groups,
    boundaries: planBoundaries(network, groups, arena),
    losses: arena.take(4 * groups * GROUP),
    correct: arena.take(4 * groups * GROUP),
    results: arena.take(16 * MAX_STEPS),
    parameters,
    gradients,
    slots,
    size,
    segments,
    layers,
    head: matrices.head,
    thread: { ...thread, start: arena.take(threads * thread.bytes) },
  };
  const memoryPages = Math.ceil(arena.next / PAGE);
  if (memoryPages > MAX_PAGES) {
    throw new RangeError(
      `Cannot train on the device wasm: images, parameters and activations must fit into 4 GiB: they need ${
        (arena.next / 2 ** 30).toFixed(1)
      } GiB; a smaller batch, fewer threads or a smaller network takes less`,
    );
  }
  return { ...plan, memoryPages };
}

/** Kernel and recurrent kernel are one segment, every bias and the head's kernel one of their own. */
function planSegments(network: Network): { segments: Segment[]; size: number } {
  const segments: Segment[] = [];
  let offset = 0;
  const add = (flatOffset: number, count: number, updateScale: number) => {
    segments.push({ flatOffset, offset, count, updateScale });
    offset += roundUp(count, CACHE_LINE / 4);
  };
  for (const { kernel, recurrentKernel, bias } of network.layers) {
    add(kernel.offset, kernel.size + recurrentKernel.size, 1);
    add(bias.offset, bias.size, bias.updateScale);
  }
  add(network.head.kernel.offset, network.head.kernel.size, 1);
  add(network.head.bias.offset, network.head.bias.size, 1);
  return { segments, size: offset };
}

function planBoundaries(network: Network, groups: number, arena: Arena): Plan["boundaries"] {
  const arrayBytes = roundUp(4 * Math.max(...network.layers.map(({ hiddenSize }) => hiddenSize)), CACHE_LINE);
  const groupBytes = 2 * arrayBytes, layerBytes = groups * groupBytes;
  return { address: arena.take(network.layers.length * layerBytes), layerBytes, groupBytes, arrayBytes };
}

type MatrixOnly = Omit<LayerPlan, "gates" | "c" | "tanhC" | "y" | "mask" | "dy">;

function planMatrices(
  network: Network,
  segments: readonly Segment[],
  arena: Arena,
  { rows, steps }: { rows: number; steps: number },
): { layers: MatrixOnly[]; head: HeadPlan } {
  const matrix = (index: number, J: number, quads: number, valid: number, rowCount: number) => ({
    J,
    quads,
    valid,
    kernelOffset: segments[2 * index].offset,
    biasOffset: segments[2 * index + 1].offset,
    panels: arena.take(quads * J * 16),
    bias: arena.take(quads * 16),
    inputRows: arena.take(Math.ceil(J / 8) * rowCount * 32),
    dzRows: arena.take(quads * rowCount * 16),
  });
  const layers = network.layers.map((layer, index): MatrixOnly => {
    const C = layer.inputSize, H = layer.hiddenSize, lstm = layer.kind === "lstm";
    const quads = lstm ? H : Math.ceil(H / 4);
    return {
      ...matrix(index, C + H, quads, lstm ? 4 : H - 4 * (quads - 1), rows * steps),
      rowBytes: lstm ? 16 * H : 4 * H,
      quadBytes: lstm ? 4 : 16,
      laneBytes: lstm ? 4 * H : 4,
      layer,
      C,
      H,
      recurrentBack: arena.take(Math.ceil(H / 4) * quads * 64),
      inputBack: index > 0 ? arena.take(Math.ceil(C / 4) * quads * 64) : 0,
    };
  });
  const { classes, inputSize } = network.head, quads = Math.ceil(classes / 4);
  const head = {
    ...matrix(layers.length, inputSize, quads, classes - 4 * (quads - 1), rows),
    rowBytes: 4 * classes,
    quadBytes: 16,
    laneBytes: 4,
    classes,
    back: arena.take(Math.ceil(inputSize / 4) * quads * 64),
  };
  return { layers, head };
}

function planActivations(layer: MatrixOnly, steps: number, arena: Arena): LayerPlan {
  const lstm = layer.layer.kind === "lstm", padded = roundUp(layer.H, 4) * 32;
  return {
    ...layer,
    gates: arena.take(steps * layer.quads * 128),
    c: lstm ? arena.take((steps + 1) * layer.H * 32) : 0,
    tanhC: lstm ? arena.take(steps * layer.H * 32) : 0,
    y: arena.take(steps * padded),
    mask: layer.layer.dropout > 0 ? arena.take(steps * padded) : 0,
    dy: arena.take(steps * padded),
  };
}

function planScratch(
  layers: readonly LayerPlan[],
  head: HeadPlan,
  arena: Arena,
): Omit<Plan["thread"], "start"> {
  const largest = (of: (layer: LayerPlan) => number) => Math.max(...layers.map(of));
  const xhBytes = largest((layer) => roundUp(layer.J, 8) * 32 + 4 * 32); // an RNN's last quad writes past H
  return {
    xh: [arena.take(xhBytes), arena.take(xhBytes)],
    dh: arena.take(largest((layer) => roundUp(layer.H, 4) * 32)),
    dc: arena.take(largest((layer) => layer.H * 32)),
    dz: arena.take(Math.max(largest((layer) => layer.quads * 128), head.quads * 128)),
    headInput: arena.take(roundUp(head.J, 8) * 32),
    logits: arena.take(head.quads * 128),
    block: arena.take(256),
    lanesBytes: roundUp(arena.next, 4096),
    bytes: 2 * roundUp(arena.next, 4096),
  };
}
