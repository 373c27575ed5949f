/**
 * Where networks read.
 *
 * @module
 */
import type { JSX } from "preact";

/** A drawing, and how networks read it. */
export function ReadingRoom(): JSX.Element {
  return <p>Draw a digit here.</p>;
}
