import assert from "node:assert/strict";
import { sha256 } from "../../lib/data/files.ts";
import { encodeIdx } from "../support/encode_files.ts";
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, type Outcome, parseLines, runScript, TINY_FLAGS } from "./tiny_project.ts";

const FLAGS = [...TINY_FLAGS, "--no-pictures"];

Deno.test({
  name: named(
    "--resume refuses by name what would make it another training, and takes what would not",
    needs,
  ),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const begun = await runScript(path, "train_rnn", [...FLAGS, "--epochs", "2", "--out", "runs/a"]);
    assert.equal(begun.code, 0, begun.stderr);
    const resume = (...flags: string[]) =>
      runScript(path, "train_rnn", ["--resume", "runs/a", "--no-pictures", ...flags]);
    const before = await contents(`${path}/runs/a`);
    await copyData(path, "labels");
    await writeLabels(`${path}/data/labels`, new Uint8Array(13));

    const refused: [string[], number, RegExp][] = [
      [
        ["--batch-size", "9"],
        2,
        /^Cannot resume runs\/a with another --batch-size, .* must be 8: current value is 9\n/,
      ],
      [["--learning-rate", "0.1"], 2, /another --learning-rate, .* must be 0.0003: current value is 0.1/],
      [["--seed", "99"], 2, /another --seed, .* must be \d+: current value is 99/],
      [["--limit", "9"], 2, /another --limit, .* must be left out: current value is 9/],
      [["--dataset", "kmnist"], 2, /another --dataset, .* must be left out: current value is kmnist/],
      [
        ["--data-dir", "data/other"],
        1,
        /^Cannot load data\/other: it must be a folder with.*\nThe run in runs\/a was trained on images that lay there: --data-dir says/,
      ],
      [["--data-dir", "data/labels"], 1, /^Cannot resume runs\/a: the images must be those it began with/m],
      [["--device", "reference"], 2, /another --device, .* must be wasm: current value is reference/],
      [["--math", "plain"], 2, /another --math, .* must be fused: current value is plain/],
      [["--out", "runs/b"], 2, /^Cannot use --out with --resume/],
      [["--steps", "3"], 1, /steps must be at least the 6 that it has done: current value is 3/],
      [["--epochs", "1"], 1, /epochs must be at least the 2 that it has done: current value is 1/],
    ];
    for (const [flags, code, message] of refused) {
      await t.step(flags.join(" "), async () => {
        const outcome = await resume(...flags);
        assert.match(outcome.stderr, message);
        assert.deepEqual([outcome.code, outcome.stdout], [code, ""]);
        assert.deepEqual(await contents(`${path}/runs/a`), before, "something was written");
      });
    }

    await t.step("another recipe, another folder", async () => {
      const other = await runScript(path, "train_lstm_adam", ["--resume", "runs/a"]);
      assert.match(
        other.stderr,
        /^Cannot resume runs\/a: it must be a run of train-lstm-adam: .* one of train-rnn\n$/,
      );
      const none = await runScript(path, "train_rnn", ["--resume", "runs/none"]);
      assert.match(none.stderr, /^Cannot resume runs\/none: it must be the folder of a run: /);
      assert.deepEqual([other.code, none.code], [1, 1]);
    });

    await t.step("the same values, other threads, more epochs", async () => {
      const { code, stderr } = await resume(
        "--batch-size=8",
        "--device=auto",
        "--threads=1",
        "--epochs=3",
      );
      assert.equal(code, 0, stderr);
    });

    await t.step("images that have changed on the disk", async () => {
      await writeLabels(`${path}/data/tiny`, new Uint8Array(13));
      const { code, stderr } = await resume("--epochs", "4");
      assert.match(stderr, /^Cannot resume runs\/a: the images must be those it began with/m);
      assert.equal(code, 1);
    });
  },
});

