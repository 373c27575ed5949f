/**
 * The room where networks read, in a browser: by mouse, by keyboard, by link.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { zipSync } from "fflate";
import type { Page } from "playwright-core";
import { createClassifier } from "../../core.ts";
import { decodePicture } from "../../lib/data/picture.ts";
import { modelConfig } from "../../lib/run/config.ts";
import { readAddress } from "../../page/address.ts";
import { prepareRaster } from "../../page/ink/prepare.ts";
import { chunk, file, header, png } from "../data/support/png_files.ts";
import { browserTest, findingsOfAxe } from "./browser.ts";

/** What went wrong last, in this room. */
const NOTICE = ".reading [role=alert]";

const still = { context: { reducedMotion: "reduce" } } as const;

const phone = {
  context: { ...still.context, hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } },
} as const;

/** Waits until the first network answers so. */
async function answers(page: Page, digit: string): Promise<void> {
  await page.locator(".verdict > b").first().filter({ hasText: digit }).waitFor();
}

/** Waits until the part of the address after `#` is like this. */
async function addressIs(page: Page, pattern: RegExp): Promise<void> {
  await page.waitForFunction((source) => new RegExp(source).test(location.hash), pattern.source);
}

/** Drags the mouse over an element, through places given as shares of it. */
async function drag(
  page: Page,
  selector: string,
  places: readonly (readonly [number, number])[],
): Promise<void> {
  const element = page.locator(selector).first();
  await element.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await element.boundingBox())!;
  const [first, ...others] = places.map(([across, down]) => [x + across * width, y + down * height] as const);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const place of others) await page.mouse.move(...place, { steps: 12 });
  await page.mouse.up();
}

