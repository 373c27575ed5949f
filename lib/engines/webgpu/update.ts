/**
 * The update of the parameters, what the regularizers add, and the table of parameters that the kernels read.
 *
 * @module
 */
import type { Network, Parameter } from "../../model/network.ts";
import type { Optimizer } from "../../model/optimizers.ts";
import type { Clip } from "../engine.ts";
import { roundUp } from "../round_up.ts";
import { type Dispatch, workgroupsFor } from "./kernels.ts";
import { digitsOf } from "./passes/matrix.ts";
import type { Matrix, Segment } from "./passes/weight_matrix.ts";
import type { Frame } from "./passes/pass.ts";

/** A part of a buffer, in bytes, that kernels see as a buffer of its own. */
export interface View {
  readonly buffer: string;
  readonly offset: number;
  readonly size: number;
}

/** All parameters: where their layouts are, and the table of them. */
export interface ParameterPlan {
  readonly views: ReadonlyMap<string, View>;
  /** The bytes of the two layouts. */
  readonly weights: number;
  readonly weightsBack: number;
  /** As `segments.wgsl` reads it. */
  readonly table: Uint8Array<ArrayBuffer>;
  readonly segments: number;
}

/** The alignment of the offsets of bindings. */
const BINDING_ALIGNMENT = 256;
/** Of a segment in the table. */
const SEGMENT_BYTES = 52;

const OPTIMIZER_NUMBER: Readonly<Record<Optimizer["kind"], number>> = {
  sgd: 1,
  momentum: 2,
  rmsprop: 3,
  adam: 4,
  adamw: 4,
  adadelta: 5,
  nesterov: 6,
  tfAdagrad: 7,
  tfAdadelta: 8,
  tfAdam: 4,
  tfAdamax: 9,
  tfRmsprop: 10,
  tfCenteredRmsprop: 11,
  rmspropMomentum: 12,
};

/** A segment with the place of its matrix; null where it is in none, as a table of tokens. */
interface Placed {
  readonly segment: Segment;
  readonly matrix: Matrix | null;
  /** Where the layouts of the matrix start, in bytes. */
  readonly weights: number;
  readonly weightsBack: number;
}

/** Lays out the matrices one after another; other parameters are read where they lie in the flat array. */
export function planParameters({ parameters }: Network, matrices: readonly Matrix[]): ParameterPlan {
  const views = new Map<string, View>(), placed: Placed[] = [];
  const inMatrices = new Set(matrices.flatMap(({ segments }) => segments.map(({ offset }) => offset)));
  for (const parameter of parameters) {
    const { offset, size } = parameter;
    if (inMatrices.has(offset)) continue;
    const segment = { parameter, offset, size, columns: 1, row: 0, lanes: [] };
    placed.push({ segment, matrix: null, weights: 0, weightsBack: 0 });
  }
  let weights = 0, weightsBack = 0;
  for (const matrix of matrices) {
    const { name, C, H, quads, biases, segments } = matrix;
    const size = 16 * (C + H + Math.max(biases, 1)) * quads, backSize = 16 * (C + H) * quads;
    views.set(`weights ${name}`, { buffer: "weights", offset: weights, size });
    views.set(`weights back ${name}`, { buffer: "weights back", offset: weightsBack, size: backSize });
    placed.push(...segments.map((segment) => ({ segment, matrix, weights, weightsBack })));
    weights = roundUp(weights + size, BINDING_ALIGNMENT);
    weightsBack = roundUp(weightsBack + backSize, BINDING_ALIGNMENT);
  }
  placed.sort((one, other) => one.segment.offset - other.segment.offset);
  return {
    views,
    weights: Math.max(weights, 16),
    weightsBack: Math.max(weightsBack, 16),
    table: tableOf(placed),
    segments: placed.length,
  };
}

function tableOf(placed: readonly Placed[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(SEGMENT_BYTES * placed.length));
  placed.forEach(({ segment, matrix, weights, weightsBack }, index) => {
    const { offset, size, columns, row, lanes, parameter: { updateScale, l1, l2 } } = segment;
    const { C = 0, H = 0, quads = 0, gates = null } = matrix ?? {}, at = SEGMENT_BYTES * index;
    const words = [offset, size, columns, row, C + H, gates ? H : 0, digitsOf(lanes), quads];
    [...words, weights / 4, weightsBack / 4].forEach((word, field) =>
      view.setUint32(at + 4 * field, word, true)
    );
    [updateScale, l1, l2].forEach((factor, field) => view.setFloat32(at + 40 + 4 * field, factor, true));
  });
  return new Uint8Array(view.buffer);
}

