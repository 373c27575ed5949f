/**
 * The sizes of a network and of a batch, named as the kernels name them.
 *
 * @module
 */
import type { Network, RecurrentLayer } from "../../model/network.ts";
import { roundUp } from "../round_up.ts";

/** The sizes of a weight matrix: a kernel `[C,columns]` above a recurrent kernel `[H,columns]` above a bias. */
export interface MatrixSizes {
  /** Part of the names of its buffers. */
  readonly name: string;
  readonly C: number;
  readonly C4: number;
  /** Hidden units; 0 for the head, which has no recurrent kernel. */
  readonly H: number;
  readonly H4: number;
  /** Features of a row of inputs: x, h and four for the bias. */
  readonly J: number;
  readonly columns: number;
  readonly quads: number;
  /** Whether a quad is the four gates of a unit. */
  readonly lstm: boolean;
  /** Where the kernel starts in the flat parameters. */
  readonly offset: number;
  readonly biasScale: number;
}

/** The sizes of a recurrent layer. */
export interface LayerSizes extends MatrixSizes {
  readonly layer: RecurrentLayer;
  readonly index: number;
  readonly top: boolean;
  /** From one row of the buffer of this layer's outputs to the next. */
  readonly outJ: number;
}

/** The sizes that all dispatches of a plan have in common. */
export interface Frame {
  readonly T: number;
  readonly N4: number;
  /** Partial sums of a weight gradient. */
  readonly parts: number;
  /** The number of all parameters. */
  readonly size: number;
}

/** The sizes of all recurrent layers. */
export function layerSizes(layers: readonly RecurrentLayer[]): LayerSizes[] {
  const last = layers.length - 1;
  return layers.map((layer, index) => {
    const { inputSize: C, hiddenSize: H, kernel, bias } = layer, lstm = layer.kind === "lstm";
    const C4 = roundUp(C, 4), H4 = roundUp(H, 4);
    return {
      name: `${index}`,
      C,
      C4,
      H,
      H4,
      J: C4 + H4 + 4,
      columns: bias.size,
      quads: lstm ? H : H4 / 4,
      lstm,
      offset: kernel.offset,
      biasScale: bias.updateScale,
      layer,
      index,
      top: index === last,
      outJ: H4 + 4 + (index === last ? 0 : roundUp(layers[index + 1].hiddenSize, 4)),
    };
  });
}

/** The sizes of the head. */
export function headSizes({ inputSize: C, classes, kernel }: Network["head"]): MatrixSizes {
  const C4 = roundUp(C, 4), quads = Math.ceil(classes / 4);
  return {
    name: "head",
    C,
    C4,
    H: 0,
    H4: 0,
    J: C4 + 4,
    columns: classes,
    quads,
    lstm: false,
    offset: kernel.offset,
    biasScale: 1,
  };
}
