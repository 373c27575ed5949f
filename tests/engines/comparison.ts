/**
 * How an engine's numbers are compared with what is expected of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Engine, EngineOptions } from "../../lib/engines/engine.ts";
import type { Network } from "../../lib/model/network.ts";
import { assertClose, type Tolerance, worstElement } from "../support/assert_close.ts";

/**
 * How far an engine may be from the textbook, from measured errors times a stated factor.
 *
 * `atol` counts in units of the largest expected element of the tensor compared, so that a tensor of small gradients
 * is held to as many digits as one of large ones.
 */
export interface EngineTolerance {
  readonly logits: Tolerance;
  readonly loss: Tolerance;
  /** The gradient of one batch, tensor by tensor. */
  readonly gradient: Tolerance;
  /** What several steps changed, in each tensor of parameters and of slots. */
  readonly movement: Tolerance;
}

/** What comparisons go by. */
export interface ComparedBy {
  /** Of those quantities that are compared. */
  readonly tolerance: Partial<EngineTolerance>;
  /** Is told of each comparison how much of the tolerance it used, for whoever sets the tolerances. */
  readonly observe?: (quantity: keyof EngineTolerance, share: number, what: string) => void;
}

/** An engine, and how it is to be tested. */
export interface EngineUnderTest extends ComparedBy {
  readonly name: string;
  readonly open: (options: EngineOptions) => Promise<Engine>;
  readonly tolerance: EngineTolerance;
  /** Why the tests cannot run here: they show as ignored with this reason. */
  readonly ignore?: string;
}

/** Registers one test of an engine. */
export function register({ name, ignore }: EngineUnderTest, text: string, fn: () => Promise<void>): void {
  const reason = ignore === undefined ? "" : ` (ignored: ${ignore})`;
  Deno.test({ name: `${name}: ${text}${reason}`, ignore: ignore !== undefined, fn });
}

/** Compares one array, within the tolerance of its quantity. */
export function compare(
  { tolerance, observe }: ComparedBy,
  quantity: keyof EngineTolerance,
  { actual, expected, name = quantity }: {
    actual: ArrayLike<number>;
    expected: ArrayLike<number>;
    name?: string;
  },
): void {
  const largest = Array.from(expected).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const { atol, rtol } = tolerance[quantity] ?? assert.fail(`there is no tolerance for ${quantity}`);
  const scaled = { atol: atol * largest, rtol };
  observe?.(quantity, worstElement(actual, expected, scaled).share, name);
  assertClose(actual, expected, { ...scaled, name });
}

/** Compares a flat array of parameters, or of what belongs to them, tensor by tensor. */
export function compareTensors(
  by: ComparedBy,
  quantity: keyof EngineTolerance,
  { network, actual, expected, prefix = "" }: {
    network: Network;
    actual: ArrayLike<number>;
    expected: ArrayLike<number>;
    prefix?: string;
  },
): void {
  assert.equal(actual.length, network.size, `${prefix}${quantity}: length`);
  for (const { name, offset, size } of network.parameters) {
    const tensor = (flat: ArrayLike<number>) => Array.from({ length: size }, (_, k) => flat[offset + k]);
    const label = `${quantity} of ${prefix}${name}`;
    compare(by, quantity, { actual: tensor(actual), expected: tensor(expected), name: label });
  }
}

/** What a training changed: the parameters after it minus those before. */
export function movement(after: ArrayLike<number>, before: ArrayLike<number>): Float64Array {
  return Float64Array.from(after, (value, k) => value - before[k]);
}
