/**
 * Moves the scan line, and hides lines.
 *
 * @module
 */
/// <reference lib="dom" />
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { line, readings } from "../state.ts";
import { isActive } from "../training/progress.ts";
import { progress } from "../training/trainer.ts";
import { hidden, hiddenAxis, hideWhere, shownModels } from "./follow.ts";
import { LINES, nameOfLines, placeOf, sayAnswer } from "./lines.ts";
import { isPlaying, moveTo, pause, play, speed, SPEEDS } from "./play.ts";

/** Whether the network that is trained here changes several times a second. */
const isTraining = computed(() => isActive(progress.value));

/** What the networks say after the line that is read; nobody could listen to one that is being trained. */
export const said = computed(() => {
  const models = shownModels.value;
  const texts = models.flatMap((model) => {
    const reading = readings.value.get(model.id);
    if (!reading || model.origin === "trained" && isTraining.value) return [];
    const text = sayAnswer(reading, line.value, model);
    return [models.length > 1 ? `${model.name} ${text}` : text];
  });
  return texts.join("; ");
});

/** The controls of the scan line. */
export function Transport(): JSX.Element {
  const name = nameOfLines(hiddenAxis.value), at = line.value;
  return (
    <div class="transport" role="group" aria-label="Scan line">
      <div class="row">
        <button type="button" class="primary play" onClick={() => isPlaying.value ? pause() : play()}>
          {isPlaying.value ? "Pause" : "Play"}
        </button>
        <label class="scrub">
          <span class="figure">
            {at === 0 ? `before the first ${name}` : `after ${name} ${at} of ${LINES}`}
          </span>
          <input
            type="range"
            id="scan"
            min={0}
            max={LINES}
            step={1}
            value={at}
            aria-label={`${name === "column" ? "Columns" : "Lines"} read, of ${LINES}`}
            aria-valuetext={said.value || `${at} of ${LINES}`}
            onInput={(event) => moveTo(event.currentTarget.valueAsNumber)}
          />
        </label>
        <label class="speed">
          <span class="quiet">Speed</span>
          <select value={speed.value} onChange={(event) => speed.value = Number(event.currentTarget.value)}>
            {SPEEDS.map((one) => <option key={one} value={one}>{one} {name}s/s</option>)}
          </select>
        </label>
      </div>
      <Hiding />
    </div>
  );
}

/** Hides lines from the networks, without a mouse. */
function Hiding(): JSX.Element {
  const name = nameOfLines(hiddenAxis.value), [first] = shownModels.value;
  const current = placeOf(Math.max(0, line.value - 1), first?.reversed ?? false);
  const isHidden = hidden.value[current],
    rest = hiddenAxis.value === "columns" ? "right half" : "bottom half";
  return (
    <div class="row hiding" role="group" aria-label="Hide from the network">
      <span class="quiet">What if it never saw…</span>
      <button type="button" onClick={() => hideWhere((wasHidden, place) => wasHidden || place >= LINES / 2)}>
        the {rest}
      </button>
      <button
        type="button"
        aria-pressed={isHidden}
        onClick={() => hideWhere((wasHidden, place) => place === current ? !wasHidden : wasHidden)}
      >
        {name} {current + 1}
      </button>
      <button
        type="button"
        aria-disabled={!hidden.value.includes(true)}
        onClick={() => hideWhere(() => false)}
      >
        Show all
      </button>
    </div>
  );
}
