/**
 * How trainings share the cores of this machine, and what they are trained on.
 *
 * @module
 */
import { chooseKernels } from "../../lib/engines/wasm/kernels.ts";
import { chooseDevice, type DeviceOptions } from "../../mod.ts";
import type { KeptFlags } from "../recipe/config.ts";
import type { Sharing } from "./processes.ts";

/**
 * The flags with the device that `auto` means here, and its arithmetic: another one would give other bits. With a GPU it remains
 * `auto`, which measures for each network which device is faster.
 */
export async function settleDevice(flags: KeptFlags): Promise<KeptFlags> {
  const asked = flags.device as DeviceOptions["device"] ?? "auto";
  const { device } = await chooseDevice(asked);
  if (device !== "wasm") return { ...flags, device };
  return { ...flags, device, math: flags.math ?? (await chooseKernels()).math };
}

/** Trainings share the cores on the CPU; a GPU, or what may become one, takes one at a time. Only wasm has threads. */
export function shareCores({ device, threads }: KeptFlags): { sharing: Sharing; passThreads: boolean } {
  const cores = navigator.hardwareConcurrency;
  if (device !== "wasm" && device !== "reference") return { sharing: { cores: 1 }, passThreads: false };
  if (device === "wasm" && threads === undefined) return { sharing: { cores }, passThreads: true };
  const each = device === "wasm" ? Number(threads) : 1;
  return { sharing: { cores, threads: each }, passThreads: false };
}
