import assert from "node:assert/strict";
import { gzipSync } from "fflate";
import type { Split } from "../../../core.ts";
import { LoadError, type LoadProgress, PartLoader } from "../../../page/data/load.ts";
import { encodeParts } from "../../../page/data/parts.ts";

function split(count: number, seed: number): Split {
  const pixels = Uint8Array.from({ length: count * 6 }, (_, i) => (i * seed) % 251);
  return { pixels, labels: Uint8Array.from({ length: count }, (_, n) => n % 10), count, height: 2, width: 3 };
}

const splits = { train: split(6_500, 31), test: split(2_100, 17) };
const files = await encodeParts(splits, gzipSync);
const folder = new URL("https://page.test/mnist/");

/** A server of the parts, which answers some files as it is told. */
function serve(odd: Record<string, () => Response | Promise<Response>> = {}) {
  const asked: string[] = [];
  const serving = ((url: URL) => {
    const name = url.pathname.split("/").at(-1)!;
    asked.push(name);
    return Promise.resolve(odd[name]?.() ?? new Response(files.get(name)!.slice()));
  }) as typeof fetch;
  return { asked, fetch: serving };
}

Deno.test("PartLoader.first() fetches the first part alone where that is enough, and nothing twice", async () => {
  const { asked, fetch } = serve();
  const loader = new PartLoader({ folder, fetch });
  const few = await loader.first("train", 6_400);
  assert.deepEqual(asked, ["index.json", "train-00.bin"]);
  assert.deepEqual([few.count, few.pixels.length], [6_400, 6_400 * 6]);
  assert.deepEqual(new Uint8Array(few.pixels), splits.train.pixels.subarray(0, 6_400 * 6));
  const all = await loader.first("train", null), test = await loader.first("test", null);
  assert.deepEqual(asked, ["index.json", "train-00.bin", "train-01.bin", "test-00.bin", "test-01.bin"]);
  assert.deepEqual(new Uint8Array(all.pixels), splits.train.pixels);
  assert.deepEqual(new Uint8Array(test.labels), splits.test.labels);
  assert.ok(few.pixels.buffer === all.pixels.buffer, "the same memory");
});

Deno.test("PartLoader tells how many bytes of all that was asked for have come", async () => {
  const told: LoadProgress[] = [];
  const loader = new PartLoader({ folder, ...serve(), onProgress: (progress) => told.push(progress) });
  await Promise.all([loader.first("train", null), loader.first("test", null)]);
  const totalBytes = [...files].reduce(
    (sum, [name, { length }]) => sum + (name.endsWith(".bin") ? length : 0),
    0,
  );
  assert.deepEqual(told.at(-1), { loadedBytes: totalBytes, totalBytes });
  assert.ok(told.every((one, i) => i === 0 || one.loadedBytes >= told[i - 1].loadedBytes));
});

Deno.test("PartLoader says what could not be loaded and what to do, and another attempt loads only that", async () => {
  let works = false;
  const { asked, fetch } = serve({
    "train-01.bin": () =>
      works ? new Response(files.get("train-01.bin")!.slice()) : new Response("", { status: 503 }),
  });
  const loader = new PartLoader({ folder, fetch });
  await assert.rejects(loader.first("train", null), (error) => {
    assert.ok(error instanceof LoadError);
    assert.match(
      error.message,
      /^Cannot load MNIST: train-01.bin could not be loaded \(HTTP status 503\). Check the/,
    );
    return true;
  });
  works = true;
  assert.equal((await loader.first("train", null)).count, 6_500);
  assert.deepEqual(asked, ["index.json", "train-00.bin", "train-01.bin", "train-01.bin"]);
});

Deno.test("PartLoader refuses other bytes, a page in the place of the index, and a server that falls silent", async () => {
  const silent = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(9)) });
  const cases: [string, () => Response, RegExp][] = [
    [
      "train-00.bin",
      () => new Response(files.get("test-00.bin")!.slice()),
      /train-00.bin .*must hold 44800 bytes/,
    ],
    ["index.json", () => new Response("<!doctype html>"), /index.json .*must be JSON/],
    ["index.json", () => Response.error(), /index.json/],
    ["train-00.bin", () => new Response(silent), /train-00.bin .*nothing came for 0 seconds/],
  ];
  for (const [name, answer, message] of cases) {
    const { fetch } = serve({ [name]: answer });
    const loader = new PartLoader({ folder, fetch, patienceMs: 60 });
    await assert.rejects(loader.first("train", 100), message);
  }
});

Deno.test("PartLoader asks for four parts at a time: one that waits for its turn is not late", async () => {
  const many = await encodeParts({ train: split(40_000, 31), test: splits.test }, gzipSync);
  let running = 0, most = 0;
  const slow = (async (url: URL) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 40));
    running--;
    return new Response(many.get(url.pathname.split("/").at(-1)!)!);
  }) as typeof fetch;
  const loader = new PartLoader({ folder, fetch: slow, patienceMs: 70 });
  const [train, test] = await Promise.all([loader.first("train", null), loader.first("test", null)]);
  assert.deepEqual([train.count, test.count, most], [40_000, 2_100, 4]);
});

Deno.test("PartLoader.first() refuses more images than there are", async () => {
  await assert.rejects(
    new PartLoader({ folder, ...serve() }).first("test", 2_101),
    /there are 2100: current value is/,
  );
});
