/**
 * What the reader of the page has asked of the browser.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";
import type { Theme } from "./reading/palette.ts";

const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");
const reduced = globalThis.matchMedia("(prefers-reduced-motion: reduce)");

/** Light colours or dark ones. */
export const theme = signal<Theme>(dark.matches ? "dark" : "light");
/** Whether nothing may move by itself. */
export const isStill = signal(reduced.matches);

dark.addEventListener("change", ({ matches }) => theme.value = matches ? "dark" : "light");
reduced.addEventListener("change", ({ matches }) => isStill.value = matches);
