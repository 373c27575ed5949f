import assert from "node:assert/strict";
import { findAdapter } from "../../lib/engines/webgpu/device.ts";
import type { Limits } from "../../lib/engines/webgpu/limits.ts";
import { possibleShapes } from "../../lib/engines/webgpu/shapes.ts";
import type { AdapterModel } from "../../scripts/bench/webgpu/adapter_model.ts";
import { peakMads } from "../../scripts/bench/webgpu/adapter_model.ts";
import { CARDS } from "../../scripts/bench/webgpu/cards.ts";
import { forecastBest, forecastUsual, stepDispatches } from "../../scripts/bench/webgpu/forecast.ts";
import { recipeNetworks } from "../../scripts/bench/webgpu/networks.ts";
import { OPERATION_NAMES, perOperation } from "../../scripts/bench/webgpu/operations.ts";
import { predict } from "../../scripts/bench/webgpu/predict.ts";
import { cheaper } from "../../scripts/bench/webgpu/probe.ts";
import { ProbeDevice } from "../../scripts/bench/webgpu/probe_device.ts";
import {
  chainKernel,
  CHAINS,
  copyKernel,
  emptyKernel,
  operationKernel,
  readKernel,
} from "../../scripts/bench/webgpu/probe_kernels.ts";
import { missed, networkResult } from "../../scripts/bench/webgpu/results.ts";
import { madsOf, type Work, workOf } from "../../scripts/bench/webgpu/work.ts";
import { countFlops, recipeWorkloads } from "../../scripts/bench/workloads.ts";
import { LACKING_ADAPTER } from "../support/adapter.ts";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, runScript } from "./tiny_project.ts";

/** What any adapter has. */
const LIMITS: Limits = {
  maxComputeWorkgroupStorageSize: 32_768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};

/** Two cores of four invocations at a time; an operation takes a nanosecond, in kernels with barriers two. */
const ADAPTER: AdapterModel = {
  ...{
    name: "made up",
    source: "this test",
    cores: 2,
    width: 4,
    overlaps: false,
    schedulers: 1,
    residentWarps: 1,
  },
  issueNs: perOperation(() => 1),
  issueBesideBarriersNs: perOperation(() => 2),
  ...{ barrierNs: 10, beginNs: 100 },
  latencyNs: { mad: 3, coreLoad: 30, load: 300, local: 20, barrier: 50 },
  ...{ coreCacheBytes: 1000, cacheBytes: 1_000_000, cacheBandwidth: 10, bandwidth: 1, passNs: 7, gapNs: 5 },
};

/** Six workgroups of eight invocations, which turn a hundred times. */
const WORK: Work = {
  groups: 6,
  threads: 8,
  phases: [{ times: 100, lanes: 8, operations: { mads: 4, vectors: 1 }, chain: { mads: 1 } }],
  ...{ rereadBytes: 0, footprintBytes: 0, trafficBytes: 0 },
};

Deno.test("predict() adds up the instructions of the warps of the core that has most workgroups", () => {
  // Three workgroups of two warps, each 100 turns of five operations, and its beginning.
  assert.deepEqual(predict(WORK, ADAPTER), { ns: 3 * 2 * (500 + 100), bound: "instructions" });
  assert.equal(predict({ ...WORK, groups: 7 }, ADAPTER).ns, 4 * 2 * 600);
  const [phase] = WORK.phases;
  const some = { ...WORK, phases: [{ ...phase, lanes: 13 }] }; // two warps, then two: 4 + 4 + 4 + 1 invocations
  assert.equal(predict(some, ADAPTER).ns, 3 * (4 * 500 + 200));
});

Deno.test("predict() takes the costs beside barriers where a kernel has one, and counts it for every warp", () => {
  const [phase] = WORK.phases, one = { ...WORK, groups: 1 };
  const { ns } = predict({ ...one, phases: [{ ...phase, barriers: 1 }] }, ADAPTER);
  assert.equal(ns, 100 * (2 * 10 + 2 * 10) + 2 * 100);
});

