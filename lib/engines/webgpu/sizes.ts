/**
 * The sizes of a network and of a batch, named as the kernels name them.
 *
 * @module
 */
import type { Network, RecurrentLayer } from "../../model/network.ts";

/** A layer's sizes, named as the kernels name them. */
export interface Sizes {
  readonly layer: RecurrentLayer;
  readonly index: number;
  readonly top: boolean;
  readonly C: number;
  readonly C4: number;
  readonly H: number;
  readonly H4: number;
  /** Features of a row of inputs: x, h and four for the bias. */
  readonly J: number;
  readonly quads: number;
  /** From a row of what this layer's outputs are written to, to the next. */
  readonly outJ: number;
}

/** The head's sizes. */
export interface HeadSizes {
  readonly H: number;
  readonly H4: number;
  readonly classes: number;
  readonly quads: number;
  /** Of its kernel in the flat parameters. */
  readonly offset: number;
}

/** What all dispatches of a plan have in common. */
export interface Frame {
  readonly T: number;
  readonly N4: number;
  /** Partial sums of a weight gradient. */
  readonly parts: number;
  /** Parameters in all. */
  readonly size: number;
}

/** The sizes of all recurrent layers. */
export function layerSizes(layers: readonly RecurrentLayer[]): Sizes[] {
  const last = layers.length - 1;
  return layers.map((layer, index) => {
    const C4 = up4(layer.inputSize), H4 = up4(layer.hiddenSize);
    return {
      layer,
      index,
      top: index === last,
      C: layer.inputSize,
      C4,
      H: layer.hiddenSize,
      H4,
      J: C4 + H4 + 4,
      quads: layer.kind === "lstm" ? layer.hiddenSize : H4 / 4,
      outJ: H4 + (index === last ? 4 : up4(layers[index + 1].hiddenSize) + 4),
    };
  });
}

/** The sizes of the head. */
export function headSizes({ inputSize, classes, kernel }: Network["head"]): HeadSizes {
  return {
    H: inputSize,
    H4: up4(inputSize),
    classes,
    quads: Math.ceil(classes / 4),
    offset: kernel.offset,
  };
}

function up4(n: number): number {
  return 4 * Math.ceil(n / 4);
}
