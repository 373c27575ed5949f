/**
 * The page as a whole, in a browser: what it may load, and what it does without a network.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { writeFolder } from "../../page/build/folder.ts";
import { openFolder } from "../../page/build/serve.ts";
import { browserTest, builtPage, findingsOfAxe, openSite, type Visit, type VisitOptions } from "./browser.ts";
import { readFolder } from "./build_page.ts";

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
  assert.equal(await page.locator("#page > .late").count(), 0);
  assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), true);
  assert.match(await page.locator("#isolation").innerText(), /all cores/);
});

browserTest(
  "a page whose server does not isolate it says so, and is isolated from its second visit on",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    assert.match(await page.locator("#isolation").innerText(), /one thread.* same bits/);
    assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), false);
    await page.locator("#isolation", { hasText: "Load the page again to use all cores" }).waitFor();
    await page.reload();
    await page.locator("#isolation", { hasText: "This page is isolated" }).waitFor();
    assert.equal(await page.evaluate(() => globalThis.crossOriginIsolated), true);
    await page.getByText(/sure after line \d/).waitFor();
    const asked = page.waitForResponse(/workers\/reader\.js/);
    await page.evaluate(() => fetch("workers/reader.js"));
    assert.match((await (await asked).allHeaders())["content-security-policy"], /connect-src 'self'/);
  },
  { isolated: false, answer: withoutPolicy },
);

/** As a server that knows nothing of policies. */
function withoutPolicy(request: Request, usual: (request: Request) => Response): Response {
  const response = usual(request);
  response.headers.delete("content-security-policy");
  return response;
}

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
      "models/lstm-100x2.safetensors",
      "mnist/digits.bin",
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
    assert.equal(await ask("mnist/train-00.bin"), 200);
    await waitUntilCached(visit, "mnist/train-00.bin");
    assert.equal(await ask("mnist/nothing.bin"), 404);
    await visit.goOffline();
    assert.equal(await ask("mnist/train-00.bin"), 200);
    assert.equal(await ask("mnist/train-01.bin"), "failed");
    assert.equal(await ask("mnist/nothing.bin"), "failed");
  },
  { expected: [/Failed to load resource/] },
);

browserTest("without main.js the page says what to do", async ({ page, address }) => {
  await page.goto(address);
  await page.locator("#page > p", { hasText: /load the page again/ }).waitFor();
  await page.waitForFunction(() => getComputedStyle(document.querySelector("#page > p")!).opacity === "1");
}, {
  expected: [/404/],
  answer: (request, usual) =>
    new URL(request.url).pathname === "/main.js" ? new Response("", { status: 404 }) : usual(request),
});

browserTest("what a browser lacks is named before anything fails", async ({ page, address }) => {
  await page.addInitScript(() => Reflect.deleteProperty(Promise, "withResolvers"));
  await page.goto(address);
  await page.locator("[role=alert]", { hasText: /lacks Promise\.withResolvers,.* Safari 17\.4/ }).waitFor();
  assert.equal(await page.locator("#page > p").count(), 1);
});

browserTest("history and service workers that refuse are done without", async ({ page, address }) => {
  for (const refuses of ["register", "everything"]) {
    await page.addInitScript((refuses) => {
      Object.assign(globalThis, { refusals: 0 });
      const refuse = () => {
        (globalThis as unknown as { refusals: number }).refusals++;
        throw new DOMException("refused", "SecurityError");
      };
      history.replaceState = refuse;
      const serviceWorker = refuses === "register" ? { value: { register: refuse } } : { get: refuse };
      Object.defineProperty(navigator, "serviceWorker", { ...serviceWorker, configurable: true });
    }, refuses);
    await open({ page, address });
    const before = await page.evaluate(() => (globalThis as unknown as { refusals: number }).refusals);
    await page.locator("input[type=range]").first().press("Home");
    await page.waitForFunction(
      (before) => (globalThis as unknown as { refusals: number }).refusals > before,
      before,
    );
  }
});

/** Waits until the service worker has kept a file. */
async function waitUntilCached({ page }: Pick<Visit, "page">, path: string): Promise<void> {
  await page.waitForFunction(async (path) => await globalThis.caches.match(path) !== undefined, path);
}

browserTest("a server that redirects /index.html to / keeps the page from no second visit", async (visit) => {
  const { page, address } = visit;
  await page.goto(address);
  await waitUntilKept(visit);
  await visit.goOffline();
  for (const path of ["", "index.html"]) {
    await page.goto("about:blank");
    await page.goto(address + path);
    await page.getByRole("heading", { name: "Scanline" }).waitFor();
  }
}, {
  answer: (request, usual) =>
    new URL(request.url).pathname === "/index.html"
      ? new Response(null, { status: 308, headers: { location: "/" } })
      : usual(request),
});

