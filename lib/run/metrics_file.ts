/**
 * `metrics.jsonl`, as it is found.
 *
 * @module
 */
import { parseJson } from "../json.ts";

/** The lines, as far as they are JSON objects: the last one may be half written. */
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
