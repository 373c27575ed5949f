/**
 * Reads the network of a PyTorch model: from its modules, and the words of `torch_chain.ts` that say how they are called.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { createNetwork } from "./create_network.ts";
import { type Activation, MERGES, type Network } from "./network.ts";
import type { LayerOptions, NetworkOptions } from "./network_options.ts";
import type { Tensor } from "./safetensors.ts";
import {
  cannotTake,
  type ChainKind,
  chainKind,
  findModules,
  listModules,
  moduleName,
  tensorName,
  type TorchModule,
} from "./state_dict.ts";
import { BATCH_NORM, BATCH_NORM_WORDS, type ChainOptions } from "./torch_chain.ts";
import type { Site, Sites } from "./torch_tensors.ts";

/** A network that was read, without its parameters. */
export interface FoundChain {
  readonly network: Network;
  readonly sites: Sites;
}

const ACTIVATIONS = ["relu", "tanh", "sigmoid", "softmax", "hardSigmoid"];

/**
 * Reads the network of a chain of modules.
 *
 * @throws {TypeError} If a module is of another kind, is not in the chain or is missing, or does not fit the one before it.
 */
export function readTorchChain(tensors: ReadonlyMap<string, Tensor>, options: ChainOptions): FoundChain {
  const { modules } = findModules(tensors);
  const others = modules.filter((module) => chainKind(module) === null);
  if (others.length > 0 || modules.length === 0) {
    throw cannotTake(`every module must be ${SUPPORTED}`, listModules(others));
  }
  const { chain = usualChain(modules), activation = "tanh" } = options;
  return new Reader(modules, activation).read(chain);
}

const SUPPORTED = "nn.LSTM, nn.GRU, nn.RNN, nn.Linear, nn.BatchNorm1d or nn.Embedding";

/** @throws {TypeError} If it cannot be told from the modules; says how to say it. */
function usualChain(modules: readonly TorchModule[]): string[] {
  const kinds = modules.map((module) => ({ name: module.name, ...chainKind(module)! }));
  const recurrent = kinds.filter(({ kind }) => kind === "lstm" || kind === "gru" || kind === "rnn");
  const [rnn] = recurrent, others = kinds.filter((one) => !recurrent.includes(one));
  const inputSize = modules.find(({ name }) => name === rnn?.name)?.tensors.get("weight_ih_l0")?.shape[1];
  const isBelow = (name: string) =>
    modules.find((one) => one.name === name)!.tensors.get("weight")!.shape[1] === inputSize;
  const tables = others.filter(({ name, kind }) => kind === "table" && isBelow(name));
  const heads = others.filter((one) => !tables.includes(one));
  const names = (of: readonly { name: string }[]) => of.map(({ name }) => name);
  if (recurrent.length === 1 && !rnn.isBidirectional && heads.length === 1 && tables.length < 2) {
    return [...names(tables), rnn.name, "last", ...names(heads)];
  }
  const example = JSON.stringify([...names(tables), ...names(recurrent), "last", ...names(heads)]);
  throw cannotTake(
    `chain must name the modules in the order of forward(), and what has no weights, as in ${
      printable(example, 300)
    } (also relu, tanh, sigmoid, softmax; without last every step goes on)`,
    "missing",
  );
}

/** A network, while the words of its chain are read. */
class Reader {
  readonly #modules: readonly TorchModule[];
  readonly #activation: "tanh" | "relu";
  readonly #unused: Set<TorchModule>;
  readonly #layers: LayerOptions[] = [];
  readonly #sites: (Site | null)[] = [];
  #input: NetworkOptions["input"] | null = null;
  #embedding = "";
  #mask: number | null = null;
  /** The features that go into the next module; null before the first one. */
  #size: number | null = null;

  constructor(modules: readonly TorchModule[], activation: "tanh" | "relu") {
    this.#modules = modules;
    this.#activation = activation;
    this.#unused = new Set(modules);
  }

