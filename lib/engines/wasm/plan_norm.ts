/**
 * The layout of batch normalizations.
 *
 * @module
 */
import type { BatchNormLayer, Parameter } from "../../model/network.ts";
import type { NormPlan, SignalPlan } from "./pass_plans.ts";
import type { Frame } from "./plan_matrix.ts";
import { WORD } from "./strides.ts";

/** Lays out a batch normalization. */
export function planNorm(
  { kind, size: C, epsilon, momentum, unbiased, gamma, beta, movingMean, movingVariance }: BatchNormLayer,
  { from, to }: { from: SignalPlan; to: SignalPlan },
  { arena, elements, penalties, squares, groups, trains }: Frame,
): NormPlan {
  const place = ({ offset: start, l1, l2 }: Parameter) => ({ at: elements.take(C), start, l1, l2 });
  const isRegularized = [gamma, beta].some((one) => one !== null && (one.l1 > 0 || one.l2 > 0));
  const doubles = (count: number) => trains ? arena.take(count * Float64Array.BYTES_PER_ELEMENT) : 0;
  return {
    kind,
    C,
    epsilon,
    momentum,
    unbiased,
    gamma: gamma && place(gamma),
    beta: beta && place(beta),
    mean: place(movingMean),
    variance: place(movingVariance),
    penalties: isRegularized ? penalties.take(1) : -1,
    squares: squares.take(1),
    from,
    to,
    sums: doubles(groups * C * 2),
    moments: doubles(C * 2),
    deviations: doubles(C),
    factors: trains ? arena.take(5 * C * WORD) : 0,
    averages: arena.take(3 * C * WORD),
  };
}
