/**
 * How many blank lines images begin with, which those of a batch share, see prefix.ts.
 *
 * @module
 */
import type { ByteLayout, Sequences } from "../../data/sequences.ts";
import { LONGEST_SIDE, TRANSFORM_SIZE } from "../../data/transform.ts";

/** Counts for the images of one training. */
export interface BlankLines {
  /**
   * How many lines each image of a batch begins with that are blank for certain; at most T − 1.
   *
   * @param transforms Where images are moved
   */
  of(batch: Uint32Array, transforms: Int32Array | undefined): Uint16Array;
}

/** The blank lines of images that stay as they are. */
export class StillImages implements BlankLines {
  /** `[count]`. */
  readonly #lines: Uint16Array;

  constructor({ data, count }: Sequences, { T, C, stride, order }: ByteLayout) {
    this.#lines = Uint16Array.from({ length: count }, (_, n) => {
      const start = n * stride;
      for (let at = 0; at < (T - 1) * C; at++) {
        if (data[start + order[at]] !== 0) return Math.floor(at / C);
      }
      return T - 1;
    });
  }

  of(batch: Uint32Array): Uint16Array {
    return Uint16Array.from(batch, (position) => this.#lines[position]);
  }
}

/** The edges of a box of pixels: the first and the last column, the first and the last row; last < first where it is empty. */
const BOX = 4;

/**
 * The blank lines of images that are moved. Only the boxes around the ink of an image and around the pixels of a line are looked
 * at: the pixel at (x, y) can have ink if it is read from less than a pixel beside the ink,
 *
 *     left − 1 < u < right + 1     top − 1 < v < bottom + 1     u = a x + b y + c     v = d x + e y + f
 *
 * and over the box of a line, u and v lie between sums of products with its corners. Lines that are blank none the less do no
 * harm: images share fewer lines than they could.
 */
export class MovedImages implements BlankLines {
  /** `[count, 4]`: around the ink of each image. */
  readonly #ink: Int16Array;
  /** `[T, 4]`: around the pixels of each line. */
  readonly #lines: Int16Array;

  constructor({ data, count }: Sequences, { T, C, stride, width, order }: ByteLayout) {
    this.#ink = new Int16Array(count * BOX);
    for (let n = 0; n < count; n++) {
      const box = new Box(), start = n * stride;
      for (let pixel = 0; pixel < stride; pixel++) if (data[start + pixel] !== 0) box.add(pixel, width);
      this.#ink.set(box.edges, n * BOX);
    }
    this.#lines = new Int16Array(T * BOX);
    for (let t = 0; t < T; t++) {
      const box = new Box();
      for (let c = 0; c < C; c++) box.add(order[t * C + c], width);
      this.#lines.set(box.edges, t * BOX);
    }
  }

  of(batch: Uint32Array, transforms: Int32Array | undefined): Uint16Array {
    const last = this.#lines.length / BOX - 1;
    return Uint16Array.from(batch, (position, n) => {
      const transform = transforms!.subarray(n * TRANSFORM_SIZE);
      let t = 0;
      while (t < last && !this.#canHaveInk(t, position, transform)) t++;
      return t;
    });
  }

  #canHaveInk(t: number, position: number, [a, b, c, d, e, f]: Int32Array): boolean {
    const line = this.#lines.subarray(t * BOX), ink = this.#ink.subarray(position * BOX);
    return meets(line, { byX: a, byY: b, shift: c }, ink[0], ink[1]) &&
      meets(line, { byX: d, byY: e, shift: f }, ink[2], ink[3]);
  }
}

/** 1, in the units of a transform. */
const ONE = 65_536;
/** Where sums wrap. */
const WRAP = 2 ** 31;

/** Whether byX · x + byY · y + shift comes within a pixel of `first` … `last` over the box of a line. */
function meets(
  line: Int16Array,
  { byX, byY, shift }: { byX: number; byY: number; shift: number },
  first: number,
  last: number,
): boolean {
  const [x0, x1, y0, y1] = line;
  const least = shift + Math.min(byX * x0, byX * x1) + Math.min(byY * y0, byY * y1);
  const most = shift + Math.max(byX * x0, byX * x1) + Math.max(byY * y0, byY * y1);
  return most > (first - 1) * ONE && least < (last + 1) * ONE || least < -WRAP || most >= WRAP;
}

/** A box around pixels. */
class Box {
  #left = LONGEST_SIDE;
  #right = -1;
  #top = LONGEST_SIDE;
  #bottom = -1;

  /** Widens the box to hold a pixel, counted row by row. */
  add(pixel: number, width: number): void {
    const x = pixel % width, y = (pixel - x) / width;
    if (x < this.#left) this.#left = x;
    if (x > this.#right) this.#right = x;
    if (y < this.#top) this.#top = y;
    if (y > this.#bottom) this.#bottom = y;
  }

  get edges(): number[] {
    return [this.#left, this.#right, this.#top, this.#bottom];
  }
}

/** The places of a batch by their images' numbers of blank lines, fewest first; equal ones keep their order. */
export function orderByBlankLines(lines: Uint16Array): Uint32Array {
  return Uint32Array.from(lines, (_, place) => place).sort((a, b) => lines[a] - lines[b]);
}
