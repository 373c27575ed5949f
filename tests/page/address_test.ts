import assert from "node:assert/strict";
import fc from "fast-check";
import { type Place, readAddress, writeAddress } from "../../page/address.ts";
import { pointAt } from "../../page/ink/strokes.ts";
import { USUAL } from "../../page/training/settings.ts";

const none = Array.from({ length: 28 }, () => false);
const usual = { shown: ["lstm-64"], line: 28, hidden: none, settings: USUAL };
const place: Place = { ...usual, source: { kind: "digit", number: 7 } };

function there(changes: Partial<Place>) {
  const { place: found, damaged } = readAddress(`#${writeAddress({ ...place, ...changes }, usual)}`);
  assert.deepEqual(damaged, []);
  return found;
}

Deno.test("an address says only what is not as usual", () => {
  const settings = { ...USUAL, recipe: "train-rnn", seed: 2, limit: null };
  assert.equal(writeAddress({ ...usual, source: { kind: "empty" } }, usual), "sheet=empty");
  assert.equal(writeAddress(place, usual), "digit=7");
  assert.equal(
    writeAddress({ ...place, shown: ["lstm-64", "rnn-128"], line: 14, settings }, usual),
    "digit=7&nets=lstm-64,rnn-128&line=14&recipe=train-rnn&seed=2&images=all",
  );
});

Deno.test("readAddress() finds what writeAddress() wrote", () => {
  const hidden = none.map((_, line) => line >= 14);
  const settings = { recipe: "train-gru", seed: 2 ** 32 - 1, learningRate: 0.5 };
  const changes = { shown: ["rnn-128"], line: 0, hidden };
  assert.deepEqual(there({ ...changes, settings: { ...USUAL, ...settings } }), {
    source: place.source,
    ...changes,
    settings,
  });
  assert.deepEqual(there({ source: { kind: "empty" } }).source, { kind: "empty" });
  const strokes = [[pointAt(1, 2), pointAt(300, 400)], [pointAt(1023, 0)]];
  assert.deepEqual(there({ source: { kind: "strokes", strokes } }).source, { kind: "strokes", strokes });
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 28, maxLength: 28 }), (hidden) => {
    assert.deepEqual(there({ hidden }).hidden ?? none, hidden);
  }));
  const pixels = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })), {
    minLength: 784,
    maxLength: 784,
  });
  fc.assert(
    fc.property(pixels, (values) => {
      const source = { kind: "pixels", pixels: Uint8Array.from(values) } as const;
      assert.deepEqual(there({ source }).source, source);
    }),
    { numRuns: 5 },
  );
});

Deno.test("pixels are written shortly: black costs two characters or three a run", () => {
  const text = writeAddress({ ...place, source: { kind: "pixels", pixels: new Uint8Array(784) } }, usual);
  assert.ok(text.length < 25, text);
});

Deno.test("drawings stand in an address without toBase64(), which older browsers lack", () => {
  const { toBase64 } = Object.getOwnPropertyDescriptors(Uint8Array.prototype) as PropertyDescriptorMap;
  Reflect.deleteProperty(Uint8Array.prototype, "toBase64");
  try {
    const source = { kind: "strokes", strokes: [[pointAt(1, 2), pointAt(300, 400)]] } as const;
    assert.deepEqual(there({ source }).source, source);
  } finally {
    Object.defineProperty(Uint8Array.prototype, "toBase64", toBase64);
  }
});

Deno.test("damaged parts are named and left out, and nothing else is lost", () => {
  const hash = "#digit=x&nets=lstm-64&line=29&hidden=10000000&ink=AA&image=AA&recipe=%3Cb%3E&seed=-1&rate=x";
  const { place, damaged } = readAddress(hash);
  assert.deepEqual(place, { shown: ["lstm-64"] });
  assert.deepEqual(damaged, ["digit", "line", "hidden", "ink", "image", "recipe", "seed", "rate"]);
  assert.deepEqual(readAddress("#digit=200&sheet=full").damaged, ["digit", "sheet"]);
  assert.deepEqual(readAddress("#nets=a,b,c").damaged, ["nets"]);
  assert.deepEqual(readAddress("#nets=a%2Cb").place, { shown: ["a", "b"] }, "as programs pass it on");
  assert.deepEqual(readAddress("#nets=%").damaged, ["nets"]);
  assert.deepEqual(readAddress(`#digit=${"1".repeat(30_000)}`), { place: {}, damaged: ["address"] });
});

Deno.test("links within the page, and parts of other programs, say nothing", () => {
  for (const hash of ["", "#", "#reading", "#utm=1", "#constructor=1&__proto__=2&toString="]) {
    assert.deepEqual(readAddress(hash), { place: {}, damaged: [] }, hash);
  }
});

Deno.test("readAddress() takes any text", () => {
  const part = fc.tuple(
    fc.constantFrom("digit", "ink", "image", "nets", "line", "hidden", "seed", "images"),
    fc.string(),
  );
  fc.assert(fc.property(fc.array(part), (parts) => {
    readAddress(`#${parts.map((part) => part.join("=")).join("&")}`);
  }));
});
