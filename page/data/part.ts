/**
 * A part of a data set, as the page fetches it: the pixels of its images, one image after the other, then a byte a label.
 * Files of parts are compressed by gzip.
 *
 * @module
 */

/** The images of a part, u8 `[count, 28, 28]`, and their labels. */
export interface Part {
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

/** Test digits that come with the page, for people to look at: the first ones. */
export const TEST_DIGITS = 200;

/** Bytes of an image. */
export const IMAGE_BYTES = 28 * 28;

/** The bytes of a part. */
export function packPart({ pixels, labels }: Omit<Part, "count">): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pixels.length + labels.length);
  bytes.set(pixels);
  bytes.set(labels, pixels.length);
  return bytes;
}

/** The part that {@link packPart} gave these bytes of. @throws {SyntaxError} If they are cut off, or no part at all. */
export function unpackPart(bytes: Uint8Array): Part {
  const count = bytes.length / (IMAGE_BYTES + 1);
  if (!Number.isInteger(count) || count === 0) {
    throw new SyntaxError(
      `Cannot read a part of a data set: it must have ${IMAGE_BYTES + 1} bytes an image: current value is ` +
        `${bytes.length} bytes`,
    );
  }
  return {
    pixels: bytes.subarray(0, count * IMAGE_BYTES),
    labels: bytes.subarray(count * IMAGE_BYTES),
    count,
  };
}