const firstHalfCame = Promise.withResolvers<void>();

browserTest(
  "parts of the data set reach the page as they come, and damaged ones are not kept",
  async (visit) => {
    const { page, address } = visit;
    await page.goto(address);
    await waitUntilKept(visit);
    const lengths = await page.evaluate(async () => {
      const { body } = await fetch("mnist/test-00.bin"), lengths: number[] = [];
      for (const reader = body!.getReader();;) {
        const { done, value } = await reader.read();
        if (done) return lengths;
        if (lengths.length === 0) await fetch("the-first-half-came");
        lengths.push(value.length);
      }
    });
    assert.ok(lengths.length >= 2);
    await waitUntilCached(visit, "mnist/test-00.bin");
    const damaged = await page.evaluate(async () => await (await fetch("mnist/test-01.bin")).text());
    assert.equal(damaged, "damaged");
    await page.evaluate(async () => await (await fetch("mnist/test-02.bin")).arrayBuffer());
    await waitUntilCached(visit, "mnist/test-02.bin");
    assert.equal(
      await page.evaluate(async () => await globalThis.caches.match("mnist/test-01.bin")),
      undefined,
    );
  },
  {
    expected: [/status of 404/],
    answer: async (request, usual) => {
      const path = new URL(request.url).pathname;
      if (path === "/the-first-half-came") firstHalfCame.resolve();
      if (path === "/mnist/test-01.bin") return new Response("damaged");
      const response = await usual(request);
      if (path !== "/mnist/test-00.bin") return response;
      const bytes = new Uint8Array(await response.arrayBuffer()), middle = bytes.length >> 1;
      return new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(bytes.subarray(0, middle));
            await firstHalfCame.promise;
            controller.enqueue(bytes.subarray(middle));
            controller.close();
          },
        }),
        response,
      );
    },
  },
);

browserTest("the link that skips to the drawing leaves the address as it is", async ({ page, address }) => {
  await page.goto(`${address}#digit=3&line=14`);
  await page.getByText(/sure after line 14/).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "reading");
  assert.equal(await page.evaluate(() => location.hash), "#digit=3&line=14");
});

/** Opens the page, and waits until a network has read. */
async function open({ page, address }: Pick<Visit, "page" | "address">): Promise<void> {
  await page.goto(address);
  await page.getByText(/sure after line \d/).waitFor();
}

