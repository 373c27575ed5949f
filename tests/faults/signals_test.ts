/**
 * Ctrl-C and SIGTERM end a run cleanly, and at once the second time; either way it can be resumed.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  needs,
  parseLines,
  projectTest,
  runScript,
  scriptCommand,
  TINY_FLAGS,
} from "../scripts/tiny_project.ts";
import { lacks, named } from "../support/permissions.ts";
import { makeCheckout, runShell } from "../scripts/checkout.ts";
import { figuresOf, finalHash } from "./runs.ts";

const FLAGS = [...TINY_FLAGS, "--no-pictures"];

function signalTest(name: string, fn: (path: string) => Promise<void>): void {
  projectTest(name, fn, { ignore: Deno.build.os === "windows" });
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
      assert.match(resumed.stderr, new RegExp(`^Memory: .*\\nResumed after step ${step}\\n`));
      assert.equal(parseLines(resumed.stdout).at(-1)!.step, Number(step) + 5);
      const whole = await runScript(path, "train_rnn", [...FLAGS, ...steps, "--out", "runs/b"]);
      assert.equal(whole.code, 0, whole.stderr);
      assert.equal(await finalHash(path, "a"), await finalHash(path, "b"));
      assert.deepEqual(await figuresOf(path, "a"), await figuresOf(path, "b"));
    },
  );

  signalTest(`${signal} that comes twice within a moment counts once`, async (path) => {
    const { code, stdout, stderr } = await interrupt(
      path,
      ["--epochs", "100000", "--out", "runs/a"],
      (child) => {
        child.kill(signal);
        spin(0.3); // the time between the terminal's signal and that of `deno task`
        child.kill(signal);
      },
    );
    assert.equal(code, exitCode, stderr);
    assert.match(stdout, /\nresume {4}deno task train-rnn --resume runs\/a\n/);
  });

  signalTest(`${signal} that comes twice while the process is busy counts once`, async () => {
    const { code, stdout, stderr } = await listener("busy", (child) => {
      child.kill(signal);
      spin(0.3);
      child.kill(signal);
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: "ready\nfirst\n", stderr: "" });
  });

  signalTest(
    `${signal} that comes again later exits at once with ${exitCode}, and says what remains`,
    async () => {
      const { code, stdout, stderr } = await listener("idle", async (child) => {
        const ended = child.status.then(() => true);
        child.kill(signal);
        while (!await Promise.race([ended, delay(700)])) child.kill(signal); // once is enough on a fast machine
      });
      assert.deepEqual({ code, stdout, stderr }, {
        code: exitCode,
        stdout: "ready\nfirst\n",
        stderr: "last words\n",
      });
    },
  );

  signalTest(`${signal} ends a command that cannot be resumed at once, with a message`, async () => {
    const { code, stdout, stderr } = await listener("command", (child) => child.kill(signal));
    assert.deepEqual({ code, stdout, stderr }, {
      code: exitCode,
      stdout: "ready\n",
      stderr: "Interrupted: nothing was written\n",
    });
  });
}

/** Starts `interrupt_listener.ts`, and calls `act` when it listens. */
async function listener(mode: string, act: (child: Deno.ChildProcess) => void | Promise<void>) {
  const script = new URL("./interrupt_listener.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", "--no-prompt", "--allow-run", script, mode],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = child.stderr.text();
  let stdout = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (stdout === "") await act(child);
    stdout += chunk;
  }
  return { ...await child.status, stdout, stderr: await stderr };
}

/** Waits; a timer would take too long. */
function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const hasPython = !lacks(needs) && await new Deno.Command("python3", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success, () => false);

