/**
 * The worker that trains, one training at a time. It keeps the images that it has loaded for the next one.
 *
 * @module
 */
import { ROOT } from "../assets.ts";
import { PartLoader } from "../data/load.ts";
import { savesData } from "../data/saves_data.ts";
import { explain } from "../training/explain.ts";
import { fileOf } from "../training/files.ts";
import { Session } from "../training/session.ts";
import type { TrainedRun } from "../training/run_files.ts";
import type { DownloadFormat, TrainerEvent, TrainerNews, TrainerRequest, TrainRequest } from "./messages.ts";

/** A worker's end of its channel. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<TrainerRequest>) => void;
  postMessage(event: TrainerEvent, transfer: Transferable[]): void;
};

/** From one message about bytes to the next. */
const PROGRESS_MS = 100;

let run = 0;
let session: Session | null = null;
/** Resolves when the session has let go of its device. */
let ended: Promise<void> = Promise.resolve();
let told = 0;

const loader = new PartLoader({
  folder: new URL("mnist/", ROOT),
  onProgress: ({ loadedBytes, totalBytes }) => {
    if (loadedBytes < totalBytes && performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    tell(run, { kind: "loading", loadedBytes, totalBytes });
  },
});

channel.onmessage = ({ data: request }) => {
  switch (request.kind) {
    case "train":
      session?.stop();
      ended = train(request, ended);
      return;
    case "pause":
      session?.pause();
      return;
    case "resume":
      session?.resume();
      return;
    case "stop":
      session?.stop();
      session = null;
      return;
    case "download": {
      const trained = session?.trained;
      if (trained) tell(run, fileNews(trained, request.format));
      return;
    }
  }
};

async function train(request: TrainRequest, before: Promise<void>): Promise<void> {
  const mine = session = new Session(request, {
    images: (split, count) => loader.first(split, count),
    tell: (news) => tell(request.run, news),
    begun: loadAll,
  });
  run = request.run;
  await before;
  try {
    await mine.run();
  } catch (error) {
    tell(request.run, { kind: "failed", message: explain(error) });
  }
}

/** The file of a model; a browser may lack the memory for it, and the model is kept. */
function fileNews(trained: TrainedRun, format: DownloadFormat): TrainerNews {
  try {
    return { kind: "file", ...fileOf(trained, format) };
  } catch (error) {
    const reason = (error as Error).message;
    return {
      kind: "notice",
      message: `The file could not be made (${reason}). Take another format, or try again.`,
    };
  }
}

/** All images, unless their user saves data: the next training may take them. */
function loadAll(): void {
  if (!savesData()) loader.first("train", null).catch(() => {}); // said when they are needed
}

function tell(run: number, news: TrainerNews): void {
  const transfer = "model" in news ? [news.model.buffer] : "bytes" in news ? [news.bytes.buffer] : [];
  channel.postMessage({ run, ...news }, transfer);
}
