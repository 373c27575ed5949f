/**
 * A training in the page as the folder of a run, for `deno task evaluate --model FOLDER` and the other tasks.
 *
 * @module
 */
import {
  classifierOptions,
  type DeviceDescription,
  type TrainedModel,
  type TrainingConfig,
} from "../../core.ts";
import { tensorflowJson } from "./tensorflow_json.ts";

/** What is known of a training. */
export interface TrainedRun {
  readonly recipe: string;
  readonly model: TrainedModel;
  readonly training: TrainingConfig;
  readonly device: DeviceDescription;
  /** How many of the training images it took, from the first on; null for all. */
  readonly limit: number | null;
  /** The test images that it was evaluated on. */
  readonly testImages: number;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Steps taken, and whether more were to come. */
  readonly step: number;
  readonly interrupted: boolean;
  readonly modelSha256: string;
  /** Of every step. */
  readonly losses: Float32Array;
  /** After each epoch. */
  readonly epochs: readonly EpochFigures[];
}

/** What was measured of one epoch. */
export interface EpochFigures {
  /** From 0 on. */
  readonly epoch: number;
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Unless the test images could not be loaded. */
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly seconds: number;
}

/** The files by their paths in `runs`: `train-lstm-adam/2026-11-22T05-41-25/config.json` and so on. */
export function runFiles(run: TrainedRun): Map<string, Uint8Array<ArrayBuffer>> {
  const { model, losses } = run;
  const time = run.startedAt.toISOString().slice(0, 19).replaceAll(":", "-");
  const files = {
    "config.json": `${JSON.stringify(config(run), null, 2)}\n`,
    "metrics.jsonl": lines(run).map((line) => `${JSON.stringify(line)}\n`).join(""),
    "losses.f32": losses,
    "model/model.json": tensorflowJson(model),
    "model/weights.bin": model.parameters,
  };
  return new Map(
    Object.entries(files).map(([name, contents]) => [`${run.recipe}/${time}/${name}`, bytesOf(contents)]),
  );
}

/** A name for a file of the model: which recipe it is of, with which seed, after how many steps. */
export function fileName({ recipe, training: { seed }, step }: TrainedRun, ending: string): string {
  return `${recipe}-seed-${seed}-${step}-steps${ending}`;
}

function config({ recipe, model, training, device, limit, testImages, startedAt, step }: TrainedRun): object {
  const { network, T, sequence, classNames, preparation } = model;
  const { seed, optimizer: { learningRate } } = training;
  const limited = limit === null ? "" : ` --limit ${limit}`;
  return {
    command: `deno task ${recipe} --steps ${step} --seed ${seed} --learning-rate ${learningRate}${limited} ` +
      `--device ${device.kind}${device.math === "plain" ? " --math plain" : ""}`,
    length: { steps: step },
    recipe,
    startedAt: startedAt.toISOString(),
    model: { ...classifierOptions(network), T, sequence, classNames, preparation },
    training: { ...training, images: { ...training.images, test: testImages } },
    figures: { train: "mean over each epoch, while the weights move", test: "all test images", testImages },
    data: { dataset: "mnist", ...(limit === null ? {} : { limit }) },
    device,
  };
}

function lines({ epochs, step, interrupted, modelSha256, endedAt }: TrainedRun): object[] {
  const { testLoss, testAccuracy } = epochs.at(-1) ?? {};
  return [
    ...epochs.map((figures) => ({ event: "epoch", ...figures })),
    { event: "end", step, interrupted, testLoss, testAccuracy, modelSha256, endedAt: endedAt.toISOString() },
  ];
}

function bytesOf(contents: string | Float32Array): Uint8Array<ArrayBuffer> {
  if (typeof contents === "string") return new TextEncoder().encode(contents);
  return new Uint8Array(contents.slice().buffer);
}