/** A test that runs a task in a terminal of its own, and presses a key when a text appears there. */
function terminalTest(name: string, fn: (path: string, press: Press) => Promise<void>): void {
  const lacking = hasPython ? "" : " (ignored: needs python3)";
  Deno.test({
    name: named(name, needs) + lacking,
    ignore: lacks(needs) || !hasPython || Deno.build.os === "windows",
    fn: async () => {
      await using project = await makeCheckout();
      await fn(project.path, async (key, text, ...task) => {
        const script = new URL("./terminal.py", import.meta.url).pathname;
        const { code, stdout } = await new Deno.Command("python3", {
          args: [script, JSON.stringify([[text, key]]), Deno.execPath(), "task", ...task],
          cwd: project.path,
          env: { NO_COLOR: "1" },
        }).output();
        return { code, shown: new TextDecoder().decode(stdout).replaceAll("\r\n", "\n") };
      });
    },
  });
}

type Press = (key: string, text: string, ...task: string[]) => Promise<{ code: number; shown: string }>;

const CTRL_C = "\x03";

terminalTest(
  "Ctrl-C in a terminal, through deno task, checkpoints and says how to resume",
  async (path, press) => {
    const { code, shown } = await press(
      CTRL_C,
      "Test Loss",
      "train-rnn",
      ...[...FLAGS, "--epochs", "100000", "--out", "runs/a"],
    );
    assert.equal(code, 130, shown);
    const [, step] = shown.match(/Interrupted after (\d+) steps/) ?? assert.fail(shown);
    const [, command] = shown.match(/^resume {4}(.*)$/m)!;
    const resumed = await runShell(path, `${command} --no-pictures --steps ${Number(step) + 2}`);
    assert.equal(resumed.code, 0, resumed.stderr);
  },
);

terminalTest(
  "Ctrl-C while pictures are drawn says what is saved, and which command draws the rest",
  async (path, press) => {
    for (let attempt = 1;; attempt++) {
      const out = `runs/a${attempt}`;
      const { code, shown } = await press(
        CTRL_C,
        "sha256",
        "train-rnn",
        ...[...TINY_FLAGS, "--epochs", "2", "--out", out],
      );
      if (code === 0 && attempt < 9) continue; // on a busy machine everything may be drawn before
      assert.equal(code, 130, shown);
      assert.match(shown, /Stopping after the picture that is being drawn; Ctrl-C again exits at once\n/);
      const [, command] = shown.match(
        /Interrupted while drawing: the model is saved, .*\n {2}(deno task report .*)\n/,
      )!;
      assert.equal(await Deno.stat(`${path}/${out}/report.html`).catch(() => null), null);
      assert.equal((await runShell(path, command)).code, 0);
      assert.ok((await Deno.stat(`${path}/${out}/report.html`)).isFile);
      return;
    }
  },
);

terminalTest(
  "Ctrl-C in repeat keeps the runs in progress, and the same command continues them",
  async (path, press) => {
    const flags = ["--seeds", "1..2", ...TINY_FLAGS, "--threads", "1"];
    const { code, shown } = await press(
      CTRL_C,
      "seed 1: loss 2",
      "repeat",
      "train-rnn",
      ...flags,
      "--epochs",
      "9999",
    );
    assert.equal(code, 130, shown);
    assert.match(
      shown,
      /Stopping the runs in progress after their running step; Ctrl-C again exits at once\n/,
    );
    const [, again] = shown.match(
      /Interrupted: 0 of 2 runs are done; this continues with the others:\n {2}(.*)\n/,
    )!;
    const runs = async () => {
      const folders = (await Array.fromAsync(Deno.readDir(`${path}/runs/sweeps/train-rnn`))).filter((entry) =>
        entry.isDirectory
      );
      return await Promise.all(
        folders.map(({ name }) => Deno.readTextFile(`${path}/runs/sweeps/train-rnn/${name}/metrics.jsonl`)),
      );
    };
    const before = await runs();
    assert.ok(before.some((text) => text.includes('"interrupted":true')), before.join("\n"));
    await runShell(path, `${again} --quiet & sleep 4; kill -INT $!; wait $!`);
    const after = await runs();
    for (const [i, text] of before.entries()) assert.ok(after[i].length > text.length, after[i]);
  },
);
