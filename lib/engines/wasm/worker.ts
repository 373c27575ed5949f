/**
 * A thread of the wasm engine on a worker. It answers each message when it is done.
 *
 * @module
 */
import type { Command } from "./thread.ts";
import { type Answer, type Start, ThreadHost } from "./thread_host.ts";

/** A worker's end of its channel; the types of the platform that hold here would hold in all files. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<Start | Command>) => void;
  postMessage(answer: Answer): void;
};

const host = new ThreadHost();
channel.onmessage = ({ data }) => channel.postMessage(host.answer(data));
