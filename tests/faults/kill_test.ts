/**
 * Runs that are killed at random moments, and resumed until they end, end with the same result as runs that were not.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { makeProject, needs } from "../scripts/tiny_project.ts";
import { list } from "../data/support/small_dataset.ts";
import { lacks, named } from "../support/permissions.ts";
import { isSoak, share } from "../support/soak.ts";
import { testStream } from "../support/tiny_data.ts";
import { assertReadable, type FaultyRun, figuresOf, finalHash, finish, start, TINY } from "./runs.ts";

const DROPOUT_STEPS = share({ usual: 60, soak: 1040 }); // it reports every thousand steps

const RUNS: readonly (FaultyRun & { kills: number })[] = [
  {
    script: "train_lstm_dropout",
    flags: [...TINY, "--steps", `${DROPOUT_STEPS}`, "--checkpoint-every", "5"],
    kills: 10,
  },
  { script: "train_lstm_adam", flags: [...TINY, "--steps", "160"], kills: 20 }, // it reports every fifty steps
  { script: "train_rnn", flags: [...TINY, "--epochs", "15"], kills: 20 }, // it reports every three steps
  {
    script: "train_lstm", // stops early, with the weights of the best epoch
    flags: [
      ...TINY,
      ..."--epochs 60 --optimizer adamw --learning-rate 0.001 --clip 1 --shift 1".split(" "),
      ..."--validation 8 --patience 20 --schedule plateau:5:0.5".split(" "),
    ],
    kills: 10,
  },
];

tf.enableProdMode();

for (const run of RUNS) {
  const kills = share({ usual: 1, soak: run.kills });
  Deno.test({
    name: named(
      `${run.script} killed ${kills} times at random moments ends as if it had never been stopped`,
      needs,
    ),
    ignore: lacks(needs) || Deno.build.os === "windows",
    fn: async () => {
      await using project = await makeProject();
      const { path } = project;
      const began = performance.now();
      const whole = await finish(path, run, "whole");
      assert.equal(whole.code, 0, whole.stderr);
      const wholeMs = performance.now() - began;

      const seed = Date.now() % 2 ** 32;
      console.log(`kills at moments of seed ${seed}`); // to repeat a failure
      const random = testStream(`kill ${run.script}`, seed);
      let killed = 0, resume = false, furthest = 0, parts = 0, latestMs = wholeMs;
      const enough = () => killed >= kills && (!isSoak || parts > 0); // at least one must interrupt a write
      for (let attempt = 0; !enough() && attempt < 10 * kills; attempt++) {
        const child = start(path, run, "killed", { resume });
        const afterMs = latestMs * (0.3 + 0.7 * random.uniform());
        const timer = setTimeout(() => kill(child), afterMs);
        const { code, signal, stderr } = await child.output();
        clearTimeout(timer);
        const text = new TextDecoder().decode(stderr);
        assert.ok(signal === "SIGKILL" || code === 0, `killed after ${afterMs} ms, then: ${text}`);
        assert.doesNotMatch(text, /Passed over|lost/);
        const found = await assertReadable(path, "killed");
        assert.ok((found?.step ?? 0) >= furthest, "an earlier checkpoint has vanished");
        furthest = found?.step ?? 0;
        if (signal === "SIGKILL" && found) killed++; // a kill before the first checkpoint proves nothing
        parts += (await list(`${path}/runs/killed/checkpoints`).catch(() => [])).filter((name) =>
          name.endsWith(".part")
        ).length;
        if (signal !== "SIGKILL") {
          latestMs *= 0.8; // it was faster than the first one
        }
        if (signal !== "SIGKILL" || !found) {
          await Deno.remove(`${path}/runs/killed`, { recursive: true }).catch(() => {});
        }
        resume = signal === "SIGKILL" && found !== null;
        if (!resume) {
          furthest = 0;
        }
      }
      assert.ok(killed >= kills, "too few kills met a running process");
      if (isSoak) assert.ok(parts > 0, "no kill interrupted a write: this test proves too little");
      const last = await finish(path, run, "killed", { resume });
      assert.equal(last.code, 0, last.stderr);
      assert.equal(await finalHash(path, "killed"), await finalHash(path, "whole"));
      assert.deepEqual(await figuresOf(path, "killed"), await figuresOf(path, "whole"));
    },
  });
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // it has just ended by itself
  }
}
