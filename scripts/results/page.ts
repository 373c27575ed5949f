/**
 * The results page, from the metrics of runs: every figure of Scanline's is computed here, the others are quoted.
 *
 * @module
 */
import { type Figures, finalFigures, type MetricsLine } from "../sweep/processes.ts";
import { median, summarize } from "../bench/statistics.ts";
import { EXPERIMENTS, pictureOf, PYTORCH } from "./experiments.ts";
import {
  ADAM_PROMISE,
  NOTEBOOK,
  NOTEBOOK_TF1,
  PYTORCH_ADAM,
  PYTORCH_ADAM_OLD,
  PYTORCH_RNN,
  PYTORCH_RNN_CURVES,
  PYTORCH_RNN_MORE_CURVES,
  PYTORCH_RNN_SAME_START,
} from "./published.ts";

/** The picture of `train-lstm`, beside the page. */
export const CURVES_PICTURE = "docs/train-lstm.svg";
/** The picture of all recipes. */
export const TRADEOFF_PICTURE = "docs/recipes.svg";

const LINE_WIDTH = 110; // as in deno.json

/** How a run was made. */
export interface RunRecord {
  /** The command that makes it. */
  readonly command: string;
  readonly commit: string;
  readonly threads: number;
  /** Of the whole process. */
  readonly seconds: number;
  /** How many runs trained at the same time, at most. */
  readonly sideBySide: number;
  /** Processor, cores, system and version of Deno. */
  readonly machine: string;
}

/** A run to report on. */
export interface ResultRun {
  /** Of the recipe, or of the experiment. */
  readonly name: string;
  readonly seed: number;
  readonly record: RunRecord;
  /** Its `metrics.jsonl`. */
  readonly lines: readonly MetricsLine[];
}

/** Writes the page, in Markdown. */
export function writeResultsPage(runs: readonly ResultRun[]): string {
  const of = (name: string) => runs.filter((run) => run.name === name).sort((a, b) => a.seed - b.seed);
  return [
    "# Results",
    "`deno task results` trains every run on this page, into `runs/results`, and writes the page from their metrics. The " +
    "results of other programs are quoted in `scripts/results/published.ts`, with their sources.",
    ...writeLstm(of("train-lstm")[0]),
    ...writeDropout(of("train-lstm-dropout")[0]),
    ...writeRnn(of("train-rnn")),
    ...writeAdam(of("train-lstm-adam")),
    ...writeExperiments(of),
    ...writeRuns(runs),
  ].map(wrap).join("\n\n") + "\n";
}

/** The figures of a run after each epoch. */
function epochsOf({ lines }: ResultRun): Figures[] {
  return lines.filter(({ event }) => event === "epoch").map((line) => line as unknown as Figures);
}

function figuresOf({ lines }: ResultRun): Figures {
  return finalFigures(lines) as Figures;
}

