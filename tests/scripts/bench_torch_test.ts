import assert from "node:assert/strict";
import type { Dataset } from "../../mod.ts";
import { SharedFiles } from "../../scripts/bench/files.ts";
import { findCuda, findPytorch, startCuda, startPytorch, stop } from "../../scripts/bench/lineup.ts";
import type { Player } from "../../scripts/bench/rounds.ts";
import { recipeWorkloads } from "../../scripts/bench/workloads.ts";
import { lacking } from "../support/permissions.ts";

const NEEDS = [{ name: "run" }, { name: "read" }, { name: "write" }] as const;

const python = lacking(NEEDS) === undefined ? await findPytorch(undefined) : null;
const missing = lacking(NEEDS) ?? (python === null ? "python3 has no torch" : undefined);
const noCuda = missing ?? (await findCuda(python!) ? undefined : "no CUDA device");

/** A test that shows as ignored, with what is missing. */
function torchTest(name: string, why: string | undefined, fn: () => Promise<void>): void {
  Deno.test({ name: why === undefined ? name : `${name} (ignored: ${why})`, ignore: why !== undefined, fn });
}

const WITHIN = { withinMs: 60_000 };

/** The first loss of a player on made-up images, and its device. */
async function firstLoss(player: Player, count = 128): Promise<{ loss: number; detail: string }> {
  const size = 28, pixels = Uint8Array.from({ length: count * size * size }, (_, at) => at * 7 % 251);
  const train = {
    ...{ pixels, count, width: size, height: size },
    labels: Uint8Array.from({ length: count }, (_, n) => n % 10),
  };
  const folder = await Deno.makeTempDir(), [workload] = recipeWorkloads();
  await using files = new SharedFiles(folder, { train, classes: 10 } as Dataset);
  try {
    const request = await files.request(workload, count);
    const { detail } = await player.contender.open({ ...request, ...player.choice }, WITHIN);
    const { loss } = await player.contender.work("train", 2, WITHIN);
    await player.contender.work("forward", 1, WITHIN);
    return { loss: loss!, detail };
  } finally {
    await stop([player]);
  }
}

torchTest("PyTorch trains on the device that it is asked for, by default the CPU", missing, async () => {
  const [cpu] = startPytorch(python!), cuda = startCuda(python!);
  const plain = await firstLoss(cpu);
  const named = await firstLoss({ ...cuda, choice: { threads: 1, device: "cpu" } });
  assert.deepEqual(named, plain);
  assert.match(plain.detail, /^PyTorch [\d.+a-z]+, threads: 1$/);
});

torchTest("PyTorch on CUDA finds the loss that it finds on the CPU", noCuda, async () => {
  const [cpu] = startPytorch(python!),
    { loss } = await firstLoss(cpu),
    onCuda = await firstLoss(startCuda(python!));
  assert.ok(Math.abs(onCuda.loss - loss) < 1e-4, `${onCuda.loss} and ${loss}`);
  assert.doesNotMatch(onCuda.detail, /threads/);
});
