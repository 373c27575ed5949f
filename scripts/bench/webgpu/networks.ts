/**
 * The networks of the recipes that the bench of WebGPU measures, two of them beyond what its peers know.
 *
 * @module
 */
import { adam, type Optimizer, type Sequence } from "../../../mod.ts";
import { type Classifier, createClassifier } from "../../../run.ts";
import { type MeasuredNetwork, networkOf, NETWORKS } from "../workloads.ts";

/** A network as a recipe trains it. */
export interface RecipeNetwork {
  readonly name: string;
  readonly about: string;
  readonly network: Classifier;
  readonly optimizer: Optimizer;
  readonly sequence: Sequence;
  readonly batchSize: number;
}

const CLASSES = 10, INPUT_SIZE = 28, UNITS = 128;
const ROWS: Sequence = { axis: "rows", range: [0, 1] };

/** The networks, the smallest first. */
export function recipeNetworks(): RecipeNetwork[] {
  const known: [string, MeasuredNetwork][] = Object.entries(NETWORKS);
  const dense = { kind: "dense", units: CLASSES } as const,
    lstm = { kind: "lstm", hiddenSize: UNITS } as const;
  const both = {
    kind: "bidirectional",
    merge: "concat",
    forward: { ...lstm, returnSequences: true },
  } as const;
  const gru = { kind: "gru", hiddenSize: UNITS, resetAfter: true } as const;
  return [
    ...known.map(([name, { about, layers, optimizer, sequence }]) => ({
      ...{ name, about, optimizer, sequence, batchSize: 64 },
      network: networkOf(layers, CLASSES),
    })),
    {
      name: "gru-128x2",
      about: "GRU 28→128→128 over rows, Adam (train-gru)",
      network: createClassifier({
        inputSize: INPUT_SIZE,
        layers: [{ ...gru, returnSequences: true }, gru, dense],
        biases: 2,
      }),
      ...{ optimizer: adam({ learningRate: 0.001 }), sequence: ROWS, batchSize: 100 },
    },
    {
      name: "bilstm-128x2",
      about: "bidirectional LSTM 28→128→128 over rows, Adam (train-bilstm)",
      network: createClassifier({
        inputSize: INPUT_SIZE,
        layers: [both, both, { kind: "last" }, dense],
        biases: 2,
      }),
      ...{ optimizer: adam({ learningRate: 0.003 }), sequence: ROWS, batchSize: 100 },
    },
  ];
}