Deno.test("predict() lets the warps of a GPU wait together, as many as it holds", () => {
  const gpu = { ...ADAPTER, overlaps: true, schedulers: 2, residentWarps: 6, beginNs: 0 };
  const slow = { ...WORK, phases: [{ ...WORK.phases[0], chain: { loads: 1, mads: 1 } }] };
  // A turn waits 33 and issues its five operations on one of two schedulers.
  const workgroup = 100 * (33 + 2 * 5);
  assert.deepEqual(predict(slow, gpu), { ns: workgroup, bound: "latency" });
  assert.equal(predict(slow, { ...gpu, residentWarps: 4 }).ns, 2 * workgroup);
  assert.equal(predict(slow, { ...gpu, residentWarps: 1 }).ns, 3 * workgroup);
});

Deno.test("predict() waits for the cache of all cores where that of a core does not hold what is read again", () => {
  const gpu = { ...ADAPTER, overlaps: true, residentWarps: 6, issueNs: perOperation(() => 0), beginNs: 0 };
  const loads: Work = { ...WORK, phases: [{ ...WORK.phases[0], chain: { loads: 1 } }] };
  assert.equal(predict({ ...loads, rereadBytes: 1000 }, gpu).ns, 100 * 30);
  assert.equal(predict({ ...loads, rereadBytes: 1001 }, gpu).ns, 100 * 300);
  assert.equal(predict({ ...loads, fenced: true }, gpu).ns, 100 * 300);
});

Deno.test("predict() is bound by the bytes where they are many", () => {
  assert.deepEqual(predict({ ...WORK, trafficBytes: 1e5 }, ADAPTER), { ns: 1e4, bound: "caches" });
  assert.equal(predict({ ...WORK, footprintBytes: 1e6 }, ADAPTER).bound, "instructions"); // the cache holds them
  assert.deepEqual(predict({ ...WORK, footprintBytes: 2e6 }, ADAPTER), { ns: 2e6, bound: "memory" });
});

Deno.test("the multiply-adds of a step are those of its products, and at most a fifth more", () => {
  for (const [index, workload] of recipeWorkloads().entries()) {
    const mads = stepDispatches(recipeNetworks()[index], { limits: LIMITS })
      .reduce((sum, dispatch) => sum + madsOf(workOf(dispatch)), 0);
    const ratio = 2 * mads / countFlops(workload).step;
    assert.ok(ratio >= 1 && ratio < 1.2, `${workload.name}: ${ratio}`); // biases, padding, activations, the update
  }
});

Deno.test("the products take as many multiply-adds in every shape", () => {
  const [network] = recipeNetworks(), usual = stepDispatches(network, { limits: LIMITS });
  const madsBy = (dispatches: ReturnType<typeof stepDispatches>, kernel: string) =>
    dispatches.filter((one) => one.kernel === kernel).reduce((sum, one) => sum + madsOf(workOf(one)), 0);
  const possible = possibleShapes(usual), kernels = Object.keys(possible);
  assert.ok(kernels.includes("lstm_forward of layer0"), kernels.join());
  for (const kernel of ["lstm_forward", "lstm_backward"]) {
    for (const shape of possible[`${kernel} of layer0`]) {
      const shaped = stepDispatches(network, { limits: LIMITS, shapes: { [`${kernel} of layer0`]: shape } });
      assert.equal(madsBy(shaped, kernel), madsBy(usual, kernel), JSON.stringify(shape));
    }
  }
});

Deno.test("every kernel of the recipes has work on every card, in all pieces", () => {
  for (const network of recipeNetworks()) {
    for (const dispatch of stepDispatches(network, { limits: LIMITS })) {
      for (const card of [ADAPTER, ...CARDS]) {
        const { ns } = predict(workOf(dispatch), card);
        assert.ok(Number.isFinite(ns) && ns > 0, `${dispatch.label} on ${card.name}: ${ns}`);
      }
    }
  }
});

Deno.test("the pieces of a kernel take together what it takes whole", () => {
  const network = recipeNetworks().find(({ name }) => name === "gru-128x2")!;
  const pieces = stepDispatches(network, { limits: LIMITS })
    .filter(({ label }) => label.startsWith("gru_forward of layer0"));
  assert.ok(pieces.length > 1);
  const whole = { ...pieces[0], piece: { ...pieces[0].piece!, first: 0, end: pieces[0].constants.T } };
  const sum = pieces.reduce((sum, piece) => sum + madsOf(workOf(piece)), 0);
  assert.equal(sum, madsOf(workOf(whole)));
});

