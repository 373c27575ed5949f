/**
 * What comes out: answers, losses and metrics of the last edge of the chain.
 *
 * @module
 */
import { LOSSES, METRICS } from "../../../model/losses.ts";
import type { DenseLayer, Network } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { type Dispatch, workgroupsFor } from "../kernels.ts";
import { denseMatrix, inputsOf, matrixEdge, weightGradient } from "./matrix.ts";
import { EMPTY_PASS, type Frame, type Pass, plainEdge } from "./pass.ts";

/** How a training measures answers. */
export interface MeasuredBy {
  /** The kind of the targets. */
  readonly targets: "classes" | "rows";
  readonly labelSmoothing: number;
}

/** What the network answers, and how a training measures it. */
export interface OutputOptions {
  readonly network: Network;
  /** The steps that come out. */
  readonly steps: number;
  /** Null in an engine that only predicts. */
  readonly training: MeasuredBy | null;
}

/** The end of a chain: its forward dispatches measure in a training, and `answers` are those of a prediction. */
export interface OutputPass extends Pass {
  readonly answers: readonly Dispatch[];
}

/** The loss and the metrics. */
export function measureCount({ metrics }: Network): number {
  return 1 + metrics.length;
}

/** The most classes whose logits fit into the workgroup memory that every adapter has. */
const FUSED_CLASSES = 1024;

/**
 * The last layer, if one kernel computes it, its loss and both gradients: a dense layer whose only step is classified by softmax
 * cross-entropy.
 */
export function fusedHead({ network, training }: OutputOptions): DenseLayer | null {
  const { layers, loss, metrics, output } = network, last = layers.at(-1)!;
  const fused = last.kind === "dense" && last.activation === "linear" && last.units <= FUSED_CLASSES &&
    !output.everyStep && loss === "softmaxCrossEntropy" && training?.targets !== "rows" &&
    (metrics.length === 0 || (metrics.length === 1 && metrics[0] === "categoricalAccuracy"));
  return fused ? last : null;
}

/** The pass of {@link fusedHead}. */
export function headPass(
  layer: DenseLayer,
  { network, training }: OutputOptions,
  placed: { frame: Frame; wantsGradient: boolean },
): OutputPass {
  const { frame, frame: { N4 } } = placed, matrix = denseMatrix(layer, N4);
  const { C, C4, J, columns: K, quads, name } = matrix, trains = frame.seed !== null;
  const { edge: input, buffers } = matrixEdge(matrix, placed), dz = `dz of ${name}`;
  const head: Dispatch = {
    kernel: "head",
    label: name,
    constants: {
      N4,
      H: C,
      H4: C4,
      J,
      K,
      FOUR_K: 4 * K,
      QUADS: quads,
      MEASURES: measureCount(network),
      SMOOTHING: training?.labelSmoothing ?? 0,
    },
    buffers: [
      inputsOf(matrix),
      `weights ${name}`,
      `weights back ${name}`,
      "targets",
      "positions",
      "results",
      dz,
      input.gradient ?? "no gradient",
    ],
    workgroups: [N4, 1],
  };
  return {
    ...EMPTY_PASS,
    input,
    buffers: [...buffers, [dz, trains ? 16 * N4 * quads * 4 : 16], ["no gradient", 16]],
    matrices: [matrix],
    forward: [head],
    answers: [head],
    weightGradients: trains ? weightGradient(matrix, dz, frame) : [],
    workgroupBytes: [["the logits of four sequences", 16 * K]],
  };
}

/** The pass that measures any output. */
export function measurePass({ network, steps: T, training }: OutputOptions, frame: Frame): OutputPass {
  const { loss, metrics, output: { size: K } } = network, { N4 } = frame;
  const { edge: input, buffers } = plainEdge("outputs", { size: K, steps: T }, {
    frame,
    wantsGradient: training !== null,
  });
  const answers: Dispatch[] = [{
    kernel: "answer",
    label: "answer",
    constants: { T, N4, K, J: input.stride },
    buffers: [input.buffer, "results"],
    workgroups: workgroupsFor(T * N4 * K),
  }];
  if (!training) return { ...EMPTY_PASS, input, buffers, forward: [], answers };
  const MEASURES = measureCount(network);
  const constants = { T, N4, K, J: input.stride, CLASSES: Number(training.targets === "classes"), MEASURES };
  const read = [input.buffer, "targets", "positions", "measures"];
  return {
    ...EMPTY_PASS,
    input,
    buffers: [...buffers, ["measures", 16 * T * N4 * MEASURES]],
    answers,
    forward: [
      {
        kernel: "loss",
        label: `loss, ${loss}`,
        constants: {
          ...constants,
          K4: roundUp(K, 4),
          LOSS: LOSSES.indexOf(loss),
          SMOOTHING: training.labelSmoothing,
        },
        buffers: [...read, input.gradient!],
        workgroups: workgroupsFor(T * N4),
      },
      ...metrics.map((metric, index): Dispatch => ({
        kernel: "metric",
        label: `metric, ${metric}`,
        constants: { ...constants, METRIC: METRICS.indexOf(metric), PLACE: 1 + index },
        buffers: read,
        workgroups: workgroupsFor(T * N4),
      })),
      {
        kernel: "tally",
        label: "tally",
        constants: { T, N4, MEASURES },
        buffers: ["measures", "results"],
        workgroups: workgroupsFor(N4 * MEASURES),
      },
    ],
  };
}
