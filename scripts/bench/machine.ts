/**
 * What the figures were measured on.
 *
 * @module
 */
import { cpus } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { type AdapterDescription, describeAdapter, findAdapter } from "../../lib/engines/webgpu/device.ts";
import { measurePeak, type Peak } from "./peak.ts";

/** The machine and the versions of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
  readonly adapter: AdapterDescription | null;
  /** Of this repository; with a + if files differ from it. */
  readonly commit: string | null;
  readonly versions: Readonly<Record<string, string>>;
  /** GFLOP/s of one core. */
  readonly peak: Peak;
}

/** Looks at the machine; takes a second. */
export async function describeMachine(): Promise<Machine> {
  const adapter = await findAdapter();
  const commit = await output("git", ["rev-parse", "--short", "HEAD"]);
  const changed = await output("git", ["status", "--porcelain", "--untracked-files=no"]);
  return {
    cpu: cpus()[0]?.model.trim() ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    os: `${Deno.build.os} ${Deno.build.arch}`,
    adapter: adapter ? describeAdapter(adapter) : null,
    commit: commit && commit + (changed ? "+" : ""),
    versions: { deno: Deno.version.deno, v8: Deno.version.v8, tfjs: tf.version.tfjs },
    peak: measurePeak(),
  };
}

/** What a program prints; null if it is not there or fails. */
export async function output(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: [...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
