/**
 * The contract of the engines in a browser: the same tests as in Deno, on the browser's own WebGPU.
 *
 * @module
 */
import { openWebgpu } from "../../../lib/engines/webgpu/open.ts";
import { type KernelName, KERNELS, sourceOf } from "../../../lib/engines/webgpu/kernels.ts";
import { testAgreement } from "../../engines/contract_agreement.ts";
import { testTraining } from "../../engines/contract_training.ts";
import { testShapes } from "../../engines/webgpu/support/shape_tests.ts";
import { TOLERANCE } from "../../engines/webgpu/support/tolerance.ts";
import { collected } from "./collect.ts";

/** Of each quantity, the largest share of its tolerance that was used, and where. */
const worst: Record<string, { share: number; what: string }> = {};

const engine = {
  name: "webgpu",
  open: (options: Parameters<typeof openWebgpu>[0]) => openWebgpu({ ...options, selfCheck: false }),
  tolerance: TOLERANCE,
  observe: (quantity: string, share: number, what: string) => {
    if (!(share <= (worst[quantity]?.share ?? 0))) worst[quantity] = { share, what };
  },
};
testAgreement(engine);
testTraining(engine);
testShapes({ every: 1 });

/** The kernels that no engine has compiled so far. */
const unused = new Set(Object.keys(KERNELS) as KernelName[]);
const compile = GPUDevice.prototype.createShaderModule;
GPUDevice.prototype.createShaderModule = function (descriptor) {
  for (const kernel of unused) if (sourceOf({ kernel }) === descriptor.code) unused.delete(kernel);
  return compile.call(this, descriptor);
};

/** Runs one of the tests. @returns Its name and why it failed; null if it passed */
async function run(index: number): Promise<string | null> {
  const { name, fn } = collected[index];
  try {
    await fn();
    return null;
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : error}`;
  }
}

Object.assign(globalThis, { contract: { count: collected.length, run, worst, unused: () => [...unused] } });
