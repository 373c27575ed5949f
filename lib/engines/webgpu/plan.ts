/**
 * The buffers of an engine and the dispatches of one step, as plain data.
 *
 * @module
 */
import type { SequenceLayout } from "../../data/sequences.ts";
import { TRANSFORM_SIZE } from "../../data/transform.ts";
import { isRecurrent, type Network, type RecurrentLayer, stepsOf } from "../../model/network.ts";
import { type Optimizer, SLOT_COUNT } from "../../model/optimizers.ts";
import { type Clip, MAX_STEPS } from "../engine.ts";
import { chainOf } from "./chain.ts";
import type { Dispatch } from "./kernels.ts";
import { inputBuffers, inputForward, inputGradients, sequenceBytes } from "./passes/input.ts";
import { NO_MASK } from "./passes/mask.ts";
import { inputsOf, recurrentMatrix } from "./passes/matrix.ts";
import type { Matrix } from "./passes/weight_matrix.ts";
import type { Shapes, WorkgroupLimits } from "./shapes.ts";
import { measureCount } from "./passes/output.ts";
import { type BufferSize, type Frame, joinPasses } from "./passes/pass.ts";
import {
  packDispatch,
  type ParameterPlan,
  penaltyDispatches,
  planParameters,
  squareCount,
  updateDispatches,
  type View,
} from "./update.ts";

/** What a plan depends on. */
export interface PlanOptions {
  readonly network: Network;
  readonly layout: SequenceLayout;
  /** The most sequences that go through the network together. */
  readonly batchSize: number;
  /** Null for an engine that only predicts. */
  readonly training: PlannedTraining | null;
  /** The most bytes of a buffer that a kernel over a piece of time sees; all of it in a usual training by default. */
  readonly windowBytes?: number;
  /** Chosen shapes of kernels; the usual ones by default. */
  readonly shapes?: Shapes;
}

/** What a plan depends on in a training. */
export interface PlannedTraining {
  readonly optimizer: Optimizer;
  /** The sequences to train on. */
  readonly count: number;
  /** The kind of the targets. */
  readonly targets: "classes" | "rows";
  readonly seed: number;
  /** Whether every batch comes with transforms of its images. */
  readonly transforms: boolean;
  readonly labelSmoothing: number;
  readonly clip: Clip | null;
}

/** The plan of an engine. */
export interface Plan {
  readonly batchSize: number;
  /** Quads of sequences of a batch. */
  readonly N4: number;
  /** The numbers of an answer: K, or those of every step. */
  readonly answerSize: number;
  /** The loss and the metrics. */
  readonly measures: number;
  /** The results of a training step: the measures of each sequence, then what the regularizers add. */
  readonly resultsAStep: number;
  /** The steps that come in, and that come out. */
  readonly steps: { readonly in: number; readonly out: number };
  /** Where the states of the last recurrent layer are: the buffer, the features of a row, the first state and their number. */
  readonly states: {
    readonly buffer: string;
    readonly stride: number;
    readonly first: number;
    readonly units: number;
    readonly steps: number;
  } | null;
  /** The bytes of each buffer, by name. */
  readonly buffers: ReadonlyMap<string, number>;
  readonly views: ReadonlyMap<string, View>;
  /** The parameters as `segments.wgsl` reads them. */
  readonly segments: Uint8Array<ArrayBuffer>;
  /** The buffers of inputs, the features of a row, the rows, and how many biases read a 1 in each row. */
  readonly ones: readonly {
    readonly buffer: string;
    readonly stride: number;
    readonly rows: number;
    readonly biases: number;
  }[];
  /** The number of partial sums of a weight gradient. */
  readonly parts: number;
  /** The number of the optimizer's slots. */
  readonly slots: number;
  /** The most steps of one submission. */
  readonly stepsTogether: number;
  /** How many sequences of a prediction are uploaded together: whole batches. */
  readonly stagedSequences: number;
  /** One training step without its update; empty in an engine that only predicts. */
  readonly gradient: readonly Dispatch[];
  readonly update: readonly Dispatch[];
  /** Writes the layouts that the products read. */
  readonly pack: Dispatch;
  readonly predict: readonly Dispatch[];
  /** The bytes of workgroup memory that kernels use, by what they hold. */
  readonly workgroupBytes: ReadonlyMap<string, number>;
}

