import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { Split } from "../../lib/data/images.ts";
import type { Order, PixelScale } from "../../lib/data/sequence.ts";
import { toTensorflow } from "../../lib/model/to_tensorflow.ts";
import { createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import { adam } from "../../lib/model/optimizers.ts";
import { toPyTorch } from "../../lib/model/pytorch.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/safetensors.ts";
import { compile } from "../../lib/train/compile.ts";
import { modelConfig } from "../../lib/run/config.ts";
import { createRunFolder, openRun } from "../../lib/run/folder.ts";
import { lacks, named } from "../support/permissions.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";
import { makeProject, needs, parseLines, runScript, writeSplit } from "./tiny_project.ts";

tf.enableProdMode();

/** A model, and what a file must say of it for the same to come back. */
interface Trip {
  readonly name: string;
  /** Without the dense head of the classes. */
  readonly layers: readonly LayerOptions[];
  /** Height and width. */
  readonly size: readonly [number, number];
  readonly order: Order;
  readonly scale: PixelScale;
  readonly classes: number;
  readonly biases: 1 | 2;
  /** Whether it reads sequences of any length. */
  readonly open?: boolean;
  readonly classNames?: readonly string[];
}

const lstm = (hiddenSize: number, returnSequences = false): LayerOptions => {
  return { kind: "lstm", hiddenSize, returnSequences };
};
const gru = (hiddenSize: number, returnSequences = false): LayerOptions => {
  return { kind: "gru", hiddenSize, returnSequences, resetAfter: true };
};
const rnn = (activation: "relu" | "tanh", hiddenSize: number, returnSequences = false): LayerOptions => {
  return { kind: "rnn", activation, hiddenSize, returnSequences };
};
const dropout = (rate: number): LayerOptions => ({ kind: "dropout", rate });
const ROWS = { axis: "rows" } as const, PIXELS = { axis: "pixels" } as const;
const NORMALIZED = { mean: 0.1307, deviation: 0.3081 };

const TRIPS: readonly Trip[] = [
  {
    name: "an LSTM with one bias, classes with odd names",
    ...{ layers: [lstm(6)], size: [7, 5], order: ROWS, scale: { range: [0, 1] }, classes: 3, biases: 1 },
    classNames: ["a,b", "\x1b[31m" + "c".repeat(95), ""],
  },
  {
    name: "two LSTM layers with dropout, columns, sequences of any length, 26 classes with names",
    layers: [lstm(5, true), dropout(0.5), lstm(5), dropout(0.25)],
    ...{ size: [7, 5], order: { axis: "columns" }, open: true },
    ...{ scale: NORMALIZED, classes: 26, biases: 2, classNames: [..."abcdefghijklmnopqrstuvwxyz"] },
  },
  {
    name: "two ReLU layers with dropout, −1…1",
    layers: [rnn("relu", 6, true), dropout(0.25), rnn("relu", 6), dropout(0.5)],
    ...{ size: [7, 5], order: ROWS, scale: { range: [-1, 1] }, classes: 4, biases: 2 },
  },
  {
    name: "a tanh RNN, pixel by pixel, of images that are not square",
    ...{ layers: [rnn("tanh", 6)], size: [3, 5], order: PIXELS, scale: NORMALIZED, classes: 3, biases: 1 },
  },
  {
    name: "a ReLU RNN, pixel by pixel, of a square number of pixels that are no square",
    ...{ layers: [rnn("relu", 4)], size: [2, 8], order: PIXELS, scale: { range: [0, 1] } },
    ...{ classes: 2, biases: 2 },
  },
  {
    name: "a tanh RNN, pixel by pixel, sequences of any length",
    ...{ layers: [rnn("tanh", 4)], size: [2, 5], order: PIXELS, scale: { range: [0, 1] } },
    ...{ classes: 2, biases: 2, open: true },
  },
  {
    name: "an LSTM, batch normalization as in PyTorch, a dense stack",
    layers: [
      lstm(6),
      { kind: "batchNorm", epsilon: 1e-5, momentum: 0.9, unbiased: true },
      dropout(0.25),
      { kind: "dense", units: 5, activation: "relu" },
      dropout(0.5),
    ],
    ...{ size: [7, 5], order: ROWS, scale: NORMALIZED, classes: 3, biases: 2 },
  },
  {
    name: "both directions, batch normalization of every step, the last step, from the bottom",
    layers: [
      {
        kind: "bidirectional",
        merge: "concat",
        forward: { kind: "lstm", hiddenSize: 4, returnSequences: true },
      },
      { kind: "batchNorm" },
      { kind: "last" },
    ],
    ...{ size: [7, 5], order: { ...ROWS, reversed: true }, scale: NORMALIZED, classes: 3, biases: 1 },
  },
  {
    name: "two GRU layers, permuted pixels",
    layers: [gru(4, true), gru(4)],
    ...{
      size: [2, 5],
      order: { ...PIXELS, permutation: 7 },
      scale: { range: [0, 1] },
      classes: 2,
      biases: 2,
    },
  },
];

/** The network of some layers with a dense head. */
function networkOf(
  { layers, size: [height, width], order: { axis }, classes, biases }: Omit<Trip, "name" | "scale">,
) {
  const inputSize = { rows: width, columns: height, pixels: 1 }[axis];
  return createClassifier({ inputSize, layers: [...layers, { kind: "dense", units: classes }], biases });
}

for (const trip of TRIPS) {
  Deno.test({
    name: named(`export, import: the same model comes back: ${trip.name}`, needs),
    ignore: lacks(needs),
    fn: async () => {
      await using project = await makeProject();
      const { path } = project;
      await writeRun(`${path}/runs/a`, trip);
      const { size: [height, width], classes } = trip;
      for (const [split, count] of [["train", 4], ["t10k", 33]] as const) {
        const images = tinySplit({ count, height, width, classes });
        images.labels.forEach((_, n) => images.labels[n] = n % classes); // all of them in both
        await writeSplit(`${path}/data/tiny/${split}`, images);
      }
      await script(path, "export", "--model", "runs/a", "--format", "safetensors", "--to", "runs/a.st");
      const data = ["--data-dir", "data/tiny", "--first-label", "0"];
      const [imported] = await script(path, "import", "--from", "runs/a.st", "--to", "runs/b", ...data);
      assert.deepEqual([imported.tried, imported.assumed], [[], null]);

      const [before, after] = [await describeRun(`${path}/runs/a`), await describeRun(`${path}/runs/b`)];
      assert.deepEqual(after, before);
      const [first, second] = await Promise.all(["runs/a", "runs/b"].map(async (run) => {
        const flags = ["--quiet", "--device", "reference", "--classes", String(classes), ...data];
        const [{ model: _, ...figures }] = await script(path, "evaluate", "--model", run, ...flags);
        return figures;
      }));
      assert.deepEqual(second, first);
      assert.equal(imported.modelSha256, first.modelSha256);
    },
  });
}

async function writeRun(path: string, trip: Trip): Promise<void> {
  const { size: [height, width], order, scale, classes, open, classNames } = trip, { axis } = order;
  const network = networkOf(trip);
  const T = open ? null : axis === "rows" ? height : axis === "columns" ? width : height * width;
  const run = await createRunFolder({ recipe: "mine", out: path });
  const model = {
    network,
    T,
    sequence: { ...order, ...scale },
    parameters: tinyParameters(network),
    classNames: classNames ?? Array.from({ length: classes }, (_, k) => String(k)),
    preparation: "digit", // which images of one's own do not have by themselves
  } as const;
  await run.writeConfig({ recipe: "mine", model: modelConfig(model), data: { dataDir: "data/tiny" } });
  await run.saveModel(toTensorflow(model));
}

/** Runs a script that must not fail; the objects that it prints. */
async function script(path: string, name: string, ...flags: string[]) {
  const { code, stdout, stderr } = await runScript(path, name, [...flags, "--json"]);
  assert.deepEqual([code, stderr], [0, ""]);
  return parseLines(stdout);
}

/** All that must come back besides the parameters. */
async function describeRun(path: string) {
  const { parameters: _, ...model } = (await openRun(path)).model;
  return model;
}

Deno.test({
  name: named("evaluate: images of a size that a model does not read are refused in words", needs),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject(); // images of 6 × 5
    const { path } = project;
    const rules = [[TRIPS[2], "7 × 5 pixels"], [TRIPS[3], "15 pixels"], [
      TRIPS[1],
      "7 × any pixels",
    ]] as const;
    for (const [n, [trip, rule]] of rules.entries()) {
      await writeRun(`${path}/runs/${n}`, { ...trip, classes: 10, classNames: [..."0123456789"] });
      const { code, stderr } = await runScript(path, "evaluate", ["--model", `runs/${n}`, "--quiet"]);
      assert.ok(
        stderr.includes(`must have ${rule}, as the model of runs/${n} has: current value is 6 × 5, of`),
      );
      assert.equal(code, 1);
    }
  },
});

