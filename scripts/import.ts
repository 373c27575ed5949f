/**
 * Makes a run of weights that were trained in PyTorch: one `LSTM` or `RNN` and a `Linear`, in safetensors.
 *
 *     deno task import --from data/weights.safetensors --axis columns --range -1..1
 *     deno task evaluate --model runs/import/2026-11-22T05-41-25
 *
 * The kind of the layers and their sizes follow from the shapes. What the file itself says of axis and range, as one
 * that `export` wrote does, holds where no flag says otherwise.
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";

const MAX_BYTES = 2 ** 30;
const AXES = ["rows", "columns", "pixels"] as const;
const RANGES = { "0..1": [0, 1], "-1..1": [-1, 1] } as const;

const command = {
  name: "import",
  about: "Makes a run of weights that were trained in PyTorch.",
  flags: {
    from: { kind: "text", placeholder: "FILE", help: "safetensors with one LSTM or RNN and a Linear" },
    to: { kind: "text", placeholder: "FOLDER", help: "where the run goes (default runs/import/<time>)" },
    axis: { kind: "choice", choices: AXES, help: "how it reads an image, rows by default" },
    range: {
      kind: "choice",
      choices: ["0..1", "-1..1"],
      help: "the numbers that 0 and 255 become, 0..1 by default",
    },
    activation: { kind: "choice", choices: ["tanh", "relu"], default: "tanh", help: "of an RNN" },
    steps: { kind: "whole", least: 1, help: "lines of an image (default: as many as features)" },
    dataset: {
      kind: "choice",
      choices: ["mnist", "fashion-mnist", "kmnist"],
      default: "mnist",
      help: "its images",
    },
    prepare: {
      kind: "choice",
      choices: ["digit", "none"],
      help: "how pictures are made ready for it (default: as of its images)",
    },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  read: [".", "runs"],
  write: ["runs"],
} as const;

await runCommand(command, async (flags) => {
  if (!flags.from) {
    throw new FlagError("Cannot import: --from must be a safetensors file: current value is missing");
  }
  const { tensors, metadata } = scanline.decodeSafetensors(await readFile(flags.from));
  const { network, parameters } = scanline.readPyTorch(tensors, { activation: flags.activation });
  const sequence = sequenceOf(flags, metadata);
  const steps = flags.steps ?? (sequence.axis === "pixels" ? 28 * 28 : network.inputSize);
  const model = scanline.toLayersModel(network, parameters, { steps });

  const run = await scanline.createRun({ recipe: "import", out: flags.to });
  await run.writeConfig({
    recipe: "import",
    training: {
      sequence,
      optimizer: scanline.sgd({ learningRate: 0.1 }), // what it was trained with, the weights do not tell
      initialize: null,
      biases: 2,
      batchSize: 64,
      lastBatch: "short",
      seed: 1,
      images: { train: 60_000, validation: 0, test: 10_000 },
    },
    data: { dataset: flags.dataset },
    model: { preparation: flags.prepare ?? scanline.CATALOGUE[flags.dataset].preparation },
  });
  await run.saveModel(model);
  const sha256 = await scanline.parametersSha256(model);
  if (flags.json) {
    console.log(JSON.stringify({ event: "imported", run: run.path, sequence, parametersSha256: sha256 }));
    return 0;
  }
  const layers = network.layers.map(({ kind, inputSize, hiddenSize }) =>
    `${kind} ${inputSize} → ${hiddenSize}`
  );
  console.log(`network   ${layers.join(", ")}, ${network.head.classes} classes, by ${sequence.axis}`);
  console.log(`saved     ${run.path}`);
  console.log(`sha256    ${sha256}`);
  console.log(`evaluate  deno task evaluate --model ${run.path}`);
  return 0;
});

async function readFile(path: string): Promise<Uint8Array> {
  const { size } = await Deno.stat(path);
  if (size > MAX_BYTES) {
    throw new RangeError(
      `Cannot import ${path}: it must have at most ${MAX_BYTES} bytes: current value is ${size}`,
    );
  }
  return await Deno.readFile(path);
}

function sequenceOf(
  flags: { axis?: string; range?: keyof typeof RANGES },
  metadata: Readonly<Record<string, string>>,
): scanline.Sequence {
  const axis = AXES.find((axis) => axis === (flags.axis ?? metadata.axis)) ?? "rows";
  const said = Object.values(RANGES).find((range) => JSON.stringify(range) === metadata.range);
  return { axis, range: flags.range ? RANGES[flags.range] : said ?? RANGES["0..1"] };
}
