/**
 * Every kernel of `webgpu` on a second implementation of WebGPU: Chromium's (Dawn and Tint), over SwiftShader.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { listFiles } from "../../page/build/file_list.ts";
import { share } from "../support/soak.ts";
import { browserTest, WEBGPU_FLAGS } from "./browser.ts";
import { readFolder } from "./build_page.ts";

/** One of so many tests runs each time, and more until every kernel has run; all by `deno task soak`. */
const EVERY = share({ usual: 10, soak: 1 });

/** Its multiples, without their whole parts, are spread evenly. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

async function bundleContract(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "scanline-contract-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "-q", "--no-remote", "--platform", "browser", "--outdir", folder],
      ...["--import-map", "tests/page/contract/import_map.json", "tests/page/contract/main.ts"],
    ],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const html =
    '<!doctype html><link rel="icon" href="icon.svg"><script type="module" src="main.js"></script>';
  await Deno.writeTextFile(`${folder}/index.html`, html);
  await Deno.copyFile(new URL("../../page/icon.svg", import.meta.url), `${folder}/icon.svg`);
  await Deno.writeTextFile(`${folder}/service.js`, ""); // as every folder of the page has
  await Deno.writeTextFile(`${folder}/files.json`, JSON.stringify(listFiles(await readFolder(folder))));
  return folder;
}

browserTest("webgpu agrees with the reference under Dawn and Tint, in every kernel", async (visit) => {
  const { page, address } = visit, failed: unknown[] = [];
  await page.goto(address);
  await page.waitForFunction("globalThis.contract");
  const count = await page.evaluate("contract.count") as number;
  assert.ok(count > 200, `${count} tests`);
  const scattered = Array.from({ length: count }, (_, index) => index)
    .sort((a, b) => GOLDEN * a % 1 - GOLDEN * b % 1);
  const unused = async () => await page.evaluate("contract.unused()") as string[];
  for (const [done, index] of scattered.entries()) {
    if (done >= count / EVERY && (await unused()).length === 0) break;
    failed.push(await page.evaluate(`contract.run(${index})`));
  }
  const worst = await page.evaluate("JSON.stringify(contract.worst)");
  assert.deepEqual(failed.filter((one) => one !== null), [], `the largest shares of tolerances: ${worst}`);
  assert.deepEqual(await unused(), []);
}, { flags: WEBGPU_FLAGS, folder: bundleContract });