Deno.test({
  name: named("import: a flag that contradicts the file is refused, and names both values", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const relu = TRIPS.find(({ name }) => name.startsWith("two ReLU"))!;
    await writeRun(`${path}/runs/a`, relu);
    await writeRun(`${path}/runs/lstm`, { ...TRIPS[0], open: true });
    for (const run of ["a", "lstm"]) {
      const to = ["--to", `runs/${run}.st`];
      await script(path, "export", "--model", `runs/${run}`, "--format", "safetensors", ...to);
    }
    const importing = (file: string, ...flags: string[]) =>
      runScript(path, "import", ["--from", `runs/${file}.st`, "--to", "runs/b", ...flags]);

    const refused: [string, string[], RegExp][] = [
      [
        "a",
        ["--activation", "tanh"],
        /^Cannot use --activation: it must agree with the file, which says relu: current value is tanh\n/,
      ],
      ["a", ["--axis", "columns"], /--axis: .* which says rows: current value is columns\n/],
      ["a", ["--range", "0..1"], /--range: .* which says -1\.\.1: current value is 0\.\.1\n/],
      [
        "a",
        ["--mean", "0", "--deviation", "1"],
        /--mean and --deviation: .* which says -1\.\.1: current value is \(x\/255 - 0\)\/1\n/,
      ],
      ["a", ["--steps", "8"], /--steps: .* which says 7: current value is 8\n/],
      ["a", ["--class-names", "a,b"], /--class-names: .* each of the 4 classes: current value is 2\n/],
      [
        "a",
        ["--class-names", `a,b,c,${"d".repeat(101)}`],
        /--class-names: .* at most 100 characters: current value is 101/,
      ],
      [
        "lstm",
        ["--activation", "tanh"],
        /--activation: the network must be an RNN: current value is lstm/,
      ],
    ];
    for (const [file, flags, message] of refused) {
      await t.step(flags.join(" ").slice(0, 40), async () => {
        const { code, stderr } = await importing(file, ...flags);
        assert.match(stderr, message);
        assert.equal(code, 2);
      });
    }

    await t.step("what it says itself, also in other words, is no contradiction", async () => {
      const same: [string, string[]][] = [
        ["a", ["--axis", "rows", "--range=-1..1", "--activation", "relu", "--steps", "7"]],
        ["a", ["--mean", "0.5", "--deviation", "0.5", "--class-names", "w,x,y,z"]],
        ["lstm", ["--mean", "0", "--deviation", "1", "--steps", "9"]], // any length: also this one
      ];
      for (const [file, flags] of same) {
        const { code, stderr } = await importing(file, ...flags);
        assert.deepEqual([code, stderr], [0, ""]);
        await Deno.remove(`${path}/runs/b`, { recursive: true });
      }
    });

    await t.step("metadata that contradict the weights are one message", async () => {
      const { tensors, metadata } = decodeSafetensors(await Deno.readFile(`${path}/runs/a.st`));
      const wrong: [Record<string, string>, RegExp][] = [
        [
          { axis: "pixels" },
          /^Cannot import: the file's axis must be rows or columns, .* 5 pixels at a time/,
        ],
        [{ classNames: '["a","b"]' }, /^Cannot import: in the file .* 4 classes: current value is 2\n/],
        [
          { network: metadata.network.replace('"hiddenSize":6', '"hiddenSize":5') },
          /^Cannot read the metadata: network must be one of the arrays .*\[5,6\].*: current value is one of .*\[5,5\]/,
        ],
        [{ T: "0" }, /^Cannot read the metadata: T must be/],
        [{ biases: "3" }, /^Cannot read the metadata: biases must be/],
      ];
      for (const [damage, message] of wrong) {
        await Deno.writeFile(`${path}/runs/x.st`, encodeSafetensors(tensors, { ...metadata, ...damage }));
        const { code, stderr } = await importing("x");
        assert.match(stderr, message);
        assert.equal(code, 1);
      }
      await Deno.writeFile(`${path}/runs/x.st`, encodeSafetensors(tensors));
      const { code, stderr } = await importing("x", "--axis", "pixels");
      assert.match(stderr, /^Cannot use --axis: it must be rows or columns, .*: current value is pixels\n/);
      assert.equal(code, 2);
    });
  },
});

