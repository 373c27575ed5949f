/**
 * Loads models of Keras 3, which the loader of TensorFlow.js refuses.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { joinBytes } from "../bytes.ts";
import { excerpt, messageOf, printable } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import { check, type Rule, TEXT } from "../options.ts";
import type { LayersModel } from "./from_tensorflow.ts";
import {
  cannotLoad,
  damaged,
  isShape,
  type LayerJson,
  type Topology,
  translateTopology,
} from "./keras_json.ts";

const ACTION = "load the model of Keras";

const WEIGHTS: Rule = {
  must: "bytes, or a list of bytes",
  isKind: (value) => [value].flat().every((bytes) => bytes instanceof Uint8Array),
};

/**
 * Makes a TensorFlow.js model of the files that `tensorflowjs_converter` writes of a `.keras` or `.h5` file of Keras 3, or of Keras 2
 * with a GRU; `tf.loadLayersModel()` refuses them. The model can be predicted with, compiled and trained, by `fit()` as well.
 *
 * A GRU of Keras resets after the product by default, and becomes a `gru({ resetAfter: true })`.
 *
 * @param json The text of `model.json`; or what Keras's `model.to_json()` returns, for a model that starts anew
 * @param weights The bytes of the files that `weightsManifest` in `model.json` lists, in this order; left out, the weights start anew
 * @returns Not compiled
 * @throws {SyntaxError} If the text is not the JSON of a model.
 * @throws {TypeError} If TensorFlow.js computes a layer otherwise or not at all, or the weights are not those of the layers.
 *
 * @example
 * ```ts ignore
 * const [json, weights] = [await Deno.readTextFile("model.json"), await Deno.readFile("group1-shard1of1.bin")];
 * const model = await loadKeras(json, weights);
 * model.compile({ optimizer: "adam", loss: "meanSquaredError" });
 * await fit(model, xs, ys, { epochs: 3 });
 * ```
 */
export async function loadKeras(
  json: string,
  weights?: Uint8Array | readonly Uint8Array[],
): Promise<LayersModel> {
  check(ACTION, "json", { value: json, rule: TEXT });
  const hasWeights = weights !== undefined;
  if (hasWeights) check(ACTION, "weights", { value: weights, rule: WEIGHTS });
  const file = parse(json);
  const topology = translateTopology(file, { hasWeights });
  if (!hasWeights) return await build(topology);
  const bytes = joinBytes(...[weights].flat() as Uint8Array[]);
  const specs = weightSpecs(file);
  for (const layer of topology.config.layers) checkSize(layer, bytes.length);
  const arrays = decodeWeights(specs, bytes);
  try {
    const model = await build(topology);
    setWeights(model, topology, arrays);
    return model;
  } finally {
    tf.dispose(arrays);
  }
}

/** A damaged file must not take memory for weights that it does not have: every weight has a byte or more. */
function checkSize({ class_name: kind, config }: LayerJson, sizeBytes: number): void {
  if (config.layer !== undefined) checkSize(config.layer as LayerJson, sizeBytes);
  const number = (value: unknown) => typeof value === "number" ? value : 0;
  const [units, rows, columns] = [config.units, config.input_dim, config.output_dim].map(number);
  const features = Array.isArray(config.batch_input_shape) ? number(config.batch_input_shape.at(-1)) : 0;
  const least = Math.max(units * (kind === "Dense" ? 1 : units), rows * columns, features);
  if (least <= sizeBytes) return;
  throw cannotLoad(
    `weights of layer "${printable(config.name)}" (${printable(kind)}) must be at least ${least}`,
    `those of ${sizeBytes} bytes`,
  );
}

function parse(json: string): Record<string, unknown> {
  let file: unknown;
  try {
    file = parseJson(json);
  } catch (error) {
    throw damaged("it must be JSON", messageOf(error));
  }
  if (typeof file === "object" && file !== null) return file as Record<string, unknown>;
  throw damaged("it must be an object", file);
}

async function build(topology: Topology): Promise<LayersModel> {
  try {
    return await tf.models.modelFromJSON({ modelTopology: topology } as never);
  } catch (error) {
    throw cannotLoad("TensorFlow.js must know its layers", reasonOf(error));
  }
}

