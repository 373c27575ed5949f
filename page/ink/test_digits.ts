/**
 * The test digits of MNIST that come with the page.
 *
 * @module
 */
/// <reference lib="dom" />
import { IMAGE_BYTES, type Part, unpackPart } from "../data/part.ts";

let digits: Promise<Part> | null = null;

/** Loads the digits, once. @throws {Error} If the server does not have them. */
export function loadDigits(): Promise<Part> {
  digits ??= fetchDigits().catch((error) => {
    digits = null;
    throw error;
  });
  return digits;
}

async function fetchDigits(): Promise<Part> {
  const response = await fetch("mnist/digits.bin").catch(() => null);
  if (!response?.ok) throw new Error("Cannot load the test digits: the server of this page must have them");
  const plain = response.body!.pipeThrough(new DecompressionStream("gzip"));
  return unpackPart(new Uint8Array(await new Response(plain).arrayBuffer()));
}

/** A test digit, u8 `[28, 28]`, and what it is. */
export function digitOf({ pixels, labels }: Part, at: number): { pixels: Uint8Array; label: number } {
  return { pixels: pixels.slice(at * IMAGE_BYTES, (at + 1) * IMAGE_BYTES), label: labels[at] };
}
