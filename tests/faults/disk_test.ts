/**
 * Disks and folders that fail in the middle of a run: the run ends with one clear error, and resumes from the last good
 * checkpoint.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { writeNamed } from "../../lib/data/files.ts";
import { needs, projectTest, runScript } from "../scripts/tiny_project.ts";
import { lacks } from "../support/permissions.ts";
import { assertReadable, type FaultyRun, figuresOf, finalHash, finish, start, TINY } from "./runs.ts";

const RUN: FaultyRun = { script: "train_rnn", flags: [...TINY, "--epochs", "100000"] };
const REMEDY =
  /The last checkpoint is whole; this continues from it:\n {2}deno task train-rnn --resume runs\/\S+\n$/;

tf.enableProdMode();

const isRoot = !lacks(needs) && Deno.build.os === "linux" && await isRootUser();
/** In some containers even root may not mount. */
const canMount = isRoot && await triesToMount();

/** Mounts a small disk in an existing folder while `fn` runs. */
async function withTmpfs<T>(kibibytes: number, folder: string, fn: () => Promise<T>): Promise<T> {
  const options = ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder];
  if (!await succeeds("mount", ...options)) throw new Error("mount failed");
  try {
    return await fn();
  } finally {
    await succeeds("umount", "-l", folder);
  }
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  return (await new Deno.Command(command, { args, stderr: "null" }).output()).success;
}

/** `Deno.uid()` would need `--allow-sys`. */
async function isRootUser(): Promise<boolean> {
  const { stdout } = await new Deno.Command("id", { args: ["-u"] }).output();
  return new TextDecoder().decode(stdout).trim() === "0";
}

async function triesToMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  const mounted = await withTmpfs(64, folder, () => Promise.resolve(true)).catch(() => false);
  await Deno.remove(folder);
  return mounted;
}

function diskTest(name: string, missing: string | null, fn: (path: string) => Promise<void>): void {
  const reason = missing && !lacks(needs) ? ` (ignored: ${missing})` : "";
  projectTest(name + reason, fn, { ignore: missing !== null || Deno.build.os === "windows" });
}

/** Resumes a run for a few steps, and compares it with one that was never stopped. */
async function assertResumes(path: string, name: string): Promise<void> {
  const found = await assertReadable(path, name);
  assert.ok(found);
  const steps = found.step + 7;
  const resumed = await finish(path, RUN, name, { resume: true, steps });
  assert.equal(resumed.code, 0, resumed.stderr);
  const whole = await finish(path, { ...RUN, flags: [...TINY, "--steps", `${steps}`] }, "whole");
  assert.equal(whole.code, 0, whole.stderr);
  assert.equal(await finalHash(path, name), await finalHash(path, "whole"));
  assert.deepEqual(await figuresOf(path, name), await figuresOf(path, "whole"));
}

diskTest(
  "a full disk: the run ends with one error, and resumes where there is room",
  canMount ? null : "needs root and mount",
  async (path) => {
    const disk = `${path}/runs`;
    await withTmpfs(420, disk, async () => {
      const full = await finish(path, RUN, "full");
      assert.equal(full.code, 1, "two checkpoints and a model fit, three do not");
      assert.match(full.stderr, /Cannot write runs\/full\/\S+: the disk must take .*No space left/);
      assert.match(full.stderr, REMEDY);
      assert.ok(await assertReadable(path, "full"));
      assert.ok(await succeeds("cp", "-r", `${disk}/full`, `${path}/full`));
    });
    await Deno.rename(`${path}/full`, `${path}/runs/full`);
    await assertResumes(path, "full");
  },
);

diskTest(
  "a full disk: no partial export remains",
  canMount ? null : "needs root and mount",
  async (path) => {
    await withTmpfs(100, `${path}/runs`, async () => {
      const file = `${path}/runs/model.onnx`;
      await assert.rejects(writeNamed(file, new Uint8Array(2 ** 20)), /Cannot write .*No space left/);
      await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
    });
  },
);

