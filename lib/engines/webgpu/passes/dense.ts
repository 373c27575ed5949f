/**
 * Dense layers: one product over all rows.
 *
 * @module
 */
import type { DenseLayer } from "../../../model/network.ts";
import { denseMatrix, inputGradient, matrixEdge, product, weightGradient } from "./matrix.ts";
import { EMPTY_PASS, type Stage } from "./pass.ts";

/** The product of a dense layer, without its activation. */
export function denseStage(layer: DenseLayer, steps: number): Stage {
  return {
    trains: true,
    place(output, placed) {
      const { frame } = placed, matrix = denseMatrix(layer, steps * frame.N4), dz = output.gradient;
      const { edge: input, buffers } = matrixEdge(matrix, placed);
      return {
        ...EMPTY_PASS,
        input,
        buffers,
        matrices: [matrix],
        forward: product(matrix, output, frame),
        backward: dz !== null && input.gradient !== null
          ? inputGradient(matrix, { dz, dx: input.gradient }, frame)
          : [],
        weightGradients: dz !== null ? weightGradient(matrix, dz, frame) : [],
      };
    },
  };
}
