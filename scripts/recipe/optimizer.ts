/**
 * `--optimizer`, `--learning-rate`, `--weight-decay`: the optimizer of a recipe, or another one.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import { FlagError } from "../support/flags.ts";

/** The optimizers by name, and for each the learning rate that it usually does well with. */
const USUAL_RATES = {
  sgd: 0.1,
  momentum: 0.01,
  rmsprop: 0.001,
  adam: 0.001,
  adamw: 0.001,
  adadelta: 1,
} as const;

type OptimizerName = keyof typeof USUAL_RATES;

/** The names of the optimizers. */
export const OPTIMIZER_NAMES = Object.keys(USUAL_RATES) as OptimizerName[];

/** The name of the function that makes an optimizer. */
export function nameOf({ kind }: scanline.Optimizer): OptimizerName {
  const name = kind === "rmspropMomentum" ? "rmsprop" : kind;
  const found = OPTIMIZER_NAMES.find((one) => one === name);
  if (!found) throw new TypeError(`Cannot name the optimizer ${kind}: it must be one of Scanline's`);
  return found;
}

/**
 * A recipe's optimizer as flags change it. Of the same name it keeps its other numbers; another one has its defaults.
 *
 * @throws {FlagError} If weights are to decay, but the optimizer has no such thing.
 */
export function changeOptimizer(
  own: scanline.Optimizer,
  { name, learningRate, weightDecay }: { name: OptimizerName; learningRate?: number; weightDecay?: number },
): scanline.Optimizer {
  if (weightDecay !== undefined && name !== "adamw") {
    throw new FlagError(
      `Cannot use --weight-decay: --optimizer must be adamw, which has it: current value is ${name}`,
    );
  }
  const isOwn = name === nameOf(own);
  const rate = learningRate ?? (isOwn ? own.learningRate : USUAL_RATES[name]);
  const base = isOwn ? { ...own, learningRate: rate } : scanline[name]({ learningRate: rate });
  return base.kind === "adamw" && weightDecay !== undefined ? { ...base, weightDecay } : base;
}