/**
 * Plans the buffers and dispatches of an engine.
 *
 * @param sizes.stagedBytes The most bytes that go to or come from the device at once, if those of one batch fit
 * @param sizes.windowBytes The most bytes of a buffer that a kernel over a piece of time sees, if those of a few steps fit
 */
export function planEngine(
  options: PlanOptions,
  { stagedBytes, windowBytes, workgroupLimits }: {
    stagedBytes: number;
    windowBytes: number;
    workgroupLimits: WorkgroupLimits;
  },
): Plan {
  const { network, layout, batchSize, training, shapes = {} } = options, { size } = network;
  const N4 = Math.ceil(batchSize / 4), T = layout.T, out = stepsOf(network, T).at(-1)!.count;
  const parts = choosePartCount(size, T * N4), seed = training?.seed ?? null;
  const frame: Frame = { N4, parts, size, seed, windowBytes, shapes, workgroupLimits };
  const chain = chainOf(network, { T, training, frame });
  const all = joinPasses([...chain.passes, chain.output]), below = joinPasses(chain.passes);
  const parameters = planParameters(network, all.matrices);
  const edge = (chain.passes[0] ?? chain.output).input;
  const together = planTogether(options, { N4, out, stagedBytes });
  const { resultsAStep } = together;
  const entry = (from: string, transforms: boolean) =>
    inputForward(network, { layout, edge, from, transforms }, frame);
  return {
    batchSize,
    N4,
    answerSize: out * network.output.size,
    measures: measureCount(network),
    resultsAStep,
    steps: { in: T, out },
    states: planStates(network, T),
    buffers: planBuffers(options, { ofPasses: all.buffers, frame, parameters, together }),
    views: parameters.views,
    segments: parameters.table,
    ones: all.matrices.map(onesOf),
    parts,
    slots: training ? SLOT_COUNT[training.optimizer.kind] : 0,
    stepsTogether: together.steps,
    stagedSequences: together.sequences,
    gradient: training
      ? [
        ...entry("train sequences", training.transforms),
        ...all.masks,
        ...all.forward,
        ...penaltyDispatches(network, parameters.segments, resultsAStep - 1),
        ...all.backward,
        ...all.weightGradients,
        ...inputGradients(network, { layout, edge }, frame),
      ]
      : [],
    update: training
      ? [
        ...updateDispatches(training, { network, segments: parameters.segments }, frame),
        ...all.updates,
      ]
      : [],
    pack: packDispatch(parameters.segments, frame),
    predict: [...entry("staged sequences", false), ...below.forward, ...chain.output.answers],
    workgroupBytes: new Map(all.workgroupBytes),
  };
}

/** Enough partial sums to keep a large GPU busy, and few enough to need less memory than the activations. */
function choosePartCount(size: number, rows: number): number {
  return Math.max(1, Math.min(8, Math.floor(2 ** 21 / size), rows));
}

function onesOf(matrix: Matrix): Plan["ones"][number] {
  return { buffer: inputsOf(matrix), stride: matrix.J, rows: matrix.rows, biases: matrix.biases };
}

function planStates({ layers }: Network, T: number): Plan["states"] {
  const index = layers.findLastIndex(isRecurrent);
  if (index < 0) return null;
  const layer = layers[index] as RecurrentLayer, steps = stepsOf({ layers }, T)[index].count;
  const matrix = recurrentMatrix(layer, 0);
  return { buffer: inputsOf(matrix), stride: matrix.J, first: matrix.C4, units: matrix.H, steps };
}

