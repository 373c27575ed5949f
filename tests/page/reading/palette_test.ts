import assert from "node:assert/strict";
import { type Colour, colourOfShare, colourOfSign, type Theme } from "../../../page/reading/palette.ts";

/** How light a colour is, 0 … 1, as the contrast of text is measured. */
function lightness(colour: Colour): number {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

for (const theme of ["light", "dark"] as const satisfies readonly Theme[]) {
  const way = theme === "light" ? -1 : 1;

  Deno.test(`a larger share is always ${way < 0 ? "darker" : "lighter"}: ${theme}`, () => {
    for (let i = 1; i <= 100; i++) {
      const [a, b] = [i - 1, i].map((percent) => lightness(colourOfShare(percent / 100, theme)));
      assert.ok(way * (b - a) >= 0, `${i}%`);
    }
  });

  Deno.test(`a sign is seen by lightness and by blue or orange: ${theme}`, () => {
    const zero = lightness(colourOfSign(0, theme));
    for (const value of [0.5, 1]) {
      const [red, , blue] = colourOfSign(value, theme), [lessRed, , moreBlue] = colourOfSign(-value, theme);
      assert.ok(red > blue && moreBlue > lessRed, `${value}`);
      for (const sign of [-1, 1]) {
        assert.ok(way * (lightness(colourOfSign(sign * value, theme)) - zero) > 0.05, `${sign * value}`);
      }
    }
  });
}

Deno.test("what is out of bounds has the colour of the bound", () => {
  assert.deepEqual(colourOfShare(7, "light"), colourOfShare(1, "light"));
  assert.deepEqual(colourOfSign(-3, "dark"), colourOfSign(-1, "dark"));
});
