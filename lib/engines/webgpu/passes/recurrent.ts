/**
 * Recurrent layers: a product over all rows, then one workgroup a quad of sequences, or a share of one, that loops over all t, or over
 * those of a piece of time.
 *
 * @module
 */
import type { RecurrentLayer } from "../../../model/network.ts";
import { DOMAIN } from "../../../random.ts";
import type { Dispatch, Piece } from "../kernels.ts";
import { roundUp } from "../../round_up.ts";
import { chosenShape, type Shape, shapesOf } from "../shapes.ts";
import { type Mask, type MaskOptions, NO_MASK, planMask } from "./mask.ts";
import { inputGradient, inputsOf, matrixEdge, product, recurrentMatrix, weightGradient } from "./matrix.ts";
import type { Matrix } from "./weight_matrix.ts";
import { inPieces, type Whole } from "./pieces.ts";
import { activationNumber, pointwiseStage } from "./pointwise.ts";
import { type BufferSize, type Edge, EMPTY_PASS, type Frame, type Stage } from "./pass.ts";

/** What the barriers of a step of four sequences cost, in multiplications, on Mesa's software adapter. */
const BARRIERS = 4000;
/** How much longer a multiplication takes on the way back than forward, on Mesa's software adapter. */
const BACKWARD_SLOWNESS = 2;

/** The buffer of the steps that are not masked, `[T][N4]`. */
export const KEPT_STEPS = "kept steps";

/**
 * The passes of a recurrent layer: what turns its input around or drops a part of it, and the layer itself.
 *
 * @param options.steps The steps that come in
 * @param options.mask Dropout of its outputs
 * @param options.reads An edge that another pass owns, which the first pass is to read
 */
export function recurrentStages(
  layer: RecurrentLayer,
  { steps, mask = null, reads, adds }: {
    steps: number;
    mask?: MaskOptions | null;
    reads?: Edge;
    adds?: boolean;
  },
): Stage[] {
  const { name, inputSize: size, inputDropout: rate, stream, backwards } = layer;
  const stages = [recurrentStage(layer, { steps, mask })];
  if (backwards || rate > 0 || reads) {
    stages.unshift(pointwiseStage({
      name: `x of ${name}`,
      size,
      steps,
      order: backwards ? "reversed" : "same",
      mask: { rate, domain: DOMAIN.inputDropout, stream, first: 0, steps: 1, size },
      reads,
      adds,
    }));
  }
  return stages;
}

function recurrentStage(
  layer: RecurrentLayer,
  { steps: T, mask: drops }: { steps: number; mask: MaskOptions | null },
): Stage {
  return {
    trains: true,
    place(output, placed) {
      const { frame } = placed, { N4 } = frame, { name, hiddenSize: H } = layer;
      const matrix = recurrentMatrix(layer, T * N4);
      const { edge: input, buffers } = matrixEdge(matrix, placed);
      const mask = planMask(name, drops, frame), stateMask = planStateMask(layer, frame);
      const gates = `gates of ${name}`, stride = 4 * matrix.quads;
      const parts: Parts = { layer, matrix, output, constants: { T, N4 }, mask, stateMask, frame };
      const multiplications = 16 * matrix.quads * H + BARRIERS;
      const turns = Math.max(...kernelsOf(layer).map((kernel) => turnsOf(parts, kernel)));
      const whole: Whole = { steps: T, multiplications, turns, buffer: gates, stride, inRows: false };
      const slow: Whole = { ...whole, multiplications: BACKWARD_SLOWNESS * multiplications };
      const states: BufferSize = layer.kind === "lstm"
        ? [`c of ${name}`, 16 * (matrix.rows + 3 * N4) * H]
        : [`left of ${name}`, 16 * N4 * H];
      const dy = output.gradient, dx = input.gradient;
      return {
        ...EMPTY_PASS,
        input,
        buffers: [
          ...buffers,
          [gates, 16 * matrix.rows * stride],
          states,
          ...mask.buffers,
          ...stateMask.buffers,
        ],
        matrices: [matrix],
        masks: [...mask.draw, ...stateMask.draw],
        forward: [
          ...product(matrix, { buffer: gates, stride }, frame),
          ...inPieces(whole, frame, (piece) => forwardOf(parts, piece)),
        ],
        backward: dy === null ? [] : [
          ...inPieces(slow, frame, (piece) => backwardOf(parts, { dy, piece })).reverse(),
          ...dx === null ? [] : inputGradient(matrix, { dz: gates, dx }, frame),
        ],
        weightGradients: dy === null ? [] : weightGradient(matrix, gates, frame),
        workgroupBytes: [[`the state of a workgroup in ${name}`, workgroupBytes(parts)]],
      };
    },
  };
}

