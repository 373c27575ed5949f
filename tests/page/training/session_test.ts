/**
 * A training of the page without a browser: its news, the published bits, and the run that it becomes.
 */
import assert from "node:assert/strict";
import { unzipSync } from "fflate";
import { loadModel, modelSha256, type Split, takeImages } from "../../../core.ts";
import { loadDataset } from "../../../mod.ts";
import { openMetrics, openRun } from "../../../run.ts";
import { fileOf } from "../../../page/training/files.ts";
import { Session, type SessionParts } from "../../../page/training/session.ts";
import type { TrainerNews, TrainRequest } from "../../../page/workers/messages.ts";
import hashes from "../../golden/hashes.json" with { type: "json" };
import { testUnless } from "../../engines/test_unless.ts";
import { parseLines, projectTest, runScript } from "../../scripts/tiny_project.ts";
import { lackingMnist } from "../../support/mnist.ts";
import { lacking } from "../../support/permissions.ts";
import { tinySplit } from "../../support/tiny_data.ts";

const lacks = lackingMnist([{ name: "read" }]);
/** For tests that need the kernels, and temporary files. */
const LACKS = lacking([{ name: "read" }, { name: "write" }]);
const SHORT: TrainRequest = {
  kind: "train",
  run: 1,
  recipe: "train-lstm-adam",
  seed: 1,
  learningRate: 0.01,
  device: "wasm",
  threads: 2,
  limit: 6_400,
  steps: null,
};
const tiny: Record<"train" | "test", Split> = {
  train: tinySplit({ count: 40, height: 28, width: 28, classes: 10 }),
  test: tinySplit({ count: 9, height: 28, width: 28, classes: 10, seed: 2 }),
};
const TINY: TrainRequest = { ...SHORT, threads: 1, limit: 40, steps: 5 };

function first(splits: Record<"train" | "test", Split>): SessionParts["images"] {
  return (name, count) => {
    const split = splits[name];
    return Promise.resolve(count === null ? split : takeImages(split, 0, count));
  };
}

/** Trains, and hears all news; `on` may act upon them. */
async function follow(
  request: TrainRequest,
  images: SessionParts["images"],
  on: (news: TrainerNews, session: Session) => void = () => {},
) {
  const news: TrainerNews[] = [];
  const tell = (one: TrainerNews) => {
    news.push(one);
    on(one, session);
  };
  const session: Session = new Session(request, { images, tell });
  await session.run();
  return { news, session, kinds: [...new Set(news.map(({ kind }) => kind))] };
}

function find<Kind extends TrainerNews["kind"]>(
  news: readonly TrainerNews[],
  kind: Kind,
): Extract<TrainerNews, { kind: Kind }> {
  return news.find((one) => one.kind === kind) as Extract<TrainerNews, { kind: Kind }>;
}

for (const threads of [1, 2, null]) {
  Deno.test({
    name: `Session trains 100 steps to the published bits, with ${
      threads ?? "as many as help"
    } threads and a pause`,
    ignore: lacks !== undefined,
    fn: async () => {
      const { train, test } = await loadDataset({ dataset: "mnist" });
      let paused = threads !== 2; // one of them is paused after its first chunk
      const { news, kinds } = await follow({ ...SHORT, threads }, first({ train, test }), (one, session) => {
        if (one.kind === "steps" && !paused) {
          paused = true;
          session.pause();
        }
        if (one.kind === "paused") setTimeout(() => session.resume(), 50);
      });
      assert.equal(find(news, "ended").sha256, hashes.sha256["train-lstm-adam"]);
      assert.equal(kinds.includes("resumed"), threads === 2);
      const { totalSteps, stepsPerEpoch, parameterCount, math } = find(news, "opened");
      assert.deepEqual([totalSteps, stepsPerEpoch, parameterCount, math], [100, 100, 24_714, "fused"]);
      const { step, accuracy } = find(news, "tested");
      assert.equal(step, 100);
      assert.ok(accuracy > 0.5, String(accuracy));
    },
  });
}

testUnless(LACKS, "Session tells of every step once, and each model is one that opens", async () => {
  const { news, kinds } = await follow(TINY, first(tiny));
  assert.deepEqual(kinds, ["opening", "opened", "steps", "tested", "ended"]);
  const steps = news.filter((one) => one.kind === "steps");
  assert.equal(steps.reduce((sum, { losses }) => sum + losses.length, 0), 5);
  assert.deepEqual(steps.at(-1)!.step, 5);
  const tested = news.filter((one) => one.kind === "tested").map(({ step }) => step);
  assert.deepEqual(tested, [1, 2, 3, 4, 5]); // an epoch is one step of 40 images
  const ended = find(news, "ended");
  assert.equal(modelSha256(await loadModel(steps.at(-1)!.model)), ended.sha256);
});

testUnless(LACKS, "Session.stop() ends a training and a pause, and nothing more is told", async () => {
  for (const kind of ["steps", "paused"] as const) {
    const { news } = await follow({ ...TINY, steps: 1_000_000 }, first(tiny), (one, session) => {
      if (kind === "paused") session.pause();
      if (one.kind === kind) session.stop();
    });
    assert.equal(news.at(-1)!.kind === "ended", false);
    assert.ok(news.length < 10);
  }
});

Deno.test("Session.stop() ends a training whose images do not come", async () => {
  const session = new Session(TINY, { images: () => new Promise(() => {}), tell: () => {} }),
    end = session.run();
  session.stop();
  await end;
  const news: TrainerNews[] = [];
  const late = new Session(TINY, { images: () => new Promise(() => {}), tell: (one) => news.push(one) });
  late.stop();
  await late.run();
  assert.deepEqual(news, []);
});