/** The first line of what TensorFlow.js says, which quotes the file. */
function reasonOf(error: unknown): string {
  return printable(messageOf(error).split(/\n| This /)[0], 300);
}

/** What `weightsManifest` says of the weights, in the order of their bytes. */
function weightSpecs({ weightsManifest: groups }: Record<string, unknown>): tf.io.WeightsManifestEntry[] {
  if (!Array.isArray(groups) || !groups.every((group) => Array.isArray(group?.weights))) {
    throw damaged("weightsManifest must be a list of groups of weights", groups);
  }
  const specs = groups.flatMap(({ weights }) => weights);
  const wrong = specs.findIndex((spec) => !(typeof spec?.name === "string" && isShape(spec.shape)));
  if (wrong >= 0) throw damaged("each weight must have a name and a shape", specs[wrong]);
  return specs;
}

function decodeWeights(
  specs: tf.io.WeightsManifestEntry[],
  bytes: Uint8Array<ArrayBuffer>,
): tf.NamedTensorMap {
  try {
    return tf.io.decodeWeights(bytes.buffer, specs);
  } catch (error) {
    throw cannotLoad("the weights must be those of weightsManifest", reasonOf(error));
  }
}

/** Gives each layer its weights. */
function setWeights(model: LayersModel, topology: Topology, arrays: tf.NamedTensorMap): void {
  const owners = ownersOf(topology, Object.keys(arrays));
  for (const layer of model.layers) {
    const names = (owners.get(layer.name) ?? []).toSorted((a, b) => rank(a) - rank(b));
    const found = names.map((name) => arrays[name].shape), wanted = layer.weights.map(({ shape }) => shape);
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      model.dispose();
      throw cannotLoad(
        `weights of layer "${printable(layer.name)}" (${layer.getClassName()}) must have the shapes ${
          excerpt(wanted)
        }`,
        names.length === 0 ? "missing" : excerpt(found),
      );
    }
    layer.setWeights(names.map((name) => arrays[name]));
  }
}

/**
 * The names of weights by the name of their layer. A `.h5` file has `model/layer/cell/kernel` or `layer/cell/kernel`. A `.keras` file
 * has `layers/gru_1/cell/vars/0`, where the second GRU has this name, whatever it is called.
 */
function ownersOf({ config }: Topology, names: readonly string[]): Map<string, string[]> {
  const layers = config.layers.map((layer) => layer.config.name), folders = foldersOf(config.layers);
  const owners = new Map<string, string[]>();
  for (const name of names) {
    const parts = name.split("/");
    if (parts.includes("seed_generator")) continue; // of a dropout
    const isBelow = parts[0] === config.name && parts.length > 2 && layers.includes(parts[1]);
    const owner = parts.at(-2) === "vars" && parts[0] === "layers"
      ? folders.get(parts[1])
      : parts[isBelow ? 1 : 0];
    if (owner === undefined) continue; // of the optimizer
    owners.set(owner, [...owners.get(owner) ?? [], name]);
  }
  return owners;
}

/** The names of layers by their folders in a `.keras` file: `gru`, `gru_1`, … for the classes that Keras knows. */
function foldersOf(layers: readonly LayerJson[]): Map<string, string> {
  const counts = new Map<string, number>();
  return new Map(layers.map(({ class_name: kind, config: { name } }): [string, string] => {
    const folder = kind.replace(/ResetAfter$/, "")
      .replace(/(.)([A-Z][a-z0-9]+)/g, "$1_$2").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
    const count = counts.get(folder) ?? 0;
    counts.set(folder, count + 1);
    return [count > 0 ? `${folder}_${count}` : folder, name];
  }));
}

const ROLES = [
  "kernel",
  "recurrent_kernel",
  "bias",
  "gamma",
  "beta",
  "moving_mean",
  "moving_variance",
];

/** The place of a weight in its layer: the forward direction first, then as TensorFlow.js orders them. */
function rank(name: string): number {
  const parts = name.split("/"), last = parts.at(-1)!;
  const role = parts.at(-2) === "vars" ? Number(last) : Math.max(0, ROLES.indexOf(last));
  return role + (parts.some((part) => part.startsWith("backward")) ? 10 : 0);
}
