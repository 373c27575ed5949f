/**
 * Initial weights as in PyTorch, TensorFlow 1, Keras and two papers, from a seed, with the same bits on every machine.
 *
 * | start | recurrent layers | dense layers |
 * |---|---|---|
 * | `pytorch` | every array uniform ±1/√H; a bias of two vectors is the sum of two draws | every array uniform ±1/√C |
 * | `tf1` | both kernels uniform ±√(6 / (C + H + G·H)), bias 0 | kernel uniform ±√(6 / (C + K)), bias 0 |
 * | `keras` | kernel uniform ±√(6 / (C + G·H)), recurrent kernel with orthonormal rows, bias 0 | as in `tf1` |
 * | `irnn` | kernel normal with deviation 0.001, recurrent kernel I for each gate, bias 0 | as in `tf1` |
 * | `identity` | kernel orthonormal, recurrent kernel I for g and orthonormal rows for the gates, bias 0 | kernel orthonormal, bias 0 |
 *
 * C inputs, H hidden units, G gates (4, 3 or 1), K outputs; g is the new content of an LSTM or a GRU, h' of an RNN. In an LSTM, `tf1`,
 * `keras` and `identity` set the bias of the forget gate to 1. In a GRU of `tf1`, the gates and g have kernels of their own, so that
 * G is 2 and 1, and the biases of the gates are 1. Batch normalization starts with γ = 1, β = 0, mean 0 and variance 1 everywhere.
 *
 * Sources: `torch.nn.LSTM`, `GRU`, `RNN` and `Linear` (reset_parameters); `LSTMCell` and `GRUCell` of TensorFlow 1 with
 * `xavier_initializer`; `LSTM`, `GRU` and `Dense` of Keras 2; Le, Jaitly, Hinton 2015, as Keras's example mnist_irnn has it;
 * Cooijmans et al. 2016, as their program sequential_mnist.py has it.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, checkOptions, number, optional, UINT32 } from "../options.ts";
import { DOMAIN, hashName, RandomStream } from "../random.ts";
import type { Classifier } from "./classifier.ts";
import {
  type DenseLayer,
  gateCount,
  type Parameter,
  type RecurrentLayer,
  recurrentLayers,
} from "./network.ts";

/** The names of all starts. */
export const STARTS = ["pytorch", "tf1", "keras", "irnn", "identity"] as const;

/** The initial weights to start a training from. */
export type Start = typeof STARTS[number];

/** What {@link initialize} takes besides. */
export interface StartOptions {
  /** The bias of the forget gate of every LSTM, in the place of the start's own; of two vectors their sum. */
  readonly forgetBias?: number;
}

/** What the bias of a forget gate must be. */
export const FORGET_BIAS = number("a finite number", Number.isFinite);

/** Draws the values of one parameter, in the order of its elements. */
type Draw = (random: RandomStream, parameter: Parameter) => ArrayLike<number>;

interface StartRules {
  readonly recurrent: (layer: RecurrentLayer) => Record<"kernel" | "recurrentKernel" | "bias", Draw>;
  readonly dense: (layer: DenseLayer) => Record<"kernel" | "bias", Draw>;
}

const START_RULES: Readonly<Record<Start, StartRules>> = {
  pytorch: {
    recurrent: ({ hiddenSize }) => {
      const draw = uniform(1 / Math.sqrt(hiddenSize));
      return { kernel: draw, recurrentKernel: draw, bias: draw };
    },
    dense: ({ inputSize }) => {
      const draw = uniform(1 / Math.sqrt(inputSize));
      return { kernel: draw, bias: draw };
    },
  },
  tf1: {
    recurrent: (layer) => {
      const { inputSize, hiddenSize: H, kind } = layer, fanIn = inputSize + H; // one kernel for [x h]
      const draw = kind === "gru" ? gruKernel(fanIn, H) : glorotUniform(fanIn, gateCount(layer) * H);
      return {
        kernel: draw,
        recurrentKernel: draw,
        bias: kind === "gru" ? ones(0, 2 * H) : unitForgetGate(layer),
      };
    },
    dense: glorotDense,
  },
  keras: {
    recurrent: (layer) => ({
      kernel: glorotUniform(layer.inputSize, layer.kernel.shape[1]),
      recurrentKernel: orthonormalRows,
      bias: unitForgetGate(layer),
    }),
    dense: glorotDense,
  },
  irnn: {
    recurrent: () => ({ kernel: normal(0.001), recurrentKernel: identities, bias: zeros }),
    dense: glorotDense,
  },
  identity: {
    recurrent: (layer) => ({
      kernel: orthonormal,
      recurrentKernel: layer.kind === "rnn" ? identities : identityAmongGates,
      bias: unitForgetGate(layer),
    }),
    dense: () => ({ kernel: orthonormal, bias: zeros }),
  },
};

