/**
 * The networks of the recipes, which `bench` and `profile` measure.
 *
 * @module
 */
import * as scanline from "../../mod.ts";

/** A network, its optimizer, and how it reads images. */
export interface MeasuredNetwork {
  readonly about: string;
  readonly layers: readonly scanline.LayerSpec[];
  readonly optimizer: scanline.Optimizer;
  readonly sequence: scanline.Sequence;
}

const lstm = { kind: "lstm", gateActivation: "sigmoid", dropout: 0 } as const;

/** The networks by name. */
export const NETWORKS = {
  "lstm-64": {
    about: "LSTM 28→64 over rows, Adam (train-lstm-adam)",
    layers: [{ ...lstm, inputSize: 28, hiddenSize: 64 }],
    optimizer: scanline.adam({ learningRate: 0.01 }),
    sequence: { axis: "rows", range: [0, 1] },
  },
  "lstm-100x2": {
    about: "LSTM 28→100→100 over columns, Adadelta (train-lstm)",
    layers: [
      { ...lstm, inputSize: 28, hiddenSize: 100 },
      { ...lstm, inputSize: 100, hiddenSize: 100 },
    ],
    optimizer: scanline.adadelta({ learningRate: 0.1 }),
    sequence: { axis: "columns", range: [-1, 1] },
  },
  "rnn-128": {
    about: "ReLU RNN 28→128 over rows, RMSprop (train-rnn)",
    layers: [{ kind: "rnn", activation: "relu", inputSize: 28, hiddenSize: 128, dropout: 0 }],
    optimizer: scanline.rmsprop({ learningRate: 3e-4 }),
    sequence: { axis: "rows", range: [0, 1] },
  },
} as const satisfies Record<string, MeasuredNetwork>;

/** One of {@link NETWORKS}. */
export type NetworkName = keyof typeof NETWORKS;