function resumeTest(name: string, fn: (path: string, resume: Resume) => Promise<void>): void {
  Deno.test({
    name: named(name, needs),
    ignore: lacks(needs),
    fn: async () => {
      await using project = await makeProject();
      const begun = await runScript(project.path, "train_rnn", [
        ...FLAGS,
        "--epochs",
        "2",
        "--out",
        "runs/a",
      ]);
      assert.equal(begun.code, 0, begun.stderr);
      await fn(project.path, async (...flags) => {
        const args = ["--resume", "runs/a", "--no-pictures", "--json", ...flags];
        const outcome = await runScript(project.path, "train_rnn", args);
        return { ...outcome, step: outcome.code === 0 ? parseLines(outcome.stdout).at(-1)!.step : null };
      });
    },
  });
}

type Resume = (...flags: string[]) => Promise<Outcome & { step: unknown }>;

resumeTest("a length given at resume outlasts an end before the next checkpoint", async (path, resume) => {
  const obstacle = `${path}/runs/a/checkpoints/9.safetensors`; // three steps an epoch: the next one
  await Deno.mkdir(`${obstacle}/full`, { recursive: true });
  const { code, stderr } = await resume("--epochs", "5");
  assert.match(stderr, /Cannot write runs\/a\/checkpoints\/9\.safetensors: /);
  assert.equal(code, 1);
  await Deno.remove(obstacle, { recursive: true });
  assert.equal((await resume()).step, 15);
  assert.equal((await resume()).step, 15); // it is done
});

resumeTest("--resume takes the same images from another folder, and keeps that", async (path, resume) => {
  await copyData(path, "moved");
  await Deno.remove(`${path}/data/tiny`, { recursive: true });
  const { code, stderr } = await resume("--epochs", "3");
  assert.equal(code, 1);
  assert.match(stderr, /^Cannot load data\/tiny: it must be a folder with/);
  assert.equal((await resume("--epochs", "3", "--data-dir", "data/moved")).step, 9);
  assert.equal((await resume("--epochs", "4")).step, 12);
  assert.equal((await runScript(path, "evaluate", ["--model", "runs/a", "--quiet"])).code, 0);
});

resumeTest("event files have each step once, whatever was taken back", async (path, resume) => {
  const read = async (split: string) => {
    const folder = `${path}/runs/a/tensorboard/${split}`;
    const names = (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
    return (await Promise.all(names.map((name) => Deno.readFile(`${folder}/${name}`)))).flatMap(stepsOf);
  };
  assert.equal((await resume("--epochs", "4", "--tensorboard")).code, 0);
  assert.deepEqual(await read("train"), [6, 9, 12]);
  const checkpoint = `${path}/runs/a/checkpoints`;
  await Deno.remove(`${checkpoint}/12.safetensors`); // as if killed before it was there
  const [file] = await Array.fromAsync(Deno.readDir(`${path}/runs/a/tensorboard/test`));
  await Deno.writeFile(`${path}/runs/a/tensorboard/test/${file.name}`, Uint8Array.of(99, 0, 0), {
    append: true,
  });
  assert.equal((await resume("--epochs", "5")).code, 0); // without --tensorboard: there are some
  for (const split of ["train", "test"]) assert.deepEqual(await read(split), [6, 9, 12, 15], split);
});

/** The steps of the events in a file that have one. */
function stepsOf(file: Uint8Array): number[] {
  const view = new DataView(file.buffer), steps: number[] = [];
  for (let at = 0; at < file.length; at += 16 + Number(view.getBigUint64(at, true))) {
    if (file[at + 12 + 9] === 2 << 3) steps.push(file[at + 12 + 10]); // after the time; below 128, a varint is a byte
  }
  return steps;
}

async function copyData(path: string, name: string): Promise<void> {
  await Deno.mkdir(`${path}/data/${name}`);
  for await (const file of Deno.readDir(`${path}/data/tiny`)) {
    await Deno.copyFile(`${path}/data/tiny/${file.name}`, `${path}/data/${name}/${file.name}`);
  }
}

async function writeLabels(folder: string, data: Uint8Array): Promise<void> {
  await Deno.writeFile(
    `${folder}/t10k-labels-idx1-ubyte`,
    encodeIdx({ type: "u8", shape: [data.length], data }),
  );
}

/** What a run's folder holds. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (
    const name of ["config.json", "metrics.jsonl", "checkpoints/3.safetensors", "checkpoints/6.safetensors"]
  ) {
    found[name] = sha256(await Deno.readFile(`${folder}/${name}`));
  }
  return found;
}
