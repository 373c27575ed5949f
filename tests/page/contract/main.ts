/**
 * The contract of the engines in a browser: the same tests as in Deno, on the browser's own WebGPU.
 *
 * @module
 */
import { openWebgpu } from "../../../lib/engines/webgpu/engine.ts";
import { testAgreement } from "../../engines/contract_agreement.ts";
import { testTraining } from "../../engines/contract_training.ts";
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

/** Runs some of the tests. @returns What failed, by name */
async function run(from: number, to: number): Promise<[name: string, message: string][]> {
  const failed: [string, string][] = [];
  for (const { name, fn } of collected.slice(from, to)) {
    try {
      await fn();
    } catch (error) {
      failed.push([name, error instanceof Error ? error.message : String(error)]);
    }
  }
  return failed;
}

Object.assign(globalThis, { contract: { count: collected.length, run, worst } });
