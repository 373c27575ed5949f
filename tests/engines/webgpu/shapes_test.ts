import assert from "node:assert/strict";
import {
  chosenShape,
  describeShape,
  type Shape,
  type Shapes,
  shapesOf,
  USUAL_SHAPE,
} from "../../../lib/engines/webgpu/shapes.ts";
import { share } from "../../support/soak.ts";
import { testShapes } from "./support/shape_tests.ts";

testShapes({ every: share({ usual: 3, soak: 1 }) });

const LIMITS = { threads: 256, bytes: 16384, workgroups: 65535 };
const describeAll = (shapes: readonly Shape[]) => shapes.map(describeShape);

Deno.test("shapesOf() gives the usual shape first, and no more threads than columns or than the adapter has", () => {
  const work = { columns: 148, N4: 16, bytes: () => 1024 };
  const byLanes = (rest: string) =>
    ["4 sequences", "2 sequences", "1 sequence"].map((lanes) => `${lanes}, ${rest}`);
  assert.deepEqual(describeAll(shapesOf(work, { limits: LIMITS, kept: 37 })), [
    describeShape(USUAL_SHAPE),
    ...byLanes("192 threads, by gates"),
    ...byLanes("192 threads, by gates from registers"),
  ]);
  const large = shapesOf({ ...work, columns: 4000 }, { limits: LIMITS, kept: 37 });
  assert.deepEqual(describeAll(large).slice(1), byLanes("256 threads, by gates")); // a column each is too much
  const small = shapesOf({ ...work, columns: 4 }, { limits: LIMITS, kept: 1 });
  assert.ok(small.every(({ threads }) => threads === 64));
});

Deno.test("shapesOf() leaves out what does not fit into workgroup memory, registers or a dispatch", () => {
  const work = { columns: 64, N4: 16, bytes: ({ lanes }: Shape) => 6000 * lanes };
  const fitting = (changes: object, kept = 16) =>
    shapesOf({ ...work, ...changes }, { limits: LIMITS, kept }).map(({ lanes, work }) => `${lanes} ${work}`);
  assert.deepEqual(fitting({}), ["4 units", "2 gates", "1 gates", "2 registers", "1 registers"]);
  assert.deepEqual(fitting({}, 129), ["4 units", "2 gates", "1 gates"]);
  assert.deepEqual(fitting({ N4: 20_000 }), ["4 units", "2 gates", "2 registers"]);
});

Deno.test("chosenShape() takes only what is possible", () => {
  const one: Shape = { lanes: 1, threads: 64, work: "gates" }, possible = [USUAL_SHAPE, one];
  assert.equal(chosenShape({ a: { ...one } }, { label: "a", possible }), one);
  assert.equal(chosenShape({ a: { ...one, threads: 128 } }, { label: "a", possible }), one); // as of another size
  for (const wrong of [{ b: one }, { a: { ...one, lanes: 2 } }, {}] as Shapes[]) {
    assert.equal(chosenShape(wrong, { label: "a", possible }), USUAL_SHAPE);
  }
});
