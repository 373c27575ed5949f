/**
 * What the training room shows of a training: a function of what its worker has told.
 *
 * @module
 */
import type { TrainerNews } from "../workers/messages.ts";
import { judge, type Verdict } from "./published.ts";
import type { SettledSettings } from "./settings.ts";

/** What a training is doing. */
export type Phase = "idle" | "loading" | "opening" | "training" | "paused" | "ended" | "failed";

/** What was told of the device that a training has opened. */
export type Opened = Extract<TrainerNews, { kind: "opened" }>;

/** Accuracy after some step, a fraction: of the images of the steps before it, and on test images where that was measured. */
export interface AccuracyPoint {
  readonly step: number;
  readonly train: number;
  readonly test: number | null;
}

/** A training, as far as it has come. */
export interface Progress {
  readonly phase: Phase;
  /** Of this training; null before the first one. */
  readonly settings: SettledSettings | null;
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly opened: Opened | null;
  readonly step: number;
  /** Spent on training. */
  readonly seconds: number;
  /** Of every step. The array grows. */
  readonly losses: number[];
  /** The array grows. */
  readonly accuracies: AccuracyPoint[];
  /** Whether the worker has the model of the last step, to be downloaded. */
  readonly hasModel: boolean;
  /** Whether that was downloaded. */
  readonly isSaved: boolean;
  readonly tested: { readonly step: number; readonly loss: number; readonly accuracy: number } | null;
  readonly result: { readonly sha256: string; readonly verdict: Verdict } | null;
  /** What is missing, while the training goes on. */
  readonly notice: string | null;
  /** Why it failed. */
  readonly failure: string | null;
}

/** Before any training. */
export const IDLE: Progress = {
  phase: "idle",
  settings: null,
  loadedBytes: 0,
  totalBytes: 0,
  opened: null,
  step: 0,
  seconds: 0,
  losses: [],
  accuracies: [],
  hasModel: false,
  isSaved: false,
  tested: null,
  result: null,
  notice: null,
  failure: null,
};

/** A training that was just asked for. */
export function begin(settings: SettledSettings): Progress {
  return { ...IDLE, phase: "loading", settings, losses: [], accuracies: [] };
}

/** Whether there is a training that has not come to its end. */
export function isActive({ phase }: Progress): boolean {
  return phase === "loading" || phase === "opening" || phase === "training" || phase === "paused";
}

/** Training for longer is not taken lightly. */
const PRECIOUS_SECONDS = 60;

/** Whether someone who loses the model would be sorry. */
export function isPrecious({ hasModel, isSaved, seconds }: Progress): boolean {
  return hasModel && !isSaved && seconds >= PRECIOUS_SECONDS;
}

/** What a training looks like after news. */
export function advance(progress: Progress, news: TrainerNews): Progress {
  switch (news.kind) {
    case "loading": // goes on during a training
      return { ...progress, loadedBytes: news.loadedBytes, totalBytes: news.totalBytes };
    case "opening":
      return { ...progress, phase: "opening" };
    case "opened":
      return { ...progress, phase: "training", opened: news };
    case "steps": {
      const { step, seconds, accuracy } = news;
      progress.losses.push(...news.losses);
      progress.accuracies.push({ step, train: accuracy, test: null });
      return { ...progress, step, seconds, hasModel: true, isSaved: false };
    }
    case "tested": {
      const { step, loss, accuracy } = news, { accuracies } = progress, last = accuracies.at(-1);
      if (last?.step === step) accuracies[accuracies.length - 1] = { ...last, test: accuracy };
      return { ...progress, tested: { step, loss, accuracy } };
    }
    case "paused":
      return { ...progress, phase: "paused" };
    case "resumed":
      return { ...progress, phase: "training" };
    case "ended": {
      const { sha256, step, seconds } = news;
      const verdict = judge(sha256, progress.settings!, progress.opened!.math);
      return { ...progress, phase: "ended", step, seconds, result: { sha256, verdict } };
    }
    case "notice":
      return { ...progress, notice: news.message };
    case "failed":
      return { ...progress, phase: "failed", failure: news.message };
    case "file":
      return { ...progress, isSaved: true };
  }
}

/** The latest accuracy on the test images that is the first one after a quarter, a half or three quarters of the steps. */
export function lastQuarter({ accuracies, opened }: Progress): AccuracyPoint | null {
  const total = opened?.totalSteps ?? 0,
    points = accuracies.filter(({ test, step }) => test !== null && step < total);
  const firsts = [3, 2, 1].map((quarter) => points.find(({ step }) => 4 * step >= quarter * total));
  return firsts.find((point) => point !== undefined) ?? null;
}

/** How long the rest takes at the pace so far, in milliseconds; null if that is not known. */
export function timeLeftMs({ opened, step, seconds }: Progress): number | null {
  return opened && step > 0 ? 1000 * seconds / step * (opened.totalSteps - step) : null;
}
