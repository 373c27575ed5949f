/**
 * What follows from what: the image from the sheet, and the readings from the image, the networks and the lines that are hidden.
 *
 * @module
 */
/// <reference lib="dom" />
import { computed, effect, signal } from "@preact/signals";
import { announce } from "../announce.ts";
import { type Source, source, strokesOf } from "../ink/source.ts";
import { hasRoom, type Stroke } from "../ink/strokes.ts";
import { digitOf, loadDigits } from "../ink/test_digits.ts";
import { hiddenLines, image, models, readings, shown, type ShownModel } from "../state.ts";
import type { ModelFiles } from "../workers/messages.ts";
import { type AskLatest, dropStale, latestWins } from "./latest.ts";
import { hideLines, LINES, sayHidden } from "./lines.ts";
import type { Reader } from "./reader.ts";
import { SHIPPED } from "./shipped.ts";

/** What went wrong last, in one sentence; empty if nothing did. */
export const notice = signal("");
/** Stands for the sheet among the ids of networks. */
export const SHEET = "sheet";
/** Stands for what does not fit on it. */
const FULL = "full";
/** Why a network could not be loaded or did not read last, by its id. */
export const faults = signal<ReadonlyMap<string, string>>(new Map());
/** What the test digit on the sheet is; null where that is unknown. */
export const label = signal<number | null>(null);
/** The networks that read now, in their order. */
export const shownModels = computed<readonly ShownModel[]>(() =>
  shown.value.flatMap((id) => models.value.find((model) => model.id === id) ?? [])
);
/** The axis along which lines are hidden: that of the first network, also while it is being loaded. */
export const hiddenAxis = computed(() => axisOf(shown.value[0]));
/** Which lines along that axis are hidden. */
export const hidden = computed(() => hiddenLines.value[hiddenAxis.value]);
/** The same in words. */
export const saidOfHidden = computed(() => sayHidden(hidden.value, hiddenAxis.value));
/** What the networks see of the image, without what is hidden. */
export const seen = computed(() => {
  return hideLines(image.value ?? new Uint8Array(LINES * LINES), hidden.value, hiddenAxis.value);
});

/** The axis along which a network reads; pixels are read in rows. */
export function axisOf(id: string): "rows" | "columns" {
  const model = [...SHIPPED, ...models.value].find((one) => one.id === id);
  return model?.axis === "columns" ? "columns" : "rows";
}

/** Hides lines or shows them. @param isHidden Says which, of each line: whether it was hidden, and its number from 0 on */
export function hideWhere(isHidden: (wasHidden: boolean, line: number) => boolean): void {
  hiddenLines.value = { ...hiddenLines.peek(), [hiddenAxis.peek()]: hidden.peek().map(isHidden) };
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

/** Says that the sheet is full, until something is undone or cleared. */
export function sayFull(): void {
  fail(FULL, new Error("The sheet is full: undo a stroke, or clear it"));
}

/** Takes back what was said of a network, or of the sheet. */
export function works(id: string): void {
  const fault = faults.peek().get(id);
  if (fault === undefined) return;
  if (notice.peek() === fault) notice.value = "";
  faults.value = new Map([...faults.peek()].filter(([other]) => other !== id));
}

/** Keeps image and readings up to date from now on. */
export function follow(reader: Reader): void {
  const prepare = latestWins(async (strokes: readonly Stroke[]) => ({
    pixels: await reader.prepare(strokes),
    label: null,
  }));
  const see = dropStale((sheet: Source) => pixelsOf(sheet, prepare)); // nothing waits for digits that are fetched
  effect(() => {
    const sheet = source.value;
    label.value = null; // until it is known
    if (hasRoom(strokesOf(sheet))) works(FULL);
    see(sheet).then((found) => {
      if (!found) return;
      works(SHEET);
      image.value = found.pixels;
      label.value = found.label;
    }, (error) => fail(SHEET, error));
  });
  let hiding = saidOfHidden.peek();
  effect(() => {
    if (saidOfHidden.value !== hiding) announce(hiding = saidOfHidden.value);
  });
  const open = new Map<string, Reading>();
  effect(() => {
    const pixels = seen.value;
    for (const { id, model } of shownModels.value) {
      if (!open.has(id)) open.set(id, new Reading(reader, id));
      open.get(id)!.ask({ model, pixels });
    }
  });
  effect(() => {
    const known = new Set(models.value.map(({ id }) => id));
    for (const [id, reading] of open) {
      if (known.has(id)) continue;
      reading.end();
      open.delete(id);
    }
  });
}

/** What a network is asked: it may have learned since it was asked last. */
interface Question {
  readonly model: ModelFiles;
  readonly pixels: Uint8Array;
}

/** Keeps what one network reads up to date, until it is gone. */
class Reading {
  readonly #reader: Reader;
  readonly #id: string;
  readonly #read = latestWins((question: Question) => this.#ask(question));
  #last: Question | null = null;
  #isOver = false;

  constructor(reader: Reader, id: string) {
    this.#reader = reader;
    this.#id = id;
  }

  /** Lets the network read, unless it was asked the same last. */
  ask(question: Question): void {
    if (this.#last?.model === question.model && this.#last.pixels === question.pixels) return;
    this.#last = question;
    this.#read(question).catch((error) => {
      if (this.#isOver) return;
      fail(this.#id, error);
      this.#last = null; // it is asked again when it is shown again
      this.#forget();
    });
  }

  /** Lets go of the network, and of what it read; an answer that is still to come is dropped. */
  end(): void {
    this.#isOver = true;
    this.#reader.close(this.#id);
    works(this.#id);
    this.#forget();
  }

  async #ask({ model, pixels }: Question): Promise<void> {
    const reader = this.#reader, id = this.#id;
    if (this.#isOver) return; // while it waited for an answer
    if (!reader.isOpen(id, model)) await reader.open(id, model);
    if (this.#isOver) return;
    const reading = await reader.read(id, pixels);
    if (this.#isOver) return;
    works(id);
    readings.value = new Map(readings.peek()).set(id, reading);
  }

  #forget(): void {
    readings.value = new Map([...readings.peek()].filter(([other]) => other !== this.#id));
  }
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
