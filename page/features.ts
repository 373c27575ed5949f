/**
 * What the page needs of a browser.
 *
 * @module
 */

/** The oldest versions that the page is made for. */
export const OLDEST = { chrome: 119, firefox: 121, safari: 17.4 } as const;

/** `Promise.withResolvers` is the newest of these; the others may be switched off. */
const NEEDED = ["Worker", "OffscreenCanvas", "DecompressionStream", "Promise.withResolvers"];

/** One sentence that names what a browser lacks; null if it has all. @param browser Its global scope */
export function sayWhatIsMissing(browser: object = globalThis): string | null {
  const has = (path: string) =>
    path.split(".").reduce((value, name) => (value as Record<string, object>)?.[name], browser);
  const missing = NEEDED.filter((path) => !has(path));
  if (missing.length === 0) return null;
  return `This browser offers no ${missing.join(", no ")}, which this page needs: ` +
    `take Chrome ${OLDEST.chrome}, Firefox ${OLDEST.firefox} or Safari ${OLDEST.safari}, or a later one.`;
}