/** Whether a regularizer acts on some parameter. */
export function isRegularized({ parameters }: { readonly parameters: readonly Parameter[] }): boolean {
  return parameters.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
}

/** What the regularizers add to the loss. @param at Where it goes in the results of a step */
export function penaltyDispatches(network: Network, segments: number, at: number): Dispatch[] {
  if (!isRegularized(network)) return [];
  return [{
    kernel: "penalty",
    label: "penalty",
    constants: { SEGMENTS: segments, AT: at },
    buffers: ["segments", "parameters", "results"],
    workgroups: [1, 1],
  }];
}

/** The most workgroups that sum the squares of a gradient. */
const MOST_GROUPS = 256;

/** How many sums of squares a gradient of `size` elements has. */
export function squareCount(size: number): number {
  return Math.min(MOST_GROUPS, workgroupsFor(size)[0]);
}

/** The update, after what limits the gradient. */
export function updateDispatches(
  { optimizer, clip }: { optimizer: Optimizer; clip: Clip | null },
  { network, segments }: { network: Network; segments: number },
  { size: SIZE, parts: PARTS }: Frame,
): Dispatch[] {
  const REGULARIZED = Number(isRegularized(network));
  const plain = { SIZE, PARTS, SEGMENTS: segments, REGULARIZED };
  if (!clip) return [updateDispatch(optimizer, plain)];
  const GROUPS = squareCount(SIZE), byNorm = clip.kind === "norm", shared = { GROUPS, MOST: clip.most };
  const dispatches: Dispatch[] = [{
    kernel: "gradient",
    label: "gradient",
    constants: { ...plain, ...shared, BY_NORM: Number(byNorm) },
    buffers: ["segments", "partials", "parameters", "squares"],
    workgroups: [GROUPS, 1],
  }];
  if (byNorm) {
    dispatches.push({
      kernel: "clip",
      label: "clip",
      constants: { SIZE, ...shared },
      buffers: ["squares", "partials"],
      workgroups: workgroupsFor(SIZE),
    });
  }
  return [...dispatches, updateDispatch(optimizer, { ...plain, PARTS: 1, REGULARIZED: 0 })];
}

/** Only writes the layouts that the products read. */
export function packDispatch(segments: number, { size: SIZE }: Frame): Dispatch {
  return updateDispatch(undefined, { SIZE, PARTS: 0, SEGMENTS: segments, REGULARIZED: 0 });
}

function updateDispatch(optimizer: Optimizer | undefined, constants: Dispatch["constants"]): Dispatch {
  return {
    kernel: "update",
    label: optimizer ? `update, ${optimizer.kind}` : "pack",
    constants: {
      ...constants,
      OPTIMIZER: optimizer ? OPTIMIZER_NUMBER[optimizer.kind] : 0,
      ...(optimizer ? decays(optimizer) : {}),
    },
    buffers: ["segments", "partials", "parameters", "slot 0", "slot 1", "slot 2", "weights", "weights back"],
    workgroups: workgroupsFor(constants.SIZE),
  };
}

function decays(optimizer: Optimizer): Record<string, number> {
  switch (optimizer.kind) {
    case "sgd":
      return {};
    case "momentum":
    case "nesterov":
      return { DECAY_1: optimizer.momentum };
    case "rmsprop":
      return { DECAY_1: optimizer.alpha, REST_1: 1 - optimizer.alpha, EPSILON: optimizer.epsilon };
    case "rmspropMomentum": {
      const { alpha, momentum, epsilon } = optimizer;
      return { DECAY_1: alpha, REST_1: 1 - alpha, DECAY_2: momentum, EPSILON: epsilon };
    }
    case "adam":
    case "adamw":
    case "tfAdam":
    case "tfAdamax": {
      const { beta1, beta2, epsilon } = optimizer;
      return { DECAY_1: beta1, REST_1: 1 - beta1, DECAY_2: beta2, REST_2: 1 - beta2, EPSILON: epsilon };
    }
    case "adadelta":
    case "tfAdadelta":
      return { DECAY_1: optimizer.rho, REST_1: 1 - optimizer.rho, EPSILON: optimizer.epsilon };
    case "tfAdagrad":
      return { EPSILON: optimizer.epsilon };
    case "tfRmsprop":
    case "tfCenteredRmsprop": {
      const { decay, momentum, epsilon } = optimizer;
      return { DECAY_1: decay, REST_1: 1 - decay, DECAY_2: momentum, EPSILON: epsilon };
    }
  }
}
