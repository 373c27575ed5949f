/**
 * The networks that come with the page, each fetched when it is first shown.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";
import { models, type ShownModel } from "../state.ts";

/** A network that comes with the page. */
export type Shipped = Omit<ShownModel, "model">;

const DIGITS = Array.from({ length: 10 }, (_, k) => String(k));

/** All of them. Each is a file of `models/`. */
export const SHIPPED: readonly Shipped[] = [
  { id: "lstm-64", name: "LSTM, 64 units", origin: "shipped", axis: "rows", classNames: DIGITS },
  { id: "rnn-128", name: "Plain RNN, 128 units", origin: "shipped", axis: "rows", classNames: DIGITS },
  {
    id: "lstm-100x2",
    name: "Two LSTM layers, 100 units, by columns",
    origin: "shipped",
    axis: "columns",
    classNames: DIGITS,
  },
];

/** The ids of those that could not be fetched when they were last asked for. */
export const failed = signal<ReadonlySet<string>>(new Set());

const fetching = new Set<string>();

/** Adds the network of an id to `models`, if it comes with the page. @throws {Error} If it could not be fetched. */
export async function fetchShipped(id: string): Promise<void> {
  const found = SHIPPED.find((one) => one.id === id);
  if (!found || fetching.has(id) || models.peek().some((model) => model.id === id)) return;
  fetching.add(id);
  try {
    const model = await fetchBytes(`models/${id}.safetensors`).catch((cause) => {
      failed.value = new Set([...failed.value, id]);
      throw new Error(`Cannot load the network ${found.name}: check the connection and try again`, { cause });
    });
    failed.value = new Set([...failed.value].filter((one) => one !== id));
    models.value = [...models.value, { ...found, model }];
  } finally {
    fetching.delete(id);
  }
}

async function fetchBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`Cannot fetch ${path}: current value is status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
