/**
 * The service worker's place in the page: with it, the page opens without a network after the first visit.
 *
 * @module
 */
/// <reference lib="dom" />
import { computed, signal } from "@preact/signals";
import { models, readings } from "./state.ts";
import { isActive } from "./training/progress.ts";
import { progress, reset } from "./training/trainer.ts";

/** A version of the page that waits until this one is left; null while there is none. */
export const newVersion = signal<ServiceWorker | null>(null);

/** Whether a service worker serves this page. */
export const isServed = signal(false);

/** Whether the service worker is of another build than this page: what the page still needs may not fit. */
export const isOutdated = signal(false);

/** What is lost when the page is loaded again, in words; empty if nothing. */
export const atStake = computed(() => {
  const names = models.value.filter(({ origin }) => origin !== "shipped").map(({ name }) => name);
  return list.format(isActive(progress.value) ? ["the training", ...names] : names);
});

const list = new Intl.ListFormat("en");

/** What was at stake when a person chose to load the page again. */
let acceptedLoss = "";

/** The service worker is registered after this long even if nothing has been read. */
const PATIENCE_MS = 10_000;

/**
 * Registers the service worker after the first reading, with which its downloads would compete. A browser without service workers,
 * or that keeps them from this page, does without.
 */
export async function startService(): Promise<void> {
  await firstReading();
  const registration = await register();
  if (!registration) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener("controllerchange", async () => {
    await compareBuilds();
    if (isOutdated.value) loadAgain();
  });
  const look = () => {
    const { waiting, installing } = registration;
    if (serviceWorker.controller) newVersion.value = waiting;
    for (const worker of [waiting, installing]) worker?.addEventListener("statechange", look);
  };
  registration.addEventListener("updatefound", look);
  look();
  await compareBuilds(); // a page that began with another build could begin with it again, and again: a person chooses
}

function firstReading(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, PATIENCE_MS);
    const stop = readings.subscribe(({ size }) => {
      if (size > 0) queueMicrotask(end); // it is told at once, too
    });
    function end(): void {
      clearTimeout(timer);
      stop();
      resolve();
    }
  });
}

async function register(): Promise<ServiceWorkerRegistration | null> {
  try {
    return await navigator.serviceWorker.register("service.js");
  } catch {
    return null;
  }
}

/** The server may have changed between the page and its first service worker, too. */
async function compareBuilds(): Promise<void> {
  const { controller } = navigator.serviceWorker;
  isServed.value = controller !== null;
  if (!controller) return;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
  controller.postMessage("which build", [port2]);
  const build = await answer;
  port1.close();
  if (controller !== navigator.serviceWorker.controller) return; // another one is asked, too
  isOutdated.value = build !== document.querySelector<HTMLMetaElement>("meta[name=build]")!.content;
}

/** Changes to the version that waits, or to the one that has taken over. Whoever chooses this has read what is at stake. */
export function takeNewVersion(): void {
  acceptedLoss = atStake.value;
  if (newVersion.value) newVersion.value.postMessage("take over");
  else loadAgain();
}

/** Loads the page again where that loses nothing, or what a person has given up; elsewhere a person chooses when. */
function loadAgain(): void {
  if (atStake.value !== "" && atStake.value !== acceptedLoss) return;
  reset(); // else the browser asks, too
  location.reload();
}
