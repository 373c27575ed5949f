/**
 * What a browser measures while the page is used. Playwright carries these functions into the page: each stands alone.
 *
 * @module
 */
/// <reference lib="dom" />

/** What {@link installProbe} leaves in the page, in milliseconds. */
export interface Probe {
  /** Since the page was asked for, when the first answer of a network stood there. */
  firstReading: number | null;
  /** From each move of the pen, as the browser tells of it, once a frame, to the readings that follow from it. */
  rereadings: number[];
  /** When frames were drawn. */
  frames: number[];
}

/** Watches from the very beginning. */
export function installProbe(): void {
  const probe: Probe = { firstReading: null, rereadings: [], frames: [] };
  let moved: number | null = null;
  new MutationObserver(() => {
    if (probe.firstReading === null && document.querySelector(".verdict b")) {
      probe.firstReading = performance.now();
    }
  }).observe(document, { childList: true, subtree: true });
  new MutationObserver((changes) => {
    const isReading = changes.some(({ target }) => (target as Element).parentElement?.className === "bar");
    if (moved === null || !isReading) return;
    probe.rereadings.push(performance.now() - moved);
    moved = null;
  }).observe(document, { attributes: true, attributeFilter: ["style"], subtree: true });
  document.addEventListener("pointermove", (event) => {
    const isDrawn = event.buttons > 0 && (event.target as Element).id === "sheet";
    if (isDrawn) moved ??= performance.now();
  }, { capture: true });
  const frame = (now: number) => {
    probe.frames.push(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  Object.assign(globalThis, { probe });
}
