import assert from "node:assert/strict";
import { lacking, lacks, named } from "./permissions.ts";

const NEEDS = [{ name: "read", path: "lib" }, { name: "run", command: "git" }, { name: "env" }] as const;

Deno.test({
  name: "lacking() names the flags that would give what is missing",
  permissions: "none",
  fn: () => {
    assert.equal(lacking(NEEDS), "needs --allow-read=lib --allow-run=git --allow-env");
    assert.equal(lacks(NEEDS), true);
    assert.equal(named("works", NEEDS.slice(2)), "works (ignored: needs --allow-env)");
  },
});

Deno.test("lacking() of nothing is undefined, and the name stays as it is", () => {
  assert.equal(lacking([]), undefined);
  assert.equal(lacks([]), false);
  assert.equal(named("works", []), "works");
});