Deno.test({
  name: named(
    "import: how bare weights are read is found by trying, and what is not found is ASSUMED",
    needs,
  ),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const images = linesOf(64);
    await Deno.mkdir(`${path}/data/lines`);
    await writeSplit(`${path}/data/lines/train`, images);
    await writeSplit(`${path}/data/lines/t10k`, images);
    const importing = (...flags: string[]) => ["--from", "data/bare.safetensors", ...flags];

    for (const activation of ["relu", "tanh"] as const) {
      await t.step(`${activation}, normalized`, async () => {
        const layers = [rnn(activation, 8)], size = [5, 6] as const;
        const network = networkOf({ layers, size, order: ROWS, classes: 3, biases: 2 });
        const model = toTensorflow({ network, parameters: new Float32Array(network.size), T: 5 });
        await using trainer = await compile(model, {
          train: images,
          sequence: { axis: "rows", ...NORMALIZED },
          optimizer: adam({ learningRate: 0.03 }),
          initialize: "pytorch",
          biases: 2,
          batchSize: 8,
          device: "reference",
        });
        for await (const _ of trainer.epochs(12));
        assert.ok((await trainer.evaluate("train")).accuracy > 0.9);
        const { parameters } = await trainer.readState();
        const bare = encodeSafetensors(toPyTorch(network, parameters));
        await Deno.writeFile(`${path}/data/bare.safetensors`, bare);

        const to = ["--to", `runs/${activation}`, "--data-dir", "data/lines"];
        const [{ sequence, tried, assumed }] = await script(path, "import", ...importing(...to));
        assert.deepEqual([sequence, assumed], [{ axis: "rows", ...NORMALIZED }, null]);
        const trials = tried as { accuracy: number; loss: number; activation: string }[];
        assert.equal(trials.length, 6); // rows alone: columns would be images of another size
        assert.equal(trials[0].activation, activation);
        assert.deepEqual(
          trials,
          trials.toSorted((a, b) => b.accuracy - a.accuracy || a.loss - b.loss),
        );
        const found = await openRun(`${path}/runs/${activation}`);
        assert.deepEqual([found.model.network, found.model.T], [network, 5]);
      });
    }

    const print = async (...flags: string[]) => {
      const { code, stdout } = await runScript(path, "import", importing(...flags));
      assert.equal(code, 0);
      return stdout;
    };

    await t.step("the printed table names activation, accuracy and loss", async () => {
      const stdout = await print("--to", "runs/table", "--data-dir", "data/lines", "--range", "0..1");
      assert.match(stdout, /\n {10}(found by trying|ASSUMED, as even the best .*)\n/);
      assert.match(
        stdout,
        /\n {10}neither the file nor a flag says the order \(--axis\) and the activation \(--activation\)\n/,
      );
      assert.match(stdout, /\n {10}accuracy and loss on 64 training images of lines:\n/);
      assert.equal(
        stdout.match(/\n {10}\d\.\d{3} {2} *\d+\.\d{4} {2}rows, pixels as 0…1, (tanh|relu)/g)?.length,
        2,
      );
    });

    await t.step("images that the weights do not know", async () => {
      const others = tinySplit({ count: 64, height: 5, width: 6, classes: 3, seed: 5 });
      for (const split of ["train", "t10k"]) await writeSplit(`${path}/data/lines/${split}`, others);
      const stdout = await print("--to", "runs/unknown", "--data-dir", "data/lines");
      assert.match(
        stdout,
        /ASSUMED, as even the best of the usual ways has an accuracy of \d+\.\d% on 64 training images of lines\n.*the order \(--axis\), the pixels' numbers \(--range, or --mean and --deviation\), and the activation \(--activation\)\n/,
      );
    });

    await t.step("images of another size, or none", async () => {
      const other = await print("--to", "runs/other", "--data-dir", "data/lines", "--steps", "9");
      assert.match(
        other,
        /\nreads {5}rows, pixels as 0…1\n {10}ASSUMED, as the images of lines have another size or other classes\n/,
      );
      const none = await print("--to", "runs/none", "--dataset", "kmnist", "--steps", "5", "--axis", "rows");
      assert.match(
        none,
        /\nreads .*\n {10}ASSUMED, as there are no readable images in data\/kmnist to try it on\n.* says the pixels' numbers \(/,
      );
    });

    await t.step("an activation that overflows is no error, and not chosen", async () => {
      const layers = [rnn("tanh", 2)], size = [1, 1] as const;
      const network = networkOf({ layers, size, order: PIXELS, classes: 3, biases: 2 });
      const huge = tinyParameters(network).map((value) => 1e6 * value);
      await Deno.writeFile(`${path}/data/bare.safetensors`, encodeSafetensors(toPyTorch(network, huge)));
      const [{ tried }] = await script(
        path,
        "import",
        ...importing("--to", "runs/huge", "--data-dir", "data/lines"),
      );
      const trials = tried as { accuracy: number; loss: number | null; activation: string }[];
      assert.equal(trials[0].activation, "tanh");
      assert.deepEqual(trials.filter(({ loss }) => loss === null).map(({ activation }) => activation), [
        "relu",
        "relu",
        "relu",
      ]);
    });
  },
});

