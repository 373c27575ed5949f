/**
 * Takes the model of a run to other programs.
 *
 *     deno task export --model runs/train-lstm/2026-11-22T05-41-25 --format onnx
 *
 * `onnx` runs in ONNX Runtime; `tfjs` is the two files that `tf.loadLayersModel()` reads; `safetensors` has the names and
 * shapes of PyTorch's `state_dict()`, for a module with an `rnn` and a `classifier` (or as `--rnn` and `--head` say). All
 * three say in their metadata what to feed: shape, order and numbers.
 */
import "./support/deno_version.ts";
import { dirname } from "node:path";
import { makeFolders, writeNamed } from "../lib/data/files.ts";
import { checkAllowed, shown } from "../lib/data/places.ts";
import * as scanline from "../mod.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { pictureOptions, savedClassNames } from "./support/pictures.ts";

/** What the sources of the recipes call their `Linear`. */
const HEADS: ReadonlyMap<string, string> = new Map([
  ["train-lstm", "classifier"],
  ["train-rnn", "fc1"],
  ["train-lstm-adam", "out"],
]);

const command = {
  name: "export",
  about: "Takes the model of a run to other programs.",
  flags: {
    model: { kind: "text", placeholder: "FOLDER", help: "the folder of a run" },
    format: { kind: "choice", choices: ["onnx", "tfjs", "safetensors"], help: "what to write" },
    to: {
      kind: "text",
      placeholder: "PATH",
      help: "a file, or a folder for tfjs (default: in the run's folder)",
    },
    rnn: { kind: "text", placeholder: "NAME", default: "rnn", help: "PyTorch's name of the LSTM or RNN" },
    head: {
      kind: "text",
      placeholder: "NAME",
      help: "PyTorch's name of the Linear (default: as in the source)",
    },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

await runCommand(command, async (flags) => {
  const { model: folder, format } = flags;
  if (!folder || !format) {
    const [flag, what] = folder ? ["format", "onnx, tfjs or safetensors"] : ["model", "the folder of a run"];
    throw new FlagError(`Cannot export: --${flag} must be given, ${what}`);
  }
  const folderTo = format === "tfjs" ? flags.to : flags.to && dirname(flags.to);
  checkAllowed({ read: [folder], write: [folderTo === "." ? flags.to : folderTo ?? folder] }); // a file here may be allowed alone
  const run = await scanline.openRun(folder);
  const { recipe, training } = run.config;
  const { network, T } = scanline.toNetwork(run.model, { biases: training.biases });
  const parameters = await scanline.readWeights(run.model, network);
  const { sequence } = training;
  const metadata = {
    ...scanline.writeMetadata({
      network,
      T,
      sequence,
      classNames: savedClassNames(run, network.head.classes),
      preparation: pictureOptions(run).preparation,
    }),
    recipe,
  };
  const own = `export/${format === "tfjs" ? "tfjs" : `model.${format}`}`;
  const path = flags.to ?? own;
  const input = scanline.describeInput(sequence, { T, C: network.inputSize });
  const files = await contents();
  if (folderTo && folderTo !== ".") await makeFolders(folderTo);
  for (const [name, bytes] of Object.entries(files)) {
    if (flags.to === undefined) await new scanline.Run(run.path).write(name, bytes);
    else await writeNamed(name, bytes);
    const file = flags.to === undefined ? `${run.path}/${name}` : name;
    const line = { event: "exported", format, file, sizeBytes: bytes.length };
    console.log(
      flags.json
        ? JSON.stringify(line)
        : `saved     ${shown(file)}, ${scanline.formatQuantity(bytes.length, "B")}`,
    );
  }
  return 0;

  async function contents(): Promise<Record<string, Uint8Array>> {
    switch (format!) {
      case "onnx":
        return {
          [path]: scanline.encodeOnnx(network, parameters, { T, metadata: { ...metadata, input } }),
        };
      case "safetensors": {
        const names = {
          rnn: flags.rnn,
          head: flags.head ?? HEADS.get(recipe) ?? "head",
        };
        return {
          [path]: scanline.encodeSafetensors(scanline.toPyTorch(network, parameters, names), {
            ...metadata,
            input,
            format: "pt",
          }),
        };
      }
      case "tfjs": {
        const { json, weights } = await scanline.serializeModel(run.model, {
          metadata: { ...metadata, input },
        });
        return { [`${path}/model.json`]: new TextEncoder().encode(json), [`${path}/weights.bin`]: weights };
      }
    }
  }
});
