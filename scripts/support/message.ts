/**
 * What a terminal is shown of errors.
 *
 * @module
 */
import { printableLines } from "../../lib/excerpt.ts";

/**
 * What an error says, whoever made it: files and servers have a say in messages, and a terminal obeys what it is sent.
 */
export function messageOf(error: unknown): string {
  return printableLines(error instanceof Error ? error.message : String(error));
}
