/**
 * Makes a run from weights that were trained in PyTorch: `LSTM`, `GRU` or `RNN`, `BatchNorm1d` and `Linear`, in safetensors.
 *
 *     deno task import --from data/weights.safetensors --axis columns --range -1..1
 *     deno task import --from data/mnist_rnn.safetensors --chain rnn,last,batchnorm,fc1,relu,fc2 --mean .1307 --deviation .3081
 *     deno task evaluate --model runs/import/2026-11-22T05-41-25
 *
 * One recurrent module of one direction and one `Linear` tell their order. Where there are more modules, `--chain` names them in the
 * order of `forward()`, and what has no weights between them: `last` for the last step, `relu` and others. A file that `export`
 * wrote says it itself.
 *
 * For a `.pth` or `.pt` file, the error has the lines of Python that make safetensors of it.
 *
 * The shapes tell the kind of the layers and their sizes, but not how the network reads an image: the axis, the numbers
 * that pixels become, and the activation of an RNN. The metadata of a file that `export` wrote says all three; flags say it
 * for others, and a flag that contradicts the file is an error. If neither says it, the usual ways are tried on training
 * images, and the output shows the accuracy of each. Without such images, or if no way does well, the output says that a
 * way was ASSUMED.
 */
import "./support/deno_version.ts";
import { modelSha256, toTensorflow } from "../mod.ts";
import type { Sequence } from "../mod.ts";
import {
  CATALOGUE,
  type ChainOptions,
  checkAllowed,
  checkConfig,
  type Classifier,
  createRunFolder,
  type DataConfig,
  dataFolder,
  type DatasetName,
  decodeSafetensors,
  defaultClassNames,
  isRecurrent,
  type Metadata,
  modelConfig,
  printable,
  readChainMetadata,
  readMetadata,
  readPyTorch,
  readWhole,
  type RecurrentLayer,
  shown,
} from "../run.ts";
import { findSequence, type FoundSequence } from "./import/find_sequence.ts";
import { describeScale, type Known, type Question, reconcile, withActivation } from "./import/reconcile.ts";
import { DATA_FLAGS, OUTPUT_FLAGS, PIXEL_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { checkOwnData } from "./support/images.ts";
import { flagWords, taskCommand } from "./support/shell.ts";

const MAX_BYTES = 2 ** 30;

/** The properties that may be unknown, and their flags. */
const QUESTIONS: Readonly<Record<Question, string>> = {
  order: "the order (--axis)",
  scale: "the pixels' numbers (--range, or --mean and --deviation)",
  activation: "the activation (--activation)",
};

const command = {
  name: "import",
  about: "Makes a run from weights that were trained in PyTorch.\n" +
    "The file or flags say how they read an image; else the usual ways are tried on training images.",
  flags: {
    from: {
      kind: "text",
      placeholder: "FILE",
      input: true,
      help: "safetensors of a state_dict()",
    },
    chain: {
      kind: "text",
      placeholder: "A,B,C",
      help: "its modules in the order of forward(), with last, relu and the like between them",
    },
    to: { kind: "text", placeholder: "FOLDER", help: "where the run goes (default runs/import/<time>)" },
    axis: {
      kind: "choice",
      choices: ["rows", "columns", "pixels"],
      help: "how it reads an image, if the file does not say",
    },
    range: {
      kind: "choice",
      choices: ["0..1", "-1..1"],
      help: "the numbers that 0 and 255 become, likewise",
    },
    ...PIXEL_FLAGS,
    activation: { kind: "choice", choices: ["tanh", "relu"], help: "of an RNN, likewise" },
    steps: {
      kind: "whole",
      least: 1,
      help: "steps that it reads an image in (default: as its images, or as many as a step has pixels)",
    },
    dataset: {
      ...DATA_FLAGS.dataset,
      help: "the images that it learned (default: what the file says, or mnist)",
    },
    "data-dir": { ...DATA_FLAGS["data-dir"], help: "four IDX files that it learned instead" },
    "first-label": DATA_FLAGS["first-label"],
    transpose: DATA_FLAGS.transpose,
    "class-names": DATA_FLAGS["class-names"],
    prepare: {
      kind: "choice",
      choices: ["digit", "none"],
      help: "how predict and read prepare pictures for it (default: as its images were)",
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
  const { tensors, metadata } = decodeSafetensors(bytes);
  const said = readMetadata(metadata);
  const { network: found, parameters, notes } = readPyTorch(tensors, readingOptions(flags.chain, metadata));
  const { classes } = found;
  const known = reconcile(flags, said, found);
  const data = dataConfig(flags, { classes, dataset: said.dataset });
  const { assumed: isAssumed, ...images } = data ?? { dataset: "mnist" };
  const weights = { known, parameters };
  const reading = await findSequence(weights, images);
  const { sequence, T } = reading;
  const learned = isAssumed || images.dataDir !== undefined ? undefined : data?.dataset;
  const ownNames = known.classNames?.some((name, k) => name !== String(k)); // numbers say no more than none
  const model = {
    network: withActivation(known.network, reading.activation),
    T,
    sequence,
    parameters,
    classNames: ownNames ? known.classNames! : defaultClassNames(classes, learned),
    preparation: flags.prepare ?? said.preparation ??
      (learned ? CATALOGUE[learned].preparation : isAssumed ? undefined : "none"),
  };
  const config = { recipe: "import", model: modelConfig(model), data };
  checkConfig("import", config);
  const sha256 = modelSha256(model);

  const run = await createRunFolder({ recipe: "import", out: flags.to });
  await run.writeConfig(config);
  await run.saveModel(toTensorflow(model));
  if (flags.json) {
    const { trials: tried, assumed } = reading;
    const line = { event: "imported", run: run.path, sequence, tried, assumed, notes, modelSha256: sha256 };
    console.log(JSON.stringify(line));
    return 0;
  }
  console.log(`network   ${describeLayers(model.network)}`);
  for (const note of notes) console.log(`note      ${note}`);
  console.log(`reads     ${describeSequence(sequence)}`);
  explainSequence(known, reading).forEach((line) => console.log(`          ${line}`));
  const unsaid = "neither the file nor a flag says which (--dataset, --data-dir)";
  const shownImages = data
    ? shown(dataFolder(data)) + (isAssumed ? `, ASSUMED: ${unsaid}` : "")
    : `not known: ${unsaid}`;
  console.log(`images    ${shownImages}`);
  const evaluation = taskCommand("evaluate", flagWords("model", run.path), { read: [run.path] });
  console.log(`saved     ${shown(run.path)}`);
  console.log(`sha256    ${sha256}`);
  console.log(`evaluate  ${evaluation}`);
  return 0;
});

/** The order of the modules, by the flag or by the file, which must agree. */
function readingOptions(chain: string | undefined, metadata: Metadata): ChainOptions {
  const said = readChainMetadata(metadata);
  if (chain === undefined) return said;
  if (said.chain && said.chain.join() !== chain) {
    throw new FlagError(
      `Cannot use --chain: it must agree with the file, which says ${printable(said.chain.join(), 300)}: ` +
        `current value is ${printable(chain, 300)}`,
    );
  }
  return { ...said, chain: chain.split(",") };
}

/** `lstm 28 → 64, batchNorm, dense 64 → 10`. */
function describeLayers({ layers }: Classifier): string {
  const inOneDirection = ({ kind, inputSize, hiddenSize, activation }: RecurrentLayer) =>
    `${kind} ${inputSize} → ${hiddenSize}${kind === "rnn" ? ` (${activation})` : ""}`;
  return layers.map((layer) => {
    if (layer.kind === "bidirectional") return `${inOneDirection(layer.forward)} in both directions`;
    if (isRecurrent(layer)) return inOneDirection(layer);
    if (layer.kind === "activation") return layer.activation;
    if (layer.kind !== "dense") return layer.kind;
    const { inputSize, units, activation } = layer;
    return `dense ${inputSize} → ${units}${activation === "linear" ? "" : ` (${activation})`}`;
  }).join(", ");
}

/** The images that `evaluate` and other commands load by default; undefined if MNIST cannot be assumed. */
function dataConfig(
  { dataset, "data-dir": dataDir, "first-label": firstLabel, transpose }: {
    dataset?: DatasetName;
    "data-dir"?: string;
    "first-label"?: number;
    transpose: boolean;
  },
  { classes, dataset: saidDataset }: { classes: number; dataset?: DatasetName },
): DataConfig | undefined {
  if (dataDir !== undefined) {
    return { dataset, dataDir, classes, firstLabel, transpose: transpose || undefined };
  }
  checkOwnData({ firstLabel, transpose: transpose || undefined });
  if (dataset && saidDataset && dataset !== saidDataset) {
    throw new FlagError(
      `Cannot use --dataset: it must agree with the file, which says ${saidDataset}: current value is ${dataset}`,
    );
  }
  const known = dataset ?? saidDataset;
  if (known) return { dataset: known };
  return classes === CATALOGUE.mnist.classNames.length ? { dataset: "mnist", assumed: true } : undefined;
}

/** How the sequence was found or why it is assumed; empty if it was known. */
function explainSequence({ open }: Known, { trials, triedOn, assumed }: FoundSequence): string[] {
  if (open.length === 0) return [];
  const questions = new Intl.ListFormat("en").format(open.map((question) => QUESTIONS[question]));
  return [
    assumed === null ? "found by trying" : `ASSUMED, as ${assumed}`,
    `neither the file nor a flag says ${questions}`,
    ...(triedOn === null ? [] : [`accuracy and loss on ${triedOn}:`]),
    ...trials.map(({ sequence, activation, accuracy, loss }) => {
      const row = `${accuracy.toFixed(3)}  ${
        (loss < 1e4 ? loss.toFixed(4) : loss.toExponential(1)).padStart(8)
      }  ${describeSequence(sequence)}`;
      return activation ? `${row}, ${activation}` : row;
    }),
  ];
}

/** `rows, pixels as 0…1`. */
function describeSequence(sequence: Sequence): string {
  const { axis, reversed, permutation } = sequence;
  const order = [
    axis,
    ...(reversed ? ["from the end"] : []),
    ...(permutation === undefined ? [] : [`permuted with seed ${permutation}`]),
  ];
  return `${order.join(" ")}, pixels as ${describeScale(sequence)}`;
}
