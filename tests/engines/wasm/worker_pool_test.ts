import assert from "node:assert/strict";
import { share } from "../../../lib/data/shared.ts";
import { allocateMemory } from "../../../lib/engines/wasm/engine.ts";
import { compileKernels } from "../../../lib/engines/wasm/kernels.ts";
import { planMemory } from "../../../lib/engines/wasm/plan.ts";
import { TEAM_WORDS } from "../../../lib/engines/wasm/team.ts";
import { WorkerPool } from "../../../lib/engines/wasm/worker_pool.ts";
import { sgd } from "../../../lib/model/optimizers.ts";
import { lacks, named } from "../../support/permissions.ts";
import { optionsOf } from "../contract_cases.ts";

const needs = [{ name: "read", path: "lib" }] as const;
const needsProcess = [{ name: "read" }, { name: "run" }] as const;

/** A pool of three threads, of which the last one traps at once, because there is no memory at its addresses. */
export async function startMaimed(): Promise<WorkerPool> {
  const options = optionsOf({ kind: "LSTM", hidden: [8], images: 41, size: [9, 6], biases: 1 });
  const { training: { sequences, targets } } = options;
  const plan = planMemory(options, 3);
  const pages = Math.floor((plan.thread.start + 2 * plan.thread.bytes) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  assert.ok(plan.team + 4 * TEAM_WORDS < memory.buffer.byteLength);
  // All groups share a t, which every thread computes in its own memory.
  new Uint32Array(memory.buffer, plan.starts, plan.groupsABatch).fill(1);
  const module = await compileKernels("plain");
  return await WorkerPool.start({
    module,
    memory,
    plan,
    training: {
      optimizer: sgd({ learningRate: 0.1 }),
      seed: 1,
      data: share(sequences.data),
      targets: { kind: targets.kind, data: share(targets.data), weights: null },
    },
    profile: false,
    spins: 0,
  });
}

const train = { kind: "train", counts: [24], firstStep: 1, learningRates: [0.1] } as const;

Deno.test({
  name: named("a thread that traps ends the others, with one error for each call", needs),
  ignore: lacks(needs),
  sanitizeResources: true,
  sanitizeOps: true,
  fn: async () => {
    const pool = await startMaimed();
    const failure =
      /^Error: Cannot go on: a thread of the device wasm failed: .*(out of bounds|Invalid typed array length)/;
    await assert.rejects(pool.run(train), failure);
    await assert.rejects(pool.run(train), failure);
    pool.stop();
  },
});

Deno.test({
  name: named("a process that has lost a thread can end: no thread stays asleep", needsProcess),
  ignore: lacks(needsProcess),
  fn: async () => {
    const code = `
      import { startMaimed } from "${import.meta.url}";
      const pool = await startMaimed();
      await pool.run(${JSON.stringify(train)}).catch((error) => console.log(error.message));
    `;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--allow-read", "-"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(code));
    await writer.close();
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000); // it takes half a second
    const { signal, stdout, stderr } = await child.output();
    clearTimeout(timer);
    assert.equal(signal, null, "the process did not end by itself");
    assert.match(
      new TextDecoder().decode(stdout),
      /^Cannot go on: a thread/,
      new TextDecoder().decode(stderr),
    );
  },
});

Deno.test("allocateMemory() says how much is needed, and what needs less, when the machine refuses", () => {
  const refuse = () => {
    throw new RangeError("WebAssembly.Memory(): could not allocate memory");
  };
  assert.throws(
    () => allocateMemory(1600, refuse),
    /^RangeError: Cannot open the device wasm: the machine must give 100 MiB of memory: .*could not allocate memory; a smaller --batch-size/,
  );
  assert.equal(allocateMemory(2).buffer.byteLength, 2 * 65_536);
});
