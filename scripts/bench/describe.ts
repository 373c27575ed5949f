/**
 * The machine that something was measured on, and the code.
 *
 * @module
 */
import { cpus } from "node:os";

/** A machine, in a few words. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
}

/** Processor, cores and system. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    os: `${Deno.build.os} ${Deno.build.arch}`,
  };
}

/** The commit of this checkout, and whether files in `paths` differ from it; null if it has no history. */
export async function describeCommit(
  ...paths: readonly string[]
): Promise<{ id: string; changed: boolean } | null> {
  const id = await outputOf("git", ["rev-parse", "--short", "HEAD"]);
  const status = ["status", "--porcelain", "--untracked-files=no", "--", ...paths];
  return id === null ? null : { id, changed: Boolean(await outputOf("git", status)) };
}

/** What a program prints; null if there is no such program, or it fails. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(command, { args: [...args], stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