/** Presses Tab until an element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

const SEVEN = [[0.25, 0.2], [0.72, 0.2], [0.42, 0.85]] as const;

browserTest("a seven that is drawn with the mouse is read as 7, and a link shows it again", async (visit) => {
  const { page, address, context } = visit;
  await page.goto(address);
  await page.locator(".verdict").first().waitFor();
  const entries = await page.evaluate(() => history.length);
  await drag(page, "#sheet", SEVEN);
  await answers(page, "7");
  await page.getByText(/Made up its mind: 7 from line \d+ on/).waitFor();
  await addressIs(page, /^#ink=[\w-]{40,}$/);
  assert.equal(await page.evaluate(() => history.length), entries, "no entry of the history for each stroke");

  const seen = await page.evaluate(picture, ".seen");
  const other = await context.newPage();
  await other.goto(page.url());
  await answers(other, "7");
  assert.equal(await other.evaluate(picture, ".seen"), seen, "the same pixels");

  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Draw a digit: below is").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await answers(page, "7");
}, still);

browserTest(
  "a dot is seen, and a drawing too small for a digit is said to be that",
  async ({ page, address }) => {
    await page.goto(address);
    await answers(page, "7");
    await drag(page, "#sheet", [[0.5, 0.5]]);
    await page.getByText(/^This is too small for a digit/).waitFor();
    const inked = await page.locator("#sheet").evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas, { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
      return data.filter((value, i) => i % 4 === 3 && value > 127).length / (width * height);
    });
    assert.ok(Math.abs(inked - Math.PI * (38 / 1023) ** 2) < 5e-4, String(inked));
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText(/^Draw a digit: below is/).waitFor();
  },
  still,
);

browserTest(
  "the sheet stays under the pen when a drawing takes the place of a test digit",
  async ({ page, address }) => {
    await page.goto(`${address}#digit=1`);
    await answers(page, "2");
    const sheet = page.locator("#sheet"), { x, y, width, height } = (await sheet.boundingBox())!;
    await page.locator(".desk").evaluate((desk) => desk.scrollTop = 1e4);
    const top = (await sheet.boundingBox())!.y;
    assert.ok(top < y, "the desk is taller than the window");
    await page.mouse.move(x + 0.3 * width, top + 0.6 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.7 * width, top + 0.6 * height, { steps: 12 });
    await page.mouse.up();
    await addressIs(page, /^#ink=/);
    assert.equal((await sheet.boundingBox())!.y, top);
    const { source } = readAddress(await page.evaluate(() => location.hash)).place;
    assert.ok(source?.kind === "strokes" && new Set(source.strokes.flat().map(({ y }) => y)).size === 1);
  },
  { context: { ...still.context, viewport: { width: 1280, height: 560 } } },
);

browserTest(
  "a network with long class names, or many layers, stays within its card",
  async ({ page, address }) => {
    const classNames = [
      "T-shirt/top",
      "Trouser",
      "Ankle boot",
      "a very long name of a class that nobody would choose",
      "Averyveryverylongclassnamewithoutspaces",
    ];
    const network = createClassifier({
      inputSize: 28,
      layers: [
        {
          kind: "bidirectional",
          merge: "concat",
          forward: { kind: "lstm", hiddenSize: 128, returnSequences: true },
        },
        { kind: "bidirectional", merge: "concat", forward: { kind: "gru", hiddenSize: 12 } },
        { kind: "dense", units: 5 },
      ],
    });
    const parameters = Float32Array.from({ length: network.size }, (_, i) => Math.sin(i) / 4);
    parameters[network.size - 1] = 9; // the bias of the longest name
    for (const axis of ["rows", "columns"] as const) {
      const model = modelConfig({ network, T: 28, sequence: { axis, range: [0, 1] }, classNames });
      const zip = zipSync({
        "config.json": new TextEncoder().encode(JSON.stringify({ recipe: "mine", model })),
        "model/weights.bin": new Uint8Array(parameters.buffer),
      });
      await page.goto("about:blank");
      await page.goto(address);
      await answers(page, "7");
      await page.locator('input[accept^=".safetensors"]')
        .setInputFiles({ name: "mine.zip", mimeType: "", buffer: Buffer.from(zip) });
      await page.getByText("Cell 1 of 128").waitFor();
      for (const width of [320, 360, 700, 768, 1280, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        const found = await page.evaluate(() => {
          const card = document.querySelectorAll("article")[1], { right } = card.getBoundingClientRect();
          const wide = [...card.querySelectorAll("*")].filter((one) =>
            one.getBoundingClientRect().right > right
          );
          const text = card.querySelector(".verdict p")!.getBoundingClientRect();
          return {
            wide: wide.map(({ className }) => String(className)),
            text: text.width,
            lines: text.height,
          };
        });
        assert.deepEqual(found.wide, [], `${axis}, ${width} px`);
        assert.ok(found.text > 80 && found.lines < 400, `${axis}, ${width} px: ${JSON.stringify(found)}`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${axis}, ${width} px: ${overflow} px too wide`);
      }
    }
  },
  still,
);

browserTest(
  "a finger draws a seven on a phone, and the page stays where it is",
  async ({ page, address }) => {
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    const sheet = page.locator("#sheet"), { x, y, width, height } = (await sheet.boundingBox())!;
    const browser = await page.context().newCDPSession(page), scrolled = () => page.evaluate(() => scrollY);
    const before = await scrolled(),
      corners = SEVEN.map(([across, down]) => [x + across * width, y + down * height]);
    const touch = (
      type: "touchStart" | "touchMove" | "touchEnd",
      points: readonly { x: number; y: number }[],
    ) => browser.send("Input.dispatchTouchEvent", { type, touchPoints: [...points] });
    await touch("touchStart", [{ x: corners[0][0], y: corners[0][1] }]);
    for (const [i, [toX, toY]] of corners.slice(1).entries()) {
      const [fromX, fromY] = corners[i];
      for (let k = 1; k <= 12; k++) {
        await touch("touchMove", [{ x: fromX + k / 12 * (toX - fromX), y: fromY + k / 12 * (toY - fromY) }]);
      }
    }
    await touch("touchEnd", []);
    await answers(page, "7");
    assert.equal(await scrolled(), before);
  },
  phone,
);

browserTest(
  "a finger that scrolls over the image hides no lines; on the marks it does",
  async ({ page, address }) => {
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    const browser = await page.context().newCDPSession(page);
    const swipe = async (selector: string) => {
      await page.locator(selector).first().scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await page.locator(selector).first().boundingBox())!;
      const at = (share: number) => [{ x: x + width / 2, y: y + share * height }];
      await browser.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.8) });
      for (let share = 0.75; share > 0.5; share -= 0.05) {
        await browser.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(share) });
      }
      await browser.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    };
    await swipe(".seen");
    await swipe(".ruler");
    await addressIs(page, /hidden=/);
    await page.getByRole("img", { name: /lines 1[5-6] to 23 are hidden/ }).waitFor();
  },
  phone,
);

/** What a canvas shows. Runs in the page. */
function picture(selector: string): string {
  return document.querySelector<HTMLCanvasElement>(selector)!.toDataURL();
}

