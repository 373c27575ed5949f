/**
 * The scan line that moves by itself.
 *
 * @module
 */
import { batch, effect, signal } from "@preact/signals";
import { line } from "../state.ts";
import { LINES } from "./lines.ts";
import { isStill } from "../theme.ts";

/** Lines a second to choose from. */
export const SPEEDS = [2, 5, 10, 20] as const;

/** Whether the line moves. */
export const isPlaying = signal(false);
/** Lines a second. */
export const speed = signal<number>(10);

/** Lets the line move, from the start if it is at the end. */
export function play(): void {
  playFrom(line.value >= LINES ? 0 : line.value);
}

/** Reads once from the start, unless the reader of the page wants nothing to move by itself. */
export function playUnasked(): void {
  if (isStill.value) line.value = LINES;
  else playFrom(0);
}

/** In one batch, so that nothing shows or says a line that stands at the start. */
function playFrom(start: number): void {
  batch(() => {
    line.value = start;
    isPlaying.value = true;
  });
}

/** Stops the line where it is. */
export function pause(): void {
  isPlaying.value = false;
}

/** Moves the line to a place. */
export function moveTo(place: number): void {
  pause();
  line.value = Math.min(LINES, Math.max(0, Math.round(place)));
}

effect(() => {
  if (!isPlaying.value) return;
  const timer = setInterval(() => {
    if (line.value < LINES) line.value++;
    if (line.value >= LINES) pause();
  }, 1000 / speed.value);
  return () => clearInterval(timer);
});
