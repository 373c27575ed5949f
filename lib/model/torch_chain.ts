/**
 * The order in which the modules of a PyTorch model are called, as a list of words: what a `state_dict()` does not say.
 *
 *     ["embedding", "lstm", "last", "fc1", "relu", "fc2"]
 *
 * A word is the name of a module, or
 *
 * - `last`: the last step of the recurrent module before it goes on (`output[:, -1]`; of a bidirectional one the last output of each
 *   direction, `torch.cat([h_n[-2], h_n[-1]], 1)`), instead of all steps;
 * - `lastStep`: the last step alone of whatever is before it, `output[:, -1]` also of a bidirectional module, whose backward
 *   direction has read one step there;
 * - `sum`, `ave`, `mul`: how the two directions of the bidirectional module before it are merged, which are else side by side;
 * - `eps 0.001`, `momentum 0.01`: those of the `BatchNorm` before it, which are else 1e-5 and 0.1; `biased`: its running variance
 *   averages the variances of the batches themselves, as in Keras, not the estimates that PyTorch makes of them;
 * - `relu`, `tanh`, `sigmoid`, `softmax`, `hardSigmoid` (that of Keras);
 * - `repeat 5`: the one step, five times;
 * - `mask 0`, the first word: steps with token 0, or with features that are all 0, are not read.
 *
 * @module
 */
import { excerpt } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import { type Metadata, PRODUCER, readMetadata } from "./metadata.ts";
import { type BatchNormLayer, isRecurrent, type Network, recurrentLayers } from "./network.ts";
import type { LayerOptions } from "./network_options.ts";
import type { Sites } from "./torch_tensors.ts";

/** What weights do not show. */
export interface ChainOptions {
  /** See the head of this file; by default one recurrent module, `last`, and one `Linear`, with an `Embedding` below if there is one. */
  readonly chain?: readonly string[];
  /** The activation of every `RNN`; tanh by default, as in PyTorch. */
  readonly activation?: "tanh" | "relu";
}

/** As PyTorch makes it. */
export const BATCH_NORM = { kind: "batchNorm", epsilon: 1e-5, momentum: 0.9, unbiased: true } as const;

/** The words that may follow it, most of them with a number. */
export const BATCH_NORM_WORDS: Readonly<Record<string, (number: number) => Partial<BatchNormOptions>>> = {
  eps: (epsilon) => ({ epsilon }),
  momentum: (momentum) => ({ momentum: otherMomentum(momentum) }),
  biased: () => ({ unbiased: false }),
};

type BatchNormOptions = Extract<LayerOptions, { kind: "batchNorm" }>;

/** The words for a network whose layers are in these modules. Dropout is left out. */
export function chainOf({ input, layers }: Network, sites: Sites): string[] {
  const words: string[] = [];
  if (input.kind === "tokens") words.push(...(input.maskZero ? ["mask 0"] : []), sites.embedding);
  else if (input.maskValue !== null) words.push(`mask ${input.maskValue}`);
  layers.forEach((layer, index) => {
    const site = sites.layers[index];
    if (site?.l === 0) words.push(site.module);
    if (layer.kind === "repeat") words.push(`repeat ${layer.steps}`);
    if (layer.kind === "last") words.push("lastStep");
    if (layer.kind === "batchNorm") words.push(...batchNormWords(layer));
    const isActive = (layer.kind === "activation" || layer.kind === "dense") && layer.activation !== "linear";
    if (isActive) words.push(layer.activation);
    if (layer.kind === "bidirectional" && layer.merge !== "concat") words.push(layer.merge);
    const recurrent = layer.kind === "bidirectional" ? layer.forward : isRecurrent(layer) ? layer : null;
    if (recurrent && !recurrent.returnSequences) words.push("last");
  });
  return words;
}

/** What PyTorch's defaults do not say. */
function batchNormWords({ epsilon, momentum, unbiased }: BatchNormLayer): string[] {
  return [
    ...(epsilon === BATCH_NORM.epsilon ? [] : [`eps ${epsilon}`]),
    ...(momentum === BATCH_NORM.momentum ? [] : [`momentum ${otherMomentum(momentum)}`]),
    ...(unbiased ? [] : ["biased"]),
  ];
}

/** PyTorch's momentum from Keras's, or back: 0.1 of 0.9, where 1 − 0.9 is 0.09999999999999998. */
function otherMomentum(momentum: number): number {
  return Number((1 - momentum).toPrecision(15));
}

/** What a file says of its chain; the inverse of {@link readChainMetadata}. */
export function writeChainMetadata(
  network: Network,
  sites: Sites,
): { readonly chain: string; readonly activation?: "relu" } {
  const relu = recurrentLayers(network).some(({ kind, activation }) =>
    kind === "rnn" && activation === "relu"
  );
  return { chain: JSON.stringify(chainOf(network, sites)), ...(relu ? { activation: "relu" } : {}) };
}

/**
 * The options that a file of `toSafetensors()` has; of the metadata of other programs nothing is used.
 *
 * @throws {SyntaxError} If Scanline wrote them and they are damaged.
 */
export function readChainMetadata(metadata: Metadata): ChainOptions {
  const { producer, chain, activation } = metadata;
  if (producer !== PRODUCER) return {};
  const isRelu = activation === "relu" ||
    readMetadata(metadata).layers?.some((layer) => layer.kind === "rnn" && layer.activation === "relu");
  const said = isRelu ? { activation: "relu" } as const : {};
  if (chain === undefined) return said; // a classifier of an older version
  let words: unknown = null;
  try {
    words = parseJson(chain);
  } catch {
    // not JSON
  }
  if (!isWords(words)) {
    throw new SyntaxError(
      `Cannot read the metadata: chain must be a list of words: current value is ${excerpt(chain)}`,
    );
  }
  return { chain: words, ...said };
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string");
}
