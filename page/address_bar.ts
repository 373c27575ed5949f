/**
 * Keeps the address of the page and what it shows alike.
 *
 * @module
 */
/// <reference lib="dom" />
import { effect } from "@preact/signals";
import { readAddress, writeAddress } from "./address.ts";
import { replaceSheet, type Source, source } from "./ink/source.ts";
import { axisOf, notice } from "./reading/follow.ts";
import { isPlaying, pause } from "./reading/play.ts";
import { SHIPPED } from "./reading/shipped.ts";
import { hiddenLines, line, models, shown } from "./state.ts";
import { USUAL as USUAL_SETTINGS } from "./training/settings.ts";
import { isActive } from "./training/progress.ts";
import { progress, settings } from "./training/trainer.ts";

/** What the page shows where the address says nothing. */
const USUAL = {
  source: { kind: "digit", number: 0 } as Source,
  shown: shown.value,
  line: line.value,
  hidden: hiddenLines.value.rows, // as the columns
};

/** What was said of the last link. */
let said = "";

const list = new Intl.ListFormat("en");

/** Browsers allow some hundred changes a minute. */
const PAUSE_MS = 400;

/** Shows what the address says when the page opens, and all else as usual. @returns Whether it says anything */
export function openAddress(): boolean {
  const says = showAddress(location.hash, (sheet) => source.value = sheet);
  if (!says) source.value = USUAL.source;
  return says;
}

/** Shows what an address says, and all else as usual; where it says nothing, all stays. @returns Whether it says anything */
function showAddress(hash: string, show: (sheet: Source) => void): boolean {
  const { place, damaged } = readAddress(hash), notices: string[] = [];
  if (damaged.length > 0) {
    const names = list.format(damaged.map((name) => `"${name}"`));
    const rest = Object.keys(place).length > 0 ? "the rest is shown" : "the page opens as usual";
    notices.push(`This link is damaged: its ${names} could not be read; ${rest}`);
  }
  const all = { ...USUAL, ...place }, known = all.shown.filter(isKnown);
  if (known.length < all.shown.length) {
    notices.push(
      "This link names a network that is not on this page: a built-in one is shown instead",
    );
  }
  if (place.settings && isActive(progress.value)) {
    notices.push("The training settings of this link are ignored while a network trains");
  }
  if (notice.peek() === said) notice.value = ""; // of a link before this one
  said = notices.join(". ");
  if (said) notice.value = said;
  if (Object.keys(place).length === 0) return false;
  pause();
  show(all.source);
  shown.value = known.length > 0 ? known : USUAL.shown;
  line.value = all.line;
  hiddenLines.value = { rows: USUAL.hidden, columns: USUAL.hidden, [axisOf(shown.value[0])]: all.hidden };
  if (!isActive(progress.value)) settings.value = { ...USUAL_SETTINGS, ...place.settings };
  return true;
}

function isKnown(id: string): boolean {
  return [...SHIPPED, ...models.value].some((one) => one.id === id);
}

/** Writes the address from now on, without new entries in the history. */
export function followAddress(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    // Nobody else has what was opened or trained here.
    const theirs = shown.value.filter((id) => SHIPPED.some((one) => one.id === id));
    const place = {
      source: source.value,
      shown: theirs,
      line: isPlaying.value ? line.peek() : line.value,
      hidden: hiddenLines.value[axisOf(theirs[0] ?? USUAL.shown[0])],
      settings: settings.value,
    };
    clearTimeout(timer);
    if (isPlaying.value) return;
    timer = setTimeout(() => {
      const hash = writeAddress(place, USUAL);
      try {
        history.replaceState(history.state, "", hash ? `#${hash}` : location.pathname + location.search);
      } catch { // some browsers refuse: then the address stays
      }
    }, PAUSE_MS);
  });
  // What was asked for: the address itself may have been written anew before this is heard.
  addEventListener(
    "hashchange",
    ({ newURL }: HashChangeEvent) => showAddress(new URL(newURL).hash, replaceSheet),
  );
}
