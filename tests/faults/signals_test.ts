/**
 * Ctrl-C and SIGTERM end a run cleanly, twice they end it at once, and either way it can be gone on with.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  makeProject,
  needs,
  parseLines,
  runScript,
  scriptCommand,
  TINY_FLAGS,
} from "../scripts/tiny_project.ts";
import { lacks, named } from "../support/permissions.ts";
import { figuresOf, finalHash } from "./runs.ts";

const FLAGS = [...TINY_FLAGS, "--no-pictures"];

function signalTest(name: string, fn: (path: string) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs) || Deno.build.os === "windows",
    fn: async () => {
      await using project = await makeProject();
      await fn(project.path);
    },
  });
}

/** Starts the recipe and calls `act` after its first report. */
async function interrupt(path: string, flags: readonly string[], act: (child: Deno.ChildProcess) => void) {
  const child = scriptCommand(path, "train_rnn", [...FLAGS, ...flags]).spawn();
  const stderr = new Response(child.stderr).text();
  let stdout = "", acted = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += chunk;
    if (acted || !stdout.includes("Test Loss")) continue;
    acted = true;
    act(child);
  }
  return { ...await child.status, stdout, stderr: await stderr };
}

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  signalTest(
    `${signal} checkpoints, says how to resume, and exits with ${exitCode}; resumed, nothing is lost`,
    async (path) => {
      const { code, stdout, stderr } = await interrupt(
        path,
        ["--epochs", "100000", "--out", "runs/a"],
        (child) => {
          child.kill(signal);
        },
      );
      assert.equal(code, exitCode, stderr);
      assert.match(stderr, /Stopping after the running step; Ctrl-C again exits at once\n$/);
      assert.match(stdout, /\nresume {4}deno task train-rnn --resume runs\/a\n/);
      const step = stdout.match(/Interrupted after ([\d,]+) steps?\n/)![1].replaceAll(",", "");

      const steps = ["--steps", String(Number(step) + 5)];
      const resumed = await runScript(path, "train_rnn", [
        "--resume",
        "runs/a",
        "--no-pictures",
        "--json",
        ...steps,
      ]);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, new RegExp(`^Resumed after step ${step}\\n`));
      assert.equal(parseLines(resumed.stdout).at(-1)!.step, Number(step) + 5);
      const whole = await runScript(path, "train_rnn", [...FLAGS, ...steps, "--out", "runs/b"]);
      assert.equal(whole.code, 0, whole.stderr);
      assert.equal(await finalHash(path, "a"), await finalHash(path, "b"));
      assert.deepEqual(await figuresOf(path, "a"), await figuresOf(path, "b"));
    },
  );

  signalTest(`${signal} twice exits at once with ${exitCode}`, async (path) => {
    // An epoch of the textbook engine on batches of one is one call after another, none of them short.
    const { code } = await interrupt(path, ["--epochs", "100000", "--out", "runs/a"], (child) => {
      child.kill(signal);
      child.kill(signal);
    });
    assert.equal(code, exitCode);
  });
}
