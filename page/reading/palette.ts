/**
 * Colours of numbers, that people with colour-blindness tell apart: lightness carries a share, blue and orange a sign.
 *
 * @module
 */

/** Red, green and blue, 0 … 255. */
export type Colour = readonly [number, number, number];

/** Light colours or dark ones. */
export type Theme = "light" | "dark";

/** From the ground, through the second colour of shared.css, and on. */
const SHARES: Readonly<Record<Theme, readonly Colour[]>> = {
  light: [[241, 239, 234], [196, 208, 226], [113, 149, 202], [47, 95, 168], [16, 42, 92]],
  dark: [[35, 38, 45], [41, 62, 97], [64, 110, 177], [134, 179, 243], [228, 239, 255]],
};

/** From blue through the ground to orange. */
const SIGNS: Readonly<Record<Theme, readonly Colour[]>> = {
  light: [[28, 66, 128], [96, 138, 196], [241, 239, 234], [214, 128, 84], [150, 48, 6]],
  dark: [[134, 180, 245], [66, 100, 152], [35, 38, 45], [158, 88, 58], [255, 158, 116]],
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
