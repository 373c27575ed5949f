/**
 * The networks that come with the page, each fetched when it is first shown.
 *
 * @module
 */
/// <reference lib="dom" />
import { fetchBytes } from "../data/fetch_bytes.ts";
import { models, type ShownModel } from "../state.ts";

/** A network that comes with the page. */
export interface Shipped extends Omit<ShownModel, "model"> {
  /** Of its file. */
  readonly sizeBytes: number;
}

const DIGITS = Array.from({ length: 10 }, (_, k) => String(k));

/** All of them. Each is a file of `models/`. */
export const SHIPPED: readonly Shipped[] = [
  shipped("lstm-64", { name: "LSTM, 64 units", axis: "rows", sizeBytes: 99_896 }),
  shipped("rnn-128", { name: "Plain RNN, 128 units", axis: "rows", sizeBytes: 87_136 }),
  shipped("lstm-100x2", {
    name: "Two LSTM layers, 100 units, by columns",
    axis: "columns",
    sizeBytes: 536_704,
  }),
];

function shipped(id: string, about: Pick<Shipped, "name" | "axis" | "sizeBytes">): Shipped {
  return { id, origin: "shipped", classNames: DIGITS, ...about };
}

const fetching = new Set<string>();

/** Adds the network of an id to `models`, if it comes with the page. @throws {Error} If it could not be fetched. */
export async function fetchShipped(id: string): Promise<void> {
  const found = SHIPPED.find((one) => one.id === id);
  if (!found || fetching.has(id) || models.peek().some((model) => model.id === id)) return;
  fetching.add(id);
  try {
    const model = await fetchBytes(`models/${id}.safetensors`, { sizeBytes: found.sizeBytes }).catch(
      (cause) => {
        throw new Error(`Cannot load the network ${found.name}: check the connection and try again`, {
          cause,
        });
      },
    );
    models.value = [...models.value, { ...found, model }];
  } finally {
    fetching.delete(id);
  }
}
