import assert from "node:assert/strict";
import { expandTemplate } from "../../../lib/engines/webgpu/template.ts";

const lines = (...all: string[]) => all.join("\n");

Deno.test("expandTemplate() takes one side of a block, and repeats the lines of another", () => {
  const template = lines(
    "a",
    "#if ON",
    "b",
    "#else",
    "c",
    "#end",
    "  #each N",
    "  w$k = x[$ku];",
    "  #end",
    "d",
  );
  assert.equal(
    expandTemplate(template, { ON: 1, N: 2 }),
    lines("a", "b", "  w0 = x[0u];", "  w1 = x[1u];", "d"),
  );
  assert.equal(expandTemplate(template, { ON: 0, N: 0 }), lines("a", "c", "d"));
});

Deno.test("expandTemplate() takes blocks that lie in one another", () => {
  const template = lines("#if A", "#if B", "both", "#else", "a", "#end", "#each N", "$k", "#end", "#end");
  assert.equal(expandTemplate(template, { A: 1, B: 1, N: 1 }), lines("both", "0"));
  assert.equal(expandTemplate(template, { A: 7, B: 0, N: 0 }), "a");
  assert.equal(expandTemplate(template, { A: 0, B: 1, N: 3 }), "");
});

Deno.test("expandTemplate() refuses blocks that are not closed, not open, or name nothing", () => {
  const refuses = (template: string, message: string) => {
    assert.throws(() => expandTemplate(template, { A: 1 }), { name: "SyntaxError", message });
  };
  refuses("#if A", "Cannot expand the template: every block must have its #end");
  refuses("#end", "Cannot expand the template: #end must follow #if or #each");
  refuses("#else", "Cannot expand the template: #else must follow #if or #each");
  refuses(
    "#if B\n#end",
    "Cannot expand the template: a block must name one of its values: current value is B",
  );
  refuses(
    "#each\n#end",
    "Cannot expand the template: a block must name one of its values: current value is undefined",
  );
});
