/**
 * What a screen reader says.
 *
 * @module
 */
import { signal } from "@preact/signals";

/** The text of the live region. */
export const spoken = signal("");

/** A reader is not interrupted by each of many lines: it hears the last one. */
const PAUSE_MS = 350;

let timer: ReturnType<typeof setTimeout> | undefined;
/** What is said when the timer ends: what was done, and what the networks answer. */
let waiting = { deed: "", answer: "" };

/** Lets a screen reader say what was done, unless more follows at once. */
export function announce(deed: string): void {
  sayLater({ ...waiting, deed });
}

/** Lets a screen reader say what the networks answer, after what was done just before. */
export function announceAnswer(answer: string): void {
  sayLater({ ...waiting, answer });
}

function sayLater(texts: typeof waiting): void {
  waiting = texts;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const text = [waiting.deed, waiting.answer].filter(Boolean).join(". ");
    waiting = { deed: "", answer: "" };
    spoken.value = text === spoken.peek() ? `${text}\u00a0` : text; // the same text again would not be heard
  }, PAUSE_MS);
}
