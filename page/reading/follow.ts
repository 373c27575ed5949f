/**
 * What follows from what: the image from the sheet, and the readings from the image, the networks and the lines that are hidden.
 *
 * @module
 */
/// <reference lib="dom" />
import { computed, effect, signal } from "@preact/signals";
import { announce } from "../announce.ts";
import { type Source, source } from "../ink/source.ts";
import type { Stroke } from "../ink/strokes.ts";
import { digitOf, loadDigits } from "../ink/test_digits.ts";
import { hidden, image, models, readings, shown, type ShownModel } from "../state.ts";
import type { ModelFiles } from "../workers/messages.ts";
import { type AskLatest, dropStale, latestWins } from "./latest.ts";
import { hideLines, LINES, sayHidden } from "./lines.ts";
import { Reader } from "./reader.ts";
import { SHIPPED } from "./shipped.ts";

/** What went wrong last, in one sentence; empty if nothing did. */
export const notice = signal("");
/** Stands for the sheet among the ids of networks. */
export const SHEET = "sheet";
/** Why a network could not be loaded or did not read last, by its id. */
export const faults = signal<ReadonlyMap<string, string>>(new Map());
/** What the test digit on the sheet is; null where that is unknown. */
export const label = signal<number | null>(null);
/** The networks that read now, in their order. */
export const shownModels = computed<readonly ShownModel[]>(() =>
  shown.value.flatMap((id) => models.value.find((model) => model.id === id) ?? [])
);
/** The axis along which lines are hidden: that of the first network, also while it is being loaded. */
export const hiddenAxis = computed<"rows" | "columns">(() => {
  const first = [...SHIPPED, ...models.value].find(({ id }) => id === shown.value[0]);
  return first?.axis === "columns" ? "columns" : "rows";
});
/** What the networks see of the image, without what is hidden. */
export const seen = computed(() => {
  return hideLines(image.value ?? new Uint8Array(LINES * LINES), hidden.value, hiddenAxis.value);
});

/** Shows all lines again, and says so. */
export function showAllLines(): void {
  if (!hidden.peek().includes(true)) return;
  hidden.value = Array.from({ length: LINES }, () => false);
  announce(sayHidden(hidden.peek(), hiddenAxis.peek()));
}

/** Says what went wrong. */
export function report(error: unknown): void {
  notice.value = error instanceof Error ? error.message : String(error);
}

/** Says what went wrong with a network, or with the sheet, until it works. */
export function fail(id: string, error: unknown): void {
  report(error);
  faults.value = new Map(faults.value).set(id, notice.value);
}

/** Takes back what was said of a network, or of the sheet. */
export function works(id: string): void {
  const fault = faults.peek().get(id);
  if (fault === undefined) return;
  if (notice.peek() === fault) notice.value = "";
  faults.value = new Map([...faults.peek()].filter(([other]) => other !== id));
}

/** Starts the worker, and keeps image and readings up to date from now on. */
export function follow(): Reader {
  const reader = new Reader(() =>
    new Worker(new URL("workers/reader.js", document.baseURI), { type: "module" })
  );
  const prepare = latestWins(async (strokes: readonly Stroke[]) => ({
    pixels: await reader.prepare(strokes),
    label: null,
  }));
  const see = dropStale((sheet: Source) => pixelsOf(sheet, prepare)); // nothing waits for digits that are fetched
  effect(() => {
    const sheet = source.value;
    label.value = null; // until it is known
    see(sheet).then((found) => {
      if (!found) return;
      works(SHEET);
      image.value = found.pixels;
      label.value = found.label;
    }, (error) => fail(SHEET, error));
  });
  let axis = hiddenAxis.peek();
  effect(() => {
    if (hiddenAxis.value === axis) return;
    axis = hiddenAxis.value;
    showAllLines(); // hidden rows are not hidden columns
  });
  const asks = new Map<string, AskLatest<Question, void>>(), asked = new Map<string, Question>();
  effect(() => {
    const pixels = seen.value;
    for (const { id, model } of shownModels.value) {
      const last = asked.get(id);
      if (last?.model === model && last.pixels === pixels) continue; // another network has changed
      asked.set(id, { model, pixels });
      if (!asks.has(id)) asks.set(id, latestWins((question) => read(reader, id, question)));
      asks.get(id)!({ model, pixels }).catch((error) => {
        fail(id, error);
        asked.delete(id); // it is asked again when it is shown again
        readings.value = new Map([...readings.value].filter(([other]) => other !== id));
      });
    }
  });
  return reader;
}

/** What a network is asked: it may have learned since it was asked last. */
interface Question {
  readonly model: ModelFiles;
  readonly pixels: Uint8Array;
}

async function read(reader: Reader, id: string, { model, pixels }: Question): Promise<void> {
  if (!reader.isOpen(id, model)) await reader.open(id, model);
  const reading = await reader.read(id, pixels);
  works(id);
  readings.value = new Map(readings.value).set(id, reading);
}

async function findDigit(number: number): Promise<Seen> {
  const digits = await loadDigits();
  if (number < digits.count) return digitOf(digits, number);
  throw new RangeError(
    `Cannot show the test digit: it must be below the ${digits.count} of this page: current value is ${number}`,
  );
}

/** What networks see of a sheet. */
interface Seen {
  readonly pixels: Uint8Array | null;
  readonly label: number | null;
}

async function pixelsOf(sheet: Source, prepare: AskLatest<readonly Stroke[], Seen>): Promise<Seen | null> {
  switch (sheet.kind) {
    case "empty":
      return { pixels: null, label: null };
    case "strokes":
      return await prepare(sheet.strokes);
    case "digit":
      return await findDigit(sheet.number);
    case "pixels":
      return { pixels: sheet.pixels, label: null };
  }
}
