/**
 * The trainings of the page: what was chosen, the worker that trains, and what it has told.
 *
 * @module
 */
/// <reference lib="dom" />
import { computed, effect, signal } from "@preact/signals";
import { formatDuration } from "../../lib/view/progress.ts";
import { ROOT } from "../assets.ts";
import { announce } from "../announce.ts";
import { savesData } from "../data/saves_data.ts";
import { SHARES_MEMORY } from "../features.ts";
import { SHIPPED } from "../reading/shipped.ts";
import { models, shown, type ShownModel } from "../state.ts";
import type { DownloadFormat, ModelBytes, TrainerEvent, TrainerRequest } from "../workers/messages.ts";
import { fileLost } from "./explain.ts";
import { advance, begin, IDLE, isActive, isPrecious, type Progress } from "./progress.ts";
import { ALL_IMAGES, MOST, recipeOf, settle, type TrainingSettings, USUAL } from "./settings.ts";

/** The network that is trained here, among the networks of the page. */
export const TRAINED_ID = "training";

/** What was chosen. */
export const settings = signal<TrainingSettings>(USUAL);

/** The training, as far as it has come. */
export const progress = signal<Progress>(IDLE);

/** How many training images are in the memory of the worker, or on their way. */
export const imagesHere = signal(0);

/** How many threads can train here; one where memory cannot be shared. */
export const MOST_THREADS = SHARES_MEMORY ? Math.min(navigator.hardwareConcurrency, MOST.threads) : 1;

/** After so long without news, a training is said to be silent. */
const SILENCE_MS = 30_000;

/** Lets the browser ask whether to leave. Browsers keep no page for their back button that listens to this. */
const askBeforeLeaving = (event: Event) => event.preventDefault();
const isAtStake = computed(() => isActive(progress.value) || isPrecious(progress.value));
effect(() => {
  if (isAtStake.value) addEventListener("beforeunload", askBeforeLeaving);
  else removeEventListener("beforeunload", askBeforeLeaving);
});

let worker: Worker | null = null;
let run = 0;
let silence: ReturnType<typeof setTimeout> | undefined;
/** Which networks were shown before the last model was forgotten, and which are shown since. */
let places: { readonly before: readonly string[]; readonly since: readonly string[] } | null = null;

/** Trains with the settings that were chosen, unless that would lose a network that someone wants to keep. */
export function train(): void {
  if (!mayForget()) return;
  const settled = settle(settings.value),
    { recipe, seed, learningRate, device, limit, steps, threads } = settled;
  run++;
  progress.value = begin(settled);
  forgetModel();
  const taken = threads === null ? null : Math.min(threads, MOST_THREADS);
  send({ kind: "train", run, recipe, seed, learningRate, device, threads: taken, limit, steps });
  listenForSilence();
}

export function pause(): void {
  if (progress.value.phase !== "training") return;
  send({ kind: "pause" });
}

export function resume(): void {
  send({ kind: "resume" });
}

/** Ends the training and forgets what it has learned, unless someone wants to keep that. */
export function resetOnRequest(): void {
  if (mayForget()) reset();
}

/** Asks before a network goes that took long to train and was not saved. */
function mayForget(): boolean {
  const { seconds } = progress.value;
  return !isPrecious(progress.value) ||
    confirm(
      `The network that was trained here, for ${
        formatDuration(1000 * seconds)
      }, is not downloaded. Discard it?`,
    );
}

/** Ends the training and forgets what it has learned. */
export function reset(): void {
  if (progress.value.phase === "idle") return;
  const isSilent = progress.value.notice === SILENT;
  clearTimeout(silence);
  run++;
  progress.value = IDLE;
  forgetModel();
  announce("training discarded");
  if (isSilent) endWorker();
  else send({ kind: "stop" });
}

/** Asks for the model as a file, which the browser then saves. */
export function download(format: DownloadFormat): void {
  send({ kind: "download", format });
}

function send(request: TrainerRequest): void {
  worker ??= startWorker();
  worker.postMessage(request);
}

function startWorker(): Worker {
  const started = new Worker(new URL("workers/trainer.js", ROOT), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<TrainerEvent>) => {
    if (data.run === run) hear(data);
  };
  started.onerror = (event) => {
    event.preventDefault();
    const message = event.message
      ? `The worker that trains has stopped (${event.message}). Train again to start a new one.`
      : fileLost("workers/trainer.js", "no worker began");
    endWorker();
    if (progress.value.phase === "idle") return; // what was asked of it was taken back
    hear({ run, kind: "failed", message });
    progress.value = { ...progress.value, hasModel: false };
  };
  return started;
}

/** Its threads end with it. */
function endWorker(): void {
  worker?.terminate();
  worker = null;
  imagesHere.value = 0;
}

function hear(news: TrainerEvent): void {
  const { notice } = progress.value;
  progress.value = advance({ ...progress.value, notice: notice === SILENT ? null : notice }, news);
  if (news.kind === "opening") bringImages(progress.value.settings!.limit ?? ALL_IMAGES);
  if (news.kind === "steps") {
    if (!savesData()) bringImages(ALL_IMAGES); // the worker fetches them while it trains
    showModel(news.model);
  }
  if (news.kind === "file") save(news);
  if (isActive(progress.value) && progress.value.phase !== "paused") listenForSilence();
  else clearTimeout(silence);
}

function bringImages(count: number): void {
  imagesHere.value = Math.max(imagesHere.value, count);
}

const SILENT =
  "Nothing has come from the training for half a minute. Wait, or choose Reset and train with a smaller network or on wasm.";

function listenForSilence(): void {
  clearTimeout(silence);
  silence = setTimeout(() => progress.value = { ...progress.value, notice: SILENT }, SILENCE_MS);
}

/** Puts the model among the networks of the page, and lets it read. */
function showModel(model: ModelBytes): void {
  const { title, sequence } = recipeOf(progress.value.settings!), isNew = !isKnown();
  const entry: ShownModel = {
    id: TRAINED_ID,
    name: `${title}, trained here`,
    origin: "trained",
    model,
    axis: sequence.axis,
    classNames: [..."0123456789"],
  };
  models.value = [...models.value.filter(({ id }) => id !== TRAINED_ID), entry];
  if (isNew) shown.value = withModel(shown.value);
}

/** The networks with the model where the last one was; beside the first network if that is unknown. */
function withModel(now: readonly string[]): readonly string[] {
  return places?.since === now ? places.before : [...now.slice(0, 1), TRAINED_ID];
}

function isKnown(): boolean {
  return models.value.some(({ id }) => id === TRAINED_ID);
}

function forgetModel(): void {
  if (!isKnown()) return;
  const before = shown.value, rest = before.filter((id) => id !== TRAINED_ID);
  const since = rest.length > 0 ? rest : [SHIPPED[0].id];
  places = { before, since };
  shown.value = since;
  models.value = models.value.filter(({ id }) => id !== TRAINED_ID);
}

function save({ name, bytes }: { name: string; bytes: Uint8Array<ArrayBuffer> }): void {
  const address = URL.createObjectURL(new Blob([bytes]));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // once the browser has taken it
}
