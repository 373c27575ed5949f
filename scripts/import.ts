/**
 * Makes a run of weights that were trained in PyTorch: one `LSTM` or `RNN` and a `Linear`, in safetensors.
 *
 *     deno task import --from data/weights.safetensors --axis columns --range -1..1
 *     deno task evaluate --model runs/import/2026-11-22T05-41-25
 *
 * A `.pth` or `.pt` file is refused with the lines of Python that make safetensors of it.
 * The kind of the layers and their sizes follow from the shapes. What the file itself says of activations, of axis and of
 * the pixels' numbers, as one that `export` wrote does, holds, and a flag that contradicts it is an error. What neither says
 * is found by trying the usual ways on training images.
 */
import "./support/deno_version.ts";
import { readWhole } from "../lib/data/files.ts";
import { checkAllowed, shown } from "../lib/data/places.ts";
import * as scanline from "../mod.ts";
import { DATA_FLAGS, OUTPUT_FLAGS, PIXEL_FLAGS, runCommand } from "./support/command.ts";
import { dataFolder } from "./support/pictures.ts";
import { findReading, type FoundReading, networkOf } from "./support/find_reading.ts";
import { FlagError } from "./support/flags.ts";
import { describeScale, type Question, reconcile, type Told } from "./support/import_reading.ts";
import { flagWords, taskCommand } from "./support/shell.ts";

const MAX_BYTES = 2 ** 30;

/** What nobody says, and the flags that would. */
const QUESTIONS: Readonly<Record<Question, string>> = {
  axis: "the order (--axis)",
  scale: "the pixels' numbers (--range, or --mean and --deviation)",
  activation: "the activation (--activation)",
};

