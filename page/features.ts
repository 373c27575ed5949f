/**
 * What the page needs of a browser.
 *
 * @module
 */

/** The oldest versions that the page is made for. */
export const OLDEST = { chrome: 119, firefox: 121, safari: 17.4 } as const;

/** Whether threads of this page can share memory. A browser may lack that even where the server isolates the page. */
export const SHARES_MEMORY: boolean = "crossOriginIsolated" in globalThis && globalThis.crossOriginIsolated &&
  "SharedArrayBuffer" in globalThis;

/**
 * Why training takes one thread here; null where it may take more.
 *
 * @param isServed Whether a service worker serves the page, which then is isolated when it is loaded again
 */
export function whyOneThread(isServed = false): string | null {
  if (SHARES_MEMORY) return null;
  return globalThis.crossOriginIsolated
    ? "This browser shares no memory among threads: training uses one thread. It gives the same bits."
    : "The server of this page does not isolate it from others: training uses one thread. It gives the same bits." +
      (isServed ? " Load the page again to use all cores." : "");
}

/** `Promise.withResolvers` is the newest of these; the others may be switched off. */
const NEEDED = ["Worker", "OffscreenCanvas", "DecompressionStream", "Promise.withResolvers"];

/** One sentence that names what a browser lacks; null if it has all. @param browser Its global scope */
export function sayWhatIsMissing(browser: object = globalThis): string | null {
  const has = (path: string) =>
    path.split(".").reduce((value, name) => (value as Record<string, object>)?.[name], browser);
  const missing = NEEDED.filter((path) => !has(path));
  if (missing.length === 0) return null;
  return `This browser lacks ${new Intl.ListFormat("en").format(missing)}, which this page needs: ` +
    `use Chrome ${OLDEST.chrome}, Firefox ${OLDEST.firefox} or Safari ${OLDEST.safari}, or a later one.`;
}
