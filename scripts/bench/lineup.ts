/**
 * Who takes part in the bench, and how their processes are started.
 *
 * @module
 */
import { outputOf } from "./describe.ts";
import { OFFLINE } from "../support/shell.ts";
import { Contender } from "./protocol.ts";
import type { Player } from "./rounds.ts";

/** The peers that `--peers` can name. */
export const PEERS = ["pytorch", "tfjs", "jax"] as const;

/** One of {@link PEERS}. */
export type PeerName = typeof PEERS[number];

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Scanline on a device, by default the one that all others are compared with. */
export function startScanline(
  label = "Scanline wasm",
  device: "wasm" | "webgpu" = "wasm",
  choice?: Player["choice"],
): Player {
  const flags = ["run", ...OFFLINE, "--allow-read=data,runs,lib"];
  const program = [here("peers/scanline.ts"), device];
  return { label, contender: new Contender(label, Deno.execPath(), [...flags, ...program]), choice };
}

/** Scanline's other ways to compute the same: with one thread, with two roundings. */
export function startVariants(): Player[] {
  return [
    startScanline("Scanline wasm, 1 thread", "wasm", { threads: 1 }),
    startScanline("Scanline wasm, --math plain", "wasm", { math: "plain" }),
    startScanline("Scanline wasm, plain, 1 thread", "wasm", { math: "plain", threads: 1 }),
  ];
}

/** The devices of libraries in JavaScript. */
export type LibraryDevice = "cpu" | "wasm" | "webgpu";

/** The libraries in JavaScript on those of `devices` that they have. Deno fetches them now, because the lock file does not name them. */
export function startLibraries(
  peers: readonly PeerName[],
  { devices: wanted }: { devices: readonly LibraryDevice[] },
): Player[] {
  const start = (library: string, program: string, devices: readonly LibraryDevice[]) =>
    devices.filter((device) => wanted.includes(device)).map((device): Player => {
      const label = `${library} ${device}`;
      const flags = [
        "run",
        "--no-prompt",
        "--no-remote",
        "--no-lock",
        "--allow-read",
        "--allow-env",
        "--allow-sys",
      ];
      return { label, contender: new Contender(label, Deno.execPath(), [...flags, here(program), device]) };
    });
  return [
    ...(peers.includes("tfjs") ? start("tfjs", "peers/tensorflow.ts", ["cpu", "wasm", "webgpu"]) : []),
    ...(peers.includes("jax") ? start("jax-js", "peers/jax.ts", ["wasm", "webgpu"]) : []),
  ];
}

/** PyTorch with one thread, two, and one a core: the best counts. */
export function startPytorch(python: string): Player[] {
  return [...new Set([1, 2, navigator.hardwareConcurrency])].map((threads) => {
    const label = `PyTorch, ${threads} thread${threads > 1 ? "s" : ""}`;
    return { label, contender: new Contender(label, python, [here("torch_step.py")]), choice: { threads } };
  });
}

/** PyTorch on the first device that its CUDA finds. */
export function startCuda(python: string): Player {
  const label = "PyTorch CUDA", contender = new Contender(label, python, [here("torch_step.py")]);
  return { label, contender, choice: { threads: 1, device: "cuda" } };
}

/** Ends the players' processes. */
export async function stop(players: readonly Player[]): Promise<void> {
  for (const { contender } of players) await contender[Symbol.asyncDispose]();
}

/**
 * A Python with PyTorch; null if none was asked for, and `python3` has no PyTorch.
 *
 * @throws {Error} If one was asked for, and has no PyTorch
 */
export async function findPytorch(asked: string | undefined): Promise<string | null> {
  const python = asked ?? "python3";
  if (await outputOf(python, ["-c", "import torch"]) !== null) return python;
  if (asked === undefined) return null;
  throw new Error(
    `Cannot compare with PyTorch: --python must be a Python with torch: current value is "${asked}"`,
  );
}

/** Whether the CUDA of a Python's torch finds a device. */
export async function findCuda(python: string): Promise<boolean> {
  return await outputOf(python, ["-c", "import torch; print(torch.cuda.is_available())"]) === "True";
}
