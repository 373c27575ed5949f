/**
 * The worker that trains.
 *
 * @module
 */
import type { TrainerEvent, TrainerRequest } from "./messages.ts";

/** A worker's end of its channel. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<TrainerRequest>) => void;
  postMessage(event: TrainerEvent): void;
};

channel.onmessage = () => channel.postMessage({ kind: "failed", message: "Cannot train yet" });
