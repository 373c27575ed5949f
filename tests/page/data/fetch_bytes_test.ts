import assert from "node:assert/strict";
import { fetchBytes } from "../../../page/data/fetch_bytes.ts";

const answering = (answer: () => Response) => (() => Promise.resolve(answer())) as typeof fetch;

Deno.test("fetchBytes() gives the bytes of a file, and tells how many have come", async () => {
  const told: number[] = [], fetch = answering(() => new Response(Uint8Array.of(1, 2, 3)));
  const bytes = await fetchBytes("a.bin", { fetch, sizeBytes: 3, onBytes: (loaded) => told.push(loaded) });
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.equal(told.at(-1), 3);
});

Deno.test("fetchBytes() refuses what is not the file: an error, another page, a part of it, and silence", async () => {
  const refuses = (answer: () => Response, message: RegExp) =>
    assert.rejects(
      fetchBytes("a.bin", { fetch: answering(answer), sizeBytes: 3, patienceMs: 20 }),
      message,
    );
  await refuses(() => new Response("no", { status: 404 }), /HTTP status 404/);
  await refuses(() => new Response("<!doctype html>"), /15 bytes in place of 3/);
  await refuses(() => new Response(Uint8Array.of(1, 2)), /2 bytes in place of 3/);
  await refuses(() => new Response(new ReadableStream()), /nothing came for 0 seconds/);
});
