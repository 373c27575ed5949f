/**
 * Batch normalization: one workgroup a feature.
 *
 * @module
 */
import type { BatchNormLayer } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { workgroupsFor } from "../kernels.ts";
import { NO_MASK } from "./mask.ts";
import { EMPTY_PASS, plainEdge, type Stage } from "./pass.ts";

/** @param steps The steps that come in, and out */
export function batchNormStage(layer: BatchNormLayer, steps: number): Stage {
  const { name, size: C, epsilon: EPSILON, momentum, unbiased, gamma, beta } = layer;
  const statistics = `statistics of ${name}`;
  const averages = { MEAN: layer.movingMean.offset, VARIANCE: layer.movingVariance.offset };
  return {
    trains: gamma !== null || beta !== null,
    place(output, placed) {
      const { N4 } = placed.frame;
      const { edge: input, buffers } = plainEdge(`inputs of ${name}`, { size: C, steps }, placed);
      const constants = {
        T: steps,
        N4,
        C,
        J: input.stride,
        EPSILON,
        SCALE: Number(gamma !== null),
        CENTER: Number(beta !== null),
        GAMMA: gamma?.offset ?? 0,
        BETA: beta?.offset ?? 0,
      };
      return {
        ...EMPTY_PASS,
        input,
        buffers: [...buffers, [statistics, 8 * C]],
        forward: [{
          kernel: "batch_norm_forward",
          label: `batch_norm_forward of ${name}`,
          constants: { ...constants, ...averages, OUT_J: output.stride },
          buffers: [input.buffer, statistics, "parameters", output.buffer],
          workgroups: [C, 1],
        }],
        backward: output.gradient === null ? [] : [{
          kernel: "batch_norm_backward",
          label: `batch_norm_backward of ${name}`,
          constants: { ...constants, C4: roundUp(C, 4), BELOW: Number(input.gradient !== null) },
          buffers: [
            input.buffer,
            statistics,
            "parameters",
            output.gradient,
            "partials",
            input.gradient ?? NO_MASK,
          ],
          workgroups: [C, 1],
        }],
        updates: [{
          kernel: "moving_averages",
          label: `moving_averages of ${name}`,
          constants: {
            T: steps,
            C,
            ...averages,
            MOMENTUM: momentum,
            REST: 1 - momentum,
            UNBIASED: Number(unbiased),
          },
          buffers: [statistics, "parameters"],
          workgroups: workgroupsFor(C),
        }],
      };
    },
  };
}
