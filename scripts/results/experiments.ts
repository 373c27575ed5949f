/**
 * The recipes beyond the first four: what their sources say, and what PyTorch reaches from the same settings.
 *
 * @module
 */
import type { Figures } from "../sweep/processes.ts";
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
  /** With how many seeds it is trained, from 1 on; 3 by default. */
  readonly seeds?: number;
  /** Whether its runs take hours, and are left out unless they are asked for. */
  readonly isLong?: boolean;
  /** What was found out, where the means of PyTorch and Scanline are more than two standard errors apart. */
  readonly apart?: string;
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
    seeds: 9,
  },
  {
    name: "train-gru",
    recipe: "train-gru",
    flags: [],
    about: "two GRU-128, Adam",
    source: "",
    seeds: 6,
    apart:
      "The weights that seeds 1 to 6 begin with happen to learn a little later: over seeds 13 to 27, the mean loss of PyTorch's " +
      "first 100 steps is 1.418 from Scanline's weights and 1.415 from PyTorch's own, in the same order of images, .003 ± .010 apart. From " +
      "Scanline's weights and in its order of seed 1, PyTorch's two epochs end like Scanline's, with the mean losses .4830 and .1117 " +
      "and the test accuracies .9549 and .9756 (`tests/golden/same_start.py`).",
  },
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
    flags: ["--epochs", "4"],
    about: "ReLU RNN-100 from the identity, pixel by pixel",
    source: ".93 after 900",
    isLong: true,
    apart:
      "the starts and orders of so few seeds. PyTorch 2.13 from Scanline's start and in its order of seed 2, the lowest, has " +
      ".2347 and .2832 after one and two epochs, and Scanline .2373 and .2821 (`tests/golden/same_start.py`).",
  },
  {
    name: "train-pixels",
    recipe: "train-pixels",
    flags: ["--epochs", "2"],
    about: "LSTM-100, RMSprop with momentum, pixel by pixel",
    source: ".989 after 200",
    isLong: true,
  },
  {
    name: "train-pixels-permuted",
    recipe: "train-pixels",
    flags: ["--permuted", "--epochs", "2"],
    about: "the same, pixels in a random order",
    source: ".902 after 200",
    isLong: true,
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
