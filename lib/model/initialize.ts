/**
 * Initial weights as in PyTorch, TensorFlow 1 and Keras, from a seed, with the same bits on every machine.
 *
 * | start | recurrent layers | head |
 * |---|---|---|
 * | `pytorch` | every array uniform ±1/√H; a bias of two vectors is the sum of two draws | every array uniform ±1/√H |
 * | `tf1` | both kernels uniform ±√(6 / (C + H + G·H)), bias 0 | kernel uniform ±√(6 / (H + K)), bias 0 |
 * | `keras` | kernel uniform ±√(6 / (C + G·H)), recurrent kernel with orthonormal rows, bias 0 | as in `tf1` |
 *
 * C inputs, H hidden units (for the head, those of the last layer), G gates (4 or 1), K classes. In an LSTM, `tf1` and
 * `keras` set the bias of the forget gate to 1. Sources: `torch.nn.LSTM`, `RNN` and `Linear` (reset_parameters);
 * `LSTMCell` of TensorFlow 1 with `xavier_initializer`; `LSTM` and `Dense` of Keras 2.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { check, UINT32 } from "../options.ts";
import { DOMAIN, hashName, RandomStream } from "../random.ts";
import type { Classifier, ClassifierLayer, Head, LayerParameters } from "./classifier.ts";
import type { Parameter } from "./network.ts";

/** The initial weights to start a training from. */
export type Start = "pytorch" | "tf1" | "keras";

/** Draws the values of one parameter, in the order of its elements. */
type Draw = (random: RandomStream, parameter: Parameter) => ArrayLike<number>;

interface StartRules {
  readonly recurrent: (layer: ClassifierLayer) => Record<keyof LayerParameters, Draw>;
  readonly head: (head: Head) => Record<"kernel" | "bias", Draw>;
}

const STARTS: Readonly<Record<Start, StartRules>> = {
  pytorch: {
    recurrent: ({ hiddenSize }) => {
      const draw = uniform(1 / Math.sqrt(hiddenSize));
      return { kernel: draw, recurrentKernel: draw, bias: draw };
    },
    head: ({ inputSize }) => {
      const draw = uniform(1 / Math.sqrt(inputSize));
      return { kernel: draw, bias: draw };
    },
  },
  tf1: {
    recurrent: (layer) => {
      const [hiddenSize, columns] = layer.recurrentKernel.shape;
      const draw = glorotUniform(layer.inputSize + hiddenSize, columns); // TensorFlow 1 has one kernel for [x h]
      return { kernel: draw, recurrentKernel: draw, bias: unitForgetGate(layer) };
    },
    head: glorotHead,
  },
  keras: {
    recurrent: (layer) => ({
      kernel: glorotUniform(layer.inputSize, layer.kernel.shape[1]),
      recurrentKernel: orthonormalRows,
      bias: unitForgetGate(layer),
    }),
    head: glorotHead,
  },
};

/**
 * The initial parameters of a network, flat. They depend on start, seed and each parameter's name and shape, so that the
 * weights of one layer do not depend on other layers.
 *
 * @param seed An unsigned 32-bit integer
 * @returns {@link Classifier.size} elements, computed in float64 with + − × ÷ √ only, then rounded
 * @throws {TypeError} If the seed is not a number.
 * @throws {RangeError} If the start is none of the three, or the seed is out of range.
 *
 * @example
 * ```ts
 * import { initialize } from "./initialize.ts";
 * import { createClassifier } from "./classifier.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createClassifier({
 *   layers: [{ kind: "lstm", inputSize: 28, hiddenSize: 64, gateActivation: "sigmoid", dropout: 0 }],
 *   classes: 10,
 * });
 * const parameters = initialize(network, "pytorch", 1);
 * assert.ok(parameters.every((value) => Math.abs(value) <= 1 / 8)); // 1/√64
 * assert.deepEqual(initialize(network, "pytorch", 1), parameters);
 * ```
 */
export function initialize(network: Classifier, start: Start, seed: number): Float32Array {
  const action = "initialize the network";
  if (!Object.hasOwn(STARTS, start)) {
    const starts = Object.keys(STARTS).join(", ");
    throw new RangeError(
      `Cannot ${action}: start must be one of ${starts}: current value is ${excerpt(start)}`,
    );
  }
  check(action, "seed", { value: seed, rule: UINT32 });
  const values = new Float32Array(network.size);
  const place = (parameter: Parameter, draw: Draw) => {
    const random = new RandomStream(seed, DOMAIN.initialize, hashName(parameter.name));
    values.set(draw(random, parameter), parameter.offset);
  };

  for (const layer of network.recurrent) {
    const draws = STARTS[start].recurrent(layer);
    place(layer.kernel, draws.kernel);
    place(layer.recurrentKernel, draws.recurrentKernel);
    place(layer.bias, draws.bias);
  }
  const draws = STARTS[start].head(network.head);
  place(network.head.kernel, draws.kernel);
  place(network.head.bias, draws.bias);
  return values;
}

/** Uniform in [−limit, limit); a bias that is the sum of two vectors gets the sum of two draws. */
function uniform(limit: number): Draw {
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

function glorotHead(head: Head): Record<"kernel" | "bias", Draw> {
  return { kernel: glorotUniform(head.inputSize, head.classes), bias: zeros };
}

const zeros: Draw = (_random, { size }) => new Float64Array(size);

/** 0, but 1 for the forget gate of an LSTM, the second of i f g o. */
function unitForgetGate({ kind, hiddenSize }: ClassifierLayer): Draw {
  if (kind === "rnn") return zeros;
  return (_random, { size }) => new Float64Array(size).fill(1, hiddenSize, 2 * hiddenSize);
}

/**
 * A random `[H, G·H]` matrix with R Rᵀ = 1, uniformly distributed over all of them: normal rows, made orthonormal one by one
 * (modified Gram–Schmidt). This is Keras's QR decomposition with a positive diagonal.
 */
const orthonormalRows: Draw = (random, { shape: [rows, columns] }) => {
  const matrix = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    // A row that is nearly a combination of those above would consist of rounding errors: draw another.
    while (!drawOrthonormalRow(random, matrix, row, columns));
  }
  return matrix;
};

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
