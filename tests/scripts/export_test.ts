import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/safetensors.ts";
import { openRun } from "../../lib/run/folder.ts";
import weightsPth from "../golden/torch/weights.pth" with { type: "bytes" };
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

tf.enableProdMode();

/** What the recipe's network must be fed, on images of 6 × 5. */
const INPUT = "float32 [N, 5, 6]: N grey images; step t is column t from the left, " +
  "its features are that column's pixels from the top; a byte x, 0 to 255, is (x / 255 - 0.5) / 0.5";

Deno.test({
  name: named("export and import: the weights of a run leave, and come back to the bit", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    const trained = await trainTiny(path, "train_lstm", "--json");
    const { modelSha256 } = parseLines(trained.stdout).at(-1)!;

    await t.step(
      "safetensors: PyTorch's names as the source has them, and what a reader must know",
      async () => {
        const { code, stdout, stderr } = await runScript(path, "export", [
          "--model",
          "runs/a",
          "--format",
          "safetensors",
        ]);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.match(stdout, /^saved {5}runs\/a\/export\/model\.safetensors, \d+\.\d kB\n$/);
        const { tensors, metadata } = decodeSafetensors(
          await Deno.readFile(`${path}/runs/a/export/model.safetensors`),
        );
        assert.deepEqual(tensors.get("rnn.weight_ih_l0")!.shape, [400, 6]);
        assert.deepEqual(tensors.get("classifier.weight")!.shape, [10, 100]);
        assert.deepEqual([metadata.axis, metadata.range, metadata.recipe, metadata.input], [
          "columns",
          "[-1,1]",
          "train-lstm",
          INPUT,
        ]);
      },
    );

    await t.step("import makes a run of it with the same parameters, that predicts the same", async () => {
      const from = ["--from", "runs/a/export/model.safetensors", "--to", "runs/b", "--steps", "5"];
      const { code, stdout, stderr } = await runScript(path, "import", [...from, "--json"]);
      assert.deepEqual([code, stderr], [0, ""]);
      const [line] = parseLines(stdout);
      assert.equal(line.modelSha256, modelSha256);
      assert.deepEqual(line.sequence, { axis: "columns", range: [-1, 1] });
      const evaluations = await Promise.all(["runs/a", "runs/b"].map(async (model) => {
        const args = [
          "--model",
          model,
          "--json",
          "--quiet",
          "--device",
          "reference",
          "--data-dir",
          "data/tiny",
        ];
        const { stdout, stderr } = await runScript(path, "evaluate", args);
        assert.equal(stderr, "");
        const { model: _, ...rest } = parseLines(stdout)[0];
        return rest;
      }));
      assert.deepEqual(evaluations[1], evaluations[0]);
    });

    await t.step(
      "import takes names of classes, from a flag or from the file, and says how many",
      async () => {
        const file = "runs/a/export/model.safetensors", names = "a,b,c,d,e,f,g,h,i,j";
        const of = async (run: string) => (await openRun(`${path}/runs/${run}`)).config;
        assert.deepEqual((await of("b")).model?.classNames, [..."0123456789"]);
        const own = ["--data-dir", "data/tiny", "--first-label", "0", "--class-names", names];
        const args = ["--from", file, "--steps", "5", "--to", "runs/named", ...own];
        assert.equal((await runScript(path, "import", args)).code, 0);
        const { data, model } = await of("named");
        assert.deepEqual(data, { dataDir: "data/tiny", classes: 10, firstLabel: 0 });
        assert.deepEqual(model?.classNames, names.split(","));
        const args2 = ["--model", "runs/named", "--quiet", "--device", "reference"];
        const { code, stdout, stderr } = await runScript(path, "evaluate", args2);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.match(stdout, /\n(0 )?a .*\n(1 )?b /);
        const wrong: [string[], RegExp][] = [
          [["--class-names", "a,b"], /^Cannot use --class-names: .* the 10 classes: current value is 2\n/],
          [["--transpose"], /^Cannot use --transpose: it must stand with --data-dir/],
          [["--first-label", "1"], /^Cannot use --first-label: it must stand with --data-dir/],
        ];
        for (const [flags, message] of wrong) {
          const { code, stderr } = await runScript(path, "import", [
            ...["--from", file, "--to", "runs/none", ...flags],
          ]);
          assert.equal(code, 2);
          assert.match(stderr, message);
        }
      },
    );

    await t.step("import takes the data set from the file, and says so where nobody tells it", async () => {
      const config = JSON.parse(await Deno.readTextFile(`${path}/runs/a/config.json`));
      await runScript(path, "export", [
        "--model",
        "runs/a",
        "--format",
        "safetensors",
        "--to",
        "runs/own.st",
      ]);
      await Deno.mkdir(`${path}/runs/shoes`);
      await Deno.copyFile(`${path}/runs/a/config.json`, `${path}/runs/shoes/config.json`);
      await Deno.mkdir(`${path}/runs/shoes/model`);
      for (const name of ["model/model.json", "model/weights.bin"]) {
        await Deno.copyFile(`${path}/runs/a/${name}`, `${path}/runs/shoes/${name}`);
      }
      const shoes = { ...config, data: { dataset: "fashion-mnist" } };
      await Deno.writeTextFile(`${path}/runs/shoes/config.json`, JSON.stringify(shoes));
      await runScript(path, "export", [
        "--model",
        "runs/shoes",
        "--format",
        "safetensors",
        "--to",
        "runs/shoes.st",
      ]);
      for (
        const [file, dataset, line] of [
          ["own.st", "mnist", /\nimages {4}data\/mnist, ASSUMED: neither the file nor a flag says which/],
          ["shoes.st", "fashion-mnist", /\nimages {4}data\/fashion-mnist\n/],
        ] as const
      ) {
        const args = ["--from", `runs/${file}`, "--to", `runs/of-${file}`];
        const { code, stdout, stderr } = await runScript(path, "import", args);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.match(stdout, line);
        const assumed = dataset === "mnist" ? { assumed: true } : {};
        assert.deepEqual((await openRun(`${path}/runs/of-${file}`)).config.data, { dataset, ...assumed });
        const again = `runs/again-${file}`;
        await runScript(path, "export", [
          ...["--model", `runs/of-${file}`, "--format", "safetensors", "--to", again],
        ]);
        const { metadata } = decodeSafetensors(await Deno.readFile(`${path}/${again}`));
        assert.equal(metadata.dataset, assumed.assumed ? undefined : dataset); // what was assumed is not passed on as known
      }
    });

    await t.step("what cannot be written is one message", async () => {
      const wrong: [string[], number, RegExp][] = [
        [
          ["--format", "tfjs", "--to", "runs/a/config.json"],
          1,
          /^Cannot write to runs\/a\/config.json: it must be a folder: current value is a file\n$/,
        ],
        [
          ["--format", "safetensors", "--rnn", "a", "--head", "a"],
          2,
          /^Cannot use --head: it must be another name/,
        ],
      ];
      for (const [flags, expected, message] of wrong) {
        const { code, stderr } = await runScript(path, "export", ["--model", "runs/a", ...flags]);
        assert.equal(code, expected);
        assert.match(stderr, message);
      }
    });

    await t.step("tfjs: two files that TensorFlow.js loads", async () => {
      const args = ["--model", "runs/a", "--format", "tfjs", "--to", "runs/elsewhere", "--json"];
      const { code, stdout } = await runScript(path, "export", args);
      assert.equal(code, 0);
      assert.deepEqual(parseLines(stdout).map(({ file }) => file), [
        "runs/elsewhere/model.json",
        "runs/elsewhere/weights.bin",
      ]);
      const json = JSON.parse(await Deno.readTextFile(`${path}/runs/elsewhere/model.json`));
      const { buffer } = await Deno.readFile(`${path}/runs/elsewhere/weights.bin`);
      const model = await tf.loadLayersModel({ // as its own handlers of URLs and files do
        load: () =>
          tf.io.getModelArtifactsForJSON(json, ([{ weights }]) => Promise.resolve([weights, buffer])),
      });
      assert.deepEqual(model.outputs[0].shape, [null, 10]);
      const said = model.getUserDefinedMetadata() as Record<string, string>;
      assert.deepEqual([said.axis, said.range, said.input], ["columns", "[-1,1]", INPUT]);
      model.dispose();
    });

    await t.step("onnx: a file that says what it is", async () => {
      const { code } = await runScript(path, "export", ["--model", "runs/a", "--format", "onnx"]);
      assert.equal(code, 0);
      const text = new TextDecoder("latin1").decode(await Deno.readFile(`${path}/runs/a/export/model.onnx`));
      for (const word of ["LSTM", "images", "logits", "columns", "[-1,1]", INPUT]) {
        assert.ok(text.includes(word), word);
      }
    });

    await t.step("import says what of a file it does not take as it stands", async () => {
      const { tensors } = decodeSafetensors(await Deno.readFile(`${path}/runs/a/export/model.safetensors`));
      const { shape, data } = tensors.get("classifier.bias")!;
      tensors.set("classifier.bias", { shape, data: Float64Array.from(data as Float32Array) });
      tensors.set("n_averaged\x1b[31m", { shape: [], data: BigInt64Array.of(3n) });
      await Deno.writeFile(`${path}/data/odd.safetensors`, encodeSafetensors(tensors));
      const args = ["--from", "data/odd.safetensors", "--steps", "5"];
      const { code, stdout, stderr } = await runScript(path, "import", [...args, "--to", "runs/odd"]);
      assert.equal(code, 0, stderr);
      assert.match(
        stdout,
        /\nnote {6}float64 numbers are rounded to float32\nnote {6}n_averaged\\u\{1b\}\[31m is left out/,
      );
      const json = await runScript(path, "import", [...args, "--to", "runs/odd2", "--json"]);
      assert.equal((parseLines(json.stdout)[0].notes as string[]).length, 2);
    });

    await t.step("import says what a file of PyTorch's is, and how it becomes safetensors", async () => {
      await Deno.writeFile(`${path}/data/weights.pth`, weightsPth);
      const { code, stderr } = await runScript(path, "import", [
        "--from",
        "data/weights.pth",
        "--to",
        "runs/c",
      ]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^Cannot read safetensors: .* a PyTorch file .*\nThese lines of Python.*\n( {2}.*\n){3}.*\n$/,
      );
    });

    await t.step("wrong files and flags are one message", async () => {
      await Deno.writeTextFile(`${path}/data/bad.safetensors`, "x".repeat(20));
      const bad = await runScript(path, "import", ["--from", "data/bad.safetensors", "--to", "runs/c"]);
      assert.match(bad.stderr, /^Cannot read safetensors: /);
      assert.equal(bad.code, 1);
      for (const [from, found] of [["data/none", "missing"], ["data", "a folder"]]) {
        const { code, stderr } = await runScript(path, "import", ["--from", from, "--to", "runs/c"]);
        assert.deepEqual([code, stderr], [
          1,
          `Cannot read ${from}: it must be a readable file: current value is ${found}\n`,
        ]);
      }
      const missing = await runScript(path, "export", ["--model", "runs/a"]);
      assert.match(
        missing.stderr,
        /^Cannot export: --format must be given, onnx, tfjs or safetensors\n/,
      );
      assert.equal(missing.code, 2);
      const twice = await runScript(path, "import", [
        "--from",
        "runs/a/export/model.safetensors",
        "--to",
        "runs/a",
      ]);
      assert.match(twice.stderr, /must be empty/);
    });
  },
});
