/**
 * The page as a whole, in a browser: what it may load, and what it does without a network.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { browserTest, openSite, type Visit } from "./browser.ts";

/** Waits until the service worker has kept the page. */
async function waitUntilKept({ page }: Pick<Visit, "page">): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

browserTest("the page opens without complaints, and asks no one but its own server", async (visit) => {
  const { page, address, requests } = visit;
  await page.goto(address);
  await page.getByRole("heading", { name: "Scanline" }).waitFor();
  await waitUntilKept(visit);
  assert.ok(requests.includes("/main.js"));
  assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), true);
  assert.match(await page.locator("#isolation").innerText(), /all cores/);
});

browserTest("a page whose server does not isolate it says so", async ({ page, address }) => {
  await page.goto(address);
  assert.match(await page.locator("#isolation").innerText(), /one thread.* same bits/);
  assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), false);
}, { isolated: false });

browserTest("any folder of a server will do", async (visit) => {
  await visit.page.goto(visit.address);
  await waitUntilKept(visit);
  await visit.page.getByRole("heading", { name: "Scanline" }).waitFor();
  assert.ok(visit.requests.includes("/a/b/main.js"));
}, { below: "/a/b" });

browserTest("after the first visit the page opens without a network, isolated as before", async (visit) => {
  const { page, address } = visit;
  await page.goto(address);
  await waitUntilKept(visit);
  await visit.goOffline();
  for (const path of ["", "index.html", "#digit=3"]) {
    await page.goto("about:blank");
    await page.goto(address + path);
    await page.getByRole("heading", { name: "Scanline" }).waitFor();
    assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), true, path);
  }
  const sizes = await page.evaluate(async () => {
    const paths = [
      "kernels/fused.wasm",
      "kernels/plain.wasm",
      "models/lstm-64.safetensors",
      "mnist/digits.gz",
    ];
    return await Promise.all(paths.map(async (path) => (await (await fetch(path)).arrayBuffer()).byteLength));
  });
  assert.ok(sizes.every((size) => size > 10_000), String(sizes));
});

browserTest(
  "parts of the data set are kept when they were fetched, and not before; failures never",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    await waitUntilKept(visit);
    const ask = (path: string) =>
      page.evaluate(async (path) => await fetch(path).then(({ status }) => status, () => "failed"), path);
    assert.equal(await ask("mnist/train-00.gz"), 200);
    assert.equal(await ask("mnist/nothing.gz"), 404);
    await visit.goOffline();
    assert.equal(await ask("mnist/train-00.gz"), 200);
    assert.equal(await ask("mnist/train-01.gz"), "failed");
    assert.equal(await ask("mnist/nothing.gz"), "failed");
  },
  { expected: [/Failed to load resource/] },
);

/** Does what someone would who got text into the page. @returns What of it worked */
async function intrude({ page, address }: Visit, other: string): Promise<string[]> {
  await page.goto(address);
  return await page.evaluate(async (other) => {
    const worked: string[] = [];
    Object.assign(globalThis, { worked });
    const inline = document.createElement("script");
    inline.textContent = "worked.push('inline script')";
    const image = document.createElement("div");
    image.innerHTML = `<img src="none" onerror="worked.push('handler')">`;
    const sheet = document.createElement("style");
    sheet.textContent = "body { outline: 9px solid red }";
    const far = document.createElement("script");
    far.src = `${other}main.js`;
    const loaded = new Promise((resolve) => far.onload = far.onerror = resolve);
    document.body.append(inline, image, sheet, far);
    const evaluated = new Promise<void>((resolve) => {
      const evaluate = () => {
        resolve();
        (0, eval)("worked.push('eval')");
      };
      setTimeout(evaluate); // what Playwright itself runs may do so
    });
    if (getComputedStyle(document.body).outlineStyle === "solid") worked.push("style");
    await Promise.all([loaded, evaluated]);
    await fetch(`${other}files.json`, { mode: "no-cors" }).catch(() => null);
    return worked;
  }, other);
}

browserTest(
  "the policy holds: what gets into the page does not run, and reaches no other server",
  async (visit) => {
    await using other = await openSite();
    assert.deepEqual(await intrude(visit, other.address), []);
    assert.deepEqual(other.requests, []);
  },
  { expected: [/Content.Security.Policy/i, /^request: /, /^uncaught: .*eval/i, /status of 404/] },
);

browserTest("the same code without the policy does run, so that silence means something", async (visit) => {
  await using other = await openSite();
  const worked = await intrude(visit, other.address);
  assert.deepEqual(worked.sort(), ["eval", "handler", "inline script", "style"]);
  assert.deepEqual(other.requests, ["/main.js", "/files.json"]);
}, { context: { bypassCSP: true }, expected: [/./] });
