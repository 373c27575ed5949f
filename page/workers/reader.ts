/**
 * The worker that reads.
 *
 * @module
 */
import type { ReaderAnswer, ReaderRequest } from "./messages.ts";

/** A worker's end of its channel. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<ReaderRequest>) => void;
  postMessage(answer: ReaderAnswer): void;
};

channel.onmessage = ({ data: { id } }) =>
  channel.postMessage({ kind: "failed", id, message: "Cannot read yet" });
