/**
 * The one place that chooses a device.
 *
 * @module
 */
import { BOOLEAN, check, oneOf, optional, type Rules, whole } from "../options.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** What can be asked for; `auto` leaves the choice to Scanline. */
export const DEVICES = ["auto", "webgpu", "wasm", "reference"] as const;

/** One of {@link DEVICES}. */
export type DeviceName = typeof DEVICES[number];

/** What the arithmetic of the `wasm` engine can be asked to be. */
export const MATHS = ["fused", "plain"] as const;

/** One of {@link MATHS}: `fused` rounds once in a multiply-add, `plain` twice; their bits differ. */
export type MathName = typeof MATHS[number];

/** Which device to train on, and how. */
export interface DeviceOptions {
  /** `auto` by default. */
  readonly device?: DeviceName;
  /** Threads of `wasm`; all cores by default. The bits do not depend on it. */
  readonly threads?: number;
  /** Arithmetic of `wasm`; `fused` by default, where the machine has it. */
  readonly math?: MathName;
  /** Whether `webgpu` compares first numbers of its own with the textbook's; true by default. */
  readonly selfCheck?: boolean;
}

const DEVICE = oneOf(...DEVICES);

/** What the options of a device must be. */
export const DEVICE_RULES: Rules<DeviceOptions> = {
  device: optional(DEVICE),
  threads: optional(whole(1, 64)),
  math: optional(oneOf(...MATHS)),
  selfCheck: optional(BOOLEAN),
};

/** An engine, and why it is this one. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** For people, in a few words. */
  readonly reason: string;
}

/**
 * Opens the engine that was asked for. One that is not there is an error: nothing falls back in silence.
 *
 * @param choice As {@link DEVICE_RULES} want it
 * @throws {RangeError} If there is no such device, or the device has no such option.
 * @throws {Error} If `webgpu` was asked for and there is no adapter, or one that computes wrong gradients.
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
    case "reference": {
      const { openReference } = await import("./reference/engine.ts");
      return { engine: await openReference(options), reason };
    }
  }
}

/**
 * What `auto` takes on this machine, and why: a hardware WebGPU adapter, else `wasm`.
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

/** An option of another device is an error, unless `auto` chose this one. */
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
