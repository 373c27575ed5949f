/**
 * The pictures in the folder of a run, and its report. None of them is worth a training: what cannot be drawn is told
 * on stderr, and the training goes on.
 *
 * @module
 */
import * as scanline from "../../mod.ts";
import type { Findings } from "./findings.ts";
import { messageOf } from "../../scripts/support/message.ts";
import { toPng } from "../view/rasterize.ts";
import { clipEnd } from "../view/words.ts";

/** What the pictures of a run are about. */
export interface PictureSource {
  /** As `config.json` keeps it. */
  readonly config: Readonly<Record<string, unknown>> & { readonly recipe: string };
  readonly network: scanline.Network;
  readonly input: scanline.StructureInput;
  readonly stepsPerEpoch: number;
  readonly epochImages: number;
}

type Line = Readonly<Record<string, unknown>>;

const MOST_WORDS = 200; // characters of what figures mean

/** Of the time that was spent training, what may be spent drawing meanwhile. */
const SHARE = 0.01;
const FIRST_SVG_MS = 15, FIRST_PNG_MS = 500; // with what must be loaded for it; later as long as the last one took

/** What the network reads. */
export function inputOf(
  { height, width }: scanline.Images,
  { axis }: scanline.Sequence,
): scanline.StructureInput {
  return { height, width, axis };
}

/** What an epoch is: a part of a step is one more where the last batch is short. */
export function epochOf({ images, batchSize, lastBatch }: scanline.TrainingConfig) {
  const steps = images.train / batchSize;
  return { stepsPerEpoch: lastBatch === "short" ? Math.ceil(steps) : steps, epochImages: images.train };
}

/** The figures of a run on disk, called by its folder. */
export function historyOf({ path, config, lines }: scanline.SavedMetrics): scanline.History {
  return { name: path, lines, figures: figuresOf({ ...config }), ...epochOf(config.training) };
}

/** What `config.json` says about the figures; undefined where it says nothing, or something else. */
function figuresOf({ figures }: Readonly<Record<string, unknown>>): scanline.FigureMeanings | undefined {
  const { train, test, testImages } = (figures ?? {}) as Record<string, unknown>;
  if (typeof train !== "string" || typeof test !== "string" || !Number.isSafeInteger(testImages)) return;
  return {
    train: clipEnd(train, MOST_WORDS),
    test: clipEnd(test, MOST_WORDS),
    testImages: Math.max(1, Number(testImages)),
  };
}

/** Draws what a run has come to. */
export class RunPictures {
  readonly #run: scanline.Run;
  readonly #source: PictureSource;
  readonly #lines: Line[];
  readonly #budget = new DrawingBudget();
  readonly #failed = new Set<string>();
  #begun: Promise<void> | null = null;

  /** @param lines What `metrics.jsonl` has already */
  constructor(run: scanline.Run, source: PictureSource, lines: readonly Line[] = []) {
    this.#run = run;
    this.#source = source;
    this.#lines = lines.filter(({ event }) => event === "epoch" || event === "report");
  }

  /** Writes `structure.svg`; the training need not wait for the disk. */
  begin(): void {
    this.#begun = this.#write("structure.svg", () => this.#structure());
  }

  /** Writes `curves.svg` and `curves.png`, unless that would take more than 1 % of the time of training. */
  async report(line: Line, trainedMs: number): Promise<void> {
    this.#lines.push(line);
    this.#budget.trained(trainedMs);
    await this.#budget.spend("svg", () => this.#write("curves.svg", () => this.#curves()));
    await this.#budget.spend("png", () => this.#write("curves.png", () => toPng(this.#curves())));
  }

  /**
   * Writes everything, `report.html` included.
   *
   * @param signal Ends it after a picture
   * @returns Whether it came to its end; `"incomplete"` if it did, and told what it could not draw
   */
  async end(
    line: Line | null,
    findings: Findings | null,
    signal?: AbortSignal,
  ): Promise<boolean | "incomplete"> {
    await this.#begun;
    const pictures = {
      structure: this.#structure,
      ...(this.#lines.length > 0 ? { curves: this.#curves } : {}),
    };
    const found = findings && { confusion: () => findings.confusion, readings: () => findings.readings };
    for (const [name, draw] of Object.entries({ ...pictures, ...found })) {
      if (signal?.aborted) return false;
      await this.#write(`${name}.svg`, () => draw.call(this));
      if (signal?.aborted) return false;
      await this.#write(`${name}.png`, () => toPng(draw.call(this)));
    }
    if (signal?.aborted) return false;
    if (findings) await this.#write("mistakes.png", () => toPng(findings.mistakes));
    await this.#write("report.html", () => this.#report(line, findings));
    return this.#failed.size > 0 ? "incomplete" : true;
  }

  #structure(): string {
    return scanline.drawStructure(this.#source.network, this.#source.input);
  }

  #curves(): string {
    return scanline.drawCurves(this.#curveSet());
  }

  #curveSet(): scanline.CurveSet {
    const { stepsPerEpoch, epochImages, config } = this.#source;
    const about = { stepsPerEpoch, epochImages, figures: figuresOf(config) };
    return scanline.toCurves([{ name: this.#run.path, lines: this.#lines, ...about }]);
  }

  #report(end: Line | null, findings: Findings | null): string {
    const { config, network } = this.#source;
    const { command } = config;
    const curves = this.#curveSet();
    const hash = end?.modelSha256 ?? findings?.modelSha256;
    return scanline.writeReport({
      recipe: config.recipe,
      run: this.#run.path,
      curves,
      end,
      evaluated: findings?.score ?? null,
      seconds: this.#lines.reduce((sum, { seconds }) => sum + (typeof seconds === "number" ? seconds : 0), 0),
      parameterCount: network.parameterCount,
      modelSha256: typeof hash === "string" ? hash : null,
      config,
      command: typeof command === "string" ? command : null,
      pictures: [
        ...(curves.curves[0].points.length > 0
          ? [{
            heading: "Curves",
            about: "Loss and accuracy at each report; the ring marks the best test accuracy.",
            svg: scanline.drawCurves(curves),
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

  async #write(name: string, draw: () => string | Uint8Array | Promise<Uint8Array>): Promise<void> {
    try {
      await this.#run.write(name, await draw());
      this.#failed.delete(name);
    } catch (error) {
      if (this.#failed.has(name)) return;
      this.#failed.add(name);
      console.error(`Cannot draw ${name}: ${messageOf(error)}; all else goes on`);
    }
  }
}

/** Lets drawing take only so much of the time. */
export class DrawingBudget {
  #trainedMs = 0;
  #spentMs = 0;
  readonly #expectedMs = { svg: FIRST_SVG_MS, png: FIRST_PNG_MS };

  /** Training took so much longer. */
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
