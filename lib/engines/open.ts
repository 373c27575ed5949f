/**
 * The one place that chooses a device.
 *
 * @module
 */
import type { Engine, EngineOptions } from "./engine.ts";

/** What can be asked for; `auto` leaves the choice to Scanline. */
export const DEVICES = ["auto", "wasm", "reference"] as const;

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
}

/** An engine, and why it is this one. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** For people, in a few words. */
  readonly reason: string;
}

/**
 * Opens the engine that was asked for. One that is not there is an error: nothing falls back in silence.
 *
 * @throws {RangeError} If there is no such device, or the device has no such option.
 */
export async function openEngine(choice: DeviceOptions, options: EngineOptions): Promise<OpenedEngine> {
  const { device = "auto", threads, math } = choice;
  switch (device) {
    case "auto":
    case "wasm": {
      const { openWasm } = await import("./wasm/engine.ts");
      const reason = device === "auto"
        ? "chosen by auto: this version computes on the CPU alone"
        : "as asked";
      return { engine: await openWasm({ ...options, threads, math }), reason };
    }
    case "reference": {
      checkOnlyWasm({ threads, math });
      const { openReference } = await import("./reference/engine.ts");
      return { engine: await openReference(options), reason: "as asked" };
    }
    default:
      throw new RangeError(
        `Cannot open the device: it must be ${DEVICES.join(", ")}: current value is ${
          JSON.stringify(device)
        }`,
      );
  }
}

function checkOnlyWasm(given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== 1) {
      throw new RangeError(
        `Cannot open the device reference: ${name} is an option of wasm alone: current value is ${value}`,
      );
    }
  }
}
