import assert from "node:assert/strict";
import {
  canExtend,
  canUndo,
  clear,
  movePenTo,
  putPenDown,
  replaceSheet,
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

Deno.test("undo and clear tell whether there was anything to do", () => {
  while (undo());
  source.value = { kind: "empty" };
  assert.deepEqual([canUndo.value, undo(), clear()], [false, false, false]);
  putPenDown(from);
  assert.deepEqual([clear(), undo(), undo(), undo()], [true, true, true, false]);
});
