import assert from "node:assert/strict";
import {
  BOOLEAN,
  checkOptions,
  FUNCTION,
  instanceOf,
  number,
  OBJECT,
  oneOf,
  optional,
  type Rule,
  type Rules,
  whole,
} from "../lib/options.ts";

const RULES: [Rule, right: unknown[], wrongKind: unknown[], wrongValue: unknown[]][] = [
  [whole(1, 64), [1, 64], ["1", null, [1], 1n, true, { valueOf: () => 1 }], [0, 65, 1.5, NaN, Infinity, -1]],
  [whole(0), [0, 2 ** 53 - 1], [new Number(1)], [2 ** 53, -1]],
  [number("positive", (value) => value > 0), [1e-300, 5], ["5", null], [0, NaN, Infinity]],
  [oneOf("a", "b"), ["a"], [1, null, ["a"]], ["c", "", "toString"]],
  [oneOf(1, 2), [1, 2], ["1", true], [3, NaN]],
  [BOOLEAN, [true, false], ["true", 1, null], []],
  [FUNCTION, [() => 1], ["f", null, {}], []],
  [OBJECT, [{}, Object.create(null)], [null, [], "{}", () => 1], []],
  [instanceOf(AbortSignal), [AbortSignal.abort()], [new AbortController(), {}, null], []],
];

Deno.test("a rule distinguishes the wrong type (TypeError) from a wrong value (RangeError)", () => {
  const hold = (value: unknown, rule: Rule) => () => checkOptions("try", { value }, { value: rule });
  for (const [rule, right, wrongKind, wrongValue] of RULES) {
    const message = new RegExp(`^Cannot try: value must be ${rule.must}: current value is .`);
    for (const value of right) assert.deepEqual(hold(value, rule)(), { value });
    for (const value of wrongKind) assert.throws(hold(value, rule), { name: "TypeError", message });
    for (const value of wrongValue) assert.throws(hold(value, rule), { name: "RangeError", message });
    assert.throws(hold(undefined, rule), { name: "TypeError", message: /: current value is missing$/ });
    assert.deepEqual(hold(undefined, optional(rule))(), {});
    if (rule !== OBJECT) assert.throws(hold(null, optional(rule)), /current value is null/);
  }
});

Deno.test("checkOptions() returns a copy, and names unknown options", () => {
  const rules: Rules<{ size: number; name?: string }> = { size: whole(1), name: optional(oneOf("a")) };
  const options = { size: 3, name: undefined };
  const copy = checkOptions("try", options, rules);
  options.size = 4;
  assert.deepEqual(copy, { size: 3 });
  assert.throws(() => checkOptions("try", { size: 3, sise: 3 } as { size: number }, rules), {
    name: "TypeError",
    message: 'Cannot try: options must be among size, name: current value has "sise"',
  });
  assert.throws(
    () => checkOptions("try", { size: 1, ["\x1b[31m"]: 1 } as { size: number }, rules),
    /\\u\{1b\}\[31m/,
  );
  for (const none of [undefined, null, 3, "size", [1]]) {
    assert.throws(
      () => checkOptions("try", none as never, rules),
      /^TypeError: Cannot try: options must be an object/,
    );
  }
});