function writeLstm(run: ResultRun): string[] {
  const rows = epochsOf(run).map((ours, epoch) => {
    const source = NOTEBOOK[epoch];
    const pair = (figure: keyof Figures) => [share(source[figure], 4), share(ours[figure], 4)];
    return [
      String(epoch + 1),
      ...(["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const).flatMap(pair),
    ];
  });
  const heads = ["train loss", "train accuracy", "test loss", "test accuracy"];
  return [
    "## `train-lstm`: the whole curve",
    `Two LSTM layers over image columns, Adadelta, ten epochs, seed ${run.seed}; in each pair of columns the source's ` +
    "notebook (PyTorch 0.3, no seed given) first, then Scanline. The source's figures are means of batch means, Scanline's " +
    "of images.",
    table(["after epochs", ...heads.flatMap((head) => [`${head}, source`, "Scanline"])], rows),
    `![Loss and accuracy of Scanline and of the source, epoch by epoch](${CURVES_PICTURE})`,
  ];
}

function writeDropout(run: ResultRun): string[] {
  const { trainLoss, trainAccuracy, testLoss, testAccuracy } = figuresOf(run);
  const { step } = run.lines.at(-1)!;
  return [
    "## `train-lstm-dropout`: the means over all images",
    `Two LSTM layers with dropout over image rows, Momentum, ${Number(step).toLocaleString("en")} steps, ` +
    `seed ${run.seed}, without dropout while measuring: ` +
    'over all 55,000 training images and 10,000 test images, each once. The source says "98 %" of the test ' +
    "images.",
    table(["", "train loss", "train accuracy", "test loss", "test accuracy"], [
      ["source", share(NOTEBOOK_TF1.trainLoss, 6), share(NOTEBOOK_TF1.trainAccuracy, 6), "", "about .98"],
      ["Scanline", share(trainLoss, 6), share(trainAccuracy, 6), share(testLoss, 6), share(testAccuracy, 4)],
    ]),
  ];
}

/** PyTorch's own fall, which shows that it is the training's and not Scanline's. */
function sameStart(): string {
  const [before, after] = PYTORCH_RNN_SAME_START.slice(-2).map((accuracy) => share(accuracy, 4));
  return `PyTorch 2.13 falls there too from Scanline's start and in its order of seed 1, from ${before} to ${after} ` +
    "(`tests/golden/same_start.py`).";
}

function writeRnn(runs: readonly ResultRun[]): string[] {
  const curves = runs.map((run) => epochsOf(run).map(({ testAccuracy }) => testAccuracy));
  const seeds = runs.map(({ seed }) => `seed ${seed}`);
  const last = (curve: readonly number[]) => curve.at(-1)!;
  const middle = (curve: readonly number[]) => median(curve.slice(-3));
  const row = (name: string, values: readonly number[]) => {
    return [name, ...[...values, summarize(values).mean].map((value) => share(value, 4))];
  };
  const dips = runs.filter((_, i) => largestFall(curves[i].slice(-2)) > 0.01).map((run) =>
    `Seed ${run.seed} ends in such a fall here, at ${share(epochsOf(run).at(-1)!.testAccuracy, 4)}. `
  );
  const pytorch = [...PYTORCH_RNN_CURVES, ...PYTORCH_RNN_MORE_CURVES];
  const fall = (curves: readonly (readonly number[])[]) => share(Math.max(...curves.map(largestFall)), 4);
  return [
    "## `train-rnn`: three seeds",
    "One ReLU RNN layer over image rows, RMSprop, ten epochs; accuracy on the 10,000 test images. Seeds of different " +
    "programs have nothing in common.",
    table(["after 10 epochs", ...seeds, "mean"], [
      row("PyTorch 1.13", PYTORCH_RNN),
      row("PyTorch 2.13", PYTORCH_RNN_CURVES.map(last)),
      row("Scanline", curves.map(last)),
    ]),
    "The accuracy of this network jumps: from one epoch to the next it falls by up to " +
    `${fall(pytorch)} in PyTorch 2.13, seeds 1 to ${pytorch.length}, and by up to ${fall(curves)} here, ` +
    `so that of the last epoch says little. ${
      dips.join("")
    }${sameStart()} The median of the last three epochs says more:`,
    table(["median after 8, 9 and 10 epochs", ...seeds, "mean"], [
      row("PyTorch 2.13", PYTORCH_RNN_CURVES.map(middle)),
      row("Scanline", curves.map(middle)),
    ]),
    "Epoch by epoch:",
    table(
      [
        "after epochs",
        ...seeds.map((seed) => `PyTorch 2.13, ${seed}`),
        ...seeds.map((seed) => `Scanline, ${seed}`),
      ],
      curves[0].map((_, epoch) => [
        String(epoch + 1),
        ...[...PYTORCH_RNN_CURVES, ...curves].map((curve) => share(curve[epoch], 4)),
      ]),
    ),
  ];
}

/** The largest fall from one value to the next; 0 if it never falls. */
function largestFall(curve: readonly number[]): number {
  return Math.max(0, ...curve.slice(1).map((value, i) => curve[i] - value));
}

function writeAdam(runs: readonly ResultRun[]): string[] {
  const ours = runs.map((run) => figuresOf(run).testAccuracy);
  const [theirMean, ourMean] = [PYTORCH_ADAM, ours].map((values) => summarize(values).mean);
  const row = (name: string, values: readonly number[]) => {
    const { mean, deviation } = summarize(values);
    const figures = [Math.min(...values), Math.max(...values), mean, deviation];
    return [name, String(values.length), ...figures.map((value) => share(value, 4))];
  };
  const apart = Math.abs(ourMean - theirMean);
  const verdict = apart < ADAM_PROMISE ? "less than" : "not less than";
  return [
    "## `train-lstm-adam`: twenty seeds",
    "One LSTM layer over image rows, Adam, one epoch; accuracy on the 10,000 test images with the seeds from 1 on.",
    table(["", "seeds", "lowest", "highest", "mean", "standard deviation"], [
      row("PyTorch 1.13", PYTORCH_ADAM_OLD),
      row("PyTorch 2.13", PYTORCH_ADAM),
      row("Scanline", ours),
    ]),
    `The means of Scanline and PyTorch 2.13 are ${share(apart, 4)} apart, ${verdict} the ${
      share(ADAM_PROMISE, 3)
    } that was asked for.`,
  ];
}

/** How far two means are apart, in standard errors of their difference. */
function standardErrors(a: readonly number[], b: readonly number[]): number {
  const [one, other] = [a, b].map(summarize);
  return Math.abs(one.mean - other.mean) /
    Math.sqrt(one.deviation ** 2 / a.length + other.deviation ** 2 / b.length);
}

function writeExperiments(of: (name: string) => readonly ResultRun[]): string[] {
  const mean = (values: readonly number[]) => {
    const { mean, deviation } = summarize(values);
    return values.length > 1 ? `${share(mean, 4)} ± ${share(deviation, 4)}` : share(mean, 4);
  };
  const found: string[] = [];
  const trained = EXPERIMENTS.filter(({ name }) => of(name).length > 0);
  const left = EXPERIMENTS.filter(({ name }) => of(name).length === 0).map(({ name }) => `\`${name}\``);
  const rows = trained.map(({ name, about, source, apart }) => {
    const theirs = PYTORCH[name] ?? [], epochs = theirs[0]?.length;
    const runs = of(name).map((run) => epochsOf(run).map(({ testAccuracy }) => testAccuracy));
    const ours = runs.map((curve) => curve.at((epochs ?? 0) - 1)!),
      last = theirs.map((curve) => curve.at(-1)!.testAccuracy);
    const errors = ours.length > 1 && last.length > 1 ? standardErrors(ours, last) : null;
    if (errors !== null && errors > 2) found.push(`\`${name}\`: ${apart ?? "why is not known yet."}`);
    return [
      `\`${name}\``,
      about,
      String(epochs ?? runs[0].length),
      source,
      last.length > 0 ? `${mean(last)} (${last.length})` : "",
      `${mean(ours)} (${ours.length})`,
      errors?.toFixed(1) ?? "",
    ];
  });
  return [
    "## More recipes, beside their sources and PyTorch",
    "Accuracy on the 10,000 test images after so many epochs: mean ± standard deviation over so many seeds. PyTorch 2.13 trains " +
    "from the same settings (`scripts/results/torch_recipes.py`); how far the two means are apart is given in standard errors " +
    "of their difference.",
    table(["recipe", "network", "epochs", "source says", "PyTorch 2.13", "Scanline", "apart"], rows),
    ...(left.length > 0
      ? [
        `Not trained for this page, since it takes hours (\`deno task results --long\`): ${left.join(", ")}.`,
      ]
      : []),
    ...(found.length > 0 ? ["Where they are more than two standard errors apart:", ...found] : []),
    ...trained.flatMap(({ name }) => {
      const picture = pictureOf(name);
      return picture ? [`![${name}: Scanline and PyTorch, epoch by epoch](${picture})`] : [];
    }),
    "All recipes, of each the run in the middle, by what they reach and how many seconds of training and testing that takes on the machine below, with one thread:",
    `![Test accuracy of all recipes against seconds](${TRADEOFF_PICTURE})`,
  ];
}

function writeRuns(runs: readonly ResultRun[]): string[] {
  const rows = runs.map(({ record: { command, commit, threads, seconds }, lines }) => [
    `\`${command}\``,
    commit,
    String(threads),
    seconds.toFixed(0),
    `\`${String(lines.at(-1)!.modelSha256).slice(0, 16)}\``,
  ]);
  const machines = [...new Set(runs.map(({ record }) => record.machine))];
  const beside = Math.max(...runs.map(({ record }) => record.sideBySide));
  return [
    "## The runs",
    `Machine: ${machines.join("; ")}. Seconds are those of the whole process, its evaluations included, ` +
    `with up to ${beside} runs side by side and whatever else the machine did. The hash is the beginning of the ` +
    "SHA-256 of the model: on `wasm` it depends on neither the machine nor the number of threads.",
    table(["command", "commit", "threads", "seconds", "model"], rows),
  ];
}

/** `.9616` without its zero, but `1.8586`. */
function share(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^0\./, ".");
}

/** Breaks the lines of a paragraph, but not within code; tables, headings and pictures stay as they are. */
function wrap(block: string): string {
  if (/^[|#!]/.test(block)) return block;
  const lines: string[] = [];
  for (const word of block.match(/(`[^`]*`|[^\s`])+/g)!) {
    const line = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && line.length <= LINE_WIDTH) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join("\n");
}

/** A Markdown table with columns as wide as their widest cells, as `deno fmt` writes it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...rows.map((row) => row[column].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
