/**
 * Which modules of PyTorch a `state_dict()` is of, told by the names and shapes of its tensors.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import type { Tensor } from "./safetensors.ts";

/** The tensors of one module by the last part of their names. */
export interface TorchModule {
  /** `rnn` where a tensor is `rnn.weight_ih_l0`; empty where it is `weight_ih_l0`. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What it is. */
  readonly kind: string;
}

/** A classifier, as far as names tell. */
export interface TorchClassifier {
  /** An `nn.LSTM` or `nn.RNN`. */
  readonly rnn: TorchModule;
  /** An `nn.Linear`. */
  readonly head: TorchModule;
  /** The names of tensors that are no weights: single whole numbers, which count or say yes or no. */
  readonly counters: readonly string[];
}

/** Most modules that a message lists. */
const MOST_LISTED = 8;

/** What keeps one tensor of a recurrent module apart from the others. */
const RECURRENT = /^(weight|bias)_(ih|hh|hr)_l\d+/;

/**
 * Finds one `nn.LSTM` or `nn.RNN` and one `nn.Linear`, whatever their names are, and nothing else.
 *
 * @throws {TypeError} If there are others, or not both; says of each module what it is.
 */
export function findClassifier(tensors: ReadonlyMap<string, Tensor>): TorchClassifier {
  const counters = [...tensors].filter(([, tensor]) => isCounter(tensor)).map(([name]) => name);
  const modules = modulesOf([...tensors].filter(([, tensor]) => !isCounter(tensor)));
  const rnns = modules.filter(isRecurrent), heads = modules.filter(isLinear);
  if (modules.length === 2 && rnns.length === 1 && heads.length === 1) {
    return { rnn: rnns[0], head: heads[0], counters };
  }
  const others = modules.filter((module) => !isRecurrent(module) && !isLinear(module));
  const listed = [...others, ...rnns, ...heads].slice(0, MOST_LISTED)
    .map(({ name, kind }) => `${moduleName(name)} (${kind})`);
  const more = modules.length > MOST_LISTED ? [`${modules.length - MOST_LISTED} more`] : [];
  throw cannotTake(
    "there must be one nn.LSTM or nn.RNN and one nn.Linear, and no other module",
    [...listed, ...more].join(", ") || "no tensors",
  );
}

/** The name of a tensor in a module. */
export function tensorName(module: string, part: string): string {
  return module === "" ? part : `${module}.${part}`;
}

/** A module, in a message. */
export function moduleName(name: string): string {
  return name === "" ? "the model itself" : printable(name);
}

/** What tells of weights that cannot be taken. */
export function cannotTake(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot take PyTorch's weights: ${rule}: current value is ${value}`);
}

function isRecurrent({ kind }: TorchModule): boolean {
  return kind === "nn.LSTM" || kind === "nn.RNN";
}

function isLinear({ kind }: TorchModule): boolean {
  return kind.startsWith("nn.Linear");
}

function isCounter({ data }: Tensor): boolean {
  return data.length === 1 && !(data instanceof Float32Array || data instanceof Float64Array);
}

function modulesOf(tensors: readonly (readonly [name: string, tensor: Tensor])[]): TorchModule[] {
  const modules = new Map<string, Map<string, Tensor>>();
  for (const [name, tensor] of tensors) {
    const dot = name.lastIndexOf(".");
    const module = name.slice(0, Math.max(dot, 0)), part = name.slice(dot + 1);
    modules.set(module, (modules.get(module) ?? new Map()).set(part, tensor));
  }
  return [...modules].map(([name, tensors]) => ({ name, tensors, kind: kindOf(name, tensors) }));
}

/** As PyTorch calls it, if it can be told. */
function kindOf(name: string, tensors: ReadonlyMap<string, Tensor>): string {
  const parts = [...tensors.keys()], has = (...names: string[]) => names.some((part) => tensors.has(part));
  if (parts.some((part) => RECURRENT.test(part))) return recurrentKind(tensors);
  if (has("weight_ih", "weight_hh")) return `${gatesOf(tensors.get("weight_hh"))}Cell`;
  if (has("in_proj_weight", "q_proj_weight")) return "nn.MultiheadAttention";
  if (has("original0", "original1") || has("weight_g", "weight_v")) {
    return "a weight norm, which must be removed";
  }
  if (name.split(".").includes("parametrizations")) return "a parametrization, which must be removed";
  if (has("running_mean", "running_var")) return "nn.BatchNorm";
  if (has("kernel", "recurrent_kernel")) return "of Keras or Flax, not of PyTorch";
  if (parts.every((part) => part === "weight" || part === "bias") && has("weight")) {
    return weightKind(tensors);
  }
  const [part] = parts, shape = excerpt(tensors.get(part)!.shape);
  return `of unknown kind, with ${printable(part)} ${shape}`;
}

/** Of a module with a weight, and perhaps a bias, and nothing else. */
function weightKind(tensors: ReadonlyMap<string, Tensor>): string {
  const hasBias = tensors.has("bias"), rank = tensors.get("weight")!.shape.length;
  switch (rank) {
    case 1:
      return hasBias ? "nn.LayerNorm, or alike" : "nn.RMSNorm, or nn.PReLU";
    case 2:
      return hasBias ? "nn.Linear" : "nn.Linear without bias, or nn.Embedding";
    case 3:
    case 4:
    case 5:
      return `nn.Conv${rank - 2}d`;
    default:
      return `of unknown kind, with a weight of ${rank} dimensions`;
  }
}

function recurrentKind(tensors: ReadonlyMap<string, Tensor>): string {
  const parts = [...tensors.keys()];
  const kind = gatesOf(tensors.get("weight_hh_l0"), tensors.get("weight_hr_l0"));
  if (parts.some((part) => part.startsWith("weight_hr_"))) return `${kind} with proj_size`;
  if (parts.some((part) => part.endsWith("_reverse"))) return `${kind} of two directions (bidirectional)`;
  const other = parts.find((part) => !/^(weight|bias)_(ih|hh)_l(0|[1-9]\d*)$/.test(part));
  return other === undefined ? kind : `a changed ${kind}, with ${printable(other)}`;
}

/** By how many times as many rows as units there are; a projection tells its units. */
function gatesOf(weight: Tensor | undefined, projection?: Tensor): string {
  const [rows = NaN, columns = NaN] = weight?.shape ?? [];
  const gates = rows / (projection?.shape.at(1) ?? columns);
  return ({ 1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM" } as Record<number, string>)[gates] ??
    "recurrent, of unknown kind";
}
