/**
 * How many 128-bit multiply-adds a core does in a second: the peak rate of products in WebAssembly.
 *
 * The loop is assembled here, byte by byte: twelve independent sums, all in registers.
 *
 * @module
 */
import { median } from "./statistics.ts";

const SUMS = 12; // enough to hide latency, and few enough to stay in registers
const UNROLLED = 8;
const LANES = 4;
const ITERATIONS = 200_000;

const I32 = 0x7f, F32 = 0x7d, V128 = 0x7b;
const LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22, I32_CONST = 0x41, F32_CONST = 0x43;
const SPLAT = [0xfd, 0x13], LANE_0 = [0xfd, 0x1f, 0x00];
const ADD = [0xfd, 0xe4, 0x01], MUL = [0xfd, 0xe6, 0x01], RELAXED_MADD = [0xfd, 0x85, 0x02];
const LOOP_VOID = [0x03, 0x40], BRANCH_IF_0 = [0x0d, 0x00], END = 0x0b, I32_SUB = 0x6b;

/** The peak rate of a core, in GFLOP/s. */
export interface Peak {
  /** One rounding, one instruction: `f32x4.relaxed_madd`. */
  readonly fused: number;
  /** Two roundings, two instructions: `f32x4.mul` and `f32x4.add`. */
  readonly plain: number;
}

/** Measures both on the calling thread; takes about a second. */
export function measurePeak(): Peak {
  return { fused: measure(true), plain: measure(false) };
}

function measure(fused: boolean): number {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(assemble(fused)));
  const run = instance.exports.run as (iterations: number) => number;
  const flops = ITERATIONS * UNROLLED * SUMS * LANES * 2;
  const rates = Array.from({ length: 60 }, () => {
    const started = performance.now();
    run(ITERATIONS);
    return flops / (performance.now() - started) / 1e6;
  });
  // The first runs use the baseline compiler; the slower half of the others was disturbed by other programs.
  const settled = rates.slice(20).sort((a, b) => b - a);
  return median(settled.slice(0, settled.length / 2));
}

/** `run(iterations: i32) → f32`; its locals are the counter, the factor, and the sums. */
function assemble(fused: boolean): Uint8Array<ArrayBuffer> {
  const factor = 1, sum = (index: number) => 2 + index % SUMS;
  const step = (index: number) =>
    fused
      ? [LOCAL_GET, factor, LOCAL_GET, factor, LOCAL_GET, sum(index), ...RELAXED_MADD, LOCAL_SET, sum(index)]
      : [LOCAL_GET, sum(index), LOCAL_GET, factor, ...MUL, LOCAL_GET, factor, ...ADD, LOCAL_SET, sum(index)];
  const all = Array.from({ length: SUMS * UNROLLED }, (_, index) => step(index)).flat();
  const adding = (index: number) => [LOCAL_GET, sum(index), ...(index > 0 ? ADD : [])];
  const total = Array.from({ length: SUMS }, (_, index) => adding(index)).flat();
  const half = [...new Uint8Array(Float32Array.of(0.5).buffer)];
  const code = [
    ...[1, SUMS + 1, V128], // one group of locals besides the parameter
    ...[F32_CONST, ...half, ...SPLAT, LOCAL_SET, factor],
    ...[...LOOP_VOID, ...all, LOCAL_GET, 0, I32_CONST, 1, I32_SUB, LOCAL_TEE, 0, ...BRANCH_IF_0, END],
    ...[...total, ...LANE_0, END],
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 1, F32]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, ...new TextEncoder().encode("run"), 0, 0]),
    ...section(10, [1, ...sized(code)]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): number[] {
  return [...leb128(content.length), ...content];
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...leb128(value >> 7)];
}
