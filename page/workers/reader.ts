/**
 * The worker that reads: requests are answered one after the other, in their order.
 *
 * @module
 */
import { ReaderDesk } from "./desk.ts";
import type { ReaderAnswer, ReaderRequest } from "./messages.ts";

/** A worker's end of its channel. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<ReaderRequest>) => void;
  postMessage(answer: ReaderAnswer): void;
};

const desk = new ReaderDesk();
let last: Promise<void> = Promise.resolve();

channel.onmessage = ({ data }) => {
  last = last.then(async () => {
    const answer = await desk.answer(data);
    if (answer) channel.postMessage(answer);
  });
};
