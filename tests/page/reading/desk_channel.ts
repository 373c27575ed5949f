/**
 * A worker that reads, on the thread of the test.
 *
 * @module
 */
import { type Channel, Reader } from "../../../page/reading/reader.ts";
import type { ReaderDesk } from "../../../page/workers/desk.ts";
import type { ReaderRequest } from "../../../page/workers/messages.ts";

/** A reader whose worker is on this thread. */
export function readerAt(desk: ReaderDesk): Reader {
  return new Reader(() => channelTo(desk));
}

/** The channel to it. */
export function channelTo(desk: ReaderDesk): Channel {
  let last = Promise.resolve();
  const channel: Channel = {
    onmessage: null,
    onerror: null,
    terminate() {},
    postMessage(request: ReaderRequest) {
      last = last.then(async () => {
        const data = structuredClone(await desk.answer(structuredClone(request)));
        if (data) channel.onmessage!({ data } as MessageEvent);
      });
    },
  };
  return channel;
}
