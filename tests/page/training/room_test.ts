/**
 * Training in a real browser: the published bits, and what is said when something is missing.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import type { Locator, Page, Worker } from "playwright-core";
import { modelSha256 } from "../../../core.ts";
import { openRun } from "../../../run.ts";
import hashes from "../../golden/hashes.json" with { type: "json" };
import published from "../../../page/training/published.json" with { type: "json" };
import { browserTest, findingsOfAxe, WEBGPU_FLAGS } from "../browser.ts";

const HASH = hashes.sha256["train-lstm-adam"];
/** A machine that does much else trains slowly. */
const PATIENCE = { timeout: 240_000 };

/** Presses the button, once all that was asked for is chosen. */
async function train(page: Page, choices: Readonly<Record<string, string>> = {}): Promise<void> {
  const room = page.locator("#training");
  for (const [label, value] of Object.entries(choices)) {
    const named = room.locator("label").filter({ has: page.getByText(label, { exact: true }) });
    const field = named.locator("select, input");
    if (await field.evaluate((element) => element.tagName === "SELECT")) await field.selectOption(value);
    else {
      await field.fill(value);
      await field.blur();
    }
  }
  await room.getByRole("button", { name: /^(Train here|Train again|Try again)$/ }).click();
}

/** The hash at the end of the training. */
async function hashOf(page: Page): Promise<string> {
  return await page.getByTestId("sha256").innerText(PATIENCE);
}

/** The message of a training that failed. */
async function failureOf(page: Page): Promise<string> {
  return await page.locator("#training").getByRole("alert").innerText(PATIENCE);
}

/** The loss that the curve ends with. */
async function lossOf(page: Page): Promise<number> {
  const label = await page.getByRole("img", { name: /^Loss over/ }).getAttribute("aria-label");
  return Number(/now ([\d.]+)/.exec(label!)![1]);
}

/** Waits until the device is open. */
async function learning(page: Page): Promise<void> {
  await page.locator("#training").getByRole("button", { name: "Pause", disabled: false }).waitFor(PATIENCE);
}

async function trainerOf(page: Page): Promise<Worker> {
  const found = page.workers().find((worker) => worker.url().endsWith("/workers/trainer.js"));
  return found ?? await page.waitForEvent("worker", (worker) => worker.url().endsWith("/workers/trainer.js"));
}

/** The lists that networks are chosen from. */
function networkLists(page: Page): Locator {
  return page.locator("#reading article select:has(option[value=lstm-64])");
}

/** Which networks are shown, by the names in their lists. */
async function shownNetworks(page: Page): Promise<string[]> {
  return await networkLists(page).evaluateAll((lists) =>
    lists.map((list) => (list as HTMLSelectElement).selectedOptions[0].text)
  );
}

browserTest(
  "100 steps with all threads that help, and again with one, end with the published bits",
  async (visit) => {
    const { page, address, requests } = visit;
    await page.goto(address);
    await page.getByRole("button", { name: "Train here" }).waitFor();
    assert.ok(!requests.some((path) => path.includes("/mnist/train")), "fetched unasked");
    await train(page);
    assert.equal(await hashOf(page), HASH);
    assert.match(
      await page.getByTestId("verdict").innerText(),
      /^The same bits as published in tests.*deno task verify/,
    );
    assert.match(await page.locator("#reading").innerHTML(), /trained here/);
    await page.locator("#training .facts", { hasText: /the sheet: \d, >?\d+%/ }).waitFor();
    assert.deepEqual(await shownNetworks(page), ["LSTM, 64 units", "LSTM, 64 units, trained here"]);
    await networkLists(page).first().selectOption("training");
    await page.getByRole("button", { name: "Show one network only" }).click();
    await train(page, { Threads: "1" });
    await page.getByText("SIMD, 1 thread").waitFor(PATIENCE);
    assert.equal(await hashOf(page), HASH);
    assert.deepEqual(await shownNetworks(page), ["LSTM, 64 units, trained here"]);
    await networkLists(page).selectOption("lstm-64");
    await page.locator("#training .facts", { hasText: "the sheet" }).waitFor({ state: "detached" });
  },
);

browserTest("the whole recipe ends with the hash of RESULTS.md, and the page says so", async (visit) => {
  const { page, address } = visit;
  await page.goto(`${address}#images=all`);
  await train(page);
  assert.equal(await hashOf(page), published.results["train-lstm-adam"]["1"]);
  await page.locator("#training .facts", { hasText: "step 938 of 938" }).waitFor();
  const command = "deno task train-lstm-adam --device wasm --seed 1";
  assert.ok(
    (await page.getByTestId("verdict").innerText()).startsWith("The same bits as published in RESULTS.md"),
  );
  assert.ok((await page.getByTestId("verdict").innerText()).includes(command));
});

