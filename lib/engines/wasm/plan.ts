/**
 * The layout of the memory that all threads share. Addresses count bytes; every array starts on a cache line.
 *
 * @module
 */
import type { ByteLayout, SequenceLayout } from "../../data/sequences.ts";
import { TRANSFORM_SIZE } from "../../data/transform.ts";
import { LOSSES, METRICS } from "../../model/losses.ts";
import { isRecurrent, type Network } from "../../model/network.ts";
import { SLOT_COUNT } from "../../model/optimizers.ts";
import { type Clip, type EngineOptions, type EngineTraining, MAX_STEPS } from "../engine.ts";
import { roundUp } from "../round_up.ts";
import { Arena, CACHE_LINE } from "./arena.ts";
import { CONSTANT_BYTES } from "./kernels.ts";
import { elementArena, type Frame, type MatrixPlan, MAX_QUADS, T_PER_PIECE } from "./plan_matrix.ts";
import {
  type CellPlan,
  type EmbeddingPlan,
  type GruPlan,
  type InputPlan,
  matricesOf,
  type NormPlan,
  type PassPlan,
  type SignalPlan,
  type TransformPlan,
} from "./pass_plans.ts";
import { ChainPlanner, readsImages, sharesPrefix } from "./plan_passes.ts";
import { GROUP, OCTET, QUAD, TILE, WORD } from "./strides.ts";
import { TEAM_WORDS } from "./team.ts";

const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
/** The most sequences of one `predict` command. */
export const MAX_PREDICTED = 4096;
/** And of the numbers that it answers with. */
const MAX_ANSWERS = 2 ** 22;

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** The bytes of a table of tokens that one work item updates: they stay in the second-level cache. */
const TABLE_BYTES = 65_536;
/** The work items of a table, at most: each of them looks through all tokens of a batch. */
const MAX_TABLE_ITEMS = 32;

/** What losses and metrics are computed from; offsets in the memory of a thread. */
export interface LossPlan {
  /** Places in `LOSSES` and in `METRICS`. */
  readonly kind: number;
  readonly metrics: readonly number[];
  /** s of `y ← (1 − s) y + s/K`, for the loss. */
  readonly smoothing: number;
  /** K. */
  readonly outputs: number;
  /** The steps of the output. */
  readonly steps: number;
  /** Int32 [steps][8]. */
  readonly classes: number;
  /** [8][steps·K], and some more, since 16 bytes at a time are read. */
  readonly rows: number;
  /** [steps][K][8]. */
  readonly targets: number;
  /** [8]: the weights of sequences; 0 in lanes that have none. */
  readonly weights: number;
  /** [8]: 1, or 0 in lanes without a sequence. */
  readonly present: number;
}

/** The layout of the memory, as plain data that each thread gets. */
export interface Plan {
  readonly batchSize: number;
  readonly threads: number;
  readonly memoryPages: number;
  readonly team: number;
  /** [MAX_STEPS][batchSize], or [predicted]. */
  readonly positions: number;
  /** The most sequences of a `predict` command. */
  readonly predicted: number;
  /** [predicted][steps][K]. */
  readonly answers: number;
  /** [GROUP][T][H] of the last recurrent layer. */
  readonly outputs: number;
  /** The place of that layer among the passes; −1 without one. */
  readonly lastRecurrent: number;
  /** [MAX_STEPS][groupsABatch]: the first t that a group computes on its own, see prefix.ts. */
  readonly starts: number;
  readonly groupsABatch: number;
  /** Whether groups share their first t. */
  readonly shared: boolean;
  /** Number of the first record of the lines that all images share; each thread has such a record. */
  readonly sharedRecord: number;
  /** int32: the thread whose record of the shared lines has the gradients. */
  readonly sharedBy: number;
  /** [1 + metrics][groupsABatch][steps][8]: losses and metrics of one batch, `measuredBytes` apart. */
  readonly measured: number;
  readonly measuredBytes: number;
  /** [MAX_STEPS][1 + metrics] float64: mean loss, sums of metrics. */
  readonly results: number;
  /** [penaltyCount] float64: the losses of regularizers, one after another. */
  readonly penalties: number;
  readonly penaltyCount: number;
  /** [squareCount] float64: the sums of squares of the gradient; without memory unless its norm is clipped. */
  readonly squares: number;
  readonly squareCount: number;
  /** What limits the gradient. */
  readonly clip: Clip | null;
  readonly parameters: number;
  /** 0 in an engine that only predicts. */
  readonly gradients: number;
  readonly slots: readonly number[];
  /** Elements of each of those arrays. */
  readonly size: number;
  readonly input: InputPlan;
  readonly passes: readonly PassPlan[];
  readonly matrices: readonly MatrixPlan[];
  readonly norms: readonly NormPlan[];
  readonly output: SignalPlan;
  readonly loss: LossPlan;
  readonly thread: {
    /**
     * Where the parts of the threads start. With batch normalization each group of a batch has one too: the first of them are
     * also those of the threads.
     */
    readonly start: number;
    readonly bytes: number;
    /** Where the parts for the t that groups share start, one for each thread. */
    readonly prefix: number;
    /** dz of a piece of a weight gradient, [MAX_QUADS][8·T_PER_PIECE][4]. */
    readonly rows: number;
    /** The sums of a weight gradient, [ceil(J/8)][MAX_QUADS][4][8] and [MAX_QUADS][4]. */
    readonly sums: number;
  };
}

