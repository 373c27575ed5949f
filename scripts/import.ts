/**
 * Makes a run of weights that were trained in PyTorch: one `LSTM` or `RNN` and a `Linear`, in safetensors.
 *
 *     deno task import --from data/weights.safetensors --axis columns --range -1..1
 *     deno task evaluate --model runs/import/2026-11-22T05-41-25
 *
 * A `.pth` or `.pt` file is refused with the lines of Python that make safetensors of it.
 * The kind of the layers and their sizes follow from the shapes. What the file itself says of activations, of axis and of
 * the pixels' numbers, as one that `export` wrote does, holds where no flag says otherwise.
 */
import "./support/deno_version.ts";
import { readWhole } from "../lib/data/files.ts";
import { checkAllowed, shown } from "../lib/data/places.ts";
import * as scanline from "../mod.ts";
import { DATA_FLAGS, normalizationFlags, OUTPUT_FLAGS, PIXEL_FLAGS, runCommand } from "./support/command.ts";
import { type Candidate, type TriedReading, tryReadings } from "./support/find_reading.ts";
import { FlagError } from "./support/flags.ts";
import { flagWords, taskCommand } from "./support/shell.ts";

const MAX_BYTES = 2 ** 30;
const RANGES = { "0..1": [0, 1], "-1..1": [-1, 1] } as const;

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
      help: "how it reads an image, rows by default",
    },
    range: {
      kind: "choice",
      choices: ["0..1", "-1..1"],
      help: "the numbers that 0 and 255 become, 0..1 by default",
    },
    ...PIXEL_FLAGS,
    activation: { kind: "choice", choices: ["tanh", "relu"], help: "of an RNN, tanh by default" },
    steps: { kind: "whole", least: 1, help: "lines of an image (default: as many as features)" },
    dataset: { ...DATA_FLAGS.dataset, help: "its images, mnist by default" },
    "data-dir": { ...DATA_FLAGS["data-dir"], help: "its images are four IDX files, instead" },
    "first-label": DATA_FLAGS["first-label"],
    transpose: DATA_FLAGS.transpose,
    "class-names": DATA_FLAGS["class-names"],
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
  const said = scanline.readMetadata(metadata);
  const { network: found, parameters, notes } = scanline.readPyTorch(tensors);
  const network = withTraits(found, said, flags.activation);
  const known = knownOf(flags, said, network);
  const assumed = { axis: known.axis ?? "rows", ...(known.scale ?? { range: RANGES["0..1"] }) } as const;
  const T = flags.steps ?? lengthOf(assumed, said) ??
    (assumed.axis === "pixels" ? 28 * 28 : network.inputSize);
  const model = scanline.toLayersModel(network, parameters, { T });
  const { classes } = network.head;
  const classNames = namesOf(flags["class-names"], said, classes);

  const data = dataConfig(flags, classes);
  const tried = known.axis && known.scale ? [] : await tryOn(data, { model, classes }, known);
  const sequence = tried.at(0)?.sequence ?? assumed;

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
    data: { ...data },
    ...(classNames ? { model: { classNames } } : {}),
  });
  await run.saveModel(model);
  const sha256 = await scanline.modelSha256(model, sequence);
  if (flags.json) {
    const line = { event: "imported", run: run.path, sequence, tried, notes, modelSha256: sha256 };
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
  if (!known.axis || !known.scale) console.log(explainReading(tried));
  const evaluation = taskCommand("evaluate", flagWords("model", run.path), { read: [run.path] });
  console.log(`saved     ${shown(run.path)}`);
  console.log(`sha256    ${sha256}`);
  console.log(`evaluate  ${evaluation}`);
  return 0;
});

/** T of the images that the file says it reads. */
function lengthOf(
  { axis }: scanline.Sequence,
  { height, width }: scanline.FoundMetadata,
): number | undefined {
  if (height === undefined || width === undefined) return undefined;
  return axis === "pixels" ? height * width : axis === "rows" ? height : width;
}

