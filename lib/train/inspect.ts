/**
 * A look inside a trained model: its gates and states while it reads an image, and how much its loss depends on what it knew
 * at every t. Computed by the textbook, in float64, whatever trained the model.
 *
 * @module
 */
import { checkImages, checkSplit, type Images, type Split } from "../data/images.ts";
import { sequencesOf } from "../data/sequences.ts";
import { turnOfEventLoop } from "../engines/assets.ts";
import { gatherBatch, gatherTargets } from "../engines/reference/gather.ts";
import {
  type LayerGradients,
  measureGradients,
  type NetworkTraces,
  traceNetwork,
} from "../engines/reference/inspect.ts";
import { stepsOf } from "../model/network.ts";
import type { TrainedModel } from "../model/trained_model.ts";
import { check, checkOptions, whole } from "../options.ts";
import {
  LOOP_RULES,
  type LoopOptions,
  type Selection,
  SELECTION_RULES,
  selectPositions,
} from "./call_options.ts";
import { layOutFor } from "./model.ts";
import { checkFinite } from "./predict.ts";

/** What happens inside a model while it reads an image. */
export interface ImageTraces extends NetworkTraces {
  /** Steps. */
  readonly T: number;
  /** Numbers a step. */
  readonly C: number;
  /** What it reads, `[T, C]`. */
  readonly x: Float64Array;
}

/** How much the loss of a model depends on its states at every t. */
export interface GradientsOverTime {
  /** Means over so many images. */
  readonly count: number;
  /** Its recurrent layers, from the input up; of a bidirectional one the forward layer first. */
  readonly layers: readonly LayerGradients[];
}

/** Few, because everything that a step computes is kept for the way back: 100 KB and more for each image. */
const IMAGES_TOGETHER = 4;

/**
 * The gates and states of every recurrent layer while a model reads one image.
 *
 * @throws {RangeError} If the image is not there, the model does not read images of that size, or its answer is not finite.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { traceImage } from "./inspect.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "lstm", hiddenSize: 3 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 2, layers });
 * const model = {
 *   network,
 *   T: null,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   classNames: ["no", "yes"],
 *   parameters: new Float32Array(network.size), // all 0: its gates are half open, and nothing comes through
 * } as const;
 * const images = { pixels: new Uint8Array(8), count: 1, height: 4, width: 2 };
 * const { layers: [{ gates, states }] } = traceImage(model, images, 0);
 * assert.deepEqual(gates.map(({ name, values }) => [name, values[0]]), [["i", 0.5], ["f", 0.5], ["g", 0], ["o", 0.5]]);
 * assert.deepEqual(states.map(({ name, values }) => [name, values.length]), [["h", 12], ["c", 12]]);
 * ```
 */
export function traceImage(model: TrainedModel, images: Images, n: number): ImageTraces {
  const action = "look inside the model", source = checkImages(action, "images", images);
  check(action, "the number of the image", { value: n, rule: whole(0) });
  const { network, parameters } = model, layout = layOutFor(action, model, source), { T, C } = layout;
  const positions = selectPositions(
    action,
    { positions: Uint32Array.of(n) },
    { count: source.count, name: "images" },
  );
  const batch = gatherBatch(sequencesOf(source), positions, layout);
  const traces = traceNetwork(network, Float64Array.from(parameters), batch);
  checkFinite(traces.answers);
  return { T, C, x: batch.x, ...traces };
}

/**
 * The norms of the gradient of the loss at the state of every t, ‖∂loss/∂h_t‖, as means over images. Where they are small, what
 * the network knew at t hardly matters to its answer, and training can hardly change it: a network whose norms fade towards the
 * beginning forgets the beginning.
 *
 * @throws {RangeError} If no image is selected, or one that is not there, or the model does not read images of that size.
 * @throws {DOMException} `AbortError`, if the signal ends it.
 */
export async function gradientsOverTime(
  model: TrainedModel,
  split: Split,
  options: Selection & Pick<LoopOptions, "signal" | "onProgress"> = {},
): Promise<GradientsOverTime> {
  const action = "measure the gradients", { network } = model, { size: K } = network.output;
  const source = checkSplit(action, "images", split, K), layout = layOutFor(action, model, source);
  const { signal, onProgress, ...selection } = checkOptions(action, options, {
    ...SELECTION_RULES,
    ...LOOP_RULES,
  });
  const positions = selectPositions(action, selection, { count: source.count, name: "images" });
  const total = positions.length, targets = { kind: "classes", data: source.labels } as const;
  const p = Float64Array.from(model.parameters), T = stepsOf(network, layout.T).at(-1)!.count;
  const started = performance.now();
  let sums: LayerGradients[] | null = null;
  for (let done = 0; done < total;) {
    signal?.throwIfAborted();
    const part = positions.subarray(done, done + IMAGES_TOGETHER);
    const measured = measureGradients(network, p, {
      batch: gatherBatch(sequencesOf(source), part, layout),
      targets: gatherTargets(targets, part, { T, K }),
    });
    sums = addShares(sums, measured, part.length / total);
    done += part.length;
    const elapsedMs = performance.now() - started;
    onProgress?.({ phase: "evaluate", epoch: null, done, total, elapsedMs, loss: null });
    await turnOfEventLoop();
  }
  return { count: total, layers: sums! };
}

/** Adds a share of the norms to their sums. */
function addShares(
  sums: readonly LayerGradients[] | null,
  measured: readonly LayerGradients[],
  share: number,
): LayerGradients[] {
  return measured.map(({ states, ...placed }, i) => ({
    ...placed,
    states: states.map(({ name, values }, k) => {
      const before = sums?.[i].states[k].values;
      return { name, values: values.map((value, t) => (before?.[t] ?? 0) + share * value) };
    }),
  }));
}