browserTest(
  "with the keyboard alone: draw a seven, move the line, choose a cell",
  async ({ page, address }) => {
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    await tabTo(page, "#sheet");
    await press("ArrowLeft", 7);
    await press("Space");
    await press("ArrowRight", 13);
    for (let i = 0; i < 8; i++) await press("ArrowDown"), await press("End");
    await answers(page, "7");
    await page.getByRole("status").filter({ hasText: /after line 28: 7, \S+%/ }).waitFor();
    await press("Space");
    await page.getByRole("status").filter({ hasText: "pen lifted" }).waitFor();

    await tabTo(page, "#scan");
    await press("ArrowLeft", 8);
    assert.match(
      await page.locator("#scan").getAttribute("aria-valuetext") ?? "",
      /^after line 20: \d, \S+%$/,
    );
    await page.getByText(/sure after line 20/).waitFor();

    await tabTo(page, ".states");
    await press("ArrowRight", 3);
    await page.getByText("Cell 4 of 64, along the lines").waitFor();
    assert.match(
      await page.locator(".states").getAttribute("aria-valuetext") ?? "",
      /^cell 4: h is -?[\d.e-]+ after line 20$/,
    );
    assert.equal(await page.locator(".courses svg").count(), 6, "h, c, i, f, g, o");
  },
  still,
);

browserTest(
  "what is undone with the pen down stays undone, and what was there is kept",
  async ({ page, address }) => {
    await page.goto(`${address}#digit=0`);
    await answers(page, "7");
    await page.locator("#sheet").focus();
    const shown = page.getByText("Test digit 0: a 7"), hint = page.getByText("Draw a digit here");
    for (const key of ["Space", "ArrowRight", "Backspace", "ArrowRight"]) await page.keyboard.press(key);
    await page.getByRole("status").filter({ hasText: /^pen at/ }).waitFor();
    await shown.waitFor();
    await page.getByRole("button", { name: "Undo", disabled: true }).waitFor();

    const { x, y, width } = (await page.locator("#sheet").boundingBox())!;
    await page.mouse.move(x + width / 4, y + width / 4);
    await page.mouse.down();
    await page.mouse.move(x + width / 2, y + width / 2, { steps: 4 });
    await hint.waitFor({ state: "hidden" });
    await page.keyboard.press("Control+z");
    await page.mouse.move(x + width / 2, y + width / 4, { steps: 4 });
    await page.mouse.up();
    await shown.waitFor();
    await page.keyboard.press("Delete");
    await hint.waitFor();
    await page.keyboard.press("Backspace");
    await shown.waitFor();
  },
  still,
);

browserTest(
  "where the first network reads columns, columns are hidden and spoken of",
  async ({ page, address }) => {
    await page.goto(`${address}#digit=0&hidden=7&line=0`);
    await page.getByRole("img", { name: "lines 26 to 28 are hidden" }).waitFor();
    await page.locator(".choice select").first().selectOption("lstm-100x2");
    await page.getByRole("status").filter({ hasText: "all columns are shown" }).waitFor();
    await page.locator(".choice select").first().selectOption("lstm-64");
    await page.getByRole("img", { name: "lines 26 to 28 are hidden" }).waitFor();
    await page.locator(".choice select").first().selectOption("lstm-100x2");
    await page.getByText("before the first column").waitFor();
    await addressIs(page, /^#digit=0&nets=lstm-100x2&line=0$/);
    const hiding = page.getByRole("group", { name: "Hide from the network" });
    await hiding.getByRole("button", { name: "column 1", exact: true }).click();
    await page.getByRole("img", { name: "column 1 is hidden" }).waitFor();

    await page.goto(`${address}#digit=0&nets=lstm-100x2&hidden=3`);
    await page.reload();
    await page.getByRole("img", { name: "columns 27 to 28 are hidden" }).waitFor();
  },
  still,
);

browserTest(
  "the focus goes on where a button goes, and stays on one that has done its work",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(`${address}#digit=0&hidden=7`);
    await answers(page, "7");
    const hasFocus = (selector: string, place: number) =>
      page.waitForFunction(
        ([selector, place]) =>
          document.activeElement === document.querySelectorAll(selector as string)[place as number],
        [selector, place],
      );
    await page.getByRole("button", { name: "Compare" }).press("Enter");
    await hasFocus(".choice select", 1);
    await page.getByRole("button", { name: "Show one network only" }).press("Enter");
    await hasFocus(".choice select", 0);
    for (const name of ["Show all", "Clear"]) {
      await page.getByRole("button", { name }).press("Enter");
      await page.getByRole("button", { name, disabled: true }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), name);
    }
  },
  still,
);

