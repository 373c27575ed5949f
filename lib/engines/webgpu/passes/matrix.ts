/**
 * Weight matrices: a kernel above a recurrent kernel above a bias, and the products with them.
 *
 * Four columns that are computed together are a quad: the gates of one unit of an LSTM or a GRU, else four units side by side.
 *
 * @module
 */
import { type DenseLayer, gateCount, type Parameter, type RecurrentLayer } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { type Dispatch, workgroupsFor } from "../kernels.ts";
import type { BufferSize, Edge, Frame } from "./pass.ts";
import { inPieces, type Whole } from "./pieces.ts";
import { chosenShape, TILES, USUAL_SHAPE } from "../shapes.ts";
import type { Lanes, Matrix, Segment } from "./weight_matrix.ts";

/** Features, and quads of columns, of a tile of `weight_gradient`. */
const TILE = 16;

const NO_GATES: Lanes = [null, null, null, null];

/** The lanes of gated layers. In a GRU, lane 2 is g from x, and lane 3 g from h. */
const GATES = {
  lstm: { kernel: [0, 1, 2, 3], recurrent: [0, 1, 2, 3], reset: NO_GATES },
  gruAfter: { kernel: [0, 1, 2, null], recurrent: [0, 1, null, 2], reset: NO_GATES },
  gruBefore: { kernel: [0, 1, 2, null], recurrent: [0, 1, null, null], reset: [null, null, null, 2] },
} as const satisfies Record<string, Matrix["gates"]>;

/** The matrix of a recurrent layer. */
export function recurrentMatrix(layer: RecurrentLayer, rows: number): Matrix {
  const { name, inputSize: C, hiddenSize: H, kernel, recurrentKernel, bias } = layer;
  const gru = layer.kind === "gru", resetAfter = gru && layer.resetAfter;
  const columns = gateCount(layer) * H, C4 = roundUp(C, 4), H4 = roundUp(H, 4);
  const straight = [0, 1, 2, 3], ofH = gru ? [0, 1, 3] : straight;
  const segments = [
    segment(kernel, { columns, row: 0, lanes: straight }),
    segment(recurrentKernel, { columns, row: C, lanes: ofH }),
  ];
  if (bias) {
    segments.push(segment(bias, { columns, row: C + H, lanes: straight, size: columns }));
    if (resetAfter) {
      const offset = bias.offset + columns;
      segments.push(segment(bias, { columns, row: C + H + 1, lanes: ofH, size: columns, offset }));
    }
  }
  return {
    name,
    C,
    C4,
    H,
    H4,
    J: C4 + H4 + (gru && !resetAfter ? H4 : 0) + 4,
    columns,
    quads: layer.kind === "rnn" ? H4 / 4 : H,
    gates: layer.kind === "rnn"
      ? null
      : GATES[layer.kind === "lstm" ? "lstm" : resetAfter ? "gruAfter" : "gruBefore"],
    biases: bias ? (resetAfter ? 2 : 1) : 0,
    segments,
    rows,
  };
}

/** The matrix of a dense layer. */
export function denseMatrix({ name, inputSize: C, units, kernel, bias }: DenseLayer, rows: number): Matrix {
  const C4 = roundUp(C, 4), lanes = [0, 1, 2, 3];
  const segments = [segment(kernel, { columns: units, row: 0, lanes })];
  if (bias) segments.push(segment(bias, { columns: units, row: C, lanes }));
  return {
    name,
    C,
    C4,
    H: 0,
    H4: 0,
    J: C4 + 4,
    columns: units,
    quads: Math.ceil(units / 4),
    gates: null,
    biases: bias ? 1 : 0,
    segments,
    rows,
  };
}

function segment(
  parameter: Parameter,
  { columns, row, lanes, size = parameter.size, offset = parameter.offset }: {
    columns: number;
    row: number;
    lanes: readonly number[];
    size?: number;
    offset?: number;
  },
): Segment {
  return { parameter, offset, size, columns, row, lanes };
}

/** The name of the buffer of a matrix's inputs: x, h and 1 for the bias. */
export function inputsOf({ name }: Pick<Matrix, "name">): string {
  return `inputs of ${name}`;
}

