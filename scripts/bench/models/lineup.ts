/**
 * Who takes part in the bench of published models, and how their processes are started.
 *
 * @module
 */
import { readJsonLines } from "../json_lines.ts";
import { OFFLINE } from "../../support/shell.ts";
import { Contender } from "../protocol.ts";
import type { Player } from "../rounds.ts";
import type { Agreement } from "./agree.ts";
import type { ModelRequest } from "./subject.ts";
import type { PublishedModel } from "./table.ts";

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** For programs that use packages which the lock file does not name: Deno fetches them now. */
const FETCHING = ["run", "--no-prompt", "--no-remote", "--no-lock", "--allow-read", "--allow-env"];

/** A player whose label is its name. */
function start(
  label: string,
  [command, ...args]: readonly string[],
  choice?: Player["choice"],
): Player<ModelRequest> {
  return { label, contender: new Contender<ModelRequest>(label, command, args), choice };
}

/** `scanline.fit()` on wasm. */
export function startOurs(): Player<ModelRequest> {
  const program = here("../peers/model_scanline.ts");
  return start("Scanline", [Deno.execPath(), "run", ...OFFLINE, "--allow-read=lib", program]);
}

/** `model.fit()` on a backend: wasm is the fastest that TensorFlow.js has in Deno without a GPU. */
export function startTensorFlow(backend: "wasm" | "webgpu"): Player<ModelRequest> {
  const label = backend === "wasm" ? "tfjs" : "tfjs webgpu";
  return start(label, [Deno.execPath(), ...FETCHING, here("../peers/model_tensorflow.ts"), backend]);
}

/** PyTorch with one thread and with one a core: the best counts. */
export function startTorch(python: string): Player<ModelRequest>[] {
  return [...new Set([1, navigator.hardwareConcurrency])].map((threads) =>
    start(`PyTorch, ${threads} thread${threads > 1 ? "s" : ""}`, [python, here("../torch_models.py")], {
      threads,
    })
  );
}

/** `model.fit()` of tfjs-node, in Node: its program is bundled into JavaScript first. */
export async function startNode(installed: string, folder: string): Promise<Player<ModelRequest>> {
  const program = `${folder}/model_node.mjs`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", "--platform=deno", "-o", program, here("../peers/model_node.ts")],
  }).output();
  if (!success) throw new Error(`Cannot bundle the program for Node: ${new TextDecoder().decode(stderr)}`);
  return start("tfjs-node", ["node", program, installed]);
}

/** Trains models with both, and tells how far losses, metrics and weights differ. */
export async function measureAgreements(models: readonly PublishedModel[]): Promise<Agreement[]> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [...FETCHING, here("agree.ts"), ...models.map(({ id }) => id)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const found = await Array.fromAsync(readJsonLines(process.stdout));
  await process.status;
  return found as unknown as Agreement[];
}
