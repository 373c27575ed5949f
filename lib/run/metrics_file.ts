/**
 * The text of `metrics.jsonl`.
 *
 * @module
 */
import { parseJson } from "../json.ts";

/** Parses the lines that are JSON objects, and skips others: the last one may be half written. */
export function parseMetrics(text: string): Record<string, unknown>[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value = parseJson(line);
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      return isObject ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}
