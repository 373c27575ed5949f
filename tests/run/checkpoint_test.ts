import assert from "node:assert/strict";
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/run/checkpoint.ts";
import { CheckpointFolder } from "../../lib/run/checkpoint_folder.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/safetensors.ts";
import { sha256 } from "../../lib/data/files.ts";
import { inFolder, list } from "../data/support/small_dataset.ts";
import { lacks, named } from "../support/permissions.ts";
import { schedules } from "../../lib/train/schedule.ts";
import { tinyCheckpoint } from "../support/tiny_checkpoint.ts";

const needs = [{ name: "read" }, { name: "write" }] as const;

function folderTest(name: string, fn: (run: string) => Promise<void>): void {
  Deno.test({ name: named(name, needs), ignore: lacks(needs), fn: () => inFolder(fn) });
}

/** The same file with other metadata, and a SHA-256 that is right. */
function forge(checkpoint: Checkpoint, changes: Record<string, string>): Uint8Array {
  const { tensors, metadata: { sha256: _, ...rest } } = decodeSafetensors(encodeCheckpoint(checkpoint));
  const metadata = { ...rest, ...changes };
  return encodeSafetensors(tensors, { ...metadata, sha256: sha256(encodeSafetensors(tensors, metadata)) });
}

Deno.test("a checkpoint is read back to the bit", () => {
  const checkpoint = tinyCheckpoint({ step: 7 });
  checkpoint.state.parameters.set([NaN, -0, 1e-45, -Infinity]);
  const copy = decodeCheckpoint(encodeCheckpoint(checkpoint));
  assert.deepEqual(copy, checkpoint);
  assert.deepEqual(
    new Uint32Array(copy.state.parameters.buffer),
    new Uint32Array(checkpoint.state.parameters.buffer),
  );
  assert.deepEqual(encodeCheckpoint(copy), encodeCheckpoint(checkpoint));
});

Deno.test("decodeCheckpoint() rejects every proper prefix, and every byte that changed its meaning", () => {
  const bytes = encodeCheckpoint(tinyCheckpoint());
  const whole = decodeCheckpoint(bytes);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeCheckpoint(bytes.subarray(0, length)), CheckpointError, `${length} bytes`);
  }
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 0x20; // turns letters into others, and blanks of the header into what is no blank
    try {
      assert.deepEqual(decodeCheckpoint(changed), whole, `byte ${at}`);
    } catch (error) {
      assert.ok(error instanceof CheckpointError, `byte ${at}: ${error}`);
    }
  }
});

Deno.test("decodeCheckpoint() trusts a file with the right SHA-256 no more than any other", () => {
  const checkpoint = tinyCheckpoint({ step: 7 });
  const { training } = checkpoint.config;
  const configOf = (changes: Record<string, unknown>) =>
    JSON.stringify({ ...checkpoint.config, training: { ...training, ...changes } });
  const cases: [Record<string, string>, RegExp][] = [
    [
      { format: "scanline checkpoint 2" },
      /its format must be "scanline checkpoint 1": current value is "scanline/,
    ],
    [{ step: "-1" }, /its step must be a whole number: current value is "-1"/],
    [{ step: "1e3" }, /its step must be a whole number/],
    [{ step: "3" }, /its tally must have at most 3 steps: current value is 4/],
    [{ metricsBytes: "99999999999999999999" }, /its metricsBytes must be a whole number/],
    [{ seed: "2" }, /its seed must be that of its config, 1: current value is "2"/],
    [{ images: "../../etc/passwd" }, /images must be a SHA-256/],
    [{ tally: "null" }, /its tally must have sums/],
    [{ tally: '{"steps":2}' }, /its tally must have sums/],
    [{ config: "{" }, /JSON/],
    [{ config: "null" }, /its config must be that of a run, with recipe/],
    [
      { config: configOf({ batchSize: -1 }) },
      /training.batchSize, a whole number from 1 on: current value is -1/,
    ],
    [{ config: configOf({ optimizer: { kind: "lion" } }) }, /training.optimizer.kind, one of sgd, /],
    [
      { config: configOf({ optimizer: { kind: "adam", learningRate: 1 } }) },
      /slot 0, slot 1, float32 of one length/,
    ],
  ];
  for (const [changes, message] of cases) {
    assert.throws(() => decodeCheckpoint(forge(checkpoint, changes)), (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(error.message, message);
      return true;
    });
  }
});