browserTest(
  "a training that is paused goes on to the same bits; one that is reset is forgotten",
  async (visit) => {
    const { page, address } = visit, room = page.locator("#training");
    await page.clock.install();
    await page.goto(address);
    await room.getByText("fetches 1 MB to begin, and another 11 MB while it trains").waitFor();
    await train(page, { Steps: "50000" });
    await room.locator("button:focus", { hasText: "Pause" }).waitFor(PATIENCE); // through all that it cannot be used in
    await room.getByRole("button", { name: "Pause" }).click(PATIENCE);
    await room.getByText("paused", { exact: true }).waitFor(PATIENCE);
    const step = room.locator(".facts span").first(), before = await step.innerText(); // the sheet may still be read
    await page.waitForTimeout(500);
    assert.equal(await step.innerText(), before);
    const downloaded = page.waitForEvent("download");
    await room.getByRole("button", { name: "safetensors" }).click();
    await downloaded;
    await page.clock.fastForward(31_000);
    assert.equal(await room.getByText("Nothing has come").count(), 0, "a pause is no silence");
    await room.getByRole("button", { name: "Resume" }).click();
    await room.getByRole("button", { name: "Pause" }).waitFor(PATIENCE);
    await room.getByRole("button", { name: "Reset" }).click();
    await room.getByRole("button", { name: "Train here" }).waitFor();
    await room.locator("button:focus", { hasText: "Reset" }).waitFor();
    await room.getByLabel("Images").selectOption("60000");
    await room.getByText("the images are here already").waitFor(); // a training fetches all of them meanwhile
    await page.locator("#reading", { hasText: "trained here" }).waitFor({ state: "detached" });
    await train(page, { Images: "6400", Steps: "100" });
    assert.equal(await hashOf(page), HASH);
  },
);

browserTest("without isolation one thread trains to the same bits, and the page says so", async (visit) => {
  const { page, address } = visit;
  await page.goto(address);
  await train(page);
  assert.equal(await hashOf(page), HASH);
  await page.getByText("1 thread, fused multiply-add. The server of this page does not isolate it").waitFor();
}, { isolated: false, context: { serviceWorkers: "block" } });

browserTest(
  "a training becomes a run that openRun() opens, named by recipe, seed and steps",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    await train(page, { Steps: "3", Seed: "7" });
    const sha256 = await hashOf(page), downloaded = page.waitForEvent("download");
    await page.getByRole("button", { name: "a run (zip)" }).click();
    const download = await downloaded;
    assert.equal(download.suggestedFilename(), "train-lstm-adam-seed-7-3-steps.zip");
    const folder = await Deno.makeTempDir();
    try {
      await download.saveAs(`${folder}/run.zip`);
      for (const [path, bytes] of Object.entries(unzipSync(await Deno.readFile(`${folder}/run.zip`)))) {
        const to = `${folder}/${path.split("/").slice(2).join("/")}`;
        await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
        await Deno.writeFile(to, bytes);
      }
      const { model, config } = await openRun(folder);
      assert.equal(modelSha256(model), sha256);
      assert.equal(config.recipe, "train-lstm-adam");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

browserTest(
  "three steps on WebGPU have the losses of wasm; a device that is lost is said to be",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    await train(page, { Steps: "3" });
    await hashOf(page);
    const expected = await lossOf(page);
    await train(page, { Device: "webgpu" });
    await page.getByText("software adapter").waitFor(PATIENCE);
    await hashOf(page);
    const found = await lossOf(page);
    assert.ok(Math.abs(found - expected) <= 0.001, `${found} and ${expected}`); // as many decimals as are shown
    await (await trainerOf(page)).evaluate(() => {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (descriptor) {
        const device = await requestDevice.call(this, descriptor);
        addEventListener("lose", () => device.destroy());
        return device;
      };
    });
    await train(page, { Steps: "50000" });
    await learning(page);
    await page.getByRole("button", { name: "ONNX" }).waitFor(PATIENCE); // after the first step
    await (await trainerOf(page)).evaluate(() => dispatchEvent(new Event("lose")));
    assert.match(await failureOf(page), /^The graphics device was lost .* choose the device wasm/);
    const downloaded = page.waitForEvent("download");
    await page.getByRole("button", { name: "ONNX" }).click(); // what was learned until then
    await downloaded;
  },
  { flags: WEBGPU_FLAGS },
);

browserTest(
  "a setting out of range is said and trains nothing; the last one stays",
  async ({ page, address }) => {
    await page.goto(`${address}#rate=0.02`);
    const field = page.getByRole("spinbutton", { name: "Learning rate" });
    await field.fill("20");
    await page.getByRole("button", { name: "Train here" }).click();
    assert.equal(await field.evaluate((input: HTMLInputElement) => input.validity.rangeOverflow), true);
    await page.waitForTimeout(500);
    assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
    assert.match(page.url(), /rate=0\.02/);
    await field.fill("");
    await field.blur();
    assert.equal(await field.inputValue(), "0.01");
  },
);

browserTest(
  "who leaves in the middle of a training is asked; what was pressed keeps its place",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    const button = page.locator("#training button.primary");
    await button.scrollIntoViewIfNeeded();
    await page.mouse.wheel(0, 120);
    await page.waitForTimeout(300);
    const place = async () => (await button.boundingBox())!.y, before = await place();
    await train(page, { Steps: "50000" });
    await learning(page);
    await page.locator("#training .facts", { hasText: "the sheet" }).waitFor(PATIENCE);
    assert.ok(Math.abs(await place() - before) < 40, `from ${before} to ${await place()}`);
    const asked = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    assert.equal((await asked).type(), "beforeunload");
    await (await asked).dismiss();
  },
  { context: { viewport: { width: 1920, height: 1080 } } },
);

