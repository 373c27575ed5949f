/**
 * A model of TensorFlow.js as one chain of layers: what comes in, and the layers from there up.
 *
 * @module
 */
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import { excerpt } from "../excerpt.ts";
import type { LayerOptions, NetworkOptions, RecurrentOptions } from "./network_options.ts";
import {
  checkTrainable,
  convertInput,
  convertLayer,
  describe,
  isSize,
  LAYER_CLASSES,
  readsInput,
  type TensorflowLayer,
} from "./tensorflow_layers.ts";
import { refusal } from "./tensorflow_refusal.ts";

/** A layer, as TensorFlow.js and as an engine know it. */
export interface ChainLayer {
  readonly source: TensorflowLayer;
  readonly options: LayerOptions;
}

/** A model that is one chain of layers. */
export interface Chain extends Pick<NetworkOptions, "input"> {
  /** T of the model's input shape, null where it is open. */
  readonly T: number | null;
  /** From the input up; layers that give the input, such as Embedding, are not among them. */
  readonly layers: readonly ChainLayer[];
}

/** What to do about a model that is no classifier of images. */
export const TAKEN_BY_FIT = "scanline.fit() takes it";

/**
 * Reads a model from the input up.
 *
 * @param action For messages: `Cannot <action>`
 * @param options.isTrained Whether frozen weights are refused
 * @throws {TypeError} If anything in the model means something else to an engine: layer, property, what is supported and
 * what was found are in the message.
 */
export function readChain(
  action: string,
  model: tf.LayersModel,
  { isTrained }: { isTrained: boolean },
): Chain {
  checkModel(action, model);
  checkClasses(action, model);
  const sources = walk(action, model);
  const { features, T } = checkInput(action, model, sources[0]);
  const input = convertInput(action, sources[0], features);
  const above = readsInput(sources[0]) ? sources.slice(1) : sources;
  const layers = above.map((source) => {
    if (readsInput(source)) throw notFirst(action, source, sources);
    return { source, options: convertLayer(action, source) };
  });
  if (isTrained) {
    checkModelTrainable(action, model);
    for (const source of sources) checkTrainable(action, source);
  }
  checkMasks(action, input, layers);
  return { input, T, layers };
}

function checkModel(action: string, model: tf.LayersModel): void {
  if (!(model instanceof tf.LayersModel)) throw notModel(action, model);
  if (model.layers.every((layer) => layer.getClassName() === "InputLayer")) {
    throw refusal(action, {
      subject: `layers of model "${model.name}"`,
      must: "be at least one above the input",
      found: model.layers.length === 0 ? "[]" : "no layer above the input",
      remedy: "add() them, the first one with an inputShape",
    });
  }
}

function checkModelTrainable(action: string, model: tf.LayersModel): void {
  if (model.trainable) return;
  throw refusal(action, { subject: `trainable of model "${model.name}"`, must: "be true", found: "false" });
}

function notModel(action: string, model: unknown): TypeError {
  const name = (model as { getClassName?: () => string } | null | undefined)?.getClassName?.();
  return refusal(action, {
    subject: "it",
    must: "be a tf.Sequential or a tf.model",
    found: name ?? (model === null ? "null" : typeof model),
    remedy: name === "Sequential" || name === "Model" || name === "Functional"
      ? `of another copy of TensorFlow.js: import version ${tf.version.tfjs}`
      : undefined,
  });
}

function checkClasses(action: string, model: tf.LayersModel): void {
  for (const layer of model.layers) {
    const name = layer.getClassName();
    if (name === "InputLayer" || LAYER_CLASSES.includes(name)) continue;
    throw refusal(action, {
      subject: `class of layer "${layer.name}"`,
      must: `be ${LAYER_CLASSES.slice(0, -1).join(", ")} or ${LAYER_CLASSES.at(-1)}`,
      found: name,
    });
  }
}

/** The layers above the input in the order of the data, each once, with one input and one output. */
function walk(action: string, model: tf.LayersModel): TensorflowLayer[] {
  checkOne(action, `outputs of model "${model.name}"`, model.outputs);
  const layers: TensorflowLayer[] = [];
  let tensor = model.outputs[0];
  while (tensor.sourceLayer.getClassName() !== "InputLayer") {
    const layer = tensor.sourceLayer;
    checkMember(action, model, { layer, above: layers[0] });
    if (layers.includes(layer) || model.layers.filter((one) => one === layer).length > 1) {
      throw refusal(action, {
        subject: `layer "${layer.name}"`,
        must: "stand in the model once",
        found: "twice or more",
      });
    }
    layers.unshift(layer);
    const { inputTensors } = layer.inboundNodes[tensor.nodeIndex];
    checkOne(action, `inputs of ${describe(layer)}`, inputTensors);
    tensor = inputTensors[0];
  }
  checkOne(action, `inputs of model "${model.name}"`, model.inputs);
  return layers;
}

