/**
 * The examples, each in a folder with a configuration of its own, as a reader runs them.
 */
import assert from "node:assert/strict";
import { LACKING_ADAPTER } from "./support/adapter.ts";
import { lacking } from "./support/permissions.ts";
import { testUnless } from "./engines/test_unless.ts";

const folder = new URL("../examples/stock_webgpu", import.meta.url).pathname;
const lack = lacking([{ name: "run" }, { name: "env" }]) ?? LACKING_ADAPTER;

async function deno(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).output();
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: said, stderr: complaint };
}

testUnless(lack, "TensorFlow.js trains a model with a convolution on its WebGPU backend", async () => {
  const { code, stdout, stderr } = await deno("task", "-q", "train");
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split("\n");
  assert.match(
    lines[0],
    /^Cannot fit the model: class of layer "conv1d_\w+" must be .*: current value is Conv1D$/,
  );
  const losses = lines.flatMap((line) => /Loss: ([\d.]+)/.exec(line)?.[1] ?? []).map(Number);
  assert.equal(losses.length, 6);
  assert.ok(losses[5] < losses[0], losses.join(" "));
  assert.equal(JSON.parse(lines.at(-1)!).backend, "webgpu");
});

testUnless(lacking([{ name: "run" }]), "the examples are written as the project is", async () => {
  for (const args of [["fmt", "--check", "."], ["lint", "."], ["check", "train.ts"]]) {
    const { code, stdout, stderr } = await deno(...args);
    assert.equal(code, 0, stdout + stderr);
  }
});
