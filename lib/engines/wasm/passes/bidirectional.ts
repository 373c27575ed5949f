/**
 * Two recurrent layers over the same sequence, and the merge of their outputs.
 *
 * @module
 */
import type { BidirectionalPlan } from "../pass_plans.ts";
import { OCTET } from "../strides.ts";
import type { Group, Pass, Workspace } from "./pass.ts";
import type { RecurrentPass } from "./recurrent.ts";

/** The place of concat in `MERGES`. */
const CONCAT = 0;

/** The pass of a bidirectional layer. */
export class BidirectionalPass implements Pass {
  readonly #workspace: Workspace;
  readonly #plan: BidirectionalPlan;
  readonly #forward: RecurrentPass;
  readonly #backward: RecurrentPass;

  constructor(
    workspace: Workspace,
    plan: BidirectionalPlan,
    { forward, backward }: { forward: RecurrentPass; backward: RecurrentPass },
  ) {
    this.#workspace = workspace;
    this.#plan = plan;
    this.#forward = forward;
    this.#backward = backward;
  }

  forward(group: Group): void {
    const { merge, to, forward: { H } } = this.#plan, { kernels, base } = this.#workspace;
    this.#forward.forward(group);
    this.#backward.forward(group);
    for (let s = 0; s < to.steps; s++) {
      const { a, b } = this.#outputs(s), y = base + to.y + s * to.yBytes;
      if (merge === CONCAT) {
        kernels.copyMasked(H, a, 0, y);
        kernels.copyMasked(H, b, 0, y + H * OCTET);
      } else kernels.merge(merge, H, a, b, y);
    }
  }

  backward(group: Group): void {
    const { merge, to, forward: { H } } = this.#plan, { kernels, base } = this.#workspace;
    for (let s = 0; s < to.steps; s++) {
      const { a, b, da, db } = this.#outputs(s), dy = base + to.dy + s * to.dyBytes;
      if (merge === CONCAT) {
        kernels.copyMasked(H, dy, 0, da);
        kernels.copyMasked(H, dy + H * OCTET, 0, db);
      } else kernels.mergeBack(merge, H, dy, a, b, da, db);
    }
    this.#forward.backward(group);
    this.#backward.backward(group);
    this.#sumInputs();
  }

  /** Adds the gradients of x of both directions. */
  #sumInputs(): void {
    const { from: { steps, features }, forward, backward } = this.#plan, { kernels, base } = this.#workspace;
    if (!forward.dx) return;
    for (let t = 0; t < steps; t++) {
      const other = base + backward.dx + t * backward.dxBytes;
      kernels.addTo(features, other, base + forward.dx + t * forward.dxBytes);
    }
  }

  /** What both directions return at a step, in the order of t, and where its gradients go. */
  #outputs(s: number): { a: number; b: number; da: number; db: number } {
    const { forward: { to: one }, backward: { to: other } } = this.#plan, { base } = this.#workspace;
    const mirrored = other.steps - 1 - s;
    return {
      a: base + one.y + s * one.yBytes,
      b: base + other.y + mirrored * other.yBytes,
      da: base + one.dy + s * one.dyBytes,
      db: base + other.dy + mirrored * other.dyBytes,
    };
  }
}
