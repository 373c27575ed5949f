/**
 * Comparisons of an engine's numbers with those expected.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Engine, EngineOptions, StepResult } from "../../lib/engines/engine.ts";
import type { Network, Parameter } from "../../lib/model/network.ts";
import { assertClose, type Tolerance, worstElement } from "../support/assert_close.ts";
import { testUnless } from "./test_unless.ts";

/**
 * How far an engine may be from the reference: the measured errors times a stated factor.
 *
 * `atol` counts in units of the largest expected element of the tensor, so that tensors of small and of large gradients must
 * agree in as many digits.
 */
export interface EngineTolerance {
  readonly logits: Tolerance;
  readonly loss: Tolerance;
  /** The gradient of one batch, tensor by tensor. */
  readonly gradient: Tolerance;
  /** The change over several steps, in each tensor of parameters and of slots. */
  readonly movement: Tolerance;
}

/** How to compare. */
export interface ComparedBy {
  /** The tolerances of the quantities that are compared. */
  readonly tolerance: Partial<EngineTolerance>;
  /** Called with the share of the tolerance that each comparison uses, to set the tolerances by. */
  readonly observe?: (quantity: keyof EngineTolerance, share: number, what: string) => void;
}

/** An engine, and how to test it. */
export interface EngineUnderTest extends ComparedBy {
  readonly name: string;
  readonly open: (options: EngineOptions) => Promise<Engine>;
  readonly tolerance: EngineTolerance;
  /** Why the tests cannot run here; undefined where they can. */
  readonly ignore?: string;
}

/** Registers one test of an engine. */
export function register({ name, ignore }: EngineUnderTest, text: string, fn: () => Promise<void>): void {
  testUnless(ignore, `${name}: ${text}`, fn);
}

/** Compares an array, within the tolerance of its quantity. */
export function compare(
  { tolerance, observe }: ComparedBy,
  quantity: keyof EngineTolerance,
  { actual, expected, name = quantity, rounding = 0 }: {
    actual: ArrayLike<number>;
    expected: ArrayLike<number>;
    name?: string;
    /** What is added to the tolerance. */
    rounding?: number;
  },
): void {
  const largest = Array.from(expected).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const { atol, rtol } = tolerance[quantity] ?? assert.fail(`there is no tolerance for ${quantity}`);
  const scaled = { atol: atol * largest + rounding, rtol };
  observe?.(quantity, worstElement(actual, expected, scaled).share, name);
  assertClose(actual, expected, { ...scaled, name });
}

/** Compares a flat array of parameters, their gradients or slots, tensor by tensor. */
export function compareTensors(
  by: ComparedBy,
  quantity: keyof EngineTolerance,
  { network, actual, expected, prefix = "", roundedBy = () => 0 }: {
    network: Network;
    actual: ArrayLike<number>;
    expected: ArrayLike<number>;
    prefix?: string;
    /** What is added to the tolerance of a tensor. */
    roundedBy?: (parameter: Parameter) => number;
  },
): void {
  assert.equal(actual.length, network.size, `${prefix}${quantity}: length`);
  for (const parameter of network.parameters) {
    const { name, offset, size } = parameter, rounding = roundedBy(parameter);
    const tensor = (flat: ArrayLike<number>) => Array.from({ length: size }, (_, k) => flat[offset + k]);
    const label = `${quantity} of ${prefix}${name}`;
    compare(by, quantity, { actual: tensor(actual), expected: tensor(expected), name: label, rounding });
  }
}

/** The change over a training: the parameters after it minus those before. */
export function movement(after: ArrayLike<number>, before: ArrayLike<number>): Float64Array {
  return Float64Array.from(after, (value, k) => value - before[k]);
}

/**
 * How far the rounding of float32 parameters may carry each tensor: at every step by up to half a unit in the last place of its
 * largest element.
 */
export function roundedOver(steps: number, parameters: Float32Array): (parameter: Parameter) => number {
  return ({ offset, size }) => {
    const tensor = parameters.subarray(offset, offset + size);
    return steps * 2 ** -24 * tensor.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  };
}

/** The same engine, with tolerances that are larger by a factor. */
export function coarser(engine: EngineUnderTest, factor: number): EngineUnderTest {
  const times = ({ atol, rtol }: Tolerance) => ({ atol: atol * factor, rtol: rtol * factor });
  const { logits, loss, gradient, movement } = engine.tolerance;
  return {
    ...engine,
    tolerance: {
      logits: times(logits),
      loss: times(loss),
      gradient: times(gradient),
      movement: times(movement),
    },
  };
}

/** Compares the losses of several steps. */
export function compareLosses(engine: EngineUnderTest, actual: StepResult[], expected: StepResult[]): void {
  const losses = (results: StepResult[]) => results.map(({ loss }) => loss);
  compare(engine, "loss", { actual: losses(actual), expected: losses(expected) });
}
