/**
 * Keeps the address of the page and what it shows alike.
 *
 * @module
 */
/// <reference lib="dom" />
import { effect } from "@preact/signals";
import { type Place, readAddress, writeAddress } from "./address.ts";
import { source } from "./ink/source.ts";
import { notice } from "./reading/follow.ts";
import { isPlaying, pause } from "./reading/play.ts";
import { hidden, line, recipe, seed, shown } from "./state.ts";

/** What the page shows where the address says nothing. */
const USUAL: Omit<Place, "source"> = {
  shown: shown.value,
  line: line.value,
  hidden: hidden.value,
  recipe: recipe.value,
  seed: seed.value,
};

/** Browsers allow some hundred changes a minute. */
const PAUSE_MS = 400;

/** Shows what the address says. @returns Whether it says anything */
export function showAddress(): boolean {
  const { place, damaged } = readAddress(location.hash);
  if (damaged.length > 0) {
    const names = damaged.map((name) => `"${name}"`).join(" and ");
    notice.value = `This link is damaged: its ${names} could not be read, and the rest is shown`;
  }
  const says = Object.keys(place).length > 0;
  if (says) pause();
  if (place.source) source.value = place.source;
  if (place.shown) shown.value = place.shown;
  if (place.line !== undefined) line.value = place.line;
  if (place.hidden) hidden.value = place.hidden;
  if (place.recipe) recipe.value = place.recipe;
  if (place.seed !== undefined) seed.value = place.seed;
  return says;
}

/** Writes the address from now on, without new entries in the history. */
export function followAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const place = {
      source: source.value,
      shown: shown.value,
      line: isPlaying.value ? line.peek() : line.value,
      hidden: hidden.value,
      recipe: recipe.value,
      seed: seed.value,
    };
    clearTimeout(timer);
    if (isPlaying.value) return;
    timer = setTimeout(() => {
      const hash = writeAddress(place, USUAL);
      history.replaceState(history.state, "", hash ? `#${hash}` : location.pathname + location.search);
    }, PAUSE_MS);
  });
  addEventListener("hashchange", showAddress);
}
