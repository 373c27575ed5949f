import assert from "node:assert/strict";
import { rawImports } from "../../lib/raw_imports.ts";
import { toPng } from "../../lib/view/rasterize.ts";
import { lacks, named } from "../support/permissions.ts";

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

const needs = [{ name: "read" }, { name: "run" }] as const;

Deno.test({
  name: named("toPng() says what deno.json lacks where files cannot be imported as bytes", needs),
  ignore: lacks(needs),
  fn: async () => {
    const path = new URL("../../lib/view/rasterize.ts", import.meta.url);
    const code = `(await import("${path}")).toPng("<svg/>").catch(({ message }) => console.log(message))`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", "--no-config", "--no-lock", "--cached-only", code],
      env: { NO_COLOR: "1" },
    }).output();
    assert.match(
      new TextDecoder().decode(stdout),
      /^Cannot draw PNG: .*\(add "unstable": \["raw-imports"\] to its/,
    );
  },
});

Deno.test("rawImports() passes other errors on", async () => {
  const error = new TypeError("Module not found");
  await assert.rejects(rawImports("draw PNG", Promise.reject(error)), (thrown) => thrown === error);
});
