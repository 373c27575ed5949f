/**
 * What a training is, as plain data.
 *
 * @module
 */
import type { Start } from "../model/initialize.ts";
import type { Optimizer } from "../model/optimizers.ts";
import type { SplitName } from "./call_options.ts";
import type { Refinements } from "./refinements.ts";

/** A training with all defaults filled in: plain data, for records. */
export interface TrainingConfig extends Refinements {
  /** What turns gradients into updates. */
  readonly optimizer: Optimizer;
  /** Whose initializers started the weights; null where the model kept its own weights. */
  readonly initialize: Start | null;
  /** The bias of the forget gates, where it was given. */
  readonly forgetBias?: number;
  /** Images a step. */
  readonly batchSize: number;
  /** What happens where an epoch does not end with a full batch. */
  readonly lastBatch: "short" | "carry";
  /** Of weights, order, dropout and transforms. */
  readonly seed: number;
  /** How many images each split has. */
  readonly images: Readonly<Record<SplitName, number>>;
}