type RecurrentKernel = `${RecurrentLayer["kind"]}_${"forward" | "backward"}`;

/** What the kernels of a recurrent layer are made of. */
interface Parts {
  readonly layer: RecurrentLayer;
  readonly matrix: Matrix;
  readonly output: Edge;
  readonly constants: { readonly T: number; readonly N4: number };
  readonly mask: Mask;
  readonly stateMask: Mask;
  readonly frame: Frame;
}

function planStateMask(layer: RecurrentLayer, frame: Parameters<typeof planMask>[2]): Mask {
  const { name, hiddenSize: size, recurrentDropout: rate, stream } = layer;
  const options = { rate, domain: DOMAIN.recurrentDropout, stream, first: 0, steps: 1, size };
  return planMask(`h of ${name}`, options, frame);
}

function constantsOf({ layer, matrix, constants, mask, stateMask }: Parts): Record<string, number> {
  const { C, H, H4, quads } = matrix;
  return {
    ...constants,
    C,
    H,
    H4,
    EVERY: Number(layer.returnSequences),
    BACKWARDS: Number(layer.backwards),
    ACTIVATION: activationNumber(layer.activation),
    ...layer.kind === "rnn" ? { QUADS: quads } : { GATE: activationNumber(layer.gateActivation) },
    ...layer.kind === "gru" ? { RESET_AFTER: Number(layer.resetAfter) } : {},
    DROPOUT: mask.used,
    STATE_DROPOUT: stateMask.used,
  };
}

function blocksOf(layer: RecurrentLayer): Dispatch["blocks"] {
  return { MASKED: Number(layer.masked), RESET_BEFORE: Number(layer.kind === "gru" && !layer.resetAfter) };
}

/** The masks of the outputs, the steps and the state, in the order of the kernels' bindings. */
function masksOf({ layer, mask, stateMask }: Parts): string[] {
  return [mask.buffer, layer.masked ? KEPT_STEPS : NO_MASK, stateMask.buffer];
}

function forwardOf(parts: Parts, piece: Piece): Dispatch {
  const { layer, matrix, output } = parts, { name, kind } = layer;
  const { C4, H, J } = matrix;
  const shared = { ...constantsOf(parts), C4, J, OUT_J: output.stride };
  const inputs = inputsOf(matrix), weights = `weights ${name}`, gates = `gates of ${name}`;
  const common = { ...shapedAs(parts, `${kind}_forward`), piece, blocks: blocksOf(layer) };
  const written = [inputs, output.buffer, ...masksOf(parts)], left = `left of ${name}`;
  switch (layer.kind) {
    case "lstm": {
      const constants = { ...shared, TWO_H: 2 * H, FOUR_H: 4 * H };
      return {
        ...common,
        kernel: "lstm_forward",
        constants,
        buffers: [weights, gates, `c of ${name}`, ...written],
      };
    }
    case "gru": {
      const constants = { ...shared, TWO_H: 2 * H, FOUR_H: 4 * H };
      return { ...common, kernel: "gru_forward", constants, buffers: [weights, gates, ...written, left] };
    }
    case "rnn": {
      const constants = { ...shared, TWO_H: 2 * H };
      return { ...common, kernel: "rnn_forward", constants, buffers: [weights, gates, ...written, left] };
    }
  }
}

