/**
 * Writes the model of a run as a file for other programs.
 *
 *     deno task export --model runs/train-lstm/2026-11-22T05-41-25 --format onnx
 *
 * `onnx` runs in ONNX Runtime; `tfjs` is the two files that `tf.loadLayersModel()` reads; `safetensors` has the names and
 * shapes of PyTorch's `state_dict()`, for modules that are called as in the recipe's source, else `rnn`, `batchnorm`, `linear` and,
 * last, `head` (or as `--rnn` and `--head` say). The metadata of all three says what to feed: shape, order and numbers; that of
 * `safetensors` also in which order the modules are called.
 */
import "./support/deno_version.ts";
import { dirname } from "node:path";
import { toOnnx, toSafetensors, toTensorflowFiles } from "../mod.ts";
import {
  checkAllowed,
  makeFolders,
  openRun,
  type PyTorchNames,
  RunFolder,
  shown,
  writeNamed,
} from "../run.ts";
import { formatQuantity } from "../view.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { MODEL_FLAGS } from "./support/runs.ts";

/** What the sources of the recipes call their modules. */
const NAMES: ReadonlyMap<string, PyTorchNames> = new Map<string, PyTorchNames>([
  ["train-lstm", { head: "classifier" }],
  ["train-rnn", { head: "fc1" }],
  ["train-lstm-adam", { head: "out" }],
  ["train-bilstm", { rnn: "lstm", head: "fc" }],
  ["train-gru", { rnn: "gru", head: "fc" }],
  ["train-mnist-rnn", { linear: "fc1", head: "fc2" }],
]);

const command = {
  name: "export",
  about: "Takes the model of a run to other programs.",
  flags: {
    ...MODEL_FLAGS,
    format: { kind: "choice", choices: ["onnx", "tfjs", "safetensors"], help: "what to write" },
    to: {
      kind: "text",
      placeholder: "PATH",
      help: "a file, or a folder for tfjs (default: in the run's folder)",
    },
    rnn: {
      kind: "text",
      placeholder: "NAME",
      help: "PyTorch's name of the LSTM, GRU or RNN (default: as in the source)",
    },
    head: {
      kind: "text",
      placeholder: "NAME",
      help: "PyTorch's name of the last Linear, likewise",
    },
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

/** The classes of layers that Scanline adds to TensorFlow.js. */
const OWN_LAYERS = ["GRUResetAfter", "LastStep"];

await runCommand(command, async (flags) => {
  const { model: folder, format } = flags;
  if (!folder || !format) {
    const [flag, what] = folder
      ? ["format", "onnx, tfjs or safetensors"]
      : ["model", "the folder of a run or a recipe"];
    throw new FlagError(`Cannot export: --${flag} must be given, ${what}`);
  }
  const useless = format === "safetensors"
    ? undefined
    : (["rnn", "head"] as const).find((name) => flags[name]);
  if (useless) {
    throw new FlagError(
      `Cannot use --${useless}: only safetensors has PyTorch's names: --format is ${format}`,
    );
  }
  const folderTo = format === "tfjs" ? flags.to : flags.to && dirname(flags.to);
  checkAllowed({ read: [folder], write: [folderTo === "." ? flags.to : folderTo ?? folder] }); // a file here may be allowed alone
  const { path: runPath, config: { recipe }, model } = await openRun(folder);
  const path = flags.to ?? `export/${format === "tfjs" ? "tfjs" : `model.${format}`}`;
  const files = await contents();
  if (folderTo && folderTo !== ".") await makeFolders(folderTo);
  for (const [name, bytes] of Object.entries(files)) {
    if (flags.to === undefined) await new RunFolder(runPath).write(name, bytes);
    else await writeNamed(name, bytes);
    const file = flags.to === undefined ? `${runPath}/${name}` : name;
    const line = { event: "exported", format, file, sizeBytes: bytes.length };
    console.log(
      flags.json ? JSON.stringify(line) : `saved     ${shown(file)}, ${formatQuantity(bytes.length, "B")}`,
    );
  }
  return 0;

  async function contents(): Promise<Record<string, Uint8Array>> {
    if (format === "onnx") return { [path]: toOnnx(model, { recipe }) };
    if (format === "safetensors") {
      const own = NAMES.get(recipe),
        names = { ...own, rnn: flags.rnn ?? own?.rnn, head: flags.head ?? own?.head };
      if (flags.head !== undefined && flags.head === (names.rnn ?? "rnn")) {
        throw new FlagError(
          `Cannot use --head: it must be another name than that of --rnn: current value is ${flags.head}`,
        );
      }
      return { [path]: toSafetensors(model, names, { recipe }) };
    }
    const { json, weights } = await toTensorflowFiles(model, { recipe });
    const own = OWN_LAYERS.filter((name) => json.includes(`"${name}"`));
    if (own.length > 0) {
      console.error(
        `TensorFlow.js alone does not know ${
          own.join(" and ")
        }: a program that loads this model must import Scanline too`,
      );
    }
    return { [`${path}/model.json`]: new TextEncoder().encode(json), [`${path}/weights.bin`]: weights };
  }
});
