import assert from "node:assert/strict";
import { toPng } from "../../lib/view/rasterize.ts";

Deno.test("toPng() has a glyph for every character that pictures write besides letters and digits", async () => {
  const draw = (text: string) =>
    toPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30" font-size="24">${text}</text></svg>`,
    );
  const box = await draw("\u{e000}"); // a private character, which no font has
  const blank = await draw(" ");
  for (const character of "→↓−×…–>%#±") {
    const png = await draw(character === ">" ? "&gt;" : character);
    assert.notDeepEqual(png, box, character);
    assert.notDeepEqual(png, blank, character);
  }
});
