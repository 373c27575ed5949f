/**
 * The order of a network's flat parameters in the engine's arrays, whose matrices are laid out as products read them.
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import type { MatrixPlan, Plan } from "./plan.ts";

/** An element that only fills the last quad of a matrix. */
const PADDING = -1;

/** The index of the flat parameter at each element of the engine's arrays, or −1 for padding. */
export function orderParameters(network: Network, plan: Plan): Int32Array {
  const order = new Int32Array(plan.size).fill(PADDING);
  network.layers.forEach(({ kind, kernel, recurrentKernel, bias }, index) => {
    const layer = plan.layers[index], { H, front } = layer, lstm = kind === "lstm";
    placeMatrix(order, layer, {
      columns: bias.size,
      columnOf: (quad, lane) => lstm ? lane * H + quad : 4 * quad + lane, // the gates of a unit are a quad
      rowOf: (j) => {
        if (j < front) return kernel.offset + j * bias.size;
        if (j < front + H) return recurrentKernel.offset + (j - front) * bias.size;
        return kernel.offset + (j - H) * bias.size;
      },
      bias: bias.offset,
    });
  });
  const { kernel, bias } = network.head;
  placeMatrix(order, plan.head, {
    columns: bias.size,
    columnOf: (quad, lane) => 4 * quad + lane,
    rowOf: (j) => kernel.offset + j * bias.size,
    bias: bias.offset,
  });
  return order;
}

function placeMatrix(
  order: Int32Array,
  { J, quads, W, b }: MatrixPlan,
  { columns, columnOf, rowOf, bias }: {
    columns: number;
    columnOf: (quad: number, lane: number) => number;
    /** The flat index of the first element of a row. */
    rowOf: (j: number) => number;
    bias: number;
  },
): void {
  for (let quad = 0; quad < quads; quad++) {
    for (let lane = 0; lane < 4; lane++) {
      const column = columnOf(quad, lane);
      if (column >= columns) continue;
      order[b + quad * 4 + lane] = bias + column;
      for (let j = 0; j < J; j++) order[W + (quad * J + j) * 4 + lane] = rowOf(j) + column;
    }
  }
}
