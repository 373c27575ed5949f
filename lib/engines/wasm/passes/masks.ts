/**
 * The masks of dropout.
 *
 * @module
 */
import { dropoutThreshold } from "../../../random.ts";
import { GROUP } from "../strides.ts";
import type { Group, Workspace } from "./pass.ts";

/** Draws the mask of `features` numbers at one t of a group, `[4·ceil(features/4),8]`. */
export function drawMask(
  { kernels }: Workspace,
  { index, training }: Group,
  { features, at, domain, rate, mask }: {
    features: number;
    /** t + stream·2¹⁶. */
    at: number;
    domain: number;
    rate: number;
    mask: number;
  },
): void {
  const { step, seed } = training!, threshold = dropoutThreshold(rate), scale = 1 / (1 - rate);
  const blocks = Math.ceil(features / 4), first = index * GROUP;
  kernels.dropoutMask(blocks, first, at, step, seed, domain, threshold, scale, mask);
}