testUnless(LACKS, "Session trains on without test images, and says so", async () => {
  const images: SessionParts["images"] = (name, count) => {
    return name === "test"
      ? Promise.reject(new Error("Cannot load MNIST: test-00.bin"))
      : first(tiny)(name, count);
  };
  const { news } = await follow(TINY, images);
  assert.equal(find(news, "notice").message, "Accuracy was not measured. Cannot load MNIST: test-00.bin");
  assert.equal(news.at(-1)!.kind, "ended");
});

testUnless(
  LACKS,
  "Session keeps the figures of every epoch, also of those whose test images did not come",
  async () => {
    let asked = 0;
    const images: SessionParts["images"] = (name, count) => {
      const isMissing = name === "test" && ++asked < 4; // once as training begins, then after each epoch
      return isMissing ? Promise.reject(new Error("Cannot load MNIST: gone")) : first(tiny)(name, count);
    };
    const { session } = await follow(TINY, images), { epochs } = session.trained!;
    assert.deepEqual(epochs.map(({ epoch, step }) => [epoch, step]), [[0, 1], [1, 2], [2, 3], [3, 4], [
      4,
      5,
    ]]);
    assert.deepEqual(epochs.map(({ testAccuracy }) => testAccuracy !== undefined), [
      false,
      false,
      true,
      true,
      true,
    ]);
    assert.ok(epochs.every(({ trainLoss, trainAccuracy }) => trainLoss > 0 && trainAccuracy >= 0));
  },
);

testUnless(LACKS, "Session.stop() while the device is opened asks for no more images", async () => {
  const asked: string[] = [];
  const images: SessionParts["images"] = (name, count) => {
    asked.push(name);
    return first(tiny)(name, count);
  };
  const { news } = await follow(TINY, images, (one, session) => {
    if (one.kind === "opening") session.stop();
  });
  assert.deepEqual(asked, ["train"]);
  assert.deepEqual(news.filter(({ kind }) => kind === "steps"), []);
});

testUnless(LACKS, "Session.run() fails as what it lacks does", async () => {
  const lost: SessionParts["images"] = () => Promise.reject(new Error("Cannot load MNIST: gone"));
  await assert.rejects(follow(TINY, lost), /gone/);
  await assert.rejects(follow({ ...TINY, recipe: "none" }, first(tiny)), /Cannot find the recipe/);
});

testUnless(
  LACKS,
  "fileOf() gives a run that openRun() opens to the same hash, with figures for openMetrics()",
  async () => {
    for (const recipe of ["train-lstm-adam", "train-gru", "train-mnist-rnn"]) {
      const { news, session } = await follow({ ...TINY, recipe }, first(tiny));
      const { name, bytes } = fileOf(session.trained!, "run");
      assert.equal(name, `${recipe}-seed-1-5-steps.zip`);
      const folder = await Deno.makeTempDir();
      try {
        const path = await unzip(bytes, folder);
        assert.match(path, new RegExp(`/${recipe}/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d$`));
        const { model, config } = await openRun(path), { sha256 } = find(news, "ended");
        assert.equal(modelSha256(model), sha256);
        assert.deepEqual([model.dataset, model.preparation, config.training?.seed], ["mnist", "digit", 1]);
        const { lines, losses } = await openMetrics(path);
        assert.equal(losses.length, 5);
        assert.equal(lines.at(-1)!.modelSha256, sha256);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  },
);

projectTest("deno task evaluate takes the run that the page gives", async (path) => {
  const train = tinySplit({ count: 24, height: 6, width: 5, classes: 10 }); // as in the project
  const { news, session } = await follow({ ...TINY, limit: 24 }, first({ train, test: train }));
  const run = await unzip(fileOf(session.trained!, "run").bytes, `${path}/runs`);
  const flags = [
    "--model",
    run.slice(path.length + 1),
    "--data-dir",
    "data/tiny",
    "--json",
    "--device",
    "wasm",
  ];
  const { code, stdout, stderr } = await runScript(path, "evaluate", flags);
  assert.equal(code, 0, stderr);
  const [line] = parseLines(stdout);
  assert.equal(line.modelSha256, find(news, "ended").sha256);
});

testUnless(
  LACKS,
  "fileOf() names what it gives by recipe, seed and steps; the time of its end stays",
  async () => {
    const { news, session } = await follow(TINY, first(tiny));
    const { endedAt } = session.trained!;
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(session.trained!.endedAt, endedAt); // not when it is asked for
    const { name, bytes } = fileOf(session.trained!, "safetensors");
    assert.equal(name, "train-lstm-adam-seed-1-5-steps.safetensors");
    assert.equal(modelSha256(await loadModel(bytes)), find(news, "ended").sha256);
    const onnx = fileOf(session.trained!, "onnx");
    assert.equal(onnx.name, "train-lstm-adam-seed-1-5-steps.onnx");
    assert.ok(onnx.bytes.length > 4 * 24_000);
  },
);

/** Writes the files of an archive. @returns The folder of the run */
async function unzip(bytes: Uint8Array, folder: string): Promise<string> {
  let run = "";
  for (const [path, contents] of Object.entries(unzipSync(bytes))) {
    const to = `${folder}/${path}`;
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(to, contents);
    if (path.endsWith("/config.json")) run = to.slice(0, -"/config.json".length);
  }
  return run;
}
