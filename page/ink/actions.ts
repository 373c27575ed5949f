/**
 * What a person does to the sheet, and a screen reader says.
 *
 * @module
 */
import { announce } from "../announce.ts";
import { clear, undo } from "./source.ts";

/** Takes the last step back. */
export function undoAloud(): void {
  if (undo()) announce("last step undone");
}

/** Leaves the sheet empty. */
export function clearAloud(): void {
  if (clear()) announce("the sheet is empty");
}