/** How many batches go to the device at once. */
interface Together {
  /** Steps of a training. */
  readonly steps: number;
  readonly resultsAStep: number;
  /** Sequences of a prediction. */
  readonly sequences: number;
  /** The elements of the buffer of results. */
  readonly results: number;
}

function planTogether(
  { network, layout, training }: PlanOptions,
  { N4, out, stagedBytes }: { N4: number; out: number; stagedBytes: number },
): Together {
  const resultsAStep = 4 * N4 * measureCount(network) + 1, answerSize = out * network.output.size;
  const fitting = (bytesOfOne: number) => {
    return Math.max(1, Math.min(MAX_STEPS, Math.floor(stagedBytes / bytesOfOne)));
  };
  const occurrences = network.input.kind === "tokens" ? OCCURRENCE_BYTES * 4 * N4 * layout.T : 0;
  const transforms = training?.transforms ? TRANSFORM_BYTES * 4 * N4 : 0;
  const steps = fitting(Math.max(4 * resultsAStep, occurrences, transforms));
  const batches = fitting(4 * N4 * Math.max(sequenceBytes(layout), 4 * answerSize));
  const sequences = 4 * N4 * batches;
  return { steps, resultsAStep, sequences, results: Math.max(steps * resultsAStep, sequences * answerSize) };
}

/** The position of a sequence and its weight, see `Place` in `step.wgsl`. */
export const PLACE_BYTES = 8;
/** A token and a row. */
const OCCURRENCE_BYTES = 8;
/** Six numbers. */
export const TRANSFORM_BYTES = 4 * TRANSFORM_SIZE;

function planBuffers(
  { network, layout, training }: PlanOptions,
  { ofPasses, frame, parameters, together }: {
    ofPasses: readonly BufferSize[];
    frame: Frame;
    parameters: ParameterPlan;
    together: Together;
  },
): Map<string, number> {
  const { N4, size, parts } = frame, slots = training ? SLOT_COUNT[training.optimizer.kind] : 0;
  const targets = training ? targetCount(network, layout, training) : 1;
  const occurrences = network.input.kind === "tokens" && training
    ? OCCURRENCE_BYTES * together.steps * 4 * N4 * layout.T
    : 8;
  const transforms = training?.transforms ? TRANSFORM_BYTES * together.steps * 4 * N4 : 4;
  // Buffers that kernels bind but do not read in a prediction are as small as possible.
  return new Map<string, number>([
    ...training ? [["train sequences", training.count * sequenceBytes(layout)] as const] : [],
    ["staged sequences", together.sequences * sequenceBytes(layout)],
    ["targets", 4 * targets],
    ["positions", PLACE_BYTES * Math.max(4 * N4 * together.steps, together.sequences)],
    ["occurrences", occurrences],
    ["scale", 4 * 256],
    ["order", layout.kind === "bytes" ? layout.order.byteLength : 4],
    ["transforms", transforms],
    ["results", 4 * together.results],
    ["parameters", 4 * size],
    ["partials", training ? 4 * size * parts : 4],
    ...training?.clip ? [["squares", 4 * squareCount(size)] as const] : [],
    ["slot 0", slots > 0 ? 4 * size : 4],
    ["slot 1", slots > 1 ? 4 * size : 4],
    ["slot 2", slots > 2 ? 4 * size : 4],
    ["weights", parameters.weights],
    ["weights back", parameters.weightsBack],
    ["segments", parameters.table.length],
    [NO_MASK, 16],
    ...inputBuffers(network, layout, frame),
    ...ofPasses,
  ]);
}

function targetCount(network: Network, { T }: SequenceLayout, { count, targets }: PlannedTraining): number {
  const rows = count * stepsOf(network, T).at(-1)!.count;
  return targets === "classes" ? rows : rows * network.output.size;
}