/**
 * The initial parameters of a network, flat. They depend on start, seed and each parameter's name and shape, so that the
 * weights of one layer do not depend on other layers.
 *
 * @param seed An unsigned 32-bit integer
 * @returns {@link Classifier.size} elements, computed in float64 with + − × ÷ √ only, then rounded
 * @throws {TypeError} If the seed is not a number, or an option is unknown or of another kind.
 * @throws {RangeError} If there is no such start, the seed is out of range, or `forgetBias` is given and no LSTM has a bias.
 *
 * @example
 * ```ts
 * import { initialize } from "./initialize.ts";
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "lstm", hiddenSize: 64 }, { kind: "dense", units: 10 }] as const;
 * const network = createClassifier({ inputSize: 28, layers });
 * const parameters = initialize(network, "pytorch", 1);
 * assert.ok(parameters.every((value) => Math.abs(value) <= 1 / 8)); // 1/√64
 * assert.deepEqual(initialize(network, "pytorch", 1), parameters);
 * ```
 */
export function initialize(
  network: Classifier,
  start: Start,
  seed: number,
  options: StartOptions = {},
): Float32Array {
  const action = "initialize the network";
  if (!Object.hasOwn(START_RULES, start)) {
    throw new RangeError(
      `Cannot ${action}: start must be one of ${STARTS.join(", ")}: current value is ${excerpt(start)}`,
    );
  }
  check(action, "seed", { value: seed, rule: UINT32 });
  const { forgetBias } = checkOptions(action, options, { forgetBias: optional(FORGET_BIAS) });
  const values = new Float32Array(network.size), { recurrent, dense } = START_RULES[start];
  const place = (parameter: Parameter | null, draw: Draw) => {
    if (parameter === null) return;
    const random = new RandomStream(seed, DOMAIN.initialize, hashName(parameter.name));
    values.set(draw(random, parameter), parameter.offset);
  };

  for (const layer of recurrentLayers(network)) {
    const draws = recurrent(layer);
    place(layer.kernel, draws.kernel);
    place(layer.recurrentKernel, draws.recurrentKernel);
    place(layer.bias, draws.bias);
  }
  for (const layer of network.layers) {
    if (layer.kind === "dense") {
      const draws = dense(layer);
      place(layer.kernel, draws.kernel);
      place(layer.bias, draws.bias);
    } else if (layer.kind === "batchNorm") {
      for (const parameter of [layer.gamma, layer.movingVariance]) place(parameter, ones(0, layer.size));
    }
  }
  if (forgetBias !== undefined) setForgetBias(action, network, { values, forgetBias });
  return values;
}

function setForgetBias(
  action: string,
  network: Classifier,
  { values, forgetBias }: { values: Float32Array; forgetBias: number },
): void {
  const layers = recurrentLayers(network).filter(({ kind, bias }) => kind === "lstm" && bias);
  for (const { bias, hiddenSize: H } of layers) {
    values.fill(forgetBias, bias!.offset + H, bias!.offset + 2 * H); // the second of i f g o
  }
  if (layers.length > 0) return;
  throw new RangeError(
    `Cannot ${action}: forgetBias must be left out where no LSTM has a bias: current value is ${forgetBias}`,
  );
}

/** Uniform in [−limit, limit); a bias that is the sum of two vectors gets the sum of two draws. */
function uniform(limit: number): (random: RandomStream, parameter: Parameter) => Float64Array {
  return (random, { size, updateScale }) => {
    const values = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      for (let draw = 0; draw < updateScale; draw++) values[i] += (2 * random.uniform() - 1) * limit;
    }
    return values;
  };
}

/** Glorot, Bengio 2010: variance 2 / (fan in + fan out). */
function glorotUniform(fanIn: number, fanOut: number): Draw {
  return uniform(Math.sqrt(6 / (fanIn + fanOut)));
}

