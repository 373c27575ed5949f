/**
 * The page in a browser that has only what the oldest ones have that it names: nothing newer is left, on the page and in its workers.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { Parser } from "acorn";
import hashes from "../golden/hashes.json" with { type: "json" };
import { browserTest, builtPage, LACKING_BROWSER } from "./browser.ts";
import { readFolder } from "./build_page.ts";
import newer from "./older/newer_features.json" with { type: "json" };

/** A script that takes from the global scope what is newer. What belongs to `Symbol` cannot be deleted: another one takes its place. */
const FORGET = `{
  const { Symbol: New } = globalThis, Old = globalThis.Symbol = (description) => New(description);
  const names = Reflect.ownKeys(New).filter((name) => name !== "length" && name !== "name");
  for (const name of names) Object.defineProperty(Old, name, { value: New[name], configurable: true });
  for (const name of ${JSON.stringify(newer)}) {
    const [owner, member] = name.includes(".") ? name.split(".") : ["globalThis", name];
    const value = owner === "globalThis" ? globalThis : globalThis[owner];
    for (const one of [value, value?.prototype]) if (one && Object.hasOwn(one, member)) delete one[member];
  }
  globalThis.forgot = true;
}
`;

browserTest(
  "the oldest browsers that the page names read, train to the published bits, and give the model",
  async ({ page, address }) => {
    await page.addInitScript(FORGET);
    await page.goto(address);
    await page.getByText(/sure after line 28/).waitFor();
    const left = await page.evaluate(() => [
      ...["Temporal", "GPU", "Float16Array"].filter((name) => name in globalThis),
      ...["map", "find"].filter((name) => name in [].values()),
    ]);
    assert.deepEqual(left, []);
    await page.getByRole("button", { name: "Random test digit" }).click();
    await page.getByText(/^Test digit \d+: /).waitFor();
    await page.getByRole("button", { name: "Train here" }).click();
    assert.equal(await page.getByTestId("sha256").innerText(), hashes.sha256["train-lstm-adam"]);
    assert.equal(await page.locator("#training").getByRole("alert").count(), 0);
    for (const format of ["safetensors", "ONNX", "a run (zip)"]) {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: format, exact: true }).click();
      await (await download).delete();
    }
    for (const worker of page.workers()) {
      assert.equal(await worker.evaluate(() => "forgot" in globalThis), true, worker.url());
    }
  },
  {
    context: { serviceWorkers: "block" }, // the files are not what their hashes say
    answer: async (request, usual) => {
      const { pathname } = new URL(request.url), response = usual(request);
      if (pathname === "/forget.js") {
        return new Response(FORGET, { headers: { "content-type": "text/javascript" } });
      }
      if (!pathname.startsWith("/workers/")) return response;
      const { "content-length": _, ...headers } = Object.fromEntries(response.headers);
      return new Response(`import "../forget.js";\n${await response.text()}`, { headers });
    },
  },
);

Deno.test({
  name: "the scripts of the page have no syntax that the oldest browsers could not read",
  ignore: LACKING_BROWSER !== undefined,
  fn: async () => {
    const files = await readFolder(await builtPage()),
      scripts = [...files].filter(([path]) => path.endsWith(".js"));
    assert.ok(scripts.length > 5);
    for (const [path, bytes] of scripts) {
      const text = new TextDecoder().decode(bytes);
      assert.doesNotThrow(() => Parser.parse(text, { ecmaVersion: 2023, sourceType: "module" }), path);
    }
  },
});
