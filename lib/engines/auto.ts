/**
 * `auto` where there is a choice: the faster of a hardware WebGPU adapter and `wasm` for this very training.
 *
 * @module
 */
import { printable } from "../excerpt.ts";
import { asyncDispose } from "../symbols.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { measureStep } from "./step_time.ts";

/** Where measurements of this machine are remembered, which are made once. A `Map` is one. */
export interface Tuning {
  /** What was remembered, if anything: plain data, or a promise of it. */
  get(key: string): unknown;
  /** Remembers plain data. */
  set(key: string, value: unknown): unknown;
}

/** An engine, and why it was chosen. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** For people, in a few words. */
  readonly reason: string;
}

/** The devices that are compared. */
export type Compared = "webgpu" | "wasm";

/** What is compared. */
export interface Comparison {
  /** Opens a device for the training. */
  readonly open: (device: Compared) => Promise<Engine>;
  /** What it is opened with. */
  readonly options: EngineOptions;
  /** Whether each step is awaited before the next one. */
  readonly singly?: boolean;
  readonly tuning: Tuning;
  /** Whether to measure even what is remembered. */
  readonly again?: boolean;
  /** Under which the figures are remembered: all that they depend on. */
  readonly key: string;
}

/** Milliseconds of a step. */
type StepTimes = Readonly<Record<Compared, number>>;

type Tried = { readonly engine: Engine; readonly stepMs: number } | { readonly failure: unknown };

/**
 * Opens the device with the faster steps: as they were measured before, or by taking some on both. One that does not open, or
 * fails, is no choice, and the reason says why.
 *
 * @throws {Error} What `wasm` says, if neither opens
 */
export async function openFaster(comparison: Comparison): Promise<OpenedEngine> {
  const { open, tuning, key, again } = comparison, times = again ? null : timesOf(await tuning.get(key));
  if (!times) return await compare(comparison);
  const reason = `chosen by auto: ${formatTimes(times)}, as measured before`;
  if (fasterOf(times) === "wasm") return { engine: await open("wasm"), reason };
  try {
    return { engine: await open("webgpu"), reason };
  } catch (failure) {
    return { engine: await open("wasm"), reason: becauseOf("webgpu", failure) };
  }
}

async function compare(comparison: Comparison): Promise<OpenedEngine> {
  const webgpu = await tryOut("webgpu", comparison), wasm = await tryOut("wasm", comparison);
  if ("failure" in webgpu) {
    if ("failure" in wasm) throw wasm.failure;
    return { engine: wasm.engine, reason: becauseOf("webgpu", webgpu.failure) };
  }
  if ("failure" in wasm) return { engine: webgpu.engine, reason: becauseOf("wasm", wasm.failure) };
  const times = { webgpu: significant(webgpu.stepMs), wasm: significant(wasm.stepMs) };
  const [chosen, other] = fasterOf(times) === "webgpu" ? [webgpu, wasm] : [wasm, webgpu];
  try {
    await other.engine[asyncDispose]();
    await comparison.tuning.set(comparison.key, times);
  } catch (error) {
    await chosen.engine[asyncDispose]();
    throw error;
  }
  return { engine: chosen.engine, reason: `chosen by auto: ${formatTimes(times)}` };
}

async function tryOut(device: Compared, { open, options, singly }: Comparison): Promise<Tried> {
  let engine: Engine | undefined;
  try {
    engine = await open(device);
    return { engine, stepMs: await measureStep(engine, options, { singly }) };
  } catch (failure) {
    await engine?.[asyncDispose]();
    return { failure };
  }
}

function fasterOf({ webgpu, wasm }: StepTimes): Compared {
  return webgpu < wasm ? "webgpu" : "wasm";
}

function formatTimes({ webgpu, wasm }: StepTimes): string {
  return `webgpu ${webgpu} ms a step, wasm ${wasm} ms`;
}

function becauseOf(device: Compared, failure: unknown): string {
  const message = failure instanceof Error ? failure.message : String(failure);
  return `chosen by auto, since ${device} is no choice: ${printable(message, 600)}`;
}

/** The first two digits of a number: more are noise. */
function significant(value: number): number {
  return Number(value.toPrecision(2));
}

/** What was remembered; null if it is not what {@link compare} remembers. */
function timesOf(value: unknown): StepTimes | null {
  if (typeof value !== "object" || value === null) return null;
  const { webgpu, wasm } = value as Partial<Record<Compared, unknown>>;
  return isTime(webgpu) && isTime(wasm) ? { webgpu, wasm } : null;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < Infinity;
}