  read(chain: readonly string[]): FoundChain {
    chain.forEach((word, index) => this.#take(word, { index, chain }));
    if (this.#unused.size > 0) {
      throw cannotTake("chain must name every module", `without ${listModules([...this.#unused])}`);
    }
    const network = createNetwork({
      input: this.#input ?? { kind: "features", size: 1 },
      layers: this.#layers,
      loss: "meanSquaredError",
    });
    return { network, sites: { embedding: this.#embedding, layers: this.#sites } };
  }

  #take(word: string, { index, chain }: { index: number; chain: readonly string[] }): void {
    const module = this.#find(word);
    if (module) return this.#module(module, chain[index + 1]);
    const [name, argument] = word.split(" "), last = this.#layers.at(-1);
    if (name === "mask" && index === 0) this.#mask = Number(argument);
    else if (name === "repeat") this.#add({ kind: "repeat", steps: Number(argument) }, null);
    else if (word === "lastStep") this.#add({ kind: "last" }, null);
    else if (ACTIVATIONS.includes(word)) this.#activate(word as Activation);
    else if (last?.kind === "batchNorm" && Object.hasOwn(BATCH_NORM_WORDS, name)) {
      this.#layers.splice(-1, 1, { ...last, ...BATCH_NORM_WORDS[name](Number(argument)) });
    } else if (word === "last" && last && isStack(last)) this.#layers.splice(-1, 1, lastOnly(last));
    else if (isMerge(word) && last?.kind === "bidirectional") {
      this.#layers.splice(-1, 1, { ...last, merge: word });
      this.#size = last.forward.hiddenSize;
    } else throw this.#unknown(word, chain[index - 1]);
  }

  #unknown(word: string, before: string | undefined): TypeError {
    const [name] = word.split(" "), words = ["last", ...MERGES.slice(1)];
    const isOfBatchNorm = Object.hasOwn(BATCH_NORM_WORDS, name);
    if (words.includes(word) || isOfBatchNorm) {
      const kind = isOfBatchNorm ? "batch normalization" : word === "last" ? "recurrent" : "bidirectional";
      return cannotTake(
        `${name} must follow a ${kind} module`,
        before === undefined ? "missing" : printable(before),
      );
    }
    return cannotTake(
      `${excerpt(word)} of chain must be the name of one module, or ${
        [...words, "lastStep", ...ACTIVATIONS].join(", ")
      }`,
      listModules(this.#modules),
    );
  }

  /** A module by its name, or by the end of it: `fc` for `module.model.fc`. */
  #find(word: string): TorchModule | undefined {
    const exact = this.#modules.find(({ name }) => name === word);
    if (exact) return exact;
    const ends = this.#modules.filter(({ name }) => plainName(name).endsWith(`.${word}`));
    return ends.length === 1 ? ends[0] : undefined;
  }

  #module(module: TorchModule, next: string | undefined): void {
    if (!this.#unused.delete(module)) {
      throw cannotTake(`chain must name ${moduleName(module.name)} once`, "twice or more");
    }
    const { kind, isBidirectional } = chainKind(module)!;
    if (kind === "batchNorm") this.#batchNorm(module);
    else if (kind === "linear" || kind === "table") this.#matrix(module, { kind, next });
    else this.#recurrent(module, kind, isBidirectional);
  }

