/**
 * Where the image that the networks see comes from.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import type { Stroke } from "./strokes.ts";

/** A drawing, one of MNIST's test digits, or the pixels of a picture, u8 `[28, 28]`. */
export type Source =
  | { readonly kind: "empty" }
  | { readonly kind: "strokes"; readonly strokes: readonly Stroke[] }
  | { readonly kind: "digit"; readonly number: number }
  | { readonly kind: "pixels"; readonly pixels: Uint8Array };

/** What is on the sheet. */
export const source = signal<Source>({ kind: "empty" });

/** What was on the sheet before, the latest last. */
const before = signal<readonly Source[]>([]);

/** Steps that can be undone. */
const MOST_STEPS = 100;

/** Whether there is something to undo. */
export const canUndo = computed(() => before.value.length > 0);

/** Puts something else on the sheet. */
export function replaceSheet(sheet: Source): void {
  before.value = [...before.value, source.value].slice(-MOST_STEPS);
  source.value = sheet;
}

/** Puts the strokes on the sheet, as a part of the last step. */
export function redrawSheet(strokes: readonly Stroke[]): void {
  source.value = { kind: "strokes", strokes };
}

/** Takes the last step back. */
export function undo(): void {
  const last = before.value.at(-1);
  if (!last) return;
  before.value = before.value.slice(0, -1);
  source.value = last;
}

/** Leaves the sheet empty. */
export function clear(): void {
  if (source.value.kind !== "empty") replaceSheet({ kind: "empty" });
}

/** The strokes on the sheet; none where something else is. */
export function strokesOf(sheet: Source): readonly Stroke[] {
  return sheet.kind === "strokes" ? sheet.strokes : [];
}
