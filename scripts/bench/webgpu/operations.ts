/**
 * What kernels are made of: the operations of an invocation, which the probes time and the model adds up.
 *
 * @module
 */

/** What an invocation does, and how a probe does it many times over. */
export interface Operation {
  /**
   * WGSL that does it `count` times; `k` counts the turns of a loop and `at` what stands in a turn, `zero` is 0, `lane` is the
   * invocation of its workgroup.
   */
  readonly wgsl: string;
  readonly count: number;
}

/** All operations. */
export const OPERATIONS = {
  /** A multiplication and an addition of two numbers. */
  mads: {
    wgsl: "s0 = fma(s0, b, a); s1 = fma(s1, b, a); s2 = fma(s2, b, a); s3 = fma(s3, b, a);",
    count: 16,
  },
  /** A `vec4` of a storage buffer, each invocation its own. */
  vectors: { wgsl: "s0 += source[(k + at + zero) * 64u + lane];", count: 1 },
  /** A `vec4` of a storage buffer, the same in all invocations. */
  shared: { wgsl: "s0 += source[4u * k + at + zero];", count: 1 },
  /** 32 bits of a storage buffer, each invocation its own. */
  words: { wgsl: "s0.x += words[(k + at + zero) * 64u + lane];", count: 1 },
  /** A `vec4` of workgroup memory. */
  locals: { wgsl: "s0 += memory[4u * k + at + zero];", count: 1 },
  /** A `vec4` to a storage buffer. */
  stores: { wgsl: "results[(k + at + zero) * 64u + lane] = s0;", count: 1 },
  /** 32 bits to a storage buffer. */
  wordStores: { wgsl: "results[(k + at + zero) * 64u + lane].x = s0.x;", count: 1 },
  /** A `vec4` to workgroup memory. */
  localStores: { wgsl: "memory[(k + at + zero + lane) & 127u] = s0;", count: 1 },
  /** σ of a `vec4`. */
  sigmoids: { wgsl: "s0 = sigmoid(s0 + a);", count: 1 },
  /** tanh of a `vec4`. */
  tanhs: { wgsl: "s0 = safeTanh(s0 + a);", count: 1 },
  /** A division or a remainder of integers, by a number that no compiler knows. */
  divisions: { wgsl: "whole = (whole + lane) / divisor;", count: 1 },
  /** A turn of a loop. */
  loops: { wgsl: "", count: 1 },
} as const satisfies Record<string, Operation>;

/** The name of an operation. */
export type OperationName = keyof typeof OPERATIONS;

/** How many of each, or what each costs. */
export type PerOperation = Readonly<Record<OperationName, number>>;

/** The names of all operations. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

/** A record of all operations. */
export function perOperation(of: (name: OperationName) => number): PerOperation {
  return Object.fromEntries(OPERATION_NAMES.map((name) => [name, of(name)])) as PerOperation;
}
