/**
 * What a dispatch does, in the operations of the cost model.
 *
 * @module
 */
import type { Dispatch, KernelName } from "../../../lib/engines/webgpu/kernels.ts";
import { type Shape, USUAL_SHAPE } from "../../../lib/engines/webgpu/shapes.ts";
import type { PerOperation } from "./operations.ts";
import { gruWork, lstmWork, rnnWork } from "./work_recurrent.ts";
import { headWork, productWork } from "./work_products.ts";
import { elementWork, updateWork } from "./work_elements.ts";

/** A stretch of a kernel that a workgroup goes through `times` times. */
export interface Phase {
  readonly times: number;
  /** The invocations, or jobs for them, that take part; each takes every THREADS-th. */
  readonly lanes: number;
  /** What a job does each time. */
  readonly operations: Partial<PerOperation>;
  /** What it waits for, one after another, each time: loads, multiply-adds and reads of workgroup memory. */
  readonly chain: { readonly loads?: number; readonly mads?: number; readonly locals?: number };
  /** The barriers at its end. */
  readonly barriers?: number;
}

/** What a dispatch does. */
export interface Work {
  readonly groups: number;
  /** The invocations of a workgroup. */
  readonly threads: number;
  readonly phases: readonly Phase[];
  /** The bytes that a workgroup reads again and again; they come fast if the cache of its core holds them. */
  readonly rereadBytes: number;
  /** Whether a fence of storage buffers stands between its steps, so that no cache of a core keeps them. */
  readonly fenced?: boolean;
  /** The bytes that it reads and writes, each counted once. */
  readonly footprintBytes: number;
  /** The bytes that cores take from the cache of all cores, or give to it. */
  readonly trafficBytes: number;
}

/** A dispatch with its shape. */
export type Shaped = Pick<Dispatch, "kernel" | "constants" | "workgroups" | "piece"> & {
  readonly shape: Shape;
};

/** The work of each kernel; those that are left out take next to no time in the recipes. */
const WORK: Partial<Record<KernelName, (dispatch: Shaped) => Work>> = {
  lstm_forward: (dispatch) => lstmWork(dispatch, "forward"),
  lstm_backward: (dispatch) => lstmWork(dispatch, "backward"),
  gru_forward: (dispatch) => gruWork(dispatch, "forward"),
  gru_backward: (dispatch) => gruWork(dispatch, "backward"),
  rnn_forward: (dispatch) => rnnWork(dispatch, "forward"),
  rnn_backward: (dispatch) => rnnWork(dispatch, "backward"),
  input_product: productWork,
  input_gradient: productWork,
  weight_gradient: productWork,
  head: headWork,
  update: updateWork,
};

/** The work of a dispatch. */
export function workOf(dispatch: Dispatch): Work {
  const shaped = { ...dispatch, shape: dispatch.shaped?.shape ?? USUAL_SHAPE };
  return (WORK[dispatch.kernel] ?? elementWork)(shaped);
}

/** The multiply-adds of a dispatch. */
export function madsOf({ groups, phases }: Work): number {
  return groups *
    phases.reduce((sum, { times, lanes, operations }) => sum + times * lanes * (operations.mads ?? 0), 0);
}