function glorotDense({ inputSize, units }: DenseLayer): Record<"kernel" | "bias", Draw> {
  return { kernel: glorotUniform(inputSize, units), bias: zeros };
}

/** One kernel for z and r, one for g, side by side. */
function gruKernel(fanIn: number, H: number): Draw {
  const [gates, content] = [2 * H, H].map((fanOut) => Math.sqrt(6 / (fanIn + fanOut)));
  const draw = uniform(1);
  return (random, parameter) => {
    return draw(random, parameter).map((value, i) => value * (i % (3 * H) < 2 * H ? gates : content));
  };
}

function normal(deviation: number): Draw {
  return (random, { size }) => Float64Array.from({ length: size }, () => deviation * random.normal());
}

const zeros: Draw = (_random, { size }) => new Float64Array(size);

/** 1 from one element to another, else 0. */
function ones(from: number, to: number): Draw {
  return (_random, { size }) => new Float64Array(size).fill(1, from, to);
}

/** 0, but 1 for the forget gate of an LSTM, the second of i f g o. */
function unitForgetGate({ kind, hiddenSize }: RecurrentLayer): Draw {
  return kind === "lstm" ? ones(hiddenSize, 2 * hiddenSize) : zeros;
}

/** `[I … I]`, one for each gate. */
const identities: Draw = (_random, { size, shape: [H, columns] }) => {
  const matrix = new Float64Array(size);
  for (let row = 0; row < H; row++) {
    for (let column = row; column < columns; column += H) matrix[row * columns + column] = 1;
  }
  return matrix;
};

/** I for g, the third of i f g o and of z r g, and for the gates together orthonormal rows `[H, (G−1)·H]`. */
const identityAmongGates: Draw = (random, { size, shape: [H, columns] }) => {
  const gates = drawOrthonormalRows(random, H, columns - H), matrix = new Float64Array(size);
  for (let row = 0; row < H; row++) {
    const [at, from] = [row * columns, row * (columns - H)];
    matrix.set(gates.subarray(from, from + 2 * H), at);
    matrix[at + 2 * H + row] = 1;
    matrix.set(gates.subarray(from + 2 * H, from + columns - H), at + 3 * H);
  }
  return matrix;
};

/** Orthonormal rows, see {@link drawOrthonormalRows}. */
const orthonormalRows: Draw = (random, { shape: [rows, columns] }) =>
  drawOrthonormalRows(random, rows, columns);

/** Orthonormal rows, or where there are more rows than columns, orthonormal columns. */
const orthonormal: Draw = (random, { size, shape: [rows, columns] }) => {
  if (rows <= columns) return drawOrthonormalRows(random, rows, columns);
  const turned = drawOrthonormalRows(random, columns, rows);
  return Float64Array.from({ length: size }, (_, i) => turned[i % columns * rows + Math.floor(i / columns)]);
};

/**
 * A random matrix R with R Rᵀ = 1 (no more rows than columns), uniformly distributed over all of them: normal rows, made orthonormal
 * one by one (modified Gram–Schmidt). This is Keras's QR decomposition with a positive diagonal.
 */
function drawOrthonormalRows(random: RandomStream, rows: number, columns: number): Float64Array {
  const matrix = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    // A row that is nearly a combination of those above would consist of rounding errors: draw another.
    while (!drawOrthonormalRow(random, matrix, row, columns));
  }
  return matrix;
}

/** The smallest share of a drawn row that may remain: rounding errors grow by its inverse, to at most 1e-10. */
const LEAST_RESIDUAL = 1e-6;

function drawOrthonormalRow(
  random: RandomStream,
  matrix: Float64Array,
  row: number,
  columns: number,
): boolean {
  const v = matrix.subarray(row * columns, (row + 1) * columns);
  for (let i = 0; i < columns; i++) v[i] = random.normal();
  const drawn = Math.sqrt(dot(v, v));
  for (let above = 0; above < row; above++) {
    const q = matrix.subarray(above * columns, (above + 1) * columns);
    const share = dot(q, v);
    for (let i = 0; i < columns; i++) v[i] -= share * q[i];
  }
  const residual = Math.sqrt(dot(v, v));
  if (!(residual > LEAST_RESIDUAL * drawn)) return false;
  for (let i = 0; i < columns; i++) v[i] /= residual;
  return true;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
