/**
 * Runs that are killed at random moments, and gone on with until they end, end as if nobody had touched them.
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

const DROPOUT_STEPS = share({ usual: 60, soak: 1040 }); // reports come every thousand

const RUNS: readonly FaultyRun[] = [
  {
    script: "train_lstm_dropout",
    flags: [...TINY, "--steps", `${DROPOUT_STEPS}`, "--checkpoint-every", "5"],
  },
  { script: "train_lstm_adam", flags: [...TINY, "--steps", "160"] }, // a report every fifty
  { script: "train_rnn", flags: [...TINY, "--epochs", "15"] }, // a report every three
];
const KILLS = share({ usual: 1, soak: 17 }); // of each run

tf.enableProdMode();

for (const run of RUNS) {
  Deno.test({
    name: named(`${run.script} killed ${KILLS} times at random moments ends as if never stopped`, needs),
    ignore: lacks(needs) || Deno.build.os === "windows",
    fn: async () => {
      await using project = await makeProject();
      const { path } = project;
      const began = performance.now();
      const whole = await finish(path, run, "whole");
      assert.equal(whole.code, 0, whole.stderr);
      const wholeMs = performance.now() - began;

      const random = testStream(`kill ${run.script}`, Date.now() % 2 ** 32);
      let kills = 0, resume = false, furthest = 0, parts = 0;
      for (let attempt = 0; kills < KILLS && attempt < 5 * KILLS; attempt++) {
        const child = start(path, run, "killed", { resume });
        const afterMs = wholeMs * (0.3 + 0.7 * random.uniform());
        const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
        const { code, signal, stderr } = await child.output();
        clearTimeout(timer);
        const text = new TextDecoder().decode(stderr);
        assert.ok(signal === "SIGKILL" || code === 0, `killed after ${afterMs} ms, then: ${text}`);
        assert.doesNotMatch(text, /Passed over|lost/);
        const found = await assertReadable(path, "killed");
        assert.ok((found?.step ?? 0) >= furthest, "a checkpoint that had been there is gone");
        furthest = found?.step ?? 0;
        if (signal === "SIGKILL" && found) kills++; // one that came before the run proves nothing
        parts += (await list(`${path}/runs/killed/checkpoints`).catch(() => [])).filter((name) =>
          name.endsWith(".part")
        ).length;
        if (signal !== "SIGKILL" || !found) {
          await Deno.remove(`${path}/runs/killed`, { recursive: true }).catch(() => {});
        }
        resume = signal === "SIGKILL" && found !== null;
        if (!resume) {
          furthest = 0;
        }
      }
      assert.equal(kills, KILLS, "too few kills met a running process");
      if (isSoak) assert.ok(parts > 0, "no kill interrupted a write: this test proves too little");
      const last = await finish(path, run, "killed", { resume });
      assert.equal(last.code, 0, last.stderr);
      assert.equal(await finalHash(path, "killed"), await finalHash(path, "whole"));
      assert.deepEqual(await figuresOf(path, "killed"), await figuresOf(path, "whole"));
    },
  });
}