const command = {
  name: "import",
  about: "Makes a run of weights that were trained in PyTorch.",
  flags: {
    from: {
      kind: "text",
      placeholder: "FILE",
      input: true,
      help: "safetensors with one LSTM or RNN and a Linear",
    },
    to: { kind: "text", placeholder: "FOLDER", help: "where the run goes (default runs/import/<time>)" },
    axis: {
      kind: "choice",
      choices: ["rows", "columns", "pixels"],
      help: "how it reads an image",
    },
    range: {
      kind: "choice",
      choices: ["0..1", "-1..1"],
      help: "the numbers that 0 and 255 become",
    },
    ...PIXEL_FLAGS,
    activation: { kind: "choice", choices: ["tanh", "relu"], help: "of an RNN" },
    steps: {
      kind: "whole",
      least: 1,
      help: "lines of an image, by default those of the images tried, or as many as features",
    },
    dataset: { ...DATA_FLAGS.dataset, help: "its images (default: what the file says, or mnist)" },
    "data-dir": { ...DATA_FLAGS["data-dir"], help: "its images are four IDX files, instead" },
    "first-label": DATA_FLAGS["first-label"],
    transpose: DATA_FLAGS.transpose,
    "class-names": DATA_FLAGS["class-names"],
    prepare: {
      kind: "choice",
      choices: ["digit", "none"],
      help: "how pictures are made ready for it (default: as of its images)",
    },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: a run that was begun has no model; the same command begins another one",
} as const;

await runCommand(command, async (flags) => {
  if (!flags.from) {
    throw new FlagError("Cannot import: --from must be given, a safetensors file");
  }
  checkAllowed({ read: [flags.from], write: [flags.to ?? "runs/import"] });
  const bytes = await readWhole(flags.from, { mostBytes: MAX_BYTES });
  const { tensors, metadata } = scanline.decodeSafetensors(bytes);
  const { network: found, parameters, notes } = scanline.readPyTorch(tensors);
  const { classes } = found.head;
  const said = scanline.readMetadata(metadata);
  const told = reconcile(flags, said, found);
  const data = dataConfig(flags, { classes, dataset: said.dataset });
  const weights = { told, classes, parameters };
  const reading = await findReading(weights, data);
  const { sequence, T } = reading;
  const network = networkOf(weights, reading);
  const model = scanline.toLayersModel(network, parameters, { T });
  const { classNames, biases } = told;

  const run = await scanline.createRun({ recipe: "import", out: flags.to });
  await run.writeConfig({
    recipe: "import",
    training: {
      sequence,
      optimizer: scanline.sgd({ learningRate: 0.1 }), // what it was trained with, the weights do not tell
      initialize: null,
      biases,
      batchSize: 64,
      lastBatch: "short",
      seed: 1,
      images: { train: 60_000, validation: 0, test: 10_000 },
    },
    data: { ...data },
    model: {
      ...(classNames ? { classNames } : {}),
      preparation: flags.prepare ?? said.preparation ??
        (data.dataDir === undefined ? scanline.CATALOGUE[data.dataset ?? "mnist"].preparation : "none"),
    },
  });
  await run.saveModel(model);
  const sha256 = await scanline.modelSha256(model, sequence);
  if (flags.json) {
    const { trials: tried, assumed } = reading;
    const line = { event: "imported", run: run.path, sequence, tried, assumed, notes, modelSha256: sha256 };
    console.log(JSON.stringify(line));
    return 0;
  }
  const layers = network.layers.map((layer) => {
    const { kind, inputSize, hiddenSize } = layer;
    const activation = layer.kind === "lstm" ? layer.gateActivation : layer.activation;
    return `${kind} ${inputSize} → ${hiddenSize} (${activation})`;
  });
  console.log(`network   ${layers.join(", ")}, ${classes} classes`);
  for (const note of notes) console.log(`note      ${note}`);
  console.log(`reads     ${describeSequence(sequence)}`);
  explainReading(told, reading).forEach((line) => console.log(`          ${line}`));
  const assumed = flags.dataset || flags["data-dir"] || said.dataset
    ? ""
    : ", ASSUMED: neither the file nor a flag says which (--dataset, --data-dir)";
  console.log(`images    ${shown(dataFolder(data))}${assumed}`);
  const evaluation = taskCommand("evaluate", flagWords("model", run.path), { read: [run.path] });
  console.log(`saved     ${shown(run.path)}`);
  console.log(`sha256    ${sha256}`);
  console.log(`evaluate  ${evaluation}`);
  return 0;
});

/** What `evaluate` and others load, when no flag of theirs names other images. */
function dataConfig(
  { dataset, "data-dir": dataDir, "first-label": firstLabel, transpose }: {
    dataset?: scanline.DatasetName;
    "data-dir"?: string;
    "first-label"?: number;
    transpose: boolean;
  },
  { classes, dataset: saidDataset }: { classes: number; dataset?: scanline.DatasetName },
): scanline.LoadOptions {
  if (dataDir !== undefined) {
    return { dataset, dataDir, classes, firstLabel, transpose: transpose || undefined };
  }
  const [useless] = [firstLabel !== undefined && "first-label", transpose && "transpose"].filter(Boolean);
  if (useless) {
    throw new FlagError(`Cannot use --${useless}: it must stand with --data-dir, whose images it is about`);
  }
  return { dataset: dataset ?? saidDataset ?? "mnist" };
}

/** Why it is this way, where nobody says so. */
function explainReading({ open }: Told, { trials, triedOn, assumed }: FoundReading): string[] {
  if (open.length === 0) return [];
  const questions = new Intl.ListFormat("en").format(open.map((question) => QUESTIONS[question]));
  return [
    assumed === null ? "found by trying" : `ASSUMED, as ${assumed}`,
    `neither the file nor a flag says ${questions}`,
    ...(triedOn === null ? [] : [`accuracy and loss on ${triedOn}:`]),
    ...trials.map(({ sequence, activation, accuracy, loss }) => {
      const row = `${accuracy.toFixed(3)}  ${loss.toFixed(4).padStart(8)}  ${describeSequence(sequence)}`;
      return activation ? `${row}, ${activation}` : row;
    }),
  ];
}

/** `rows, pixels as 0…1`. */
function describeSequence(sequence: scanline.Sequence): string {
  return `${sequence.axis}, pixels as ${describeScale(sequence)}`;
}
