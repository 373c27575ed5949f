/**
 * Every kernel of `webgpu` on a second implementation of WebGPU: Chromium's (Dawn and Tint), over SwiftShader.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { listFiles } from "../../page/build/file_list.ts";
import { browserTest, WEBGPU_FLAGS } from "./browser.ts";
import { readFolder } from "./build_page.ts";

/** What `contract/main.ts` leaves. */
interface Contract {
  readonly count: number;
  readonly run: (from: number, to: number) => Promise<[name: string, message: string][]>;
  readonly worst: Record<string, { readonly share: number; readonly what: string }>;
}

/** Tests in one call of the page. */
const TOGETHER = 20;

async function bundleContract(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "scanline-contract-" });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "-q", "--no-remote", "--platform", "browser", "--outdir", folder],
      ...["--import-map", "tests/page/contract/import_map.json", "tests/page/contract/main.ts"],
    ],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="main.js"></script>';
  await Deno.writeTextFile(`${folder}/index.html`, html);
  await Deno.writeTextFile(`${folder}/files.json`, JSON.stringify(listFiles(await readFolder(folder))));
  return folder;
}

browserTest(
  "webgpu agrees with the reference under Dawn and Tint, over all cases",
  async ({ page, address }) => {
    await page.goto(address);
    await page.waitForFunction("globalThis.contract");
    const contract = () => (globalThis as unknown as { contract: Contract }).contract;
    const count = await page.evaluate(`(${contract})().count`) as number, failed: unknown[] = [];
    assert.ok(count > 200, `${count} tests`);
    for (let from = 0; from < count; from += TOGETHER) {
      failed.push(...await page.evaluate(`(${contract})().run(${from}, ${from + TOGETHER})`) as unknown[]);
    }
    if (Deno.env.get("SCANLINE_SHOW_WORST")) console.log(await page.evaluate(`(${contract})().worst`));
    assert.deepEqual(failed, []);
  },
  { flags: WEBGPU_FLAGS, folder: bundleContract },
);
