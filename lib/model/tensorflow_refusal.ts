/**
 * The one error about a model of TensorFlow.js that means something else to an engine.
 *
 * @module
 */
import { printable } from "../excerpt.ts";

/** What is wrong with a model. */
export interface Refusal {
  /** Whose value it is: `useBias of layer "reader" (LSTM)`. */
  readonly subject: string;
  /** What is supported: `be true`. */
  readonly must: string;
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** @param action What fails: `Cannot <action>: …` */
export function refusal(action: string, { subject, must, found, remedy }: Refusal): TypeError {
  const message = `Cannot ${action}: ${printable(subject, 300)} must ${must}: current value is ${found}`;
  return new TypeError(remedy ? `${message} (${remedy})` : message);
}
