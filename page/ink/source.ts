/**
 * Where the image that the networks see comes from.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import { extendStroke, hasRoom, type Point, type Stroke } from "./strokes.ts";

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

/** What was undone since the last step, the latest last. */
let undone: readonly Source[] = [];

/** Steps that can be undone. */
const MOST_STEPS = 100;

/** Whether there is something to undo. */
export const canUndo = computed(() => before.value.length > 0);

/** Puts something else on the sheet. */
export function replaceSheet(sheet: Source): void {
  undone = [];
  step(sheet);
}

function step(sheet: Source): void {
  before.value = [...before.value, source.value].slice(-MOST_STEPS);
  source.value = sheet;
}

let brought = 0;

/**
 * Puts on the sheet what takes a while to get, unless something else came there, or was asked for, meanwhile.
 *
 * @returns Whether it is there
 */
export async function bring(coming: Promise<Source>): Promise<boolean> {
  const number = ++brought, before = source.peek();
  const sheet = await coming;
  if (number !== brought || source.peek() !== before) return false;
  replaceSheet(sheet);
  return true;
}

/** The sheet as the stroke that is being drawn left it; null before the first stroke. */
let drawn: Source | null = null;

/** Begins a stroke; what else was on the sheet goes. @returns Whether there was room for it */
export function putPenDown(point: Point): boolean {
  const strokes = strokesOf(source.peek());
  if (!hasRoom(strokes)) return false;
  replaceSheet({ kind: "strokes", strokes: [...strokes, [point]] });
  drawn = source.peek();
  return true;
}

/** Whether the last stroke can go on: nothing was undone, cleared or replaced since. */
export function canExtend(): boolean {
  return source.value === drawn;
}

/** Lets the last stroke go on, as a part of its step, if it can. @returns Whether there is room for more */
export function movePenTo(points: readonly Point[]): boolean {
  if (!canExtend()) return true;
  const strokes = points.reduce(extendStroke, strokesOf(source.peek()));
  drawn = { kind: "strokes", strokes };
  source.value = drawn;
  return hasRoom(strokes);
}

/** Takes the last step back. @returns Whether there was one */
export function undo(): boolean {
  const last = before.value.at(-1);
  if (!last) return false;
  before.value = before.value.slice(0, -1);
  undone = [...undone, source.value];
  source.value = last;
  return true;
}

/** Takes the last undo back, unless something else was done since. @returns Whether there was one */
export function redo(): boolean {
  const last = undone.at(-1);
  if (!last) return false;
  undone = undone.slice(0, -1);
  step(last);
  return true;
}

/** Leaves the sheet empty. @returns Whether something was on it */
export function clear(): boolean {
  if (source.value.kind === "empty") return false;
  replaceSheet({ kind: "empty" });
  return true;
}

/** The strokes on the sheet; none where something else is. */
export function strokesOf(sheet: Source): readonly Stroke[] {
  return sheet.kind === "strokes" ? sheet.strokes : [];
}
