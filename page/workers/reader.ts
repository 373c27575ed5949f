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

/** An error that no question can be told of is one of this worker. */
function fail(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}

const desk = new ReaderDesk();
let last: Promise<void> = Promise.resolve();

channel.onmessage = ({ data }) => {
  last = last.then(async () => {
    const answer = await desk.answer(data);
    if (answer) channel.postMessage(answer);
  }).catch(fail);
};
