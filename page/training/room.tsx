/**
 * Where a network is trained.
 *
 * @module
 */
import type { JSX } from "preact";

/** A recipe, and how its training goes. */
export function TrainingRoom(): JSX.Element {
  return <p>Train a network here.</p>;
}
