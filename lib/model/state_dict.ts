/**
 * Recognizes the PyTorch modules of a `state_dict()` by the names and shapes of its tensors.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import type { Tensor } from "./safetensors.ts";

/** The tensors of one module, by the last part of their names. */
export interface TorchModule {
  /** `rnn` if a tensor is called `rnn.weight_ih_l0`; empty if it is called `weight_ih_l0`. */
  readonly name: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What PyTorch calls it, such as `nn.LSTM`, or a description. */
  readonly kind: string;
}

/** How many modules a message lists at most. */
const MOST_LISTED = 8;

/** The tensors of a recurrent module. */
const RECURRENT = /^(weight|bias)_(ih|hh|hr)_l\d+/;

/** Of one, two or three dimensions alike. */
const BATCH_NORM = "nn.BatchNorm";

/** Modules that one of their tensors identifies. */
const TELLTALES: readonly (readonly [parts: readonly string[], kind: string])[] = [
  [["in_proj_weight", "q_proj_weight"], "nn.MultiheadAttention"],
  [["original0", "original1", "weight_g", "weight_v"], "a weight norm, which must be removed"],
  [["kernel", "recurrent_kernel"], "from Keras or Flax, not from PyTorch"],
];

/** What a module can be in a chain, see `torch_chain.ts`. */
export interface ChainKind {
  /** A `table` is an `Embedding`, or a `Linear` without bias. */
  readonly kind: "lstm" | "gru" | "rnn" | "linear" | "table" | "batchNorm";
  readonly isBidirectional: boolean;
}

/** What a module is to a chain; null for other modules. */
export function chainKind({ kind }: TorchModule): ChainKind | null {
  const recurrent = /^(bidirectional )?nn\.(LSTM|GRU|RNN)$/.exec(kind);
  if (recurrent) {
    const [, both, name] = recurrent;
    return { kind: name.toLowerCase() as "lstm" | "gru" | "rnn", isBidirectional: both !== undefined };
  }
  if (kind === BATCH_NORM) return { kind: "batchNorm", isBidirectional: false };
  if (!kind.startsWith("nn.Linear")) return null;
  return { kind: kind === "nn.Linear" ? "linear" : "table", isBidirectional: false };
}

/** All modules with weights, and the names of the tensors that are none. */
export function findModules(
  tensors: ReadonlyMap<string, Tensor>,
): { modules: TorchModule[]; counters: string[] } {
  const counters = [...tensors].filter(([, tensor]) => isCounter(tensor)).map(([name]) => name);
  return { modules: modulesOf([...tensors].filter(([, tensor]) => !isCounter(tensor))), counters };
}

/** Modules, for messages. */
export function listModules(modules: readonly TorchModule[]): string {
  const listed = modules.slice(0, MOST_LISTED).map(({ name, kind }) => `${moduleName(name)} (${kind})`);
  const more = modules.length > MOST_LISTED ? [`${modules.length - MOST_LISTED} more`] : [];
  return [...listed, ...more].join(", ") || "no tensors";
}

/** The name of a tensor of a module. */
export function tensorName(module: string, part: string): string {
  return module === "" ? part : `${module}.${part}`;
}

/** A module, for messages. */
export function moduleName(name: string): string {
  return name === "" ? "the model itself" : printable(name);
}

/** The error for weights that cannot be used. */
export function cannotTake(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot take PyTorch's weights: ${rule}: current value is ${value}`);
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

function kindOf(name: string, tensors: ReadonlyMap<string, Tensor>): string {
  const parts = [...tensors.keys()];
  if (parts.some((part) => RECURRENT.test(part))) return recurrentKind(tensors);
  if (tensors.has("weight_ih") || tensors.has("weight_hh")) return `${gatesOf(tensors.get("weight_hh"))}Cell`;
  const [, kind] = TELLTALES.find(([telltales]) => telltales.some((part) => tensors.has(part))) ?? [];
  if (kind) return kind;
  if (tensors.has("running_mean") || tensors.has("running_var")) return batchNormKind(parts);
  if (name.split(".").includes("parametrizations")) return "a parametrization, which must be removed";
  if (tensors.has("weight") && parts.every((part) => part === "weight" || part === "bias")) {
    return weightKind(tensors.get("weight")!.shape.length, tensors.has("bias"));
  }
  const [part] = parts, shape = excerpt(tensors.get(part)!.shape);
  return `of unknown kind, with ${printable(part)} ${shape}`;
}

function batchNormKind(parts: readonly string[]): string {
  const other = parts.find((part) => !["weight", "bias", "running_mean", "running_var"].includes(part));
  return other === undefined ? BATCH_NORM : `a changed ${BATCH_NORM}, with ${printable(other)}`;
}

/** The kind of a module that has only a weight of `rank` dimensions and perhaps a bias. */
function weightKind(rank: number, hasBias: boolean): string {
  if (rank === 1) return hasBias ? "nn.LayerNorm or similar" : "nn.RMSNorm or nn.PReLU";
  if (rank === 2) return hasBias ? "nn.Linear" : "nn.Linear without bias, or nn.Embedding";
  return rank >= 3 && rank <= 5
    ? `nn.Conv${rank - 2}d`
    : `of unknown kind, with a weight of ${rank} dimensions`;
}

function recurrentKind(tensors: ReadonlyMap<string, Tensor>): string {
  const parts = [...tensors.keys()];
  const kind = gatesOf(tensors.get("weight_hh_l0"), tensors.get("weight_hr_l0"));
  if (parts.some((part) => part.startsWith("weight_hr_"))) return `${kind} with proj_size`;
  const other = parts.find((part) => !/^(weight|bias)_(ih|hh)_l(0|[1-9]\d*)(_reverse)?$/.test(part));
  if (other !== undefined) return `a changed ${kind}, with ${printable(other)}`;
  return parts.some((part) => part.endsWith("_reverse")) ? `bidirectional ${kind}` : kind;
}

/** `weight_hh` has as many rows per unit as there are gates; with a projection, `weight_hr` shows the number of units. */
function gatesOf(weight: Tensor | undefined, projection?: Tensor): string {
  const [rows = NaN, columns = NaN] = weight?.shape ?? [];
  const gates = rows / (projection?.shape.at(1) ?? columns);
  return ({ 1: "nn.RNN", 3: "nn.GRU", 4: "nn.LSTM" } as Record<number, string>)[gates] ??
    "recurrent, of unknown kind";
}
