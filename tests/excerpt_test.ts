import assert from "node:assert/strict";
import { excerpt, printable, printableLines } from "../lib/excerpt.ts";

Deno.test("excerpt() shows plain data as JSON", () => {
  for (const value of ["text", 1.5, true, null, [1, "a"], { a: [1] }]) {
    assert.equal(excerpt(value), JSON.stringify(value));
  }
  assert.equal(excerpt(undefined), "undefined");
  assert.equal(excerpt(NaN), "NaN");
});

Deno.test("excerpt() names the class of other objects, and calls none of their code", () => {
  assert.equal(excerpt(new Map()), "Map");
  assert.equal(excerpt(new Uint8Array(3)), "Uint8Array(3)");
  assert.equal(excerpt(() => 1), "a function");
  assert.equal(excerpt(10n ** 40n), "a huge bigint");
  assert.equal(excerpt(Object.create(null)), "{}");
  const hostile = {
    get a() {
      throw new Error("called");
    },
    toJSON() {
      throw new Error("called");
    },
    toString() {
      throw new Error("called");
    },
  };
  assert.equal(excerpt(hostile), '{"a":a getter,"toJSON":a function,"toString":a function}');
  const proxy = new Proxy({}, {
    getPrototypeOf() {
      throw new Error("called");
    },
  });
  assert.equal(excerpt(proxy), "an object that hides itself");
  const list = new Proxy([1], {
    get() {
      throw new Error("called");
    },
  });
  assert.equal(excerpt({ list }), "an object that hides itself");
});

Deno.test("excerpt() is short and fast for any size and depth", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key ${i}`, i]));
  for (const value of [deep, cyclic, wide, "x".repeat(1e7), Array(1e6).fill("y".repeat(1e3))]) {
    assert.ok(excerpt(value).length <= 101, excerpt(value));
  }
});

Deno.test("printable() and excerpt() escape what a terminal obeys and what hides text", () => {
  const hostile = "\x1b[31m\x07\r\n\u202e\u200b\u2028\ud800\x9b";
  for (const text of [printable(hostile), excerpt(hostile), excerpt({ [hostile]: hostile })]) {
    assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u);
  }
  assert.equal(printable("Ä 漢字 🙂 ok"), "Ä 漢字 🙂 ok");
});

Deno.test("printableLines() keeps line breaks, and limits their number", () => {
  assert.equal(printableLines("a\n  b\x1b[2J\r"), "a\n  b\\u{1b}[2J\\u{d}");
  for (const text of ["x".repeat(1e7), "y\n".repeat(1e6), "\x1b".repeat(1e7)]) {
    const shown = printableLines(text);
    assert.ok(shown.length < 130_000);
    assert.doesNotMatch(shown, /[^\P{Cc}\n]/u);
    assert.ok(shown.endsWith("…"));
  }
});