/** The edge that a matrix reads, and its buffers; a recurrent layer's has the states of one step more. */
export function matrixEdge(
  matrix: Matrix,
  { frame: { N4 }, wantsGradient }: { frame: Frame; wantsGradient: boolean },
): { edge: Edge; buffers: BufferSize[] } {
  const { C, C4, H, J, rows } = matrix, buffer = inputsOf(matrix);
  const gradient = wantsGradient ? `gradient of ${buffer}` : null;
  const buffers: BufferSize[] = [[buffer, 16 * (rows + (H > 0 ? N4 : 0)) * J]];
  if (gradient !== null) buffers.push([gradient, 16 * rows * C4]);
  return { edge: { buffer, stride: J, size: C, steps: rows / N4, gradient }, buffers };
}

/** What a matrix multiplies, piece by piece. @param features Those of a row that each column reads */
function wholeOf(
  { quads, rows }: Matrix,
  { buffer, stride }: Pick<Edge, "buffer" | "stride">,
  { features, N4 }: { features: number; N4: number },
): Whole {
  return {
    steps: rows / N4,
    multiplications: 16 * quads * features,
    turns: N4,
    buffer,
    stride,
    inRows: true,
  };
}

/** x W + b for all t. */
export function product(
  matrix: Matrix,
  output: Pick<Edge, "buffer" | "stride">,
  frame: Frame,
): Dispatch[] {
  const { name, C, H, J, quads, biases } = matrix;
  return inPieces(wholeOf(matrix, output, { features: C, N4: frame.N4 }), frame, (piece, rows) => ({
    kernel: "input_product",
    label: `input_product of ${name}`,
    constants: { C, H, J, QUADS: quads, OUT_J: output.stride, TWO_BIASES: Number(biases === 2) },
    buffers: [inputsOf(matrix), `weights ${name}`, output.buffer],
    piece,
    workgroups: workgroupsFor(Math.ceil(rows / 2) * quads),
  }));
}

/** The gradient of x from dz. */
export function inputGradient(
  matrix: Matrix,
  { dz, dx }: { dz: string; dx: string },
  frame: Frame,
): Dispatch[] {
  const { name, C, C4, H, quads } = matrix, read = { buffer: dz, stride: 4 * quads };
  return inPieces(wholeOf(matrix, read, { features: C, N4: frame.N4 }), frame, (piece, rows) => ({
    kernel: "input_gradient",
    label: `input_gradient of ${name}`,
    constants: { C, C4, H, QUADS: quads },
    buffers: [`weights back ${name}`, dz, dx],
    piece,
    workgroups: workgroupsFor(Math.ceil(rows / 2) * C),
  }));
}

/** The gradient of the weights from dz. */
export function weightGradient(matrix: Matrix, dz: string, frame: Frame): Dispatch[] {
  const { parts, size, N4 } = frame;
  const { name, C, C4, H, H4, J, columns, quads, gates, biases, segments, rows } = matrix;
  const read = { buffer: dz, stride: 4 * quads }, label = `weight_gradient of ${name}`;
  const possible = [USUAL_SHAPE, TILES], shape = chosenShape(frame.shapes, { label, possible });
  const workgroups = shape.work === "tiles"
    ? workgroupsFor(Math.ceil(quads / TILE) * Math.ceil(J / TILE) * parts * shape.threads)
    : workgroupsFor(quads * J / 4 * parts);
  const whole = wholeOf(matrix, read, { features: J, N4 });
  const turns = shape.work === "tiles" ? 3 * N4 : N4; // a tile also loops over the four rows that it reads together, twice
  return inPieces({ ...whole, turns }, frame, (piece) => ({
    kernel: "weight_gradient",
    label,
    shaped: { shape, possible, label, kept: 0 },
    constants: {
      ROWS: rows,
      C,
      C4,
      H,
      H4,
      J,
      QUADS: quads,
      COLUMNS: columns,
      GATED: Number(gates !== null),
      KERNEL_GATES: gates ? digitsOf(gates.kernel) : 0,
      RECURRENT_GATES: gates ? digitsOf(gates.recurrent) : 0,
      RESET_GATES: gates ? digitsOf(gates.reset) : 0,
      BIASES: biases,
      PARTS: parts,
      SIZE: size,
      OFFSET: segments[0].offset,
    },
    buffers: [inputsOf(matrix), dz, "partials"],
    piece,
    workgroups,
  }));
}

/** Numbers below 15 as hexadecimal digits, the first one the last digit; f stands for null. */
export function digitsOf(numbers: readonly (number | null)[]): number {
  return numbers.reduce((digits: number, value, place) => digits + (value ?? 15) * 16 ** place, 0);
}
