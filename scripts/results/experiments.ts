/**
 * The recipes beyond the first four: what their sources say, and what PyTorch reaches from the same settings.
 *
 * @module
 */
import type { Figures } from "../repeat/processes.ts";
import curves from "./pytorch.json" with { type: "json" };

/** A recipe with settings, trained with several seeds. */
export interface Experiment {
  /** Of its runs, and in the page. */
  readonly name: string;
  readonly recipe: string;
  /** Besides seed, device and threads. */
  readonly flags: readonly string[];
  /** What is trained, in a few words. */
  readonly about: string;
  /** What its source says. */
  readonly source: string;
}

/** From the simplest to the best. */
export const EXPERIMENTS: readonly Experiment[] = [
  {
    name: "train-tanh-rnn",
    recipe: "train-tanh-rnn",
    flags: [],
    about: "tanh RNN-256, Adam",
    source: ".9681",
  },
  {
    name: "train-keras-guide",
    recipe: "train-keras-guide",
    flags: ["--epochs", "2"],
    about: "LSTM-64, batch normalization, SGD",
    source: ".80, then .89",
  },
  { name: "train-gru", recipe: "train-gru", flags: [], about: "two GRU-128, Adam", source: "" },
  {
    name: "train-bilstm",
    recipe: "train-bilstm",
    flags: [],
    about: "two bidirectional LSTM-128, Adam, last row",
    source: "",
  },
  {
    name: "train-bilstm-own",
    recipe: "train-bilstm",
    flags: ["--last", "own"],
    about: "the same, the last output of each direction",
    source: "",
  },
  {
    name: "train-mnist-rnn",
    recipe: "train-mnist-rnn",
    flags: [],
    about: "LSTM-64, batch normalization, dropout, Adadelta",
    source: "",
  },
  {
    name: "train-irnn",
    recipe: "train-irnn",
    flags: ["--epochs", "2"],
    about: "ReLU RNN-100 from the identity, pixel by pixel",
    source: ".93 after 900",
  },
  {
    name: "train-pixels",
    recipe: "train-pixels",
    flags: ["--epochs", "2"],
    about: "LSTM-100, RMSprop with momentum, pixel by pixel",
    source: ".989 after 200",
  },
  {
    name: "train-pixels-permuted",
    recipe: "train-pixels",
    flags: ["--permuted", "--epochs", "2"],
    about: "the same, pixels in a random order",
    source: ".902 after 200",
  },
  {
    name: "train-best",
    recipe: "train-best",
    flags: [],
    about: "two LSTM-64, moved images, AdamW, one cycle",
    source: "",
  },
];

/** Of each experiment and seed, the figures after each epoch, as `scripts/results/torch_recipes.py` prints them. */
export const PYTORCH: Readonly<Record<string, readonly (readonly Figures[])[]>> = curves;

/** From how many epochs on an experiment has a picture of its own. */
const LONG = 5;

/** The picture of an experiment, beside the page; null where there are too few epochs to draw. */
export function pictureOf(name: string): string | null {
  return (PYTORCH[name]?.[0]?.length ?? 0) >= LONG ? `docs/${name}.svg` : null;
}
