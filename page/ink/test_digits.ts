/**
 * The test digits of MNIST that come with the page.
 *
 * @module
 */
/// <reference lib="dom" />
import { fetchBytes } from "../data/fetch_bytes.ts";
import { IMAGE_BYTES, type Part, unpackPart } from "../data/part.ts";

let digits: Promise<Part> | null = null;

/** Loads the digits, once. @throws {Error} If they do not come whole. */
export function loadDigits(): Promise<Part> {
  digits ??= fetchDigits().catch((error) => {
    digits = null;
    throw error;
  });
  return digits;
}

async function fetchDigits(): Promise<Part> {
  try {
    const packed = new Blob([await fetchBytes("mnist/digits.bin")]);
    const plain = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return unpackPart(new Uint8Array(await new Response(plain).arrayBuffer()));
  } catch (cause) {
    throw new Error("Cannot load the test digits: check the connection and choose one again", { cause });
  }
}

/** A test digit, u8 `[28, 28]`, and what it is. */
export function digitOf({ pixels, labels }: Part, at: number): { pixels: Uint8Array; label: number } {
  return { pixels: pixels.slice(at * IMAGE_BYTES, (at + 1) * IMAGE_BYTES), label: labels[at] };
}