for (const scheme of ["light", "dark"] as const) {
  for (const width of [360, 1600]) {
    browserTest(`axe-core finds nothing to improve: ${scheme}, ${width} px`, async ({ page, address }) => {
      await open({ page, address });
      assert.deepEqual(await findingsOfAxe(page), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px wider than the window`);
    }, { context: { colorScheme: scheme, viewport: { width, height: 900 } } });
  }
}

/** Writes a version of the page that looks the same, with another title. @returns Its files */
async function writeVersion(folder: string, title: string): Promise<void> {
  const { "service.js": service, "files.json": _, ...files } = Object.fromEntries(
    await readFolder(await builtPage()),
  );
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes), encoder = new TextEncoder();
  await writeFolder(
    folder,
    new Map(Object.entries({
      ...files,
      "workers/service.js": encoder.encode(text(service).replace(/^const FILES=.*\n/, "")),
      "index.html": encoder.encode(
        text(files["index.html"]).replace(/<title>.*<\/title>/, `<title>${title}</title>`),
      ),
    })),
  );
}

/** The caches that the page has. */
const caches = ({ page }: Visit) => page.evaluate(async () => await globalThis.caches.keys());

versionTest(
  "a new version replaces the one before when a person asks for it, and not before",
  async (visit, release) => {
    const { page, address } = visit;
    await page.goto(address);
    await waitUntilKept(visit);
    const [first] = await caches(visit);
    assert.equal(await page.evaluate(async () => (await fetch("mnist/test-00.bin")).status), 200);
    await waitUntilCached(visit, "mnist/test-00.bin");

    await release("Second");
    await page.reload();
    const button = page.getByRole("button", { name: "Use it" });
    await button.waitFor();
    assert.equal(await page.title(), "First");
    await button.click();
    await page.waitForFunction(() => document.title === "Second");
    const left = await caches(visit);
    assert.ok(!left.includes(first), "what the first version kept is gone");
    assert.ok(left.some((name) => name.includes(" data ")), "the data set is the same, and stays");
  },
);

versionTest(
  "a version that one tab asks for reloads the others, unless they would lose something",
  async (visit, release) => {
    const { page, address, context } = visit;
    await page.goto(address);
    await waitUntilKept(visit);
    const [idle, busy] = [await context.newPage(), await context.newPage()];
    await busy.goto(address);
    await busy.locator('input[accept^=".safetensors"]')
      .setInputFiles(new URL("../../page/models/rnn-128.safetensors", import.meta.url).pathname);
    await busy.getByRole("article", { name: "rnn-128" }).waitFor();

    await release("Second");
    await page.reload();
    const button = page.getByRole("button", { name: "Use it" });
    await button.waitFor();
    await idle.goto(address);
    await idle.getByRole("button", { name: "Use it" }).waitFor();
    await button.click();
    for (const tab of [page, idle]) await tab.waitForFunction(() => document.title === "Second");
    const again = busy.getByRole("button", { name: "Load it again" });
    await again.waitFor();
    assert.equal(await busy.title(), "First");
    assert.equal(await busy.getByRole("button", { name: "Use it" }).count(), 0);
    assert.match(await busy.locator(".colophon [role=status]").innerText(), /discards.*: rnn-128\./);
    await again.click();
    await busy.waitForFunction(() => document.title === "Second");
  },
);

versionTest(
  "who asks for a new version in the middle of a training is told what that loses, once",
  async (visit, release) => {
    const { page, address } = visit, dialogs: string[] = [];
    page.on("dialog", async (dialog) => {
      dialogs.push(dialog.type());
      await dialog.accept();
    });
    await page.goto(address);
    await waitUntilKept(visit);
    await page.getByLabel("Steps", { exact: true }).fill("50000");
    await page.getByRole("button", { name: "Train here" }).click();
    await page.getByRole("article", { name: /trained here/ }).waitFor();
    await page.locator("#training").getByRole("button", { name: "Pause" }).click();
    await release("Second");
    await page.evaluate(async () => await (await navigator.serviceWorker.ready).update());
    const hasText = /discards.*: the training and .*trained here\./;
    await page.locator(".colophon [role=status]", { hasText }).waitFor();
    await page.getByRole("button", { name: "Use it, and discard that" }).click();
    await page.waitForFunction(() => document.title === "Second");
    assert.deepEqual(dialogs, []);
  },
);

const changed = Promise.withResolvers<void>();

versionTest(
  "a server that changes before the service worker comes leaves no page of one version to the workers of another",
  async ({ page, address }, release) => {
    await page.goto(address);
    await page.getByText(/sure after line \d/).waitFor();
    assert.equal(await page.title(), "First");
    await release("Second");
    changed.resolve();
    await page.waitForFunction(() => document.title === "Second");
    await page.goto(`${address}index.html?with=more`);
    assert.equal(await page.title(), "Second");
    assert.equal(await page.locator(".colophon [role=status] p").count(), 0);
  },
  {
    answer: async (request, usual) => {
      if (new URL(request.url).pathname === "/service.js") await changed.promise;
      return usual(request);
    },
  },
);

versionTest("half of a new version replaces nothing", async (visit, release) => {
  const { page, address } = visit;
  await page.goto(address);
  await waitUntilKept(visit);
  const kept = await caches(visit);
  await release(
    "Second",
    (folder) => Deno.writeTextFile(`${folder}/style.css`, "/* of yet another version */"),
  );
  await page.reload();
  const state = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update().catch(() => null);
    const { installing, waiting } = registration;
    if (installing) await new Promise((resolve) => installing.onstatechange = resolve);
    return (installing ?? waiting)?.state ?? "none";
  });
  assert.ok(["redundant", "none"].includes(state), state);
  await page.reload();
  assert.equal(await page.title(), "First");
  assert.equal(await page.getByRole("button", { name: "Use it" }).count(), 0);
  assert.deepEqual(await caches(visit), kept);
}, { expected: [/digest|integrity/i, /service.?worker/i] });

/** Writes a version and serves it from now on; `damage` changes its folder first. */
type Release = (title: string, damage?: (folder: string) => Promise<void>) => Promise<void>;

/** Declares a test of a page that changes on its server. */
function versionTest(
  name: string,
  fn: (visit: Visit, release: Release) => Promise<void>,
  options: Pick<VisitOptions, "answer" | "expected"> = {},
): void {
  let folder = "", served: Awaited<ReturnType<typeof openFolder>> | undefined;
  const { answer = (request, usual) => usual(request) } = options;
  const release: Release = async (title, damage) => {
    await writeVersion(folder, title);
    await damage?.(folder);
    served = await openFolder(folder);
  };
  browserTest(name, async (visit) => {
    await fn(visit, release).finally(() => Deno.remove(folder, { recursive: true }));
  }, {
    ...options,
    folder: async () => {
      folder = await Deno.makeTempDir();
      await writeVersion(folder, "First");
      return folder;
    },
    answer: (request, usual) => answer(request, (asked) => (served ?? usual)(asked)),
  });
}

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