browserTest(
  "a network that could not be fetched, or came as another page, is asked for again on request",
  async ({ page, address, requests }) => {
    const file = "**/models/rnn-128.safetensors", again = page.getByRole("button", { name: "Try again" });
    await page.route(file, (route) => route.abort());
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    await page.locator(".choice select").first().selectOption("rnn-128");
    const says = page.locator(NOTICE).getByText(/^Cannot load the network Plain RNN.*: check the connection/);
    await says.waitFor();
    await page.route(file, (route) => route.fulfill({ body: "<!doctype html><p>Log in" }));
    await again.click();
    await says.waitFor();
    await page.unroute(file);
    await again.click();
    await page.getByText("Cell 1 of 128").waitFor();
    assert.equal(await page.locator(NOTICE).innerText(), "");
    assert.equal(requests.filter((path) => path.endsWith("rnn-128.safetensors")).length, 1);
  },
  { context: { reducedMotion: "reduce", serviceWorkers: "block" }, expected: [/Failed to load resource/] },
);

const unserved = {
  context: { reducedMotion: "reduce", serviceWorkers: "block" },
  expected: [/Failed to load resource/],
} as const;

let isDown = true;

browserTest("reading begins again after its worker could not be loaded", async ({ page, address }) => {
  await page.goto(`${address}#digit=0`);
  const said = /^Cannot read: the worker that reads has stopped .* Draw again/;
  await page.locator(NOTICE).getByText(said).waitFor();
  await page.getByRole("article").getByText(said).waitFor();
  isDown = false;
  await page.getByRole("button", { name: "Next test digit" }).click();
  await answers(page, "2");
  assert.equal(await page.locator(NOTICE).innerText(), "");
  assert.equal(await page.getByRole("article").getByText(said).count(), 0);
}, {
  ...unserved,
  answer: (request, usual) =>
    isDown && request.url.endsWith("/workers/reader.js")
      ? new Response("", { status: 404, headers: { "cross-origin-resource-policy": "same-origin" } })
      : usual(request),
});

browserTest("a drawing is read while the test digits do not come", async ({ page, address }) => {
  await page.route("**/mnist/digits.bin", () => {});
  await page.goto(address);
  await page.locator(".verdict").first().waitFor();
  await drag(page, "#sheet", SEVEN);
  await answers(page, "7");
}, unserved);

browserTest("test digits that came as another page are fetched again", async ({ page, address }) => {
  await page.route("**/mnist/digits.bin", (route) => route.fulfill({ body: "<!doctype html><p>Log in" }));
  await page.goto(address);
  await page.locator(NOTICE).getByText(/^Cannot load the test digits: check the connection/).waitFor();
  await page.unroute("**/mnist/digits.bin");
  await page.getByRole("button", { name: "Next test digit" }).click();
  await answers(page, "2");
  assert.equal(await page.locator(NOTICE).innerText(), "");
}, unserved);

browserTest(
  "a network is not spoken of while it is trained, and is at the end",
  async ({ page, address }) => {
    await page.goto(`${address}#digit=0&steps=30`);
    await answers(page, "7");
    await page.getByRole("status").filter({ hasText: "after line 28: 7" }).waitFor();
    await page.evaluate(() => {
      const all: string[] = [], status = document.querySelector(".reading [role=status]")!;
      new MutationObserver(() => all.push(status.textContent!)).observe(status, {
        characterData: true,
        childList: true,
        subtree: true,
      });
      Object.assign(globalThis, { spoken: all });
    });
    await page.getByRole("button", { name: "Train here" }).click();
    await page.getByTestId("sha256").waitFor({ timeout: 240_000 });
    await page.getByRole("status").filter({ hasText: "trained here after line 28" }).waitFor();
    const spoken = await page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken);
    assert.equal(spoken.filter((text) => text.includes("trained here")).length, 1, spoken.join("\n"));
  },
  still,
);