function backwardOf(parts: Parts, { dy, piece }: { dy: string; piece: Piece }): Dispatch {
  const { layer, matrix } = parts, { name, kind } = layer;
  const constants = { ...constantsOf(parts), MASKED: Number(layer.masked) }, { C4, H, H4, J } = matrix;
  const weights = `weights back ${name}`, gates = `gates of ${name}`;
  const common = { ...shapedAs(parts, `${kind}_backward`), piece, blocks: blocksOf(layer) };
  const read = [dy, ...masksOf(parts)], left = `left of ${name}`;
  switch (layer.kind) {
    case "lstm":
      return {
        ...common,
        kernel: "lstm_backward",
        constants: { ...constants, TWO_H: 2 * H, FOUR_H: 4 * H },
        buffers: [weights, gates, `c of ${name}`, ...read],
      };
    case "gru":
      return {
        ...common,
        kernel: "gru_backward",
        constants: { ...constants, C4, J, FOUR_H: 4 * H },
        buffers: [weights, gates, inputsOf(matrix), ...read, left],
      };
    case "rnn":
      return {
        ...common,
        kernel: "rnn_backward",
        constants: { ...constants, TWO_H4: 2 * H4 },
        buffers: [weights, gates, ...read, left],
      };
  }
}

/** The label of a kernel, its shape, and the workgroups that it needs in it. */
function shapedAs(
  parts: Parts,
  kernel: RecurrentKernel,
): Pick<Dispatch, "label" | "shaped" | "workgroups"> {
  const { layer: { name, kind, hiddenSize: H }, matrix: { columns, quads }, frame } = parts;
  const label = `${kernel} of ${name}`, kept = kernel === "rnn_backward" ? quads : H;
  const work = {
    columns: kind === "rnn" ? columns : 4 * quads,
    N4: frame.N4,
    bytes: (shape: Shape) => bytesOf(parts, kernel, shape),
  };
  const numbers = kernel === "rnn_backward" ? 4 * kept : kept; // vectors of four
  const possible = shapesOf(work, { limits: frame.workgroupLimits, kept: numbers });
  const shape = chosenShape(frame.shapes, { label, possible });
  return { label, shaped: { shape, possible, label, kept }, workgroups: [4 * frame.N4 / shape.lanes, 1] };
}

/** The workgroup memory that a kernel uses. */
function bytesOf(
  { layer, matrix: { H, H4 } }: Parts,
  kernel: RecurrentKernel,
  shape: Shape,
): number {
  const { lanes, work } = shape;
  const byGate = work !== "units", last = layer.masked ? H : 0;
  const reset = layer.kind === "gru" && !layer.resetAfter ? H : 0, sums = byGate ? 4 * H : 0;
  const variables = {
    lstm_forward: [2 * H, last, sums],
    lstm_backward: [2 * H, sums, sums],
    gru_forward: [2 * H, reset, last, sums],
    gru_backward: [H, sums, sums],
    rnn_forward: [2 * H, last],
    rnn_backward: [H4, byGate ? 2 * H4 : 0],
  };
  return variables[kernel].reduce((sum, size) => sum + roundUp(4 * lanes * size, 16), 0);
}

/** At most so many turns of loops has an invocation in a step: those over its units or columns, and in each over all products. */
function turnsOf(parts: Parts, kernel: RecurrentKernel): number {
  const { layer, matrix: { H, columns, quads } } = parts, { shape } = shapedAs(parts, kernel).shaped!;
  const jobs = shape.work === "units" ? H : layer.kind === "rnn" ? columns : 4 * quads;
  const products = layer.kind === "gru" && !layer.resetAfter ? 2 : 1;
  return products * Math.ceil(jobs / shape.threads) * (H + 4) + 4;
}

function kernelsOf({ kind }: RecurrentLayer): RecurrentKernel[] {
  return [`${kind}_forward`, `${kind}_backward`];
}

/** What the larger kernel of a layer uses in its shape. */
function workgroupBytes(parts: Parts): number {
  return Math.max(
    ...kernelsOf(parts.layer).map((kernel) => {
      return bytesOf(parts, kernel, shapedAs(parts, kernel).shaped!.shape);
    }),
  );
}
