/**
 * The pictures in the folder of a run, and its report. If one cannot be drawn, that is reported and the training continues.
 *
 * @module
 */
import { messageOf } from "../excerpt.ts";
import type { Classifier } from "../model/classifier.ts";
import type { ImageSize } from "../data/prepare_picture.ts";
import type { TrainingConfig } from "../train/training_config.ts";
import { type CurveSet, type FigureMeanings, type History, toCurves } from "../view/history.ts";
import { drawCurves } from "../view/curves.ts";
import { toPng } from "../view/rasterize.ts";
import { writeReport } from "../view/report.ts";
import { drawStructure } from "../view/structure.ts";
import { clipEnd } from "../view/words.ts";
import { modelDescription, type RunConfig } from "./config.ts";
import type { Findings } from "./findings.ts";
import type { RunFolder, SavedMetrics } from "./folder.ts";

/** What the pictures of a run show. */
export interface PictureSource {
  /** The contents of `config.json`. */
  readonly config: RunConfig;
  /** The size of the images that the model reads. */
  readonly imageSize: ImageSize;
  /** The lines of `metrics.jsonl` so far. */
  readonly lines?: readonly MetricsLine[];
  /** Called once for each picture that cannot be drawn, with the reason. */
  readonly onProblem?: (message: string) => void;
}

/** A line of `metrics.jsonl`. */
export type MetricsLine = Readonly<Record<string, unknown>>;

const MOST_WORDS = 200; // characters of what figures mean

/** The share of the training time that may be spent drawing meanwhile. */
const SHARE = 0.01;
const FIRST_SVG_MS = 15, FIRST_PNG_MS = 500; // estimates for the first picture, with loading; then the last measurement

/** The figures of a run on disk, called by its folder. */
export function historyOf({ path, config, lines, losses }: SavedMetrics): History {
  const { figures, training } = config;
  return { name: path, lines, losses, figures: figuresOf(figures), ...epochOf(training) };
}

/** The size of an epoch: with a short last batch, steps round up. */
function epochOf(training: TrainingConfig | undefined) {
  if (!training) return { stepsPerEpoch: 1 };
  const { images, batchSize, lastBatch } = training, steps = images.train / batchSize;
  return {
    stepsPerEpoch: lastBatch === "short" ? Math.ceil(steps) : steps,
    epochImages: images.train,
    validationImages: images.validation,
  };
}

/** The meanings of the figures in `config.json`; undefined if they are missing or damaged. */
function figuresOf(figures: unknown): FigureMeanings | undefined {
  const { train, test, testImages } = (figures ?? {}) as Record<string, unknown>;
  if (typeof train !== "string" || typeof test !== "string" || !Number.isSafeInteger(testImages)) return;
  return {
    train: clipEnd(train, MOST_WORDS),
    test: clipEnd(test, MOST_WORDS),
    testImages: Math.max(1, Number(testImages)),
  };
}

/** Draws the pictures of a run. */
export class RunPictures {
  readonly #folder: RunFolder;
  readonly #source: PictureSource;
  readonly #network: Classifier;
  readonly #lines: MetricsLine[];
  readonly #budget = new DrawingBudget();
  readonly #failed = new Set<string>();
  #begun = Promise.resolve();

  /** Draws nothing yet. */
  constructor(folder: RunFolder, source: PictureSource) {
    this.#folder = folder;
    this.#source = source;
    this.#network = modelDescription(source.config).network;
    this.#lines = (source.lines ?? []).filter(({ event }) => event === "epoch" || event === "report");
  }

  /** Writes `structure.svg` in the background. */
  begin(): void {
    this.#begun = this.#write("structure.svg", () => this.#structure());
  }

  /** Writes `curves.svg` and `curves.png`, unless that would take more than 1 % of the time of training. */
  async report(line: MetricsLine, trainedMs: number): Promise<void> {
    this.#lines.push(line);
    this.#budget.trained(trainedMs);
    await this.#budget.spend("svg", () => this.#write("curves.svg", () => this.#curves()));
    await this.#budget.spend("png", () => this.#write("curves.png", async () => toPng(await this.#curves())));
  }

