/**
 * The recurrent layers of a recipe, as TensorFlow.js has them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../../mod.ts";
import { excerpt } from "../../run.ts";
import { FlagError } from "../support/flags.ts";

/** The cells that a recurrent layer can have. */
export const CELL_NAMES = ["lstm", "gru", "rnn"] as const;

/** One of {@link CELL_NAMES}. */
export type CellName = typeof CELL_NAMES[number];

/** See {@link Reading}. */
export const READINGS = ["own", "step"] as const;

/**
 * What goes on of a layer that reads in both directions: of each direction the state after its `own` last line, as Keras has it; or
 * of both the state at the last `step`, where the backward half has read one line, as `output[:, -1]` in PyTorch.
 */
export type Reading = typeof READINGS[number];

const MOST_UNITS = 65_536;

/** Layers one above the other. */
export interface RecurrentStack {
  readonly cell: CellName;
  /** Of an RNN. */
  readonly activation: "tanh" | "relu";
  /** Hidden units of each layer, from the input up. */
  readonly units: readonly number[];
  readonly bidirectional: boolean;
  readonly last: Reading;
  /** The share that is dropped of what each layer puts out; its state goes on whole. */
  readonly dropout: number;
}

/** The hidden units of each layer: `64` or `64,64`. @throws {FlagError} If the text is something else. */
export function unitsOf(text: string): number[] {
  const units = /^\d+(,\d+)*$/.test(text) ? text.split(",").map(Number) : [];
  if (units.length > 0 && units.every((size) => size > 0 && size <= MOST_UNITS)) return units;
  throw new FlagError(
    `Cannot use --units: it must be whole numbers from 1 to ${MOST_UNITS} like 64 or 64,64: current value is ${
      excerpt(text)
    }`,
  );
}

/**
 * Makes the layers. What the last one returns is one vector a sequence.
 *
 * @param inputShape `[T, C]`
 */
export function recurrentLayers(stack: RecurrentStack, inputShape: [number, number]): tf.layers.Layer[] {
  const { units, bidirectional, last, dropout: rate } = stack;
  return units.flatMap((size, index) => {
    const isTop = index === units.length - 1, takesStep = isTop && bidirectional && last === "step";
    const first = index === 0 ? { inputShape } : {};
    const cell = makeCell(stack, { units: size, returnSequences: !isTop || takesStep, ...first });
    return [
      bidirectional ? inBothDirections(cell, first) : cell,
      ...(takesStep ? [scanline.lastStep()] : []),
      ...(rate > 0 ? [tf.layers.dropout({ rate })] : []),
    ];
  });
}

/** Makes the model, which takes memory for its weights. @throws {FlagError} If there is not so much. */
export function makeModel(layers: tf.layers.Layer[]): tf.Sequential {
  try {
    return tf.sequential({ layers });
  } catch (error) {
    if (!/allocation failed|Invalid typed array length/.test((error as Error).message)) throw error;
    throw new FlagError(
      `Cannot use --units: the weights must fit into memory: they do not (${
        (error as Error).message
      }); fewer units take less`,
    );
  }
}

function inBothDirections(cell: tf.layers.Layer, first: { inputShape?: [number, number] }): tf.layers.Layer {
  return tf.layers.bidirectional({ layer: cell as tf.RNN, mergeMode: "concat", ...first });
}

function makeCell(
  { cell, activation }: RecurrentStack,
  args: { units: number; returnSequences: boolean; inputShape?: [number, number] },
): tf.layers.Layer {
  switch (cell) {
    case "lstm":
      return scanline.lstm(args);
    case "gru":
      return scanline.gru({ ...args, resetAfter: true }); // as PyTorch's, and Keras's since its version 2.4
    case "rnn":
      return scanline.simpleRNN({ ...args, activation });
  }
}
