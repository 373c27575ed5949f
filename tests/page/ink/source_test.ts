import assert from "node:assert/strict";
import {
  bring,
  canExtend,
  canUndo,
  clear,
  movePenTo,
  putPenDown,
  redo,
  replaceSheet,
  type Source,
  source,
  undo,
} from "../../../page/ink/source.ts";
import { pointAt } from "../../../page/ink/strokes.ts";

const [from, to] = [pointAt(100, 100), pointAt(100, 300)];

Deno.test("a stroke that was undone, cleared or replaced while the pen was down does not go on", () => {
  for (const lift of [undo, clear, () => replaceSheet({ kind: "digit", number: 3 })]) {
    source.value = { kind: "digit", number: 7 };
    putPenDown(from);
    movePenTo([to]);
    assert.deepEqual(source.value, { kind: "strokes", strokes: [[from, to]] });
    lift();
    const left = source.value;
    assert.equal(canExtend(), false);
    movePenTo([from]);
    assert.equal(source.value, left, "the sheet stays as it is");
    while (undo());
    assert.deepEqual(source.value, { kind: "digit", number: 7 });
  }
});

Deno.test("redo takes undo back, step by step, until something else is done", () => {
  source.value = { kind: "empty" };
  while (undo());
  putPenDown(from);
  movePenTo([to]);
  putPenDown(to);
  const drawn = source.value;
  assert.deepEqual([undo(), undo(), redo(), redo(), redo()], [true, true, true, true, false]);
  assert.equal(source.value, drawn);
  undo();
  clear();
  assert.equal(redo(), false);
});

Deno.test("undo and clear tell whether there was anything to do", () => {
  while (undo());
  source.value = { kind: "empty" };
  assert.deepEqual([canUndo.value, undo(), clear()], [false, false, false]);
  putPenDown(from);
  assert.deepEqual([clear(), undo(), undo(), undo()], [true, true, true, false]);
});

Deno.test("what takes a while to get does not come on a sheet that has changed, nor after what was asked for later", async () => {
  const digit = (number: number): Source => ({ kind: "digit", number });
  source.value = { kind: "empty" };
  const slow = Promise.withResolvers<Source>();
  const first = bring(slow.promise), second = bring(Promise.resolve(digit(2)));
  assert.equal(await second, true);
  slow.resolve(digit(1));
  assert.equal(await first, false);
  assert.deepEqual(source.value, digit(2));

  const late = Promise.withResolvers<Source>(), third = bring(late.promise);
  putPenDown(from);
  late.resolve(digit(3));
  assert.equal(await third, false);
  assert.equal(source.value.kind, "strokes");
});