/** A Sequential whose first layer was applied before has layers below it that are not its own. */
function checkMember(
  action: string,
  model: tf.LayersModel,
  { layer, above }: { layer: TensorflowLayer; above: TensorflowLayer },
): void {
  if (model.layers.includes(layer)) return;
  throw refusal(action, {
    subject: `input of ${describe(above)}`,
    must: "come from the input or a layer of the model",
    found: `the output of ${describe(layer)}, which is none of its layers`,
  });
}

function checkOne(action: string, subject: string, tensors: readonly tf.SymbolicTensor[]): void {
  if (tensors.length === 1) return;
  const found = tensors.map(({ name }) => `"${name}"`).join(", ");
  throw refusal(action, { subject, must: "be one tensor", found });
}

/** The lengths of the model's input: `[N, T]` tokens below an Embedding, else `[N, T, C]` features. */
function checkInput(
  action: string,
  model: tf.LayersModel,
  first: TensorflowLayer,
): { T: number | null; features: number } {
  const { shape, dtype } = model.inputs[0], isTokens = first.getClassName() === "Embedding";
  const dtypes = isTokens ? ["float32", "int32"] : ["float32"];
  if (!dtypes.includes(dtype)) {
    throw refusal(action, {
      subject: `dtype of layer "${first.name}"`,
      must: `be ${dtypes.map((one) => `"${one}"`).join(" or ")}`,
      found: excerpt(dtype),
    });
  }
  const [, T, features = 0] = shape;
  if (!isLength(T) || shape.length !== (isTokens ? 2 : 3) || (!isTokens && !isSize(features))) {
    throw refusal(action, {
      subject: `batchInputShape of layer "${first.name}"`,
      must: isTokens
        ? "be [N, T] with a positive or open T"
        : "be [N, T, C] with a positive C and a positive or open T",
      found: excerpt(shape),
    });
  }
  const { inputLength } = first.getConfig() as { inputLength?: number | null };
  return { T: T ?? (isSize(inputLength) ? inputLength : null), features: Number(features) };
}

function isLength(T: unknown): T is number | null {
  return T === null || isSize(T);
}

function notFirst(action: string, layer: TensorflowLayer, layers: readonly TensorflowLayer[]): TypeError {
  return refusal(action, {
    subject: `position of ${describe(layer)}`,
    must: "be the first",
    found: `${layers.indexOf(layer) + 1} of ${layers.length}`,
  });
}

/**
 * TensorFlow.js gives two recurrent layers a mask that does not belong to their steps: one above a layer that reads backwards,
 * whose steps are reversed and whose mask is not, and one above a RepeatVector, which gets the mask of the input.
 */
function checkMasks(action: string, input: NetworkOptions["input"], layers: readonly ChainLayer[]): void {
  const masked = input.kind === "tokens" ? input.maskZero : input.maskValue !== undefined;
  if (!masked) return;
  const below = layers.findIndex(({ options }) => {
    return options.kind === "repeat" || isCell(options) && options.backwards && options.returnSequences;
  });
  const above = layers.slice(below + 1).find(({ options }) => {
    return isCell(options) || options.kind === "bidirectional";
  });
  if (below < 0 || !above) return;
  const { source, options } = layers[below];
  throw refusal(
    action,
    options.kind === "repeat"
      ? {
        subject: `layers above ${describe(source)} in a model with a mask`,
        must: "be none that is recurrent",
        found: describe(above.source),
        remedy: "TensorFlow.js masks its steps as if they were those of the input",
      }
      : {
        subject: `goBackwards of ${describe(source)}, below the masked ${describe(above.source)},`,
        must: "be false",
        found: "true",
      },
  );
}

/** Whether a layer is recurrent, in one direction. */
export function isCell(options: LayerOptions): options is RecurrentOptions {
  return options.kind === "lstm" || options.kind === "gru" || options.kind === "rnn";
}