for (const scheme of ["light", "dark"] as const) {
  browserTest(
    `axe-core finds nothing to improve in a training, its result and a notice: ${scheme}`,
    async (visit) => {
      const { page, address } = visit;
      await page.goto(`${address}#digit=x`);
      await page.getByRole("alert").getByText(/^This link is damaged/).waitFor();
      await train(page, { Steps: "50000" });
      await learning(page);
      await page.locator("#training").getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Resume" }).waitFor(PATIENCE);
      assert.deepEqual(await findingsOfAxe(page), []);
      await page.getByRole("button", { name: "Reset" }).click();
      await train(page, { Steps: "3" });
      await hashOf(page);
      assert.deepEqual(await findingsOfAxe(page), []);
    },
    { context: { colorScheme: scheme, reducedMotion: "reduce" } },
  );
}

browserTest("images that cannot be loaded are named, and another attempt fetches them", async (visit) => {
  const { page, context, address } = visit;
  await page.goto(address);
  await context.route("**/mnist/train-00.bin", (route) => route.fulfill({ status: 503 }));
  await train(page, { Steps: "2" });
  assert.match(await failureOf(page), /train-00\.bin could not be loaded \(HTTP status 503\).*try again/);
  await context.unroute("**/mnist/train-00.bin");
  await train(page);
  assert.match(await hashOf(page), /^[0-9a-f]{64}$/);
}, { context: { serviceWorkers: "block" }, expected: [/503/] });

let kernelsAre = "kernels";

browserTest("a thread and a kernel that cannot be loaded are named", async ({ page, address }) => {
  await page.goto(address);
  await train(page, { Steps: "2", Threads: "2" });
  assert.match(await failureOf(page), /^workers\/thread\.js could not be loaded.*load the page again/);
  kernelsAre = "pages";
  await train(page);
  await page.getByText(/^kernels\/fused\.wasm could not be loaded \(it is no WebAssembly\)/).waitFor();
}, {
  context: { serviceWorkers: "block" },
  expected: [/404/],
  answer: (request, usual) => {
    const path = new URL(request.url).pathname;
    if (path === "/workers/thread.js") return new Response("", { status: 404 });
    const isPage = path.startsWith("/kernels/") && kernelsAre === "pages";
    return isPage ? new Response("<!doctype html>") : usual(request);
  },
});

browserTest("a worker that dies is said to have, and another one trains", async ({ page, address }) => {
  await page.goto(address);
  await train(page, { Steps: "50000" });
  await learning(page);
  await (await trainerOf(page)).evaluate(() => {
    setTimeout(() => {
      throw new Error("something broke");
    });
  });
  assert.match(
    await failureOf(page),
    /^The worker that trains has stopped \(.*something broke\)\. Train again/,
  );
  assert.match(await page.locator("#training .facts").innerText(), /stopped/);
  assert.equal(await page.getByRole("button", { name: "ONNX" }).count(), 0, "the model went with the worker");
  await train(page, { Steps: "2" });
  assert.match(await hashOf(page), /^[0-9a-f]{64}$/);
}, { expected: [/something broke/] });
