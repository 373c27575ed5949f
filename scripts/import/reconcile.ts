/**
 * Combines what the flags of `import` and the metadata of its file say about a network; they must not contradict each
 * other.
 *
 * @module
 */
import { normalizationOf, type PixelScale } from "../../lib/data/sequence.ts";
import type { Order } from "../../lib/data/sequence.ts";
import {
  type Classifier,
  classifierOptions,
  createClassifier,
  describedNetwork,
  type FoundMetadata,
  recurrentLayers,
} from "../../run.ts";
import { normalizationFlags } from "../support/command.ts";
import { FlagError } from "../support/flags.ts";
import { classNamesFlag } from "../support/images.ts";

/** The values of `--range`. */
const RANGES = { "0..1": [0, 1], "-1..1": [-1, 1] } as const;

/** The flags that say how a network reads an image, and what its classes are. */
export interface ReadingFlags {
  readonly axis?: Order["axis"];
  readonly range?: keyof typeof RANGES;
  readonly mean?: number;
  readonly deviation?: number;
  readonly activation?: "tanh" | "relu";
  readonly steps?: number;
  readonly "class-names"?: string;
}

/** What weights do not show. A wrong answer gives wrong predictions without an error. */
export type Question = "order" | "scale" | "activation";

/** What is known about a network besides its weights. */
export interface Known {
  /** With dropout and activations; an RNN is tanh by default. Two biases a layer by default, as in PyTorch. */
  readonly network: Classifier;
  /** The length of a sequence, null for any; undefined if unknown. */
  readonly T?: number | null;
  readonly order?: Order;
  readonly scale?: PixelScale;
  readonly classNames: readonly string[] | null;
  /** The properties that neither the file nor a flag gives. */
  readonly open: readonly Question[];
}

/**
 * Combines flags, metadata and the network that the weights show.
 *
 * @throws {FlagError} If a flag contradicts the file or the weights; names both values.
 * @throws {SyntaxError} If the metadata contradict the weights.
 */
export function reconcile(
  flags: ReadingFlags,
  said: FoundMetadata,
  weights: Classifier,
): Known {
  const described = describedNetwork(weights, said), isDescribed = !!(said.network || said.layers);
  const rnns = recurrentLayers(described).filter(({ kind }) => kind === "rnn");
  if (flags.activation && rnns.length === 0) {
    throw new FlagError(
      `Cannot use --activation: the network must be an RNN: current value is ${
        recurrentLayers(described)[0].kind
      }`,
    );
  }
  for (const { activation } of isDescribed ? rnns : []) {
    agree<string>("--activation", { asked: flags.activation, said: activation });
  }
  const order = orderOf(flags.axis, said.order, described.input.size), scale = scaleOf(flags, said.scale);
  const isOpen = {
    order: !order,
    scale: !scale,
    activation: rnns.length > 0 && !isDescribed && !flags.activation,
  };
  return {
    network: withActivation(described, flags.activation),
    // A file with T null agrees with every flag.
    T: agree("--steps", { asked: flags.steps, said: said.T ?? undefined }) ?? said.T,
    order,
    scale,
    classNames: namesOf(flags["class-names"], said.classNames, described.classes),
    open: (["order", "scale", "activation"] as const).filter((question) => isOpen[question]),
  };
}

/** The network with this activation in every RNN, in both directions; the network itself without one. */
export function withActivation(network: Classifier, activation: "tanh" | "relu" | undefined): Classifier {
  if (!activation) return network;
  const { layers, ...others } = classifierOptions(network);
  return createClassifier({
    ...others,
    layers: layers.map((layer) => {
      if (layer.kind === "rnn") return { ...layer, activation };
      if (layer.kind !== "bidirectional" || layer.forward.kind !== "rnn") return layer;
      return { ...layer, forward: { ...layer.forward, activation }, backward: undefined };
    }),
  });
}

/** The value of a flag or of the file. @throws {FlagError} If both have one and they differ. */
function agree<V>(
  flag: string,
  { asked, said, same = Object.is, show = String }: {
    asked: V | undefined;
    said: V | undefined;
    same?: (asked: V, said: V) => boolean;
    show?: (value: V) => string;
  },
): V | undefined {
  if (asked === undefined || said === undefined || same(asked, said)) return said ?? asked;
  throw new FlagError(
    `Cannot use ${flag}: it must agree with the file, which says ${show(said)}: current value is ${
      show(asked)
    }`,
  );
}

function orderOf(
  asked: Order["axis"] | undefined,
  said: Order | undefined,
  inputSize: number,
): Known["order"] {
  const axis = agree("--axis", { asked, said: said?.axis });
  if (axis !== "pixels" || inputSize === 1) {
    const found = axis ?? (inputSize === 1 ? "pixels" : undefined);
    return said ?? (found && { axis: found });
  }
  const rule = `rows or columns, as the network takes ${inputSize} pixels at a time: current value is pixels`;
  throw said
    ? new SyntaxError(`Cannot import: the file's axis must be ${rule}`)
    : new FlagError(`Cannot use --axis: it must be ${rule}`);
}

/** Two scales agree if they have the same mean and deviation. */
function scaleOf(flags: ReadingFlags, said: Known["scale"]): Known["scale"] {
  const normalization = normalizationFlags({ mean: flags.mean, deviation: flags.deviation });
  if (normalization && flags.range) {
    throw new FlagError("Cannot use --range with --mean and --deviation: it must be one of them");
  }
  const asked = normalization ?? (flags.range && { range: RANGES[flags.range] });
  return agree<PixelScale>(normalization ? "--mean and --deviation" : "--range", {
    asked,
    said,
    same: (a, b) => {
      const [one, other] = [a, b].map((scale) => normalizationOf({ axis: "rows", ...scale }));
      return one.mean === other.mean && one.deviation === other.deviation;
    },
    show: (scale) => describeScale(scale).replace("…", ".."),
  });
}

/** `0…1`, or `(x/255 - 0.1307)/0.3081`. */
export function describeScale(scale: PixelScale): string {
  return "range" in scale ? `${scale.range[0]}…1` : `(x/255 - ${scale.mean})/${scale.deviation}`;
}

function namesOf(
  flag: string | undefined,
  said: readonly string[] | undefined,
  classes: number,
): readonly string[] | null {
  const rule = (names: readonly string[]) =>
    `there must be one name for each of the ${classes} classes: current value is ${names.length}`;
  if (said && said.length !== classes) throw new SyntaxError(`Cannot import: in the file ${rule(said)}`);
  const asked = classNamesFlag(flag);
  if (asked && asked.length !== classes) throw new FlagError(`Cannot use --class-names: ${rule(asked)}`);
  return asked ?? said ?? null;
}
