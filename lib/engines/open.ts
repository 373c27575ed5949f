/**
 * The choice of a device.
 *
 * @module
 */
import { BOOLEAN, check, oneOf, optional, type Rules, whole } from "../options.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { openReference } from "./reference/engine.ts";

/** The devices to choose from; `auto` leaves the choice to Scanline. */
export const DEVICES = ["auto", "webgpu", "wasm", "reference"] as const;

/** One of {@link DEVICES}. */
export type DeviceName = typeof DEVICES[number];

/** The arithmetics of the `wasm` engine to choose from. */
export const MATHS = ["fused", "plain"] as const;

/** One of {@link MATHS}: `fused` rounds a multiply-add once, `plain` twice; their bits differ. */
export type MathName = typeof MATHS[number];

/** Which device to train on, and how. */
export interface DeviceOptions {
  /** `auto` by default. */
  readonly device?: DeviceName;
  /** Threads of `wasm`; all cores by default. The bits do not depend on their number. */
  readonly threads?: number;
  /** Arithmetic of `wasm`; by default `fused` on machines that have it. */
  readonly math?: MathName;
  /** Whether `webgpu` first compares its numbers with those of `reference`; true by default. */
  readonly selfCheck?: boolean;
}

const DEVICE = oneOf(...DEVICES);

/** The rules of {@link DeviceOptions}. */
export const DEVICE_RULES: Rules<DeviceOptions> = {
  device: optional(DEVICE),
  threads: optional(whole(1, 64)),
  math: optional(oneOf(...MATHS)),
  selfCheck: optional(BOOLEAN),
};

/** An engine, and why it was chosen. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** For people, in a few words. */
  readonly reason: string;
}

/**
 * Opens the engine that was asked for; there is no silent fallback to another one.
 *
 * @param choice Options that keep {@link DEVICE_RULES}
 * @throws {RangeError} If there is no such device, or the device has no such option.
 * @throws {Error} If `webgpu` was asked for and there is no adapter, or it computes wrong gradients.
 */
export async function openEngine(choice: DeviceOptions, options: EngineOptions): Promise<OpenedEngine> {
  const { device, reason } = await chooseDevice(choice.device ?? "auto");
  checkOptionsOf(device, choice);
  switch (device) {
    case "webgpu": {
      const { openWebgpu } = await import("./webgpu/engine.ts");
      return { engine: await openWebgpu({ ...options, selfCheck: choice.selfCheck }), reason };
    }
    case "wasm": {
      const { openWasm } = await import("./wasm/engine.ts");
      return { engine: await openWasm({ ...options, threads: choice.threads, math: choice.math }), reason };
    }
    case "reference":
      return { engine: await openReference(options), reason };
  }
}

/**
 * The device that is used, and why: `auto` takes a hardware WebGPU adapter, else `wasm`.
 *
 * @throws {RangeError} If there is no such device.
 */
export async function chooseDevice(
  asked: DeviceName,
): Promise<{ device: Exclude<DeviceName, "auto">; reason: string }> {
  check("open the device", "device", { value: asked, rule: DEVICE });
  if (asked !== "auto") return { device: asked, reason: "as asked" };
  const { describeAdapter, findAdapter } = await import("./webgpu/device.ts");
  const adapter = await findAdapter();
  if (!adapter) return { device: "wasm", reason: "chosen by auto: no WebGPU adapter" };
  const { software } = describeAdapter(adapter);
  if (software) return { device: "wasm", reason: "chosen by auto: the WebGPU adapter is software" };
  return { device: "webgpu", reason: "chosen by auto: a hardware WebGPU adapter" };
}

const OPTIONS_OF = { webgpu: ["selfCheck"], wasm: ["threads", "math"], reference: [] } as const;

/** Refuses options of other devices, unless `auto` chose this one. */
function checkOptionsOf(
  device: keyof typeof OPTIONS_OF,
  { device: asked = "auto", ...choice }: DeviceOptions,
): void {
  const known: readonly string[] = OPTIONS_OF[device];
  for (const [name, value] of Object.entries(choice)) {
    if (value === undefined || asked === "auto" || known.includes(name)) continue;
    throw new RangeError(
      `Cannot open the device ${device}: it has no option ${name}: current value is ${value}`,
    );
  }
}
