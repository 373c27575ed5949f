/**
 * The loss of a group and its gradient, and the metrics.
 *
 * @module
 */
import type { Shareable, Shared } from "../../../data/shared.ts";
import type { Kernels } from "../kernels.ts";
import type { Plan } from "../plan.ts";
import { GROUP, OCTET, WORD } from "../strides.ts";
import { copyElements } from "./copy.ts";
import type { Group, Workspace } from "./pass.ts";

/** Targets in shared memory. */
export interface SharedTargets {
  readonly kind: "classes" | "rows";
  readonly data: Shared<Shareable>;
  readonly weights: Shared<Float32Array> | null;
}

/** The loss at the end of a chain. */
export class LossPass {
  readonly #kernels: Kernels;
  readonly #plan: Plan;
  readonly #base: number;
  readonly #floats: Float32Array;
  readonly #words: Int32Array;
  #targets: SharedTargets;

  constructor({ kernels, plan, memory: { buffer }, base }: Workspace, targets: SharedTargets) {
    this.#kernels = kernels;
    this.#plan = plan;
    this.#base = base;
    this.#floats = new Float32Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#targets = targets;
  }

  /** Replaces what the outputs are compared with. */
  aim(targets: SharedTargets): void {
    this.#targets = targets;
  }

  /** Losses and metrics of a group whose sequences are at `positions`, and the gradient of the last layer's output. */
  run({ index, count }: Group, positions: Uint32Array): void {
    const { output: { y, yBytes, dy, dyBytes }, measured, measuredBytes, loss } = this.#plan;
    const { kind, metrics, outputs: K, steps, smoothing } = loss, base = this.#base, kernels = this.#kernels;
    this.#weigh(positions);
    this.#takeTargets(positions);
    const targets = base + loss.targets, weights = base + loss.weights, present = base + loss.present;
    const values = measured + index * steps * OCTET, scale = 1 / (count * steps);
    metrics.forEach((metric, place) => {
      const of = values + (1 + place) * measuredBytes;
      kernels.metric(metric, steps, K, base + y, yBytes, targets, present, of);
    });
    if (smoothing > 0) kernels.smooth(steps, K, smoothing, targets);
    // deno-fmt-ignore
    kernels.loss(kind, steps, K, base + y, yBytes, targets, weights, scale, values, base + dy, dyBytes);
  }

  #weigh(positions: Uint32Array): void {
    const { weights } = this.#targets, { loss } = this.#plan;
    const toWeights = (this.#base + loss.weights) / WORD, toPresent = (this.#base + loss.present) / WORD;
    for (let lane = 0; lane < GROUP; lane++) {
      const present = lane < positions.length ? 1 : 0;
      this.#floats[toPresent + lane] = present;
      this.#floats[toWeights + lane] = present && weights ? weights[positions[lane]] : present;
    }
  }

  /** The targets as rows, whatever they are given as; the lanes that are left repeat the last one. */
  #takeTargets(positions: Uint32Array): void {
    const { loss: { steps, outputs: K, classes, rows, targets } } = this.#plan,
      { kind, data } = this.#targets;
    const base = this.#base, last = positions.length - 1;
    for (let lane = 0; lane < GROUP; lane++) {
      const position = positions[Math.min(lane, last)];
      if (kind === "rows") {
        const to = (base + rows) / WORD + lane * steps * K;
        copyElements(data, position * steps * K, steps * K, this.#floats, to);
      } else {
        const to = (base + classes) / WORD + lane;
        for (let s = 0; s < steps; s++) this.#words[to + s * GROUP] = data[position * steps + s];
      }
    }
    if (kind === "rows") this.#kernels.interleaveWords(steps * K, steps * K, base + rows, base + targets);
    else this.#kernels.expandClasses(steps, K, base + classes, base + targets);
  }
}