diskTest(
  "a read-only disk: report ends with exit code 1, and prints no path",
  canMount ? null : "needs root and mount",
  async (path) => {
    const disk = `${path}/runs`;
    await withTmpfs(4000, disk, async () => {
      const trained = await finish(path, { ...RUN, flags: [...TINY, "--steps", "3"] }, "shown");
      assert.equal(trained.code, 0, trained.stderr);
      assert.ok(await succeeds("mount", "-o", "remount,ro", disk));
      const { code, stdout, stderr } = await runScript(path, "report", ["runs/shown"]);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /Cannot draw report\.html: .*Read-only/);
    });
  },
);

diskTest("a folder that becomes unwritable", isRoot ? "root may write anywhere" : null, async (path) => {
  const child = start(path, RUN, "shut");
  await untilCheckpoint(path, "shut");
  await Deno.chmod(`${path}/runs/shut/checkpoints`, 0o500);
  const { code, stderr } = await child.output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /Cannot write runs\/shut\/checkpoints\/\d+\.safetensors: .*ermission denied/,
  );
  await Deno.chmod(`${path}/runs/shut/checkpoints`, 0o700);
  await assertResumes(path, "shut");
});

diskTest("a read-only disk", canMount ? null : "needs root and mount", async (path) => {
  const disk = `${path}/runs`;
  await withTmpfs(4000, disk, async () => {
    assert.ok(await succeeds("mount", "-o", "remount,ro", disk));
    const { code, stderr } = await finish(path, RUN, "none");
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot make the folder runs\/none: it must be in a writable folder: .*Read-only/m);
    assert.doesNotMatch(stderr, /checkpoint is whole|\n {4}at /);
  });
});

diskTest("if the folder vanishes, the run ends with one error that names it", null, async (path) => {
  const child = start(path, RUN, "gone");
  await untilCheckpoint(path, "gone");
  await Deno.rename(`${path}/runs/gone`, `${path}/runs/moved`);
  const { code, stderr } = await child.output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 1, text);
  assert.match(text, /runs\/gone.*No such file or directory/);
  assert.doesNotMatch(text, /checkpoint is whole|\n {4}at /);
  assert.ok(await assertReadable(path, "moved"));
  await assertResumes(path, "moved");
});

diskTest(
  "a folder that Deno may not write gives one error, with the command that may",
  null,
  async (path) => {
    const { code, stderr } = await runScript(path, RUN.script, [...RUN.flags, "--out", "elsewhere/run"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Cannot write elsewhere\/run.*\n.*this does:\n {2}deno run .* --allow-write=runs,elsewhere\/run /,
    );
  },
);

diskTest("two runs in one folder: one trains, the other ends with an error", null, async (path) => {
  const short = { ...RUN, flags: [...TINY, "--epochs", "5"] };
  const both = await Promise.all([finish(path, short, "both"), finish(path, short, "both")]);
  const [winner, loser] = both.sort((a, b) => a.code - b.code);
  assert.deepEqual([winner.code, loser.code], [0, 1], winner.stderr);
  assert.match(loser.stderr, /runs\/both.*(no other process must write it|must be empty)/);
  assert.ok(await finalHash(path, "both"));

  const child = start(path, RUN, "busy");
  await untilCheckpoint(path, "busy");
  const second = await finish(path, RUN, "busy", { resume: true });
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /^Cannot write the run runs\/busy: no other process must write it: current value is one that does/,
  );
  child.kill("SIGKILL");
  await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
  assert.ok(await assertReadable(path, "busy"));
});

/** Waits for the first checkpoint after step 0. */
async function untilCheckpoint(path: string, name: string): Promise<void> {
  const folder = `${path}/runs/${name}/checkpoints`;
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 5) {
    for (const { name } of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
      if (/^[1-9]\d*\.safetensors$/.test(name)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("no checkpoint within 20 s");
}
