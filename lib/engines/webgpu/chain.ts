/**
 * The layers of a network as stages of a chain of passes.
 *
 * @module
 */
import {
  isRecurrent,
  type Layer,
  type Network,
  outputSize,
  type Steps,
  stepsOf,
} from "../../model/network.ts";
import { DOMAIN } from "../../random.ts";
import { batchNormStage } from "./passes/batch_norm.ts";
import { bidirectionalStage } from "./passes/bidirectional.ts";
import { denseStage } from "./passes/dense.ts";
import type { MaskOptions } from "./passes/mask.ts";
import { type Frame, type Pass, placeStages, type Stage } from "./passes/pass.ts";
import { activationStage, pointwiseStage } from "./passes/pointwise.ts";
import {
  fusedHead,
  headPass,
  type MeasuredBy,
  measurePass,
  type OutputOptions,
  type OutputPass,
} from "./passes/output.ts";
import { recurrentStages } from "./passes/recurrent.ts";

/** The passes of a network, from the input up. */
export interface Chain {
  readonly passes: readonly Pass[];
  readonly output: OutputPass;
}

/**
 * Makes the chain of a network.
 *
 * @param options.T The steps that come in
 */
export function chainOf(
  network: Network,
  { T, training, frame }: { T: number; training: MeasuredBy | null; frame: Frame },
): Chain {
  const { layers, input } = network, steps = stepsOf(network, T);
  const options: OutputOptions = { network, steps: steps[layers.length].count, training };
  const head = fusedHead(options);
  const stages = stagesOf(network, steps, head ? layers.length - 1 : layers.length);
  const tableTrains = input.kind === "tokens"; // the gradient of the first edge is needed
  const wantsGradient = frame.seed !== null && (tableTrains || stages.some(({ trains }) => trains));
  const output = head ? headPass(head, options, { frame, wantsGradient }) : measurePass(options, frame);
  return { passes: placeStages(stages, output.input, { frame, wantsGradient: tableTrains }), output };
}

/** The stages of the first `count` layers. */
function stagesOf({ layers, input }: Network, steps: readonly Steps[], count: number): Stage[] {
  const stages: Stage[] = [];
  let size = input.size;
  for (let index = 0; index < count; index++) {
    const layer = layers[index], above = index + 1 < count ? layers[index + 1] : undefined;
    const place: Place = { index, size, before: steps[index].count, after: steps[index + 1] };
    const mask = isRecurrent(layer) && above?.kind === "dropout"
      ? maskOf(above, layer.hiddenSize, steps[index + 1])
      : null;
    stages.push(...stagesOfLayer(layer, place, mask));
    size = outputSize(layer, size);
    if (mask) index++; // the recurrent kernels drop their own outputs
  }
  return stages;
}

/** Where a layer stands. */
interface Place {
  readonly index: number;
  /** The features that come in. */
  readonly size: number;
  /** The steps that come in. */
  readonly before: number;
  readonly after: Steps;
}

function maskOf(
  { rate, stream }: Extract<Layer, { kind: "dropout" }>,
  size: number,
  { count, first }: Steps,
): MaskOptions {
  return { rate, domain: DOMAIN.dropout, stream, first, steps: count, size };
}

function stagesOfLayer(
  layer: Layer,
  { index, size, before, after }: Place,
  mask: MaskOptions | null,
): Stage[] {
  const name = `layer ${index} (${layer.kind})`, steps = after.count;
  switch (layer.kind) {
    case "bidirectional":
      return [bidirectionalStage(layer, before)];
    case "last":
      return [pointwiseStage({ name, size, steps, before, order: "last" })];
    case "batchNorm":
      return [batchNormStage(layer, steps)];
    case "repeat":
      return [pointwiseStage({ name, size, steps, before, order: "repeated" })];
    case "dropout":
      return [pointwiseStage({ name, size, steps, mask: maskOf(layer, size, after) })];
    case "activation":
      return [activationStage({ name, size, steps, activation: layer.activation })];
    case "dense": {
      const { units, activation } = layer, product = denseStage(layer, steps);
      if (activation === "linear") return [product];
      return [
        product,
        activationStage({ name: `activation of ${layer.name}`, size: units, steps, activation }),
      ];
    }
    default:
      return recurrentStages(layer, { steps: before, mask });
  }
}
