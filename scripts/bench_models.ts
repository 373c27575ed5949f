/**
 * Measures a training step of 26 published models with `scanline.fit()`, TensorFlow.js, PyTorch and tfjs-node, in turn.
 *
 *     deno task bench-models --quick
 *     deno task bench-models --python /path/to/python3    with PyTorch: pip install torch
 *     deno task bench-models --tfjs-node /path            with tfjs-node: npm install @tensorflow/tfjs-node there, Node 22
 */
import "./support/deno_version.ts";
import { findPytorch } from "./bench/lineup.ts";
import { describeCommit, describeMachine } from "./bench/describe.ts";
import { generateExamples, type Values } from "./bench/models/generate.ts";
import {
  measureAgreements,
  startNode,
  startOurs,
  startTensorFlow,
  startTorch,
} from "./bench/models/lineup.ts";
import { formatModels, type ModelResult } from "./bench/models/results.ts";
import type { ModelRequest } from "./bench/models/subject.ts";
import { PUBLISHED_MODELS, type PublishedModel } from "./bench/models/table.ts";
import { measureStandings, type Player } from "./bench/rounds.ts";
import { excerpt } from "../lib/excerpt.ts";
import { createRunFolder } from "../run.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { StatusLine } from "./support/terminal.ts";

const spec = {
  name: "bench-models",
  about: "Measures a training step of 26 published models beside TensorFlow.js, PyTorch and tfjs-node.",
  flags: {
    quick: { kind: "switch", help: "some minutes: fewer rounds, and no agreement of losses and weights" },
    only: { kind: "text", placeholder: "IDS", help: "some of the models, separated by commas: E1,R16" },
    webgpu: { kind: "switch", help: "TensorFlow.js on WebGPU, too, which needs an adapter" },
    python: {
      kind: "text",
      placeholder: "PATH",
      help: "a Python with torch (default python3, if it has torch)",
    },
    "tfjs-node": { kind: "text", placeholder: "FOLDER", help: "where npm installed @tensorflow/tfjs-node" },
    ...OUTPUT_FLAGS,
  },
} as const;

/** Batches of an epoch. */
const BATCHES = 16;
const EFFORT = {
  full: { sampleMs: 200, rounds: 9, slowRounds: 3, mostSteps: 4096 },
  quick: { sampleMs: 60, rounds: 3, slowRounds: 1, mostSteps: 1024 },
};

await runCommand(spec, async (flags) => {
  const started = performance.now();
  const status = new StatusLine(!flags.quiet);
  const say = (what: string) => status.draw((width) => `Measuring ${what}`.slice(0, width));
  const models = chooseModels(flags.only);
  const python = await findPytorch(flags.python);
  const run = await createRunFolder({ recipe: "bench-models" });
  const folder = `${run.path}/work`;
  await Deno.mkdir(folder);
  const ours = startOurs(),
    peers: Player<ModelRequest>[] = [
      startTensorFlow("wasm"),
      ...(flags.webgpu ? [startTensorFlow("webgpu")] : []),
      ...(python ? startTorch(python) : []),
      ...(flags["tfjs-node"] ? [await startNode(flags["tfjs-node"], folder)] : []),
    ];
  const results: ModelResult[] = [];
  try {
    for (const model of models) {
      say(`${model.id}, ${model.name}`);
      const request = await writeRequest(model, folder);
      const train = flags.quick ? EFFORT.quick : EFFORT.full;
      results.push({ model, standings: await measureStandings(request, { ours, peers, train }) });
    }
  } finally {
    for (const { contender } of [ours, ...peers]) await contender[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
  say("how far losses and weights differ");
  const agreements = flags.quick ? [] : await measureAgreements(models);
  status.clear();

  const commit = await describeCommit();
  const result = {
    ...{ machine: describeMachine(), commit: commit && commit.id + (commit.changed ? "+" : "") },
    ...{ results, agreements, elapsedSeconds: (performance.now() - started) / 1000 },
  };
  const text = formatModels(result);
  await run.write("bench-models.json", JSON.stringify(result, null, 2) + "\n");
  await run.write("bench-models.md", text.join("\n") + "\n");
  if (flags.json) console.log(JSON.stringify(result));
  else [...text, "", `saved ${run.path}`].forEach((line) => console.log(line));
  return 0;
});

function chooseModels(ids: string | undefined): readonly PublishedModel[] {
  if (ids === undefined) return PUBLISHED_MODELS;
  return ids.split(",").map((id) => {
    const found = PUBLISHED_MODELS.find((model) => model.id === id);
    if (found) return found;
    const known = PUBLISHED_MODELS.map(({ id }) => id).join(",");
    throw new FlagError(`Cannot use --only: it must be some of ${known}: current value is ${excerpt(ids)}`);
  });
}

/** What opens a model, with its examples in files for PyTorch. */
async function writeRequest(model: PublishedModel, folder: string): Promise<ModelRequest> {
  const { x, y } = generateExamples(model, BATCHES * model.batchSize);
  const files = { x: `${folder}/x`, y: `${folder}/y` };
  const write = (path: string, { data }: Values) => Deno.writeFile(path, new Uint8Array(data.buffer));
  await write(files.x, x);
  await write(files.y, y);
  return { model, batches: BATCHES, files };
}
