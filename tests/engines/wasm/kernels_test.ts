import assert from "node:assert/strict";
import type { MathName } from "../../../lib/engines/open.ts";
import { chooseKernels, compileKernels, instantiateKernels } from "../../../lib/engines/wasm/kernels.ts";
import { test } from "./support/wasm_tests.ts";

/** y = f(x) by the kernels; f as in assembly/math.ts `evaluate`. */
async function evaluate(math: MathName, f: number, x: Float32Array): Promise<Float32Array> {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const kernels = instantiateKernels(await compileKernels(math), memory);
  const from = 65536, to = from + x.byteLength;
  new Float32Array(memory.buffer, from, x.length).set(x);
  kernels.evaluate(f, x.length / 4, from, to);
  return new Float32Array(memory.buffer, to, x.length).slice();
}

const grid = (low: number, high: number, count = 40_000) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * i / (count - 1));

// The bounds are the measured errors, rounded up in the second digit.
const FUNCTIONS = [
  { name: "tanh", f: 0, exact: Math.tanh, x: grid(-12, 12), absolute: 3.2e-7, relative: 3.2e-7 },
  {
    name: "sigmoid",
    f: 1,
    exact: (x: number) => 1 / (1 + Math.exp(-x)),
    x: grid(-30, 30),
    absolute: 1.6e-7,
    relative: Infinity,
  },
  { name: "exp", f: 2, exact: Math.exp, x: grid(-87, 0), absolute: 6.0e-8, relative: 1.2e-7 },
  { name: "ln", f: 3, exact: Math.log, x: grid(1, 1024), absolute: 2.6e-7, relative: 7.0e-8 },
  {
    name: "ln below 1",
    f: 3,
    exact: Math.log,
    x: grid(-16, 0).map(Math.exp),
    absolute: 9e-7,
    relative: 7.6e-8,
  },
  {
    name: "the sigmoid of losses",
    f: 4,
    exact: (x: number) => 1 / (1 + Math.exp(-x)),
    x: grid(-80, 80),
    absolute: 8.7e-8,
    relative: 2.0e-7,
  },
];

for (const math of ["fused", "plain"] as const) {
  for (const { name, f, exact, x, absolute, relative } of FUNCTIONS) {
    test(`${name} of the ${math} kernels is as close to the exact function as measured`, async () => {
      const y = await evaluate(math, f, x);
      let worstAbsolute = 0, worstRelative = 0;
      x.forEach((value, i) => {
        const expected = exact(value), error = Math.abs(y[i] - expected);
        worstAbsolute = Math.max(worstAbsolute, error);
        worstRelative = Math.max(worstRelative, expected === 0 ? 0 : error / Math.abs(expected));
      });
      assert(worstAbsolute <= absolute, `absolute error ${worstAbsolute}`);
      assert(worstRelative <= relative, `relative error ${worstRelative}`);
    });
  }
}

test("for large inputs, the gates are exactly 0 and 1, and tanh exactly −1 and 1", async () => {
  const x = Float32Array.of(-Infinity, -1e30, -17, -8, 8, 17, 1e30, Infinity);
  for (const math of ["fused", "plain"] as const) {
    assert.deepEqual(await evaluate(math, 0, x), x.map(Math.sign), `tanh, ${math}`);
    const gates = await evaluate(math, 1, Float32Array.from(x, (value) => 2 * value));
    assert.deepEqual(gates, x.map((value) => value > 0 ? 1 : 0), `sigmoid, ${math}`);
  }
});

test("every function keeps NaN: a training that has diverged must not report numbers", async () => {
  const x = Float32Array.of(NaN, 0.25, NaN, NaN);
  for (const math of ["fused", "plain"] as const) {
    for (const { name, f } of FUNCTIONS) {
      const y = await evaluate(math, f, x);
      assert.deepEqual([...y].map(Number.isNaN), [true, false, true, true], `${name}, ${math}`);
    }
  }
});

test("chooseKernels() follows the probe, unless a build was asked for", async () => {
  const probe = (compiles: boolean, roundsOnce: boolean) => ({
    compiles: () => compiles,
    roundsOnce: () => roundsOnce,
  });
  const once = probe(true, true), twice = probe(true, false), never = probe(false, true);
  assert.equal((await chooseKernels(undefined, once)).math, "fused");
  assert.equal((await chooseKernels(undefined, twice)).math, "plain");
  assert.equal((await chooseKernels(undefined, never)).math, "plain");
  assert.equal((await chooseKernels("plain", once)).math, "plain");
  assert.equal((await chooseKernels("fused", once)).math, "fused");
  await assert.rejects(
    chooseKernels("fused", twice),
    /^RangeError: Cannot train with --math fused: .*: it rounds twice; use --math plain/,
  );
  await assert.rejects(chooseKernels("fused", never), /: it has none; use --math plain/);
});

test("the plain build never rounds once", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  assert.equal(instantiateKernels(await compileKernels("plain"), memory).leavesOfSquare(), 0);
});

for (const math of ["fused", "plain"] as const) {
  test(`gradients that vanish over time become 0 and no denormal numbers, ${math}`, async () => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
    const kernels = instantiateKernels(await compileKernels(math), memory),
      floats = new Float32Array(memory.buffer);
    const [gates, c, dh, dc] = [65_536, 66_560, 67_584, 68_608], linear = 0;
    const array = (address: number, length: number) => floats.subarray(address / 4, address / 4 + length);
    for (const [size, vanishes] of [[1e-30, false], [1e-31, true], [1e-39, true], [NaN, false]] as const) {
      array(gates, 32).fill(0.5), array(c, 8).fill(0.5), array(dh, 8).fill(size), array(dc, 8).fill(size);
      kernels.lstmBackward(1, linear, linear, gates, c, c, dh, 0, dc);
      for (const [name, of] of [["dz", array(gates, 32)], ["dc", array(dc, 8)]] as const) {
        assert(of.every((value) => (value === 0) === vanishes), `${name} of ${size}: ${of}`);
      }
      array(dh, 32).fill(size), array(c, 32).fill(0.5);
      kernels.rnnBackward(1, linear, c, dh, 0, gates);
      assert(array(gates, 32).every((value) => (value === 0) === vanishes), `dz of an RNN, ${size}`);
    }
  });
}
