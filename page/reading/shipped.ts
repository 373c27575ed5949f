/**
 * The networks that come with the page, each fetched when it is first shown.
 *
 * @module
 */
/// <reference lib="dom" />
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

const fetching = new Set<string>();

/** Adds the network of an id to `models`, if it comes with the page. @throws {Error} If it could not be fetched. */
export async function fetchShipped(id: string): Promise<void> {
  const found = SHIPPED.find((one) => one.id === id);
  if (!found || fetching.has(id) || models.value.some((model) => model.id === id)) return;
  fetching.add(id);
  try {
    const response = await fetch(`models/${id}.safetensors`).catch(() => null);
    if (!response?.ok) {
      throw new Error(`Cannot load the network ${found.name}: the server of this page must have it`);
    }
    const model = new Uint8Array(await response.arrayBuffer());
    models.value = [...models.value, { ...found, model }];
  } finally {
    fetching.delete(id);
  }
}
