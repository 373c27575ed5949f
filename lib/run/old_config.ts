/**
 * The `config.json` of older runs. Before December 2026 all layers but the head were recurrent, had their input sizes and the dropout
 * above them, and the classes stood beside them. Before November the sequence and the biases stood in `training`, and the layers, at
 * times, in `model/model.json` alone.
 *
 * @module
 */
import { CATALOGUE, type DatasetName } from "../data/catalogue.ts";
import { parseJson } from "../json.ts";
import { defaultClassNames } from "../model/trained_model.ts";
import { OBJECT } from "../options.ts";

// deno-lint-ignore no-explicit-any -- the upgraded config is checked afterwards
type Json = any;

/** The layers of a model, as they were before December 2026. */
interface Topology {
  /** The recurrent ones. */
  readonly layers: readonly Json[];
  readonly classes: number;
  /** The length of a sequence, or null for any. */
  readonly T: number | null;
}

/** Whether a config is from before November 2026. */
export function isOldConfig(value: unknown): boolean {
  const { training, model } = (value ?? {}) as Json;
  return typeof training?.sequence === "object" && model?.layers === undefined;
}

/**
 * Converts a config from before November 2026 to the present form. It corrects no errors: the check that follows reports them.
 *
 * @param modelJson The text of `model/model.json`
 */
export function upgradeConfig(old: Json, modelJson?: string): unknown {
  const { training: { sequence, biases, ...training }, data, model, network, ...others } = old;
  const topology = modelJson === undefined ? { T: null } : readTopology(modelJson);
  const { layers, classes, T } = { ...topology, ...network };
  const isImport = old.recipe === "import"; // it had to make up a training, and perhaps the data set
  const dataset = data?.dataDir === undefined ? data?.dataset ?? "mnist" : undefined;
  const known = Object.hasOwn(CATALOGUE, dataset ?? "") ? dataset : undefined;
  const classNames = model?.classNames ?? defaultClassNames(Math.min(classes, 256) || 0, known);
  const preparation = model?.preparation ??
    (known && !isImport ? CATALOGUE[known as DatasetName].preparation : undefined);
  return upgradeLayers({
    ...others,
    model: { layers, classes, biases, T, sequence, classNames, preparation },
    ...(isImport ? {} : { training }),
    data: typeof data === "object" && data !== null && dataset
      ? { ...data, dataset, ...(isImport ? { assumed: true } : {}) }
      : data,
  });
}

/**
 * Converts the layers of a config from before December 2026 to the present form; another config is returned as it is. What is wrong
 * stays, to be reported by the check that follows.
 */
export function upgradeLayers(config: Json): Json {
  const { layers, classes, ...model } = config?.model ?? {};
  if (classes === undefined || !Array.isArray(layers) || !layers.every(OBJECT.isKind)) return config;
  const upgraded = layers.flatMap((layer, l) => {
    const { inputSize, dropout, ...options } = layer, below = layers[l - 1];
    const isWrong = below && below.hiddenSize !== inputSize;
    const recurrent = {
      ...options,
      ...(isWrong ? { inputSize } : {}),
      ...(l < layers.length - 1 ? { returnSequences: true } : {}),
    };
    return dropout === 0 ? [recurrent] : [recurrent, { kind: "dropout", rate: dropout }];
  });
  const { inputSize } = layers[0] ?? {};
  return {
    ...config,
    model: { ...model, inputSize, layers: [...upgraded, { kind: "dense", units: classes }] },
  };
}

/** The layers in the `model.json` of an older Scanline; no layers if the text has another form. */
function readTopology(text: string): Topology {
  try {
    return readLayers((parseJson(text) as Json).modelTopology.config.layers);
  } catch {
    return { layers: [], classes: 0, T: null };
  }
}

function readLayers(all: readonly Json[]): Topology {
  const layers: Json[] = [];
  let classes = 0;
  for (const { class_name: kind, config } of all) {
    const inputSize = layers.at(-1)?.hiddenSize ?? all[0].config.batch_input_shape.at(-1);
    const sizes = { inputSize, hiddenSize: config.units, dropout: 0 };
    const gateActivation = config.recurrent_activation === "sigmoid" ? "sigmoid" : "hardSigmoid";
    if (kind === "LSTM") layers.push({ kind: "lstm", ...sizes, gateActivation });
    if (kind === "SimpleRNN") layers.push({ kind: "rnn", ...sizes, activation: config.activation });
    if (kind === "Dropout") layers.push({ ...layers.pop()!, dropout: config.rate });
    if (kind === "Dense") classes = config.units;
  }
  return { layers, classes, T: all[0].config.batch_input_shape.at(-2) };
}
