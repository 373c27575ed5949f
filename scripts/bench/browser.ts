/**
 * A browser without a window: Chromium, driven by Playwright.
 *
 * @module
 */
import type { Browser } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Quiet, and without anything that reaches for a network. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long it may take to start, on a machine that has other things to do. */
const PATIENCE_MS = 120_000;

/** The program; undefined where there is none. */
export function findChromium(): string | undefined {
  return CHROMIUM.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Starts a browser, with a profile that goes with it.
 *
 * @param flags More flags of Chromium
 * @throws {Error} If there is no Chromium.
 */
export async function launch(flags: readonly string[] = []): Promise<Browser> {
  // Playwright looks in /proc for Windows, which Deno lets only programs do that may do everything; with this, it does not.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  const executablePath = findChromium();
  if (!executablePath) {
    throw new Error(
      `Cannot start Chromium: it must be one of ${CHROMIUM.join(", ")}: \`apt-get install chromium\``,
    );
  }
  return await chromium.launch({ executablePath, args: [...FLAGS, ...flags], timeout: PATIENCE_MS });
}
