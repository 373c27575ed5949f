/**
 * Who takes part, and how their processes are started.
 *
 * @module
 */
import { OFFLINE } from "../support/offline.ts";
import { outputOf } from "../support/machine.ts";
import { Contender } from "./protocol.ts";
import type { Player } from "./rounds.ts";

/** The peers that `--peers` can name. */
export const PEERS = ["pytorch", "tfjs", "jax"] as const;

/** One of {@link PEERS}. */
export type PeerName = typeof PEERS[number];

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** A process of ours: it reads images and its kernels. */
function startScanline(label: string, device: string): Contender {
  const flags = ["run", ...OFFLINE, "--allow-read=data,runs,lib"];
  return new Contender(label, Deno.execPath(), [...flags, here("peers/scanline.ts"), device]);
}

/** Another library in JavaScript, fetched now: what is not in the lock file, only who measures needs. */
function startLibrary(label: string, file: string, device: string): Contender {
  const flags = [
    "run",
    "--no-prompt",
    "--no-remote",
    "--no-lock",
    "--allow-read",
    "--allow-env",
    "--allow-sys",
  ];
  return new Contender(label, Deno.execPath(), [...flags, here(`peers/${file}.ts`), device]);
}

/** Ours, that all others are compared with. */
export function startOurs(): Player {
  return { label: "Scanline wasm", contender: startScanline("Scanline wasm", "wasm") };
}

/** Our other ways to compute the same: one thread, two roundings. */
export function startVariants(): Player[] {
  const start = (label: string, choice: Player["choice"]): Player => ({
    label,
    contender: startScanline(label, "wasm"),
    choice,
  });
  return [
    start("Scanline wasm, 1 thread", { threads: 1 }),
    start("Scanline wasm, --math plain", { math: "plain" }),
    start("Scanline wasm, plain, 1 thread", { math: "plain", threads: 1 }),
  ];
}

/** Ours on WebGPU. */
export function startWebgpu(): Player {
  return { label: "Scanline webgpu", contender: startScanline("Scanline webgpu", "webgpu") };
}

/** The libraries in JavaScript. */
export function startLibraries(peers: readonly PeerName[], { webgpu }: { webgpu: boolean }): Player[] {
  const start = (label: string, file: string, device: string): Player => ({
    label,
    contender: startLibrary(label, file, device),
  });
  return [
    ...(peers.includes("tfjs")
      ? [start("tfjs cpu", "tensorflow", "cpu"), start("tfjs wasm", "tensorflow", "wasm")]
      : []),
    ...(peers.includes("tfjs") && webgpu ? [start("tfjs webgpu", "tensorflow", "webgpu")] : []),
    ...(peers.includes("jax") ? [start("jax-js wasm", "jax", "wasm")] : []),
    ...(peers.includes("jax") && webgpu ? [start("jax-js webgpu", "jax", "webgpu")] : []),
  ];
}

/** PyTorch with one thread, two, and one a core: the best counts. */
export function startPytorch(python: string): Player[] {
  return [...new Set([1, 2, navigator.hardwareConcurrency])].map((threads) => {
    const label = `PyTorch, ${threads} thread${threads > 1 ? "s" : ""}`;
    return { label, contender: new Contender(label, python, [here("torch_step.py")]), choice: { threads } };
  });
}

/** Ends their processes. */
export async function stop(players: readonly Player[]): Promise<void> {
  for (const { contender } of players) await contender[Symbol.asyncDispose]();
}

/**
 * The Python with PyTorch; null if none was asked for and `python3` has none.
 *
 * @throws {Error} If one was asked for, and has none
 */
export async function findPytorch(asked: string | undefined): Promise<string | null> {
  const python = asked ?? "python3";
  if (await outputOf(python, ["-c", "import torch"]) !== null) return python;
  if (asked === undefined) return null;
  throw new Error(
    `Cannot compare with PyTorch: --python must be a Python with torch: current value is "${asked}"`,
  );
}