/** The options that the layout depends on. */
type PlannedOptions = Pick<EngineOptions, "network" | "layout" | "training">;

/**
 * Lays out the memory of an engine; one that only predicts needs less.
 *
 * @throws {RangeError} If it needs more than the 4 GiB that 32-bit addresses reach
 */
export function planMemory(
  { network, layout, training }: PlannedOptions,
  threads: number,
): Plan {
  const trains = training !== null, batchSize = training?.batchSize ?? 0;
  const arena = new Arena(CONSTANT_BYTES), perThread = new Arena(CACHE_LINE);
  const groups = Math.ceil(batchSize / GROUP), shared = sharesPrefix({ network, layout, training });
  const sharedRecord = Math.max(groups, threads);
  const frame: Frame = {
    arena,
    perThread,
    elements: elementArena(),
    penalties: elementArena(1),
    squares: elementArena(1),
    recordCount: trains ? sharedRecord + (shared ? threads : 0) : threads,
    groups,
    trains,
    shared,
  };
  const input = planInput({ network, layout, training }, frame), planner = new ChainPlanner(input, frame);
  const passes = network.layers.map((layer) => planner.place(layer)), { output } = planner;
  const matrices = passes.flatMap(matricesOf), size = frame.elements.next;
  const loss = planLoss(network, { output, smoothing: training?.labelSmoothing ?? 0 }, frame),
    sums = planSums(matrices, frame);
  const flat = () => arena.take(size * WORD);
  const slotCount = training ? SLOT_COUNT[training.optimizer.kind] : 0;
  const answers = output.steps * output.features, measures = 1 + loss.metrics.length;
  const predicted = Math.max(GROUP, Math.min(MAX_PREDICTED, Math.floor(MAX_ANSWERS / answers)));
  const threadBytes = roundUp(perThread.next, 4096);
  const measuredBytes = groups * output.steps * OCTET;
  const last = network.layers.findLastIndex(isRecurrent), clip = training?.clip ?? null;
  const norms = passes.filter((pass) => pass.kind === "batchNorm");
  // The groups of a batch meet at a batch normalization: each keeps its activations until all have come there.
  const parts = norms.length > 0 ? sharedRecord : threads;
  const plan = {
    batchSize,
    threads,
    team: arena.take(TEAM_WORDS * WORD),
    positions: arena.take(WORD * Math.max(MAX_STEPS * batchSize, predicted)),
    predicted,
    answers: arena.take(WORD * predicted * answers),
    outputs: arena.take(last < 0 ? 0 : WORD * GROUP * outputsOf(passes[last] as CellPlan | GruPlan)),
    lastRecurrent: last,
    starts: arena.take(WORD * MAX_STEPS * groups),
    groupsABatch: groups,
    shared,
    sharedRecord,
    sharedBy: arena.take(WORD),
    measured: arena.take(measures * measuredBytes),
    measuredBytes,
    results: arena.take(MAX_STEPS * measures * DOUBLE),
    penalties: arena.take(frame.penalties.next * DOUBLE),
    penaltyCount: frame.penalties.next,
    squares: arena.take(clip?.kind === "norm" ? frame.squares.next * DOUBLE : 0),
    squareCount: frame.squares.next,
    clip,
    parameters: flat(),
    gradients: trains ? flat() : 0,
    slots: Array.from({ length: slotCount }, flat),
    size,
    input,
    passes,
    matrices,
    norms,
    output,
    loss,
    thread: {
      ...sums,
      bytes: threadBytes,
      start: arena.take(parts * threadBytes),
      prefix: arena.take(shared ? threads * threadBytes : 0),
    },
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

/** Elements of the outputs of one sequence at every t. */
function outputsOf({ T, H }: CellPlan | GruPlan): number {
  return T * H;
}

function planInput({ network, layout, training }: PlannedOptions, frame: Frame): InputPlan {
  const { input } = network, { arena, perThread } = frame, { T, stride, kind } = layout;
  const isBytes = layout.kind === "bytes", isTokens = input.kind === "tokens", C = input.size;
  const blank = isBytes ? layout.scale[0] : 0;
  const reads = isBytes && readsImages(network, layout);
  const masks = input.kind === "tokens" ? input.maskZero : input.maskValue !== null;
  const yBytes = (isTokens ? roundUp(C, 4) : C) * OCTET, unit = isBytes ? 1 : WORD;
  const isReordered = isBytes && layout.order.some((pixel, at) => pixel !== at);
  const columns = kind === "floats" ? 0 : perThread.take(roundUp(stride, 16) * GROUP * unit);
  return {
    kind: reads ? "images" : kind,
    T,
    C,
    stride,
    blank,
    divisor: isBytes ? 255 / (layout.scale[255] - blank) : 1,
    rows: perThread.take(GROUP * stride * unit + 16),
    columns,
    transform: training?.transforms && isBytes ? planTransforms(layout, training, frame) : null,
    order: isReordered ? arena.take(T * C * WORD) : 0,
    pixels: isReordered ? perThread.take(T * C * GROUP) : columns,
    range: perThread.take(8),
    read: masks ? perThread.take(T * OCTET) : 0,
    maskValue: input.kind === "features" ? input.maskValue ?? 0 : 0,
    to: reads ? null : {
      steps: T,
      first: 0,
      features: C,
      y: perThread.take(T * yBytes + 8 * OCTET), // recording reads whole panels
      yBytes,
      dy: isTokens && frame.trains ? perThread.take(T * yBytes) : 0,
      dyBytes: yBytes,
    },
    embedding: planEmbedding(network, layout, frame),
  };
}

function planTransforms(
  { width, stride }: ByteLayout,
  { batchSize }: EngineTraining,
  { arena, perThread }: Frame,
): TransformPlan {
  return {
    width,
    height: stride / width,
    image: perThread.take(stride),
    transforms: arena.take(MAX_STEPS * batchSize * TRANSFORM_SIZE * WORD),
  };
}

function planEmbedding(
  { input }: Network,
  { T }: SequenceLayout,
  { arena, elements, penalties, squares, groups, trains }: Frame,
): EmbeddingPlan | null {
  if (input.kind !== "tokens") return null;
  const { vocabulary: V, size: C, embeddings: { offset, l1, l2 } } = input, quads = Math.ceil(C / 4);
  const rowsPerItem = Math.max(1, Math.ceil(TABLE_BYTES / (quads * QUAD)), Math.ceil(V / MAX_TABLE_ITEMS));
  const rows = trains ? groups * T * GROUP : 0;
  return {
    V,
    C,
    quads,
    E: elements.take(V * quads * 4),
    start: offset,
    l1,
    l2,
    rowsPerItem,
    penalties: l1 > 0 || l2 > 0 ? penalties.take(Math.ceil(V / rowsPerItem)) : -1,
    squares: squares.take(Math.ceil(V / rowsPerItem)),
    gradients: arena.take(rows * quads * QUAD),
    tokens: arena.take(rows * WORD),
  };
}

function planLoss(
  { loss, metrics }: Network,
  { output: { steps, features: K }, smoothing }: { output: SignalPlan; smoothing: number },
  { perThread, trains }: Frame,
): LossPlan {
  const take = (bytes: number) => trains ? perThread.take(bytes) : 0;
  return {
    kind: LOSSES.indexOf(loss),
    metrics: metrics.map((metric) => METRICS.indexOf(metric)),
    smoothing,
    outputs: K,
    steps,
    classes: take(steps * OCTET),
    rows: take(GROUP * steps * K * WORD + 16),
    targets: take((steps * K + 4) * OCTET),
    weights: take(OCTET),
    present: take(OCTET),
  };
}

function planSums(
  matrices: readonly MatrixPlan[],
  { perThread, trains }: Frame,
): { rows: number; sums: number } {
  if (!trains) return { rows: 0, sums: 0 };
  const panels = Math.max(0, ...matrices.map(({ J }) => Math.ceil(J / 8)));
  return {
    rows: perThread.take(MAX_QUADS * T_PER_PIECE * GROUP * QUAD),
    sums: perThread.take((panels * TILE + QUAD) * MAX_QUADS),
  };
}
