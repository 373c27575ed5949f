/**
 * What the rooms of the page share.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { ModelFiles, ShownReading } from "./workers/messages.ts";

/** A network that the page can show. */
export interface ShownModel {
  /** Within the page: `lstm-64`, `rnn-128`, `mine`, … */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly origin: "shipped" | "opened" | "trained";
  readonly model: ModelFiles;
  /** How it reads: lines from the top, or columns from the left. */
  readonly axis: "rows" | "columns" | "pixels";
  readonly classNames: readonly string[];
  /** Whether it begins with the last line. */
  readonly reversed?: boolean;
  /** Whether it reads the pixels in a shuffled order. */
  readonly shuffled?: boolean;
  /** Whether the pictures that it learned from were scaled, not cropped and centred as digits. */
  readonly scaled?: boolean;
}

/** What the networks see, u8 `[28, 28]`; null for an empty sheet. */
export const image = signal<Uint8Array | null>(null);
/** All networks, by their ids. */
export const models = signal<readonly ShownModel[]>([]);
/** The ids of the networks that read now, side by side: one or two. */
export const shown = signal<readonly string[]>(["lstm-64"]);
/** How many lines have been read: 0 … T. */
export const line = signal(28);
/** Which rows of the image are hidden from the networks, and which columns: only those along which the first network reads apply. */
export const hiddenLines = signal<Readonly<Record<"rows" | "columns", readonly boolean[]>>>({
  rows: Array.from({ length: 28 }, () => false),
  columns: Array.from({ length: 28 }, () => false),
});
/** How each network read the image, by its id. */
export const readings = signal<ReadonlyMap<string, ShownReading>>(new Map());