/** Of a training with a plateau and a monitor, after its second epoch. */
function watchedCheckpoint() {
  const checkpoint = tinyCheckpoint({ step: 12 }),
    best = checkpoint.state.parameters.map((value) => 2 * value);
  const epochs = {
    ended: 2,
    begun: { loss: 0.1, images: 0 },
    validation: { loss: 0.7, accuracy: 0.5, correct: 3, count: 6, seconds: 0.01 },
    plateau: { best: 0.7, badEpochs: 0, rate: 0.1 / 3 },
    monitor: { best: { epoch: 1, loss: 0.7, accuracy: 0.5 }, badEpochs: 0, stopped: false },
    best,
  };
  const refinements = {
    schedule: schedules.plateau(),
    monitor: { metric: "loss", patience: 3, minDelta: 0, keepBest: true },
  } as const;
  const training = { ...checkpoint.config.training, ...refinements };
  return {
    ...checkpoint,
    config: { ...checkpoint.config, training },
    state: { ...checkpoint.state, epochs },
  };
}

Deno.test("what goes on from epoch to epoch is read back to the bit, the best parameters too", () => {
  const checkpoint = watchedCheckpoint();
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(checkpoint)), checkpoint);
  const { epochs } = checkpoint.state,
    before = { ...epochs, best: null, monitor: { ...epochs.monitor, best: null } };
  const first = { ...checkpoint, state: { ...checkpoint.state, epochs: before } };
  assert.deepEqual(decodeCheckpoint(encodeCheckpoint(first)), first);
});

Deno.test("a checkpoint whose epochs are not those of its training is none", () => {
  const checkpoint = watchedCheckpoint(), { epochs: { best: _, ...epochs } } = checkpoint.state;
  const changed = (changes: object) => JSON.stringify({ ...epochs, ...changes });
  const { training: { monitor, schedule, ...training }, ...config } = checkpoint.config;
  const configOf = (refinements: object) =>
    JSON.stringify({ ...config, training: { ...training, ...refinements } });
  const cases: [Record<string, string>, RegExp][] = [
    [{ epochs: "{" }, /^CheckpointError: Cannot read the checkpoint: its epochs must be JSON: /],
    [{ epochs: "null" }, /ended must be a whole number from 0 on: current value is missing/],
    [{ epochs: changed({ ended: 0.5 }) }, /ended must be a whole number from 0 on: current value is 0.5/],
    [
      { epochs: changed({ plateau: null }) },
      /its epochs must be of a training with the same schedule and monitor/,
    ],
    [
      { epochs: changed({ plateau: { ...epochs.plateau, rate: -1 } }) },
      /rate must be a number from 0 on: .* is -1/,
    ],
    [
      { epochs: changed({ monitor: { ...epochs.monitor, best: null } }) },
      /its epochs must be of a training with/,
    ],
    [{ epochs: changed({ begun: [] }) }, /begun must be an object: current value is \[\]/],
    [{ config: configOf({}) }, /it must have no epochs: its training needs none: current value is/],
    [
      { config: configOf({ schedule }) },
      /its epochs must be of a training with the same schedule and monitor/,
    ],
    [
      { config: configOf({ monitor, schedule: { kind: "warp" } }) },
      /training that can be done: schedule must be made/,
    ],
    [
      { config: configOf({ monitor, schedule, clip: { norm: -1 } }) },
      /training that can be done: norm must be a posi/,
    ],
  ];
  for (const [changes, message] of cases) {
    assert.throws(() => decodeCheckpoint(forge(checkpoint, changes)), (error) => {
      assert.ok(error instanceof CheckpointError);
      assert.match(String(error), message);
      assert.equal(error.message.split("Cannot").length, 2, "says once what cannot be done");
      return true;
    });
  }
});