Deno.test("the peaks of the cards are what their cores do at their clocks", () => {
  const teraflops = CARDS.map((card) => Number((2 * peakMads(card) / 1000).toPrecision(2)));
  assert.deepEqual(teraflops, [59, 29, 3.6, 2.1]);
});

Deno.test("forecastBest() never takes longer than the usual shapes, and less where the cores wait", () => {
  const [network] = recipeNetworks();
  for (const card of CARDS) {
    const usual = forecastUsual(network, card, LIMITS), best = forecastBest(network, card, LIMITS);
    assert.ok(best.stepMs < usual.stepMs, card.name);
    assert.ok(Object.keys(best.shapes).length > 0);
    assert.equal(best.epochSeconds, best.stepMs * 938 / 1000);
  }
});

Deno.test("networkResult() puts the pieces of a kernel together, and missed() names those beyond a factor of two", () => {
  const network = recipeNetworks().find(({ name }) => name === "gru-128x2")!, timed = [] as const;
  const dispatches = stepDispatches(network, { limits: LIMITS });
  const kernelMs = Object.fromEntries(dispatches.map((dispatch) => {
    const ms = (predict(workOf(dispatch), ADAPTER).ns + ADAPTER.passNs) / 1e6;
    return [dispatch.label, dispatch.label.startsWith("gru_backward of layer0") ? 3 * ms : ms];
  }));
  const steps = { stepMs: { median: 2, quartiles: [1, 3], count: 3 } as const, kernelMs };
  const result = networkResult({ network, steps, shapes: {}, timed }, { adapter: ADAPTER, limits: LIMITS });
  assert.equal(result.epochSeconds, 2 * 600 / 1000);
  assert.equal(result.dispatches, dispatches.length);
  assert.ok(Math.abs(result.kernels.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
  assert.equal(result.kernels.reduce((sum, { dispatches }) => sum + dispatches, 0), dispatches.length);
  assert.deepEqual(missed(result).map(({ label }) => label), ["gru_backward of layer0"]);
});

Deno.test("cheaper() takes the smaller times and the larger bandwidths, of a core only where both found as many", () => {
  const other = { ...ADAPTER, issueNs: perOperation(() => 0.5), passNs: 9, bandwidth: 2, barrierNs: 11 };
  const both = cheaper(ADAPTER, other);
  assert.deepEqual([both.issueNs.mads, both.passNs, both.bandwidth, both.barrierNs], [0.5, 7, 2, 10]);
  assert.equal(cheaper(ADAPTER, { ...other, cores: 1 }).issueNs.mads, 1);
});

Deno.test({
  name: `the adapter builds and runs the kernel of every probe${
    LACKING_ADAPTER ? ` (ignored: ${LACKING_ADAPTER})` : ""
  }`,
  ignore: LACKING_ADAPTER !== undefined,
  fn: async () => {
    using device = await ProbeDevice.open((await findAdapter())!);
    const kernels = [
      ...OPERATION_NAMES.flatMap((name) =>
        [false, true].map((barriers) => operationKernel(name, { threads: 64, barriers }))
      ),
      ...(Object.keys(CHAINS) as (keyof typeof CHAINS)[]).map((name) => chainKernel(name, 8)),
      ...[emptyKernel, copyKernel, readKernel].map((make) => make(64)),
    ];
    for (const kernel of kernels) {
      const ns = await device.pass(kernel, { groups: 1, dispatches: 1 });
      assert.ok(ns > 0, kernel.wgsl);
    }
    await assert.rejects(
      () => device.pass({ wgsl: "fn main() {}", threads: 1 }, { groups: 1, dispatches: 1 }),
      /Cannot probe the adapter: its device refused a kernel/,
    );
  },
});

Deno.test({
  name: named("bench says which flags do not go together, and which devices it knows", needs),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject();
    const wrong: [string[], RegExp][] = [
      [["--device", "wasm"], /Cannot use --device: it must be one of webgpu: current value is "wasm"/],
      [
        ["--device", "webgpu", "--peers", "tfjs", "--python", "python3"],
        /Cannot use --python: --peers must name pytorch/,
      ],
      [
        ["--device", "webgpu", "--peers", "keras"],
        /Cannot use --peers: it must be none or some of pytorch,tfjs,jax/,
      ],
    ];
    for (const [flags, message] of wrong) {
      const { code, stderr } = await runScript(project.path, "bench", flags);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  },
});
