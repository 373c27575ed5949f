/**
 * Where a network is trained.
 *
 * @module
 */
/// <reference lib="dom" />
import type { ComponentChildren, JSX } from "preact";
import { formatDuration, formatQuantity } from "../../lib/view/progress.ts";
import { formatShare } from "../../lib/view/words.ts";
import { TRAIN_PART } from "../data/parts.ts";
import { savesData } from "../data/saves_data.ts";
import { whyOneThread } from "../features.ts";
import { readings, shown } from "../state.ts";
import { AccuracyChart, LossChart } from "./curves.tsx";
import { isActive, lastQuarter, type Progress, timeLeftMs } from "./progress.ts";
import { Result } from "./result.tsx";
import { ALL_IMAGES } from "./settings.ts";
import { Settings } from "./settings_form.tsx";
import {
  imagesHere,
  pause,
  progress,
  resetOnRequest,
  resume,
  settings,
  train,
  TRAINED_ID,
} from "./trainer.ts";

/** What to train, how it goes, and what came of it. */
export function TrainingRoom(): JSX.Element {
  const now = progress.value;
  return (
    <div class="training">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          event.submitter?.focus(); // a field with the focus is about to be disabled
          train();
        }}
      >
        <p class="quiet">
          A network learns here, in this browser, from MNIST's digits. They are fetched when you begin. Watch
          the sheet above: the network reads it again as it learns.
        </p>
        <Settings isFixed={isActive(now)} />
        <Buttons progress={now} />
      </form>
      <div class="stack">
        <State progress={now} />
        {now.phase !== "idle" && now.opened && (
          <div class="charts">
            <LossChart progress={now} />
            <AccuracyChart progress={now} />
          </div>
        )}
        <Result progress={now} />
      </div>
      <p class="spoken" role="status">{spoken(now)}</p>
    </div>
  );
}

/** Buttons that cannot be used keep the focus: they are never `disabled`. */
function Buttons({ progress }: { progress: Progress }): JSX.Element {
  const { phase } = progress;
  return (
    <div class="row">
      {isActive(progress)
        ? phase === "paused"
          ? <button type="button" class="primary" onClick={resume}>Resume</button>
          : (
            <button type="button" class="primary" aria-disabled={phase !== "training"} onClick={pause}>
              Pause
            </button>
          )
        : <button type="submit" class="primary">{labelOf(phase)}</button>}
      <button type="button" aria-disabled={phase === "idle"} onClick={resetOnRequest}>Reset</button>
      <span class="quiet fetches">{isActive(progress) ? "" : sizeOf()}</span>
    </div>
  );
}

function labelOf(phase: Progress["phase"]): string {
  return phase === "failed" ? "Try again" : phase === "ended" ? "Train again" : "Train here";
}

/** About the size of a part of the training images, and of all test images, in MB. */
const PART_MB = 1.01, TEST_MB = 1.7;

/** What the next training fetches. */
function sizeOf(): string {
  const partsOf = (images: number) => Math.ceil(images / TRAIN_PART), here = partsOf(imagesHere.value);
  const first = partsOf(settings.value.limit ?? ALL_IMAGES) - here;
  if (first <= 0) return "the images are here already";
  const later = savesData() ? 0 : partsOf(ALL_IMAGES) - here - first;
  const megabytes = (parts: number, more = 0) => Math.round(parts * PART_MB + more);
  const meanwhile = megabytes(later, here > 0 ? 0 : TEST_MB);
  return `fetches ${megabytes(first)} MB to begin` +
    (meanwhile > 0 ? `, and another ${meanwhile} MB while it trains` : "");
}

/** How far it is. */
function State({ progress }: { progress: Progress }): JSX.Element | null {
  const { phase, opened, step, seconds, notice, failure, settings } = progress;
  if (phase === "idle") return null;
  return (
    <div class="stack state">
      {failure !== null && <p class="error" role="alert">{failure}</p>}
      {notice !== null && <p class="error">{notice}</p>}
      {(phase === "loading" || phase === "opening") && <Loading progress={progress} />}
      {opened && (
        <>
          <progress value={step} max={opened.totalSteps} aria-label="Steps of the training" />
          <p class="facts figure">
            <Fact>step {step.toLocaleString("en")} of {opened.totalSteps.toLocaleString("en")}</Fact>
            <Fact>epoch {Math.floor(Math.max(0, step - 1) / opened.stepsPerEpoch) + 1}</Fact>
            <Fact>{timeOf(progress)}</Fact>
            <Drawing />
            {seconds > 0 && <Fact>{(1000 * seconds / step).toFixed(1)} ms a step</Fact>}
          </p>
          <p class="quiet">
            {formatQuantity(opened.parameterCount, "parameters")} on {opened.device}.{" "}
            {settings!.device === "wasm" && whyOneThread()}
          </p>
        </>
      )}
    </div>
  );
}

function Loading({ progress: { phase, loadedBytes, totalBytes } }: { progress: Progress }): JSX.Element {
  const value = totalBytes > 0 ? { value: loadedBytes, max: totalBytes } : {};
  return (
    <>
      <progress key={phase} {...(phase === "loading" ? value : {})} aria-label="Loading" />
      <p class="figure">
        {phase === "opening"
          ? "Opening the device …"
          : totalBytes > 0
          ? `Fetching MNIST: ${formatQuantity(loadedBytes, "B")} of ${formatQuantity(totalBytes, "B")}`
          : "Fetching MNIST …"}
      </p>
    </>
  );
}

/** How the network reads the sheet above, now. */
function Drawing(): JSX.Element | null {
  const reading = readings.value.get(TRAINED_ID);
  if (!reading || !shown.value.includes(TRAINED_ID)) return null;
  const { T, classes } = reading, last = [...reading.probabilities.subarray((T - 1) * classes, T * classes)];
  const surest = Math.max(...last);
  return <Fact>the sheet: {last.indexOf(surest)}, {formatShare(surest, 100)}</Fact>;
}

function Fact({ children }: { children: ComponentChildren }): JSX.Element {
  return <span>{children}</span>;
}

function timeOf(progress: Progress): string {
  if (progress.phase === "ended") return `in ${formatDuration(1000 * progress.seconds)}`;
  if (progress.phase === "paused") return "paused";
  if (progress.phase === "failed") return "stopped";
  const left = timeLeftMs(progress);
  return left === null ? "…" : `${formatDuration(left)} left`;
}

/** For screen readers: what has changed for good, not each step. */
function spoken(progress: Progress): string {
  const { phase, tested } = progress, quarter = lastQuarter(progress);
  const say = (accuracy: number) => `${formatShare(accuracy)} of the test images were classified correctly`;
  switch (phase) {
    case "loading":
      return "Fetching MNIST";
    case "training":
      return quarter ? `Training. After step ${quarter.step} ${say(quarter.test!)}` : "Training";
    case "paused":
      return "Paused";
    case "ended":
      return tested ? `Trained. ${say(tested.accuracy)}` : "Trained";
    default:
      return "";
  }
}
