/**
 * Classifiers of recurrent layers one above the other, each with dropout above it, and a dense head.
 *
 * @module
 */
import { type Classifier, createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";

/** A recurrent layer. */
export type StackLayer =
  & { readonly inputSize: number; readonly hiddenSize: number; readonly dropout: number }
  & (
    | { readonly kind: "lstm"; readonly gateActivation: "sigmoid" | "hardSigmoid" }
    | { readonly kind: "rnn"; readonly activation: "relu" | "tanh" }
  );

/** The classifier of some recurrent layers, from the input up. */
export function createStack(
  { layers, classes, biases }: { layers: readonly StackLayer[]; classes: number; biases?: 1 | 2 },
): Classifier {
  const recurrent = layers.flatMap(({ inputSize: _, dropout: rate, ...layer }, index): LayerOptions[] => {
    const placed = { ...layer, returnSequences: index < layers.length - 1 };
    return rate > 0 ? [placed, { kind: "dropout", rate }] : [placed];
  });
  return createClassifier({
    inputSize: layers[0].inputSize,
    layers: [...recurrent, { kind: "dense", units: classes }],
    biases,
  });
}
