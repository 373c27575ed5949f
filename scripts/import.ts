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
import { readWhole } from "../lib/data/files.ts";
import { checkAllowed, shown } from "../lib/data/places.ts";
import * as scanline from "../mod.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { flagWords, taskCommand } from "./support/shell.ts";

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
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: a run that was begun has no model; the same command begins another one",
} as const;

await runCommand(command, async (flags) => {
  if (!flags.from) {
    throw new FlagError("Cannot import: --from must be a safetensors file: current value is missing");
  }
  checkAllowed({ read: [flags.from], write: [flags.to ?? "runs/import"] });
  const bytes = await readWhole(flags.from, { mostBytes: MAX_BYTES });
  const { tensors, metadata } = scanline.decodeSafetensors(bytes);
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
  const evaluation = taskCommand("evaluate", flagWords("model", run.path), { read: [run.path] });
  console.log(`saved     ${shown(run.path)}`);
  console.log(`sha256    ${sha256}`);
  console.log(`evaluate  ${evaluation}`);
  return 0;
});

function sequenceOf(
  flags: { axis?: string; range?: keyof typeof RANGES },
  metadata: Readonly<Record<string, string>>,
): scanline.Sequence {
  const axis = AXES.find((axis) => axis === (flags.axis ?? metadata.axis)) ?? "rows";
  const said = Object.values(RANGES).find((range) => JSON.stringify(range) === metadata.range);
  return { axis, range: flags.range ? RANGES[flags.range] : said ?? RANGES["0..1"] };
}
