import assert from "node:assert/strict";
import type { Reader } from "../../../page/reading/reader.ts";
import type { FoundFile } from "../../../page/reading/run_folder.ts";
import { models, shown } from "../../../page/state.ts";

// What the page asks of the browser when it is loaded.
Object.assign(globalThis, { matchMedia: () => ({ matches: true, addEventListener() {} }) });
const { openNetwork } = await import("../../../page/reading/open.ts");
const { notice } = await import("../../../page/reading/follow.ts");

const about = { axis: "rows", reversed: false, shuffled: false, classNames: ["0", "1"], scaled: false };

const closed: string[] = [];

/** A reader that opens all, and of which some reads fail. */
function readerThat(read: () => Promise<unknown> = () => Promise.resolve({})): Reader {
  const close = (id: string) => closed.push(id);
  return { open: () => Promise.resolve(about), read, close } as unknown as Reader;
}

function fileOf(name: string, bytes: Promise<unknown> = Promise.resolve()): FoundFile {
  return {
    path: `${name}.safetensors`,
    sizeBytes: 1,
    bytes: async () => (await bytes, new Uint8Array(1)),
  };
}

const namesShown = () => shown.value.map((id) => models.value.find((one) => one.id === id)?.name ?? id);

Deno.test("the network that was asked for last is shown, whichever is open first; all join the list", async () => {
  const slow = Promise.withResolvers<void>();
  const first = openNetwork(readerThat(), [fileOf("a", slow.promise)]);
  await openNetwork(readerThat(), [fileOf("b")]);
  slow.resolve();
  await first;
  assert.deepEqual(namesShown(), ["lstm-64", "b"]);
  assert.deepEqual(models.value.map(({ name }) => name), ["b", "a"]);
});

Deno.test("a network does not take the place of one that was chosen while it was opened", async () => {
  const slow = Promise.withResolvers<void>();
  const opening = openNetwork(readerThat(), [fileOf("c", slow.promise)]);
  shown.value = ["rnn-128"];
  slow.resolve();
  await opening;
  assert.deepEqual(namesShown(), ["rnn-128"]);
  assert.ok(models.value.some(({ name }) => name === "c"));
  assert.match(notice.value, /^c is open: choose it/);
});

Deno.test("a network whose answers are not finite does not join the list", async () => {
  const error = new RangeError("the outputs must be finite"), before = models.value;
  await assert.rejects(openNetwork(readerThat(() => Promise.reject(error)), [fileOf("d")]), error);
  assert.equal(models.value, before);
  assert.deepEqual(closed, ["opened-4"]);
});
