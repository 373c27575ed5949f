/**
 * The service worker's place in the page: with it, the page opens without a network after the first visit.
 *
 * @module
 */
/// <reference lib="dom" />
import { effect, signal } from "@preact/signals";
import { models, readings } from "./state.ts";
import { isActive } from "./training/progress.ts";
import { progress } from "./training/trainer.ts";

/** A version of the page that waits until this one is left; null while there is none. */
export const newVersion = signal<ServiceWorker | null>(null);

/** Whether another version has taken over, and this page was not loaded again since. */
export const isOutdated = signal(false);

/** How long the service worker waits for a page that does not come to read. */
const PATIENCE_MS = 10_000;

/**
 * Registers the service worker, which fetches all files: once the page reads, for which it would compete. A browser without service
 * workers, or that keeps them from this page, does without.
 */
export async function startService(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  await firstReading();
  const { serviceWorker } = navigator;
  let isControlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => {
    if (isControlled) leaveOldVersion();
    isControlled = true; // at the first visit, by the version that this page is of
  });
  const registration = await serviceWorker.register("service.js").catch(() => null);
  if (!registration) return;
  const look = () => {
    const { waiting, installing } = registration;
    if (serviceWorker.controller) newVersion.value = waiting;
    for (const worker of [waiting, installing]) worker?.addEventListener("statechange", look);
  };
  registration.addEventListener("updatefound", look);
  look();
}

function firstReading(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE_MS);
    effect(() => {
      if (readings.value.size > 0) resolve();
    });
  });
}

/** Loads the page again where that loses nothing; elsewhere a person chooses when. */
function leaveOldVersion(): void {
  const isBusy = isActive(progress.value) || models.value.some(({ origin }) => origin !== "shipped");
  if (isBusy) isOutdated.value = true;
  else location.reload();
}

/** Changes to the version that waits: the page loads again. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  newVersion.value?.postMessage("take over");
}