Deno.test({
  name: named("import: --chain names the modules of a file that does not say their order", needs),
  ignore: lacks(needs),
  fn: async () => {
    await using project = await makeProject();
    const { path } = project;
    const trip = TRIPS.find(({ name }) => name.startsWith("an LSTM, batch normalization"))!;
    const network = networkOf(trip), parameters = tinyParameters(network);
    const bare = encodeSafetensors(toPyTorch(network, parameters, { linear: "fc1", head: "fc2" }));
    await Deno.writeFile(`${path}/data/bare.safetensors`, bare);
    const from = ["--from", "data/bare.safetensors", "--axis", "rows", "--range", "0..1", "--steps", "7"];
    const unordered = await runScript(path, "import", [...from, "--to", "runs/a"]);
    assert.match(
      unordered.stderr,
      /chain must name the modules .* as in \["rnn","last","batchnorm","fc1","fc2"\]/,
    );
    assert.equal(unordered.code, 1);

    const chain = ["--chain", "rnn,last,batchnorm,fc1,relu,fc2"];
    const { code, stdout, stderr } = await runScript(path, "import", [...from, ...chain, "--to", "runs/a"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^network {3}lstm 5 → 6, batchNorm, dense 6 → 5 \(relu\), dense 5 → 3\n/);
    const { model } = await openRun(`${path}/runs/a`);
    assert.deepEqual(model.parameters, parameters);
    assert.deepEqual(model.network.parameters, network.parameters);

    await script(path, "export", "--model", "runs/a", "--format", "safetensors", "--to", "runs/a.st");
    const other = ["--from", "runs/a.st", "--to", "runs/b", ...chain];
    const refused = await runScript(path, "import", other);
    assert.match(
      refused.stderr,
      /^Cannot use --chain: it must agree with the file, which says rnn,last,batchnorm,linear,relu,head: current value is rnn,/,
    );
    assert.equal(refused.code, 2);
  },
});

/** Pictures of 5 × 6 with one bright row: in the upper part (0), in the middle (1) or below (2). */
function linesOf(count: number): Split {
  const rows = Uint8Array.from({ length: count }, (_, n) => (7 * n + 3) % 5);
  const pixels = Uint8Array.from({ length: count * 30 }, (_, i) => {
    const n = Math.floor(i / 30), y = Math.floor(i / 6) % 5;
    return y === rows[n] ? 255 - n : (i * 37) % 50;
  });
  return { pixels, labels: rows.map((row) => row >> 1), count, height: 5, width: 6 };
}