  /**
   * Writes everything, `report.html` included.
   *
   * @param signal Stops after the current picture
   * @returns False if the signal stopped it; `"incomplete"` if a picture could not be drawn
   */
  async end(
    line: MetricsLine | null,
    findings: Findings | null,
    signal?: AbortSignal,
  ): Promise<boolean | "incomplete"> {
    await this.#begun;
    const pictures: Record<string, () => string | Promise<string>> = {
      structure: () => this.#structure(),
      ...(this.#lines.length > 0 ? { curves: () => this.#curves() } : {}),
      ...(findings ? { confusion: () => findings.confusion, readings: () => findings.readings } : {}),
    };
    for (const [name, draw] of Object.entries(pictures)) {
      if (signal?.aborted) return false;
      await this.#write(`${name}.svg`, draw);
      if (signal?.aborted) return false;
      await this.#write(`${name}.png`, async () => toPng(await draw()));
    }
    if (signal?.aborted) return false;
    if (findings) await this.#write("mistakes.png", () => toPng(findings.mistakes));
    await this.#write("report.html", () => this.#report(line, findings));
    return this.#failed.size > 0 ? "incomplete" : true;
  }

  #structure(): string {
    const { config: { model: { sequence } }, imageSize: { height, width } } = this.#source;
    return drawStructure(this.#network, { ...sequence, height, width });
  }

  async #curves(): Promise<string> {
    return drawCurves(await this.#curveSet());
  }

  async #curveSet(): Promise<CurveSet> {
    const { config } = this.#source, { path } = this.#folder;
    return toCurves([historyOf({ path, config, lines: this.#lines, losses: await this.#folder.losses() })]);
  }

  async #report(end: MetricsLine | null, findings: Findings | null): Promise<string> {
    const { config } = this.#source, { command } = config;
    const curves = await this.#curveSet();
    const hash = end?.modelSha256 ?? findings?.modelSha256;
    return writeReport({
      recipe: config.recipe,
      run: this.#folder.path,
      curves,
      end,
      evaluated: findings?.score ?? null,
      seconds: this.#lines.reduce((sum, { seconds }) => sum + (typeof seconds === "number" ? seconds : 0), 0),
      parameterCount: this.#network.parameterCount,
      modelSha256: typeof hash === "string" ? hash : null,
      config: { ...config },
      command: command ?? null,
      pictures: [
        ...(curves.curves[0].points.length > 0
          ? [{
            heading: "Curves",
            about: "Loss and accuracy at each report; the ring marks the best report.",
            svg: drawCurves(curves),
          }]
          : []),
        {
          heading: "Structure",
          about: "What flows through the network, and what it learns.",
          svg: this.#structure(),
        },
        ...(findings
          ? [
            {
              heading: "Confusion",
              about: "How often the test images of each label were taken for each class: label → taken for.",
              svg: findings.confusion,
            },
            {
              heading: "Mistakes",
              about: "The test images it got most wrong: label → taken for, how surely, and which image.",
              svg: findings.mistakes,
            },
            {
              heading: "Reading",
              about:
                "What the network thinks after each line of an image; the dashed line shows where it made up its mind.",
              svg: findings.readings,
            },
          ]
          : []),
      ],
    });
  }

  async #write(
    name: string,
    draw: () => string | Uint8Array | Promise<string | Uint8Array>,
  ): Promise<void> {
    try {
      await this.#folder.write(name, await draw());
      this.#failed.delete(name);
    } catch (error) {
      if (this.#failed.has(name)) return;
      this.#failed.add(name);
      this.#source.onProblem?.(`Cannot draw ${name}: ${messageOf(error)}; all else continues`);
    }
  }
}

/** Limits the share of the time that is spent drawing. */
export class DrawingBudget {
  #trainedMs = 0;
  #spentMs = 0;
  readonly #expectedMs = { svg: FIRST_SVG_MS, png: FIRST_PNG_MS };

  /** Adds to the training time. */
  trained(elapsedMs: number): void {
    this.#trainedMs += elapsedMs;
  }

  /** Draws, if there is time. */
  async spend(kind: "svg" | "png", draw: () => Promise<void>): Promise<boolean> {
    if (this.#spentMs + this.#expectedMs[kind] > SHARE * this.#trainedMs) return false;
    const started = performance.now();
    await draw();
    this.#expectedMs[kind] = performance.now() - started;
    this.#spentMs += this.#expectedMs[kind];
    return true;
  }
}
