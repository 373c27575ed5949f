/**
 * What the cost model says of a network's training step on an adapter, in the usual shapes of its kernels and in the best ones.
 *
 * @module
 */
import { layOutSequence } from "../../../lib/data/sequence.ts";
import type { Dispatch } from "../../../lib/engines/webgpu/kernels.ts";
import { type Limits, planWithin } from "../../../lib/engines/webgpu/limits.ts";
import { describeShape, type Shapes } from "../../../lib/engines/webgpu/shapes.ts";
import type { AdapterModel } from "./adapter_model.ts";
import type { RecipeNetwork } from "./networks.ts";
import { predict } from "./predict.ts";
import { workOf } from "./work.ts";

/** A training step on an adapter. */
export interface Forecast {
  readonly dispatches: number;
  /** Milliseconds of the kernels and the gaps between them. */
  readonly stepMs: number;
  readonly epochSeconds: number;
  /** The shape of each kernel that is not the usual one. */
  readonly shapes: Readonly<Record<string, string>>;
}

/** The images of an epoch of MNIST, and the size of one. */
const IMAGES = 60_000, SIDE = 28;

/** The dispatches of a training step. */
export function stepDispatches(
  { network, optimizer, sequence, batchSize }: RecipeNetwork,
  { limits, shapes }: { limits: Limits; shapes?: Shapes },
): Dispatch[] {
  const { gradient, update } = planWithin(limits, {
    ...{ network, batchSize, shapes },
    layout: layOutSequence(sequence, { width: SIDE, height: SIDE }),
    training: {
      ...{ optimizer, count: IMAGES, targets: "classes", seed: 1 },
      ...{ transforms: false, labelSmoothing: 0, clip: null },
    },
  });
  return [...gradient, ...update];
}

/** The seconds of an epoch whose steps take `stepMs`; the last batch may be smaller, and counts as one. */
export function epochSeconds(stepMs: number, batchSize: number): number {
  return stepMs * Math.ceil(IMAGES / batchSize) / 1000;
}

/** The step in the usual shapes. */
export function forecastUsual(network: RecipeNetwork, adapter: AdapterModel, limits: Limits): Forecast {
  return forecast(network, { adapter, limits, shapes: {} });
}

/** The step where each kernel has the shape in which it is predicted to take the least time. */
export function forecastBest(network: RecipeNetwork, adapter: AdapterModel, limits: Limits): Forecast {
  return forecast(network, { adapter, limits, shapes: bestShapes(network, adapter, limits) });
}

function forecast(
  network: RecipeNetwork,
  { adapter, limits, shapes }: { adapter: AdapterModel; limits: Limits; shapes: Shapes },
): Forecast {
  const dispatches = stepDispatches(network, { limits, shapes });
  const ns = dispatches.reduce((sum, one) => sum + predict(workOf(one), adapter).ns + adapter.gapNs, 0);
  return {
    dispatches: dispatches.length,
    stepMs: ns / 1e6,
    epochSeconds: epochSeconds(ns / 1e6, network.batchSize),
    shapes: Object.fromEntries(Object.entries(shapes).map(([label, shape]) => [label, describeShape(shape)])),
  };
}

function bestShapes(network: RecipeNetwork, adapter: AdapterModel, limits: Limits): Shapes {
  const usual = stepDispatches(network, { limits }), best: Record<string, Shapes[string]> = {};
  const least = costs(usual, adapter);
  const mostShapes = Math.max(1, ...usual.map(({ shaped }) => shaped?.possible.length ?? 1));
  for (let at = 1; at < mostShapes; at++) {
    const shapes = Object.fromEntries(usual.flatMap(({ shaped }) => {
      return shaped && at < shaped.possible.length ? [[shaped.label, shaped.possible[at]] as const] : [];
    }));
    for (const [label, ns] of costs(stepDispatches(network, { limits, shapes }), adapter)) {
      if (!(label in shapes) || ns >= least.get(label)!) continue;
      least.set(label, ns);
      best[label] = shapes[label];
    }
  }
  return best;
}

/** The time of the kernels that have shapes, all their pieces together. */
function costs(dispatches: readonly Dispatch[], adapter: AdapterModel): Map<string, number> {
  const sums = new Map<string, number>();
  for (const dispatch of dispatches) {
    const label = dispatch.shaped?.label;
    if (label === undefined) continue;
    sums.set(label, (sums.get(label) ?? 0) + predict(workOf(dispatch), adapter).ns);
  }
  return sums;
}
