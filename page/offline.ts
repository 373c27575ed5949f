/**
 * The service worker's place in the page: with it, the page opens without a network after the first visit.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";

/** A version of the page that waits until this one is left; null while there is none. */
export const newVersion = signal<ServiceWorker | null>(null);

/** Registers the service worker. A browser without them, or that keeps them from this page, does without. */
export async function startService(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("service.js").catch(() => null);
  if (!registration) return;
  const look = () => {
    const { waiting, installing } = registration;
    if (navigator.serviceWorker.controller) newVersion.value = waiting;
    installing?.addEventListener("statechange", look);
  };
  registration.addEventListener("updatefound", look);
  look();
}

/** Changes to the version that waits: the page loads again. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  newVersion.value?.postMessage("take over");
}
