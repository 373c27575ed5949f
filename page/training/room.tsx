/**
 * Where a network is trained.
 *
 * @module
 */
/// <reference lib="dom" />
import type { ComponentChildren, JSX } from "preact";
import { formatDuration, formatQuantity } from "../../lib/view/progress.ts";
import { formatShare } from "../../lib/view/words.ts";
import { savesData } from "../data/saves_data.ts";
import { readings, shown } from "../state.ts";
import { AccuracyChart, LossChart } from "./curves.tsx";
import { isActive, lastQuarter, type Progress, timeLeftMs } from "./progress.ts";
import { Result } from "./result.tsx";
import { Settings } from "./settings_form.tsx";
import { hasImages, pause, progress, reset, resume, settings, train, TRAINED_ID } from "./trainer.ts";

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
          the sheet above: it is read anew all the while.
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
      <button type="button" aria-disabled={phase === "idle"} onClick={reset}>Reset</button>
      <span class="quiet" style={{ visibility: phase === "idle" && !hasImages.value ? "visible" : "hidden" }}>
        {sizeOf()}
      </span>
    </div>
  );
}

function labelOf(phase: Progress["phase"]): string {
  return phase === "failed" ? "Try again" : phase === "ended" ? "Train again" : "Train here";
}

/** What a first training fetches. */
function sizeOf(): string {
  if (settings.value.limit === null) return "fetches 12 MB";
  return `fetches 1 MB to begin, and another ${savesData() ? 2 : 11} MB while it trains`;
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
            {settings!.device === "wasm" && !globalThis.crossOriginIsolated &&
              "The server of this page does not isolate it, so there is one thread; the bits are the same."}
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
  const say = (accuracy: number) => `${formatShare(accuracy)} of the test images are right`;
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