Deno.test("a checkpoint without the epochs that its training needs is none", () => {
  const bytes = encodeCheckpoint(watchedCheckpoint());
  const { tensors, metadata: { epochs: _, sha256: __, ...metadata } } = decodeSafetensors(bytes);
  const forged = encodeSafetensors(tensors, {
    ...metadata,
    sha256: sha256(encodeSafetensors(tensors, metadata)),
  });
  assert.throws(
    () => decodeCheckpoint(forged),
    /^CheckpointError: .* it must have epochs: its training needs/,
  );
});

folderTest("of the checkpoints of a run the last two stay; what is not ours is left alone", async (run) => {
  using folder = await CheckpointFolder.open(run);
  for (const step of [0, 5, 10, 10, 15]) await folder.save(tinyCheckpoint({ step }));
  const foreign = ["best.safetensors", "15.safetensors.bak", "5.safetensors.part", "notes.txt"];
  for (const name of [...foreign, `20.safetensors.${crypto.randomUUID()}.part`]) {
    await Deno.writeTextFile(`${run}/checkpoints/${name}`, "killed");
  }
  await folder.save(tinyCheckpoint({ step: 20 }));
  assert.deepEqual(
    await list(`${run}/checkpoints`),
    [...foreign, "15.safetensors", "20.safetensors"].sort(),
  );
  assert.equal((await folder.latest()).checkpoint.state.step, 20);
});

folderTest("a resumed run keeps the checkpoint before the one that it was resumed from", async (run) => {
  {
    using folder = await CheckpointFolder.open(run);
    for (const step of [5, 10]) await folder.save(tinyCheckpoint({ step }));
  }
  using folder = await CheckpointFolder.open(run);
  const { checkpoint } = await folder.latest();
  await folder.save(checkpoint); // with another length, say
  assert.deepEqual(await list(`${run}/checkpoints`), ["10.safetensors", "5.safetensors"]);
});

folderTest("a damaged checkpoint is passed over, and that is told", async (run) => {
  using folder = await CheckpointFolder.open(run);
  for (const step of [5, 10]) await folder.save(tinyCheckpoint({ step }));
  await Deno.truncate(`${run}/checkpoints/10.safetensors`, 300);
  const { checkpoint, notes } = await folder.latest();
  assert.equal(checkpoint.state.step, 5);
  assert.match(notes.join(), /^Passed over .*\/10\.safetensors: Cannot read the checkpoint: /);
  await folder.save(tinyCheckpoint({ step: 7 })); // the damaged one goes, the good one stays
  assert.deepEqual(await list(`${run}/checkpoints`), ["5.safetensors", "7.safetensors"]);

  for (const name of ["5", "7"]) await Deno.truncate(`${run}/checkpoints/${name}.safetensors`);
  await assert.rejects(
    folder.latest(),
    /^NotFound: Cannot resume .*current value is no whole one\nPassed over .*\nPassed/,
  );
});

folderTest("metrics that came after a checkpoint are taken back, and lost ones are told", async (run) => {
  using folder = await CheckpointFolder.open(run);
  await Deno.writeTextFile(`${run}/metrics.jsonl`, "one\n");
  await folder.save(tinyCheckpoint({ step: 5 }));
  await Deno.writeTextFile(`${run}/metrics.jsonl`, "one\ntwo\nthr");
  const { checkpoint } = await folder.latest();
  assert.equal(checkpoint.metricsBytes, 4);
  assert.equal(await folder.rewind(checkpoint), null);
  assert.equal(await Deno.readTextFile(`${run}/metrics.jsonl`), "one\n");
  await Deno.remove(`${run}/metrics.jsonl`);
  assert.match(
    (await folder.rewind(checkpoint))!,
    /^Figures before step 5 are lost: .* must have 4 bytes: .* 0$/,
  );
});

folderTest("a run is open once", async (run) => {
  {
    using _first = await CheckpointFolder.open(run);
    await assert.rejects(
      CheckpointFolder.open(run),
      /no other process must write it: current value is one that does/,
    );
  }
  using second = await CheckpointFolder.open(run);
  await second.save(tinyCheckpoint());
  second[Symbol.dispose]();
  await assert.rejects(CheckpointFolder.open(run, { fresh: true }), /no other process must write it/);
});
