/**
 * Colours of numbers, that people with colour-blindness tell apart: lightness carries a share, blue and orange a sign.
 *
 * @module
 */

/** Red, green and blue, 0 … 255. */
export type Colour = readonly [number, number, number];

/** Light colours or dark ones. */
export type Theme = "light" | "dark";

const SHARES: Readonly<Record<Theme, readonly Colour[]>> = {
  light: [[255, 255, 255], [207, 221, 240], [122, 160, 214], [38, 92, 168], [8, 38, 94]],
  dark: [[20, 24, 31], [27, 54, 93], [44, 108, 178], [122, 180, 235], [236, 246, 255]],
};

const SIGNS: Readonly<Record<Theme, readonly Colour[]>> = {
  light: [[18, 78, 150], [120, 168, 216], [250, 250, 250], [240, 168, 92], [168, 78, 4]],
  dark: [[138, 196, 255], [50, 104, 168], [22, 26, 33], [168, 92, 24], [255, 186, 108]],
};

/** The colour of a share, 0 … 1; small ones are spread, since most of what a network thinks is small. */
export function colourOfShare(share: number, theme: Theme): Colour {
  return between(SHARES[theme], Math.sqrt(clamp(share, 0, 1)));
}

/** The colour of a number with a sign, -1 … 1: blue below 0, orange above. */
export function colourOfSign(value: number, theme: Theme): Colour {
  return between(SIGNS[theme], (clamp(value, -1, 1) + 1) / 2);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** A colour of a scale, 0 … 1. */
function between(scale: readonly Colour[], at: number): Colour {
  const place = at * (scale.length - 1), index = Math.min(scale.length - 2, Math.floor(place));
  const share = place - index, [a, b] = [scale[index], scale[index + 1]];
  const mix = (channel: 0 | 1 | 2) => Math.round(a[channel] + share * (b[channel] - a[channel]));
  return [mix(0), mix(1), mix(2)];
}