browserTest("a network that never sees the bottom half reads something else", async ({ page, address }) => {
  await page.goto(`${address}#digit=0`);
  await answers(page, "7");
  const verdict = () => page.locator(".verdict").first().innerText();
  const before = await verdict();
  await page.getByRole("button", { name: "the bottom half" }).click();
  await addressIs(page, /hidden=3fff/);
  await page.waitForFunction(
    (text) => document.querySelector<HTMLElement>(".verdict")!.innerText !== text,
    before,
  );
  await page.getByRole("button", { name: "Show all" }).click();
  await page.waitForFunction(
    (text) => document.querySelector<HTMLElement>(".verdict")!.innerText === text,
    before,
  );

  await drag(page, ".seen", [[0.5, 0.76], [0.5, 0.99]]);
  await addressIs(page, /hidden=7f$/);
  await page.getByRole("img", { name: "lines 22 to 28 are hidden" }).waitFor();
  await drag(page, ".ruler", [[0.5, 0.99], [0.5, 0.7]]);
  await addressIs(page, /^#digit=0$/);
}, still);

browserTest("a verdict does not give away what comes later, nor a digit what came before", async (visit) => {
  const { page, address } = visit;
  await page.goto(`${address}#digit=0&line=0`);
  await page.getByText("Has not made up its mind yet").waitFor();
  await page.goto(`${address}#digit=0&line=28`);
  await page.getByText(/Made up its mind: 7/).waitFor();
  await page.evaluate(() => {
    const output = document.querySelector(".tools output")!, labels: string[] = [];
    new MutationObserver(() => labels.push(output.textContent!)).observe(output, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    Object.assign(globalThis, { labels });
  });
  await page.getByRole("button", { name: "Next test digit" }).click();
  await page.getByText("Test digit 1: a 2").waitFor();
  const labels = await page.evaluate(() => (globalThis as unknown as { labels: string[] }).labels);
  assert.deepEqual(labels.filter((text) => text !== "Test digit 1" && text !== "Test digit 1: a 2"), []);
}, still);

browserTest("a wrong answer says in words what the digit is", async ({ page, address }) => {
  await page.goto(`${address}#digit=0&line=1`);
  await page.locator(".verdict", { hasText: "sure after line 1 (the digit is a 7)" }).waitFor();
  await page.locator("#scan").press("End");
  await answers(page, "7");
  assert.equal(await page.getByText("the digit is").count(), 0);
}, still);

browserTest("a link shows the same: digit, networks, line and hidden lines", async ({ page, address }) => {
  const hash = "#digit=4&nets=lstm-64,rnn-128&line=14&hidden=7&recipe=train-rnn&seed=2";
  await page.goto(address + hash);
  await page.getByRole("article").nth(1).locator(".heat").waitFor();
  const shows = async () => ({
    line: await page.locator("#scan").inputValue(),
    names: await page.locator(".choice select").evaluateAll((all) =>
      all.map((one) => (one as HTMLSelectElement).value)
    ),
    digit: await page.locator(".tools output").innerText(),
    hidden: await page.locator(".ruler").first().locator(".hidden").count(),
  });
  await page.getByText("Test digit 4: a 4").waitFor();
  const first = await shows();
  assert.deepEqual(first, {
    line: "14",
    names: ["lstm-64", "rnn-128"],
    digit: "Test digit 4: a 4",
    hidden: 3,
  });
  await page.waitForTimeout(1_000);
  assert.equal(await page.evaluate(() => location.hash), hash, "it stays as it was");
  await page.reload();
  await page.getByText("Test digit 4: a 4").waitFor();
  await page.getByRole("article").nth(1).locator(".heat").waitFor();
  assert.deepEqual(await shows(), first);
}, still);

browserTest("a damaged link says what is wrong with it, and shows the rest", async ({ page, address }) => {
  await page.goto(`${address}#digit=zzz&line=5&nets=lstm-64,opened-3`);
  const alert = page.locator(NOTICE);
  await alert.getByText("This link").waitFor();
  assert.equal(await page.locator("#scan").inputValue(), "5");
  await page.getByText(/sure after line 5/).waitFor();
  await alert.getByRole("button", { name: "Close" }).click();
  assert.equal(await alert.innerText(), "");
}, still);

browserTest("what was wrong with a link is not said of the next one", async ({ page, address }) => {
  await page.goto(`${address}#digit=x9`);
  await page.getByText('its "digit" could not be read; the page opens as usual').waitFor();
  await page.evaluate(() => {
    location.hash = "#digit=4";
    history.replaceState(null, "", location.pathname); // as the page does, before it hears of the link
  });
  await page.locator(NOTICE).getByText("could not be read").waitFor({ state: "detached" });
  await page.getByText("Test digit 4: a 4").waitFor();
}, still);

browserTest("an empty sheet comes back, and a link that replaces a drawing can be undone", async (visit) => {
  const { page, address } = visit;
  await page.goto(address);
  await answers(page, "7");
  await page.getByRole("button", { name: "Clear" }).click();
  await addressIs(page, /^#sheet=empty$/);
  await page.reload();
  await page.getByText("Draw a digit: below is").waitFor();

  await drag(page, "#sheet", SEVEN);
  await addressIs(page, /^#ink=/);
  const ink = await page.evaluate(() => location.hash);
  await page.goto(`${address}#line=14&hidden=x&nets=opened-3`);
  await page.getByText("Test digit 0: a 7").waitFor();
  await page.getByText(/sure after line 14/).waitFor();
  await page.locator(NOTICE).getByText(/is damaged: .*\. This link names a network/).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForFunction((ink) => location.hash.startsWith(ink), ink);
}, still);

browserTest(
  "networks open from files, beside the first; what is none is refused in one sentence",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    await page.getByText("What you see, keys").click();
    const file = page.locator('input[accept^=".safetensors"]');
    const model = new URL("../../page/models/rnn-128.safetensors", import.meta.url).pathname;
    await file.setInputFiles(model);
    const second = page.getByRole("article", { name: "rnn-128" });
    await second.getByText("Cell 1 of 128").waitFor();
    assert.equal(await page.getByRole("article").count(), 2);

    const bytes = (await Deno.readFile(model)).subarray(0, 5_000);
    await file.setInputFiles({ name: "half.safetensors", mimeType: "", buffer: Buffer.from(bytes) });
    await page.locator(NOTICE).getByText(/^Cannot/).waitFor();
    assert.equal(await page.getByRole("article").count(), 2, "what was shown stays");
    await page.locator(NOTICE).getByRole("button", { name: "Close" }).press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "sheet");

    await page.getByRole("button", { name: "Remove rnn-128" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.matches(".choice select"));
    assert.equal(await page.getByRole("article").count(), 1);
    assert.equal(await page.getByRole("option", { name: "rnn-128" }).count(), 0);
    await answers(page, "7");
  },
  still,
);

/** Drops a file or a folder of this machine on the page. */
async function drop(page: Page, path: string): Promise<void> {
  const chromium = await page.context().newCDPSession(page),
    data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await chromium.send("Input.dispatchDragEvent", { type, x: 100, y: 300, data });
  }
}

browserTest(
  "the folder of a run, its zip and a picture open where they are dropped, and a picture that is pasted",
  async ({ page, address }) => {
    const folder = await Deno.makeTempDir();
    try {
      const network = createClassifier({
        inputSize: 28,
        layers: [{ kind: "gru", hiddenSize: 6 }, { kind: "dense", units: 10 }],
      });
      const parameters = Float32Array.from({ length: network.size }, (_, i) => Math.sin(i));
      const sequence = { axis: "rows", range: [0, 1] } as const, classNames = [..."0123456789"];
      const model = modelConfig({ network, T: 28, sequence, classNames });
      const files: Record<string, Uint8Array> = {
        "config.json": new TextEncoder().encode(JSON.stringify({ recipe: "train-gru", model })),
        "model/weights.bin": new Uint8Array(parameters.buffer),
        "checkpoints/3/state.safetensors": new Uint8Array(9),
      };
      for (const [path, bytes] of Object.entries(files)) {
        const to = `${folder}/train-gru/mine/${path}`;
        await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
        await Deno.writeFile(to, bytes);
      }
      await Deno.writeFile(`${folder}/zipped.zip`, zipSync(files));
      await Deno.writeFile(`${folder}/ring.png`, ringOf(100));

      await page.goto(address);
      await answers(page, "7");
      await drop(page, `${folder}/train-gru`);
      const second = page.getByRole("article").nth(1);
      await second.getByText("Cell 1 of 6").waitFor();
      assert.equal(
        await second.getByRole("combobox").first().locator("option:checked").innerText(),
        "train-gru/mine",
      );
      await drop(page, `${folder}/zipped.zip`);
      await page.getByRole("article", { name: "train-gru", exact: true }).getByText("Cell 1 of 6").waitFor();
      await drop(page, `${folder}/ring.png`);
      await answers(page, "0");
      await drop(page, `${folder}/train-gru/mine/model`);
      await page.locator(NOTICE).getByText(/^Cannot open a network: it must be the folder of a run/)
        .waitFor();

      await page.getByRole("button", { name: "Clear" }).click();
      await page.evaluate((bytes) => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([Uint8Array.from(bytes)], "ring.png", { type: "image/png" }));
        dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
      }, [...ringOf(100)]);
      await answers(page, "0");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  still,
);

/** A PNG of a ring on light ground, with soft edges. */
function ringOf(side: number): Uint8Array {
  const lines = Array.from({ length: side }, (_, y) => [
    0, // no filter
    ...Array.from({ length: side }, (_, x) => {
      const radius = Math.hypot(x - side / 2, 0.8 * (y - side / 2)) / side;
      return Math.round(255 * Math.min(1, Math.max(0.1, Math.abs(radius - 0.25) * 40)));
    }),
  ]);
  return png({ width: side, height: side, depth: 8, colour: 0 }, lines.flat());
}

browserTest(
  "a large picture is prepared to the same pixels as in Deno; one that is too large is refused",
  async ({ page, address }) => {
    await page.goto(address);
    await page.locator(".verdict").first().waitFor();
    const ring = ringOf(700), input = page.locator('input[accept^="image/"]');
    const choose = (bytes: Uint8Array) =>
      input.setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from(bytes) });
    await choose(ring);
    await addressIs(page, /^#image=/);
    const { source } = readAddress(await page.evaluate(() => location.hash)).place;
    assert.deepEqual(source, { kind: "pixels", pixels: prepareRaster(await decodePicture(ring)) });
    await answers(page, "0");

    const size = { width: 8_192, height: 4_097 };
    const lines = new Uint8Array(size.height * (size.width / 8 + 1));
    const data = chunk("IDAT", deflateSync(lines));
    await choose(file(header({ ...size, depth: 1, colour: 0 }), data, chunk("IEND", new Uint8Array(0))));
    await page.locator(NOTICE).getByText(
      "Cannot read the picture: width × height must be 1 to 33554432 pixels: current value is 8192 × 4097",
    ).waitFor();
  },
  still,
);

browserTest(
  "the line moves by itself where that is welcome, and not where motion is reduced",
  async (visit) => {
    const { page, address, context } = visit;
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await page.goto(address);
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.getByRole("button", { name: "Play" }).waitFor();
    assert.equal(await page.locator("#scan").inputValue(), "28", "it reads to the end and stops");

    const other = await context.newPage();
    await other.emulateMedia({ reducedMotion: "reduce" });
    await other.goto(address);
    await other.locator(".verdict > b").first().waitFor();
    assert.equal(await other.locator("#scan").inputValue(), "28");
    assert.equal(await other.getByRole("button", { name: "Pause" }).count(), 0);
  },
);

browserTest(
  "axe-core finds nothing to improve beside two networks and open help",
  async ({ page, address }) => {
    await page.goto(`${address}#digit=4&nets=lstm-64,rnn-128&line=14&hidden=7`);
    await page.getByRole("article").nth(1).locator(".heat").waitFor();
    await page.getByText("What you see, keys").click();
    assert.deepEqual(await findingsOfAxe(page), []);
  },
  { context: { reducedMotion: "reduce", viewport: { width: 360, height: 800 }, hasTouch: true } },
);