/** What `evaluate` and others load, when no flag of theirs names other images. */
function dataConfig(
  { dataset, "data-dir": dataDir, "first-label": firstLabel, transpose }: {
    dataset?: scanline.DatasetName;
    "data-dir"?: string;
    "first-label"?: number;
    transpose: boolean;
  },
  classes: number,
): scanline.LoadOptions {
  if (dataDir !== undefined) {
    return { dataset, dataDir, classes, firstLabel, transpose: transpose || undefined };
  }
  const [useless] = [firstLabel !== undefined && "first-label", transpose && "transpose"].filter(Boolean);
  if (useless) {
    throw new FlagError(`Cannot use --${useless}: it must stand with --data-dir, whose images it is about`);
  }
  return { dataset: dataset ?? "mnist" };
}

/** What a flag calls the classes, or the file itself. */
function namesOf(
  flag: string | undefined,
  said: scanline.FoundMetadata,
  classes: number,
): readonly string[] | null {
  const names = flag?.split(",") ?? said.classNames ?? null;
  if (names === null || names.length === classes) return names;
  throw new FlagError(
    `Cannot use ${
      flag === undefined ? "the names in the file" : "--class-names"
    }: there must be one name for ` +
      `each of the ${classes} classes: current value is ${names.length}`,
  );
}

/** The network with what its weights do not tell: what a flag says, or the file itself, or what PyTorch has by default. */
function withTraits(
  network: scanline.Network,
  { layers: said }: scanline.FoundMetadata,
  activation: "tanh" | "relu" | undefined,
): scanline.Network {
  if (said && said.length !== network.layers.length) {
    throw new SyntaxError(
      `Cannot import: the file must tell of its ${network.layers.length} layers: current value is ${said.length}`,
    );
  }
  const layers = network.layers.map((layer, l): scanline.LayerSpec => {
    const traits = said?.[l] ?? layer;
    if (layer.kind === "lstm" && traits.kind === "lstm") {
      return { ...layer, gateActivation: traits.gateActivation, dropout: traits.dropout };
    }
    if (layer.kind === "rnn" && traits.kind === "rnn") {
      const { dropout } = traits;
      return { ...layer, activation: activation ?? traits.activation, dropout };
    }
    throw new SyntaxError(
      `Cannot import: layer ${l} must be of the kind that its weights have, ${layer.kind}: ` +
        `current value is ${traits.kind}, says the file`,
    );
  });
  return scanline.createNetwork({ layers, classes: network.head.classes, biases: 2 });
}

/** How it reads an image, as far as flags or the file itself say it. */
function knownOf(
  flags: { axis?: scanline.Sequence["axis"]; range?: keyof typeof RANGES; mean?: number; deviation?: number },
  said: scanline.FoundMetadata,
  { inputSize }: scanline.Network,
): { axis?: scanline.Sequence["axis"]; scale?: scanline.PixelScale } {
  const normalization = normalizationFlags({ mean: flags.mean, deviation: flags.deviation });
  if (normalization && flags.range) {
    throw new FlagError("Cannot use --range with --mean and --deviation: it must be one of them");
  }
  const asked = normalization ?? (flags.range && { range: RANGES[flags.range] });
  return {
    axis: flags.axis ?? said.axis ?? (inputSize === 1 ? "pixels" : undefined),
    scale: asked ?? said.scale,
  };
}

/** Tries the usual ways of reading on the images that the run is about; none, if those are not here. */
async function tryOn(
  data: scanline.LoadOptions,
  candidate: Omit<Candidate, "train">,
  known: ReturnType<typeof knownOf>,
): Promise<TriedReading[]> {
  try {
    const { train } = await scanline.loadDataset(data);
    return await tryReadings({ ...candidate, train }, known);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

/** Why it is this way, where nobody said so. */
function explainReading(tried: readonly TriedReading[]): string {
  const flags = "--axis, --range, or --mean and --deviation say otherwise";
  if (tried.length === 0) return `          assumed, as neither the file nor a flag says it; ${flags}`;
  const rows = tried.map(({ sequence, accuracy }) =>
    `          ${accuracy.toFixed(3)}  ${describeSequence(sequence)}`
  );
  return [
    "          found by trying, as neither the file nor a flag says it: accuracy on the first training images",
    ...rows,
    `          ${flags}`,
  ].join("\n");
}

/** `rows, pixels as 0…1`. */
function describeSequence(sequence: scanline.Sequence): string {
  const scale = "range" in sequence
    ? `${sequence.range[0]}…1`
    : `(x/255 - ${sequence.mean})/${sequence.deviation}`;
  return `${sequence.axis}, pixels as ${scale}`;
}
