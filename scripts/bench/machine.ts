/**
 * What the bench measures on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type AdapterDescription, describeAdapter, findAdapter } from "../../lib/engines/webgpu/device.ts";
import { describeCommit, describeMachine, type Machine } from "./describe.ts";
import { measurePeak, type Peak } from "./peak.ts";

/** The machine and the versions of a run. */
export interface MeasuredMachine extends Machine {
  readonly adapter: AdapterDescription | null;
  /** Of this repository; with a + if files differ from it. */
  readonly commit: string | null;
  readonly versions: Readonly<Record<string, string>>;
  /** GFLOP/s of one core. */
  readonly peak: Peak;
}

/** Describes the machine, and measures its peak; takes a second. */
export async function measureMachine(): Promise<MeasuredMachine> {
  const adapter = await findAdapter();
  const commit = await describeCommit();
  return {
    ...describeMachine(),
    adapter: adapter ? describeAdapter(adapter) : null,
    commit: commit && commit.id + (commit.changed ? "+" : ""),
    versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
    peak: measurePeak(),
  };
}
