/**
 * The choice of a device.
 *
 * @module
 */
import { BOOLEAN, check, FUNCTION, OBJECT, oneOf, optional, type Rules, whole } from "../options.ts";
import { type OpenedEngine, openFaster, type Tuning } from "./auto.ts";
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
  /**
   * Whether `webgpu` times the kernels of a training in all their shapes, even if it remembers the fastest; by default only where
   * they can be remembered, and not on software adapters. The bits do not depend on the shapes.
   */
  readonly tune?: boolean;
  /** Called with a table of the kernels, their shapes and times, after they have been timed. */
  readonly onTuned?: (table: readonly string[]) => void;
  /**
   * Remembers what is measured of this machine: the steps that `auto` takes to choose, by default until the program ends, and the
   * shapes of kernels. Values are plain data, which JSON can keep from one program to the next.
   */
  readonly tuning?: {
    /** What was remembered, if anything, or a promise of it. */
    get(key: string): unknown;
    /** Remembers a value; may return a promise. */
    set(key: string, value: unknown): unknown;
  };
}

const DEVICE = oneOf(...DEVICES);

/** The rules of {@link DeviceOptions}. */
export const DEVICE_RULES: Rules<DeviceOptions> = {
  device: optional(DEVICE),
  threads: optional(whole(1, 64)),
  math: optional(oneOf(...MATHS)),
  selfCheck: optional(BOOLEAN),
  tune: optional(BOOLEAN),
  onTuned: optional(FUNCTION),
  tuning: optional({
    must: "an object with the functions get and set",
    isKind: (value) => OBJECT.isKind(value) && isTuning(value as Partial<Tuning>),
  }),
};

/** The options of a device among others. */
export function pickDeviceOptions(options: DeviceOptions): DeviceOptions {
  const { device, threads, math, selfCheck, tuning, tune, onTuned } = options;
  return { device, threads, math, selfCheck, tuning, tune, onTuned };
}

function isTuning({ get, set }: Partial<Tuning>): boolean {
  return typeof get === "function" && typeof set === "function";
}

/** What is remembered until the program ends. */
const REMEMBERED: Tuning = new Map<string, unknown>();

/** Counts the versions of the engines whose figures are not to be mistaken for each other's. */
const TUNING_VERSION = 1;

/**
 * Opens the engine that was asked for; there is no silent fallback to another one.
 *
 * @param choice Options that keep {@link DEVICE_RULES}
 * @param how.singly Whether training steps will be awaited one by one, which takes longer where a device is far away
 * @throws {RangeError} If there is no such device, or the device has no such option.
 * @throws {Error} If `webgpu` was asked for and there is no adapter, or it computes wrong gradients.
 */
export async function openEngine(
  choice: DeviceOptions,
  options: EngineOptions,
  { singly = false }: { singly?: boolean } = {},
): Promise<OpenedEngine> {
  const { device, reason } = await chooseDevice(choice.device ?? "auto");
  const open = (device: Opened) => openDevice(device, choice, options);
  if (device !== "auto") {
    checkOptionsOf(device, choice);
    if (choice.tune && device !== "webgpu") {
      choice.onTuned?.([`No kernel was timed: the device is ${device}, ${reason}`]);
    }
    return { engine: await open(device), reason };
  }
  if (!options.training) return { engine: await open("wasm"), reason: PREDICTS };
  const { tuning = REMEMBERED, tune } = choice, key = await keyOf(choice, options, singly);
  return await openFaster({ open, options, singly, tuning, key, again: tune });
}

type Opened = Exclude<DeviceName, "auto">;

/** Any answer of `webgpu` takes Deno 11 ms; in 20, LSTM-64 on two cores gives a thousand of them, and the first in 0.7. */
const PREDICTS = "chosen by auto to predict: its first answers come sooner";

async function openDevice(device: Opened, choice: DeviceOptions, options: EngineOptions): Promise<Engine> {
  switch (device) {
    case "webgpu": {
      const { openWebgpu } = await import("./webgpu/open.ts");
      const { selfCheck, tune, tuning, onTuned } = choice;
      return await openWebgpu({ ...options, selfCheck, tune, tuning, onTuned });
    }
    case "wasm": {
      const { openWasm } = await import("./wasm/engine.ts");
      return await openWasm({ ...options, threads: choice.threads, math: choice.math });
    }
    case "reference":
      return await openReference(options);
  }
}

/**
 * The device that is used, and why. It is `auto` where that depends on what is trained: with a hardware WebGPU adapter, `auto`
 * takes some steps on it and on `wasm`, and then the faster one. Without, it is `wasm`; so it is for predictions alone.
 *
 * @throws {RangeError} If there is no such device.
 */
export async function chooseDevice(asked: DeviceName): Promise<{ device: DeviceName; reason: string }> {
  check("open the device", "device", { value: asked, rule: DEVICE });
  if (asked !== "auto") return { device: asked, reason: "as asked" };
  const { describeAdapter, findAdapter } = await import("./webgpu/device.ts");
  const adapter = await findAdapter();
  if (!adapter) return { device: "wasm", reason: "chosen by auto: no WebGPU adapter" };
  const { software } = describeAdapter(adapter);
  if (software) return { device: "wasm", reason: "chosen by auto: the WebGPU adapter is software" };
  return { device: "auto", reason: "the faster of webgpu and wasm for what is trained, and wasm to predict" };
}

/** All that the time of a step depends on; lengths count as the next power of two, so that similar ones are compared once. */
async function keyOf(
  { threads = navigator.hardwareConcurrency, math }: DeviceOptions,
  { network, layout: { T }, training }: EngineOptions,
  singly: boolean,
): Promise<string> {
  const { describeAdapter, findAdapter } = await import("./webgpu/device.ts");
  const adapter = describeAdapter((await findAdapter())!), { input, layers, loss, biases } = network;
  const { batchSize, optimizer: { kind: optimizer }, clip, transforms = false } = training!;
  const length = 2 ** Math.ceil(Math.log2(T));
  const trained = { length, batchSize, optimizer, clip: clip?.kind ?? null, transforms, singly };
  return `auto ${TUNING_VERSION}: ${
    JSON.stringify({ adapter, threads, math, ...trained, input, layers, loss, biases })
  }`;
}

const OPTIONS_OF = { webgpu: ["selfCheck", "tune"], wasm: ["threads", "math"], reference: [] } as const;

/** Refuses options of other devices, unless `auto` chose this one. */
function checkOptionsOf(
  device: Opened,
  { device: asked = "auto", tuning: _, onTuned: __, ...choice }: DeviceOptions,
): void {
  const known: readonly string[] = OPTIONS_OF[device];
  for (const [name, value] of Object.entries(choice)) {
    if (value === undefined || asked === "auto" || known.includes(name)) continue;
    throw new RangeError(
      `Cannot open the device ${device}: it has no option ${name}: current value is ${value}`,
    );
  }
}
