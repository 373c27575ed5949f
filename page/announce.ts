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

/** Lets a screen reader say a text, unless another one follows at once. */
export function announce(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => spoken.value = text, PAUSE_MS);
}
