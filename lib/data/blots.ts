/**
 * Blots of ink, and which of them belong to the digit: not dust, nor a shadow, nor the table below the paper.
 *
 * @module
 */
import type { Plane } from "./plane.ts";
import type { ImageSize } from "./raster.ts";

/** Where something lies: `right` and `bottom` are exclusive. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** At which edges the picture was cut. */
export type Cuts = { readonly [Edge in keyof Box]: boolean };

/** Connected pixels; corners connect, too. */
interface Blot extends Box {
  /** Summed over its pixels. */
  readonly ink: number;
  /** Whether it stays clear of the picture's edges. */
  readonly isFree: boolean;
  /** Whether it touches a corner of the picture, or an edge at which the picture was cut. */
  readonly isCut: boolean;
}

/** A blot with less than this share of the largest one's ink is dust. */
const DUST = 0.04;

/** A digit's longer side is at least this share of the picture's shorter side. */
const LEAST_SHARE = 0.06;

/** Blots at an edge belong to the digit if no free blot has more than this share of the most ink, */
const FREE = 0.25;

/** or else if their distance to the free blots is at most this share of the longer side of those. */
const NEAR = 0.25;

/**
 * Returns the digit's strokes among all strokes.
 *
 * @param strokes 1 where there is ink
 * @param ink How much ink each pixel has
 */
export function keepDigit(strokes: Uint8Array, ink: Plane, cuts: Cuts): Uint8Array {
  const { labels, blots } = findBlots(strokes, ink, cuts);
  const digit = new Set(chooseDigit(blots, ink));
  const kept = Uint8Array.from([0, ...blots.map((blot) => Number(digit.has(blot)))]);
  return Uint8Array.from(labels, (label) => kept[label]);
}

/** The smallest box that holds all pixels of at least `least`. */
export function boxOf(
  pixels: Uint8Array | Float32Array,
  { width, height }: ImageSize,
  least = 1,
): Box {
  let left = width, right = 0, top = height, bottom = 0;
  pixels.forEach((value, i) => {
    if (value < least) return;
    const x = i % width, y = (i - x) / width;
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return { left, right, top, bottom };
}

function chooseDigit(blots: readonly Blot[], { width, height }: Plane): readonly Blot[] {
  const least = LEAST_SHARE * Math.min(width, height);
  const isDigit = (blot: Blot) => !blot.isCut && longerSide(blot) >= least;
  const found = blots.some(isDigit) ? blots.filter(({ isCut }) => !isCut) : blots;
  const free = found.filter(({ isFree }) => isFree);
  const most = mostInk(found), mostFree = mostInk(free);
  if (mostFree <= FREE * most) return found.filter((blot) => blot.ink >= DUST * most);
  const large = found.filter((blot) => blot.ink >= DUST * mostFree);
  const sure = union(large.filter(({ isFree }) => isFree));
  const isNear = (blot: Blot) => gap(blot, sure) <= NEAR * longerSide(sure);
  return large.filter((blot) => blot.isFree || isNear(blot));
}

function longerSide({ left, top, right, bottom }: Box): number {
  return Math.max(right - left, bottom - top);
}

/** The gap between two boxes, along the side where it is larger; negative if they overlap. */
function gap(a: Box, b: Box): number {
  return Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
}

function mostInk(blots: readonly Blot[]): number {
  return blots.reduce((most, { ink }) => Math.max(most, ink), 0);
}

function union(boxes: readonly Box[]): Box {
  return boxes.reduce((a, b) => ({
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }));
}

/** All blots, and for each pixel the number of its blot, from 1 on; 0 where there is no ink. */
function findBlots(
  strokes: Uint8Array,
  { width, height, values }: Plane,
  cuts: Cuts,
): { labels: Int32Array; blots: Blot[] } {
  const labels = new Int32Array(strokes.length), blots: Blot[] = [];
  const stack: number[] = [];
  const visit = (i: number) => {
    if (!strokes[i] || labels[i]) return;
    labels[i] = blots.length + 1;
    stack.push(i);
  };
  for (let start = 0; start < strokes.length; start++) {
    visit(start);
    if (stack.length === 0) continue;
    let ink = 0, left = width, right = 0, top = height, bottom = 0, isCut = false;
    while (stack.length > 0) {
      const i = stack.pop()!, x = i % width, y = (i - x) / width;
      ink += values[i];
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
      isCut ||= (x === 0 || x === width - 1) && (y === 0 || y === height - 1);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) visit(v * width + u);
      }
    }
    isCut ||= (cuts.left && left === 0) || (cuts.right && right === width) || (cuts.top && top === 0) ||
      (cuts.bottom && bottom === height);
    const isFree = left > 0 && top > 0 && right < width && bottom < height;
    blots.push({ ink, left, right, top, bottom, isFree, isCut });
  }
  return { labels, blots };
}
