/**
 * What a person does to the sheet, and a screen reader says.
 *
 * @module
 */
import { announce } from "../announce.ts";
import { clear, redo, undo } from "./source.ts";

/** Takes the last step back. */
export function undoAloud(): void {
  if (undo()) announce("last step undone");
}

/** Takes the last undo back. */
export function redoAloud(): void {
  if (redo()) announce("last step done again");
}

/** Leaves the sheet empty. */
export function clearAloud(): void {
  if (clear()) announce("the sheet is empty");
}
