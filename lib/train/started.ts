/**
 * Whether the weights of recurrent layers have been started: where all are zero, units have nothing to tell them apart, and of two
 * such layers neither learns anything.
 *
 * @module
 */
import type { Parameter } from "../model/network.ts";

/** W and R of a recurrent layer, one behind the other. */
interface Recurrent {
  readonly kernel: Pick<Parameter, "offset">;
  readonly recurrentKernel: Pick<Parameter, "offset" | "size">;
}

/**
 * Finds the first layer whose W and R are zero throughout.
 *
 * @param parameters All of a network
 */
export function findUnstarted<Layer extends Recurrent>(
  parameters: Float32Array,
  layers: readonly Layer[],
): Layer | undefined {
  return layers.find(({ kernel, recurrentKernel }) =>
    parameters.subarray(kernel.offset, recurrentKernel.offset + recurrentKernel.size).every((value) =>
      value === 0
    )
  );
}