  /** A `Linear`; or an `Embedding`, if it comes first and its rows are what the next module reads. */
  #matrix(module: TorchModule, { kind, next }: { kind: ChainKind["kind"]; next: string | undefined }): void {
    const [rows, columns] = shapeOf(module, "weight", 2);
    const isTable = kind === "table" && this.#size === null && this.#inputOf(next) === columns;
    if (isTable) {
      if (this.#mask) throw cannotTake("mask of tokens must be 0", this.#mask);
      this.#embedding = module.name;
      this.#size = columns;
      this.#input = {
        kind: "tokens",
        vocabulary: rows,
        size: columns,
        maskZero: this.#mask === 0,
      };
      return;
    }
    this.#reads(module, "weight", columns);
    checkShape(module, { part: "bias", shape: [rows] }, kind === "table");
    this.#add({ kind: "dense", units: rows, useBias: kind === "linear" }, { module: module.name, l: 0 });
    this.#size = rows;
  }

  #batchNorm(module: TorchModule): void {
    const { tensors } = module, isAffine = tensors.has("weight") || tensors.has("bias");
    const [size] = shapeOf(module, "running_mean", 1);
    this.#reads(module, "running_mean", size);
    for (const part of ["running_var", ...(isAffine ? ["weight", "bias"] : [])]) {
      checkShape(module, { part, shape: [size] });
    }
    this.#add({ ...BATCH_NORM, scale: isAffine, center: isAffine }, { module: module.name, l: 0 });
  }

  /** What the module of a word reads. */
  #inputOf(word: string | undefined): number | undefined {
    const tensors = word === undefined ? undefined : this.#find(word)?.tensors;
    return (tensors?.get("weight_ih_l0") ?? tensors?.get("weight"))?.shape[1];
  }

  #recurrent(module: TorchModule, kind: "lstm" | "gru" | "rnn", isBidirectional: boolean): void {
    const { tensors, name } = module, parts = [...tensors.keys()];
    const useBias = parts.some((part) => part.startsWith("bias"));
    const layers = 1 + Math.max(...parts.map((part) => Number(/_l(\d+)/.exec(part)![1])));
    const [rows, hiddenSize] = shapeOf(module, "weight_hh_l0", 2);
    if (layers > MAX_LAYERS) {
      throw cannotTake(`${moduleName(name)} must have at most ${MAX_LAYERS} layers`, layers);
    }
    const [, inputSize] = shapeOf(module, "weight_ih_l0", 2);
    this.#reads(module, "weight_ih_l0", inputSize);
    const directions = isBidirectional ? ["", "_reverse"] : [""];
    for (let l = 0; l < layers; l++) {
      const features = l === 0 ? inputSize : hiddenSize * directions.length;
      for (const suffix of directions) {
        const shapes = { ih: features, hh: hiddenSize };
        for (const [part, columns] of Object.entries(shapes)) {
          checkShape(module, { part: `weight_${part}_l${l}${suffix}`, shape: [rows, columns] });
          checkShape(module, { part: `bias_${part}_l${l}${suffix}`, shape: [rows] }, !useBias);
        }
      }
      const cell = { hiddenSize, useBias, returnSequences: true };
      const layer: LayerOptions = kind === "lstm"
        ? { kind, ...cell }
        : kind === "gru"
        ? { kind, ...cell, resetAfter: true }
        : { kind, ...cell, activation: this.#activation };
      this.#add(isBidirectional ? { kind: "bidirectional", merge: "concat", forward: layer } : layer, {
        module: name,
        l,
      });
    }
    this.#size = hiddenSize * directions.length;
  }

  /** Checks that the module reads what comes; the first one decides what that is. */
  #reads({ name }: TorchModule, part: string, columns: number): void {
    if (this.#size === null) {
      this.#input = { kind: "features", size: columns, maskValue: this.#mask };
      this.#size = columns;
    }
    if (columns === this.#size) return;
    const times = columns / this.#size;
    throw cannotTake(
      `${printable(tensorName(name, part))} must have ${this.#size} ${
        part === "running_mean" ? "numbers" : "columns"
      }, to read what comes before it`,
      `${columns}${Number.isInteger(times) ? `, for ${times} steps of them` : ""}`,
    );
  }

  #activate(activation: Activation): void {
    const last = this.#layers.at(-1);
    if (last?.kind === "dense" && last.activation === undefined) {
      this.#layers.splice(-1, 1, { ...last, activation });
    } else this.#add({ kind: "activation", activation }, null);
  }

  #add(layer: LayerOptions, site: Site | null): void {
    this.#layers.push(layer);
    this.#sites.push(site);
  }
}

/** More than any sensible file has. */
const MAX_LAYERS = 64;

function isMerge(word: string): word is typeof MERGES[number] {
  return (MERGES as readonly string[]).includes(word);
}

type StackOptions = Extract<LayerOptions, { kind: "lstm" | "gru" | "rnn" | "bidirectional" }>;

function isStack({ kind }: LayerOptions): boolean {
  return kind === "bidirectional" || kind === "lstm" || kind === "gru" || kind === "rnn";
}

function lastOnly(layer: LayerOptions): LayerOptions {
  const stack = layer as StackOptions;
  if (stack.kind !== "bidirectional") return { ...stack, returnSequences: false };
  return { ...stack, forward: { ...stack.forward, returnSequences: false } };
}

/** A name without what `DataParallel` and `torch.compile()` put into it. */
function plainName(name: string): string {
  return `.${name.split(".").filter((part) => part !== "module" && part !== "_orig_mod").join(".")}`;
}

/** The shape of a vector (rank 1) or a matrix (2). */
function shapeOf({ name, tensors }: TorchModule, part: string, rank: 1 | 2): readonly number[] {
  const shape = tensors.get(part)?.shape;
  if (shape?.length === rank && shape.every((size) => size > 0)) return shape;
  throw cannotTake(
    `${printable(tensorName(name, part))} must be a ${rank === 1 ? "vector" : "matrix"}`,
    shape ? excerpt(shape) : "missing",
  );
}

function checkShape(
  { name, tensors }: TorchModule,
  { part, shape }: { part: string; shape: readonly number[] },
  isAbsent = false,
): void {
  const found = tensors.get(part)?.shape;
  if (isAbsent ? found === undefined : `${found}` === `${shape}`) return;
  const rule = isAbsent ? "be left out, as other biases are" : `have shape [${shape}]`;
  throw cannotTake(`${printable(tensorName(name, part))} must ${rule}`, found ? excerpt(found) : "missing");
}
