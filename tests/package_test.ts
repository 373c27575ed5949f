/**
 * The package as others use it: from a project of their own, in a folder of its own, with the permissions that the README
 * names and nothing in an import map.
 */
import assert from "node:assert/strict";
import { lacks, named } from "./support/permissions.ts";

const needs = [{ name: "read" }, { name: "write" }, { name: "run" }] as const;
const root = new URL("../", import.meta.url).pathname.replace(/\/$/, "");
const { version } = JSON.parse(lacks(needs) ? "{}" : await Deno.readTextFile(`${root}/deno.json`));

/** A program that trains, saves, opens and predicts. @param doors What it imports */
const programOf = (doors: { mod: string; core: string; run: string; view: string }) => `
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import * as scanline from "${doors.mod}";
import * as core from "${doors.core}";
import { openRun, Run } from "${doors.run}";
import { drawCurves, toCurves } from "${doors.view}";

const labels = Uint8Array.from({ length: 64 }, (_, n) => n % 2);
const pixels = Uint8Array.from({ length: 64 * 36 }, (_, i) => {
  const n = Math.floor(i / 36), y = Math.floor(i / 6) % 6, x = i % 6;
  return (labels[n] === 0 ? y : x) === (n >> 1) % 6 ? 255 : 0;
});
const images = { pixels, labels, count: 64, height: 6, width: 6 };
const model = tf.sequential({
  layers: [scanline.lstm({ units: 8, inputShape: [6, 6] }), tf.layers.dense({ units: 2 })],
});
const options = {
  train: images,
  test: images,
  sequence: { axis: "rows", range: [0, 1] },
  optimizer: scanline.adam({ learningRate: 0.05 }),
  initialize: "pytorch",
  batchSize: 16,
  device: "wasm",
} as const;
await using trainer = await scanline.compile(model, options);
using run = await Run.begin(trainer, { recipe: "mine", out: "runs/mine" }, { pictures: false });
const lines = [];
for await (const epoch of trainer.epochs(run.remaining({ epochs: 10 }), { onCheckpoint: run.keep })) {
  const test = await trainer.evaluate("test");
  lines.push(await run.report({ epoch: epoch.index }, {
    trainLoss: epoch.loss,
    trainAccuracy: epoch.accuracy,
    testLoss: test.loss,
    testAccuracy: test.accuracy,
    seconds: epoch.seconds,
  }));
}
const { line } = await run.end();
const curves = drawCurves(toCurves([{ name: "mine", lines, stepsPerEpoch: 4 }]));
await using opened = await scanline.openModel("runs/mine", { device: "wasm" });
const { accuracy } = await opened.evaluate(images);
await using again = await scanline.openModel(scanline.toSafetensors(opened.trained), { device: "reference" });
const network = core.createClassifier({
  inputSize: 6,
  layers: [{ kind: "lstm", hiddenSize: 8 }, { kind: "dense", units: 2 }],
  biases: 2,
});
await using training = await core.openTraining(network, options);
for await (const _ of training.epochs(10));
console.log(JSON.stringify({
  accuracy,
  plain: core.modelSha256(await training.trained()) === line.modelSha256,
  same: scanline.modelSha256(again.trained) === line.modelSha256,
  predicted: [...scanline.predictedClasses(await again.predict(images, { to: 4 }), 2)],
  recipe: (await openRun("runs/mine")).config.recipe,
  curves: curves.startsWith("<svg"),
}));
`;

const linked = `jsr:@scanline/scanline@${version}`;
const WAYS = [
  {
    what: "links the clone",
    config: { links: [root] },
    doors: { mod: linked, core: `${linked}/core`, run: `${linked}/run`, view: `${linked}/view` },
  },
  {
    what: "imports the clone's files by path, and names nothing in a deno.json",
    config: null,
    doors: { mod: `${root}/mod.ts`, core: `${root}/core.ts`, run: `${root}/run.ts`, view: `${root}/view.ts` },
  },
];

for (const { what, config, doors } of WAYS) {
  Deno.test({
    name: named(`a project of one's own that ${what} trains, saves, opens and predicts`, needs),
    ignore: lacks(needs),
    fn: async () => {
      const path = await Deno.makeTempDir();
      try {
        if (config) await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify(config));
        await Deno.writeTextFile(`${path}/main.ts`, programOf(doors));
        await Deno.mkdir(`${path}/runs`);
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "--no-prompt", "--check", `--allow-read=runs,${root}/lib`, "--allow-write=runs"],
            "main.ts",
          ],
          cwd: path,
          env: { NO_COLOR: "1" },
          stdin: "null",
        }).output();
        const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        assert.equal(code, 0, complaint);
        assert.deepEqual(JSON.parse(said.trim().split("\n").at(-1)!), {
          accuracy: 1,
          plain: true,
          same: true,
          predicted: [0, 1, 0, 1],
          recipe: "mine",
          curves: true,
        });
      } finally {
        await Deno.remove(path, { recursive: true });
      }
    },
  });
}

/** A program for Node: the engine `reference`, which needs neither Deno nor a file. */
const NODE_PROGRAM = `
import * as tf from "@tensorflow/tfjs";
import * as scanline from "@scanline/scanline";
import * as core from "@scanline/scanline/core";
import { describeStructure } from "@scanline/scanline/view";

const labels = Uint8Array.from({ length: 32 }, (_, n) => n % 2);
const pixels = Uint8Array.from({ length: 32 * 16 }, (_, i) => labels[i >> 4] * 200 + i % 50);
const images = { pixels, labels, count: 32, height: 4, width: 4 };
const model = tf.sequential({
  layers: [scanline.lstm({ units: 5, inputShape: [4, 4] }), tf.layers.dense({ units: 2 })],
});
const trainer = await scanline.compile(model, {
  train: images,
  sequence: { axis: "rows", range: [0, 1] },
  optimizer: scanline.adam({ learningRate: 0.05 }),
  initialize: "pytorch",
  batchSize: 8,
  device: "reference",
});
for await (const _ of trainer.epochs(5));
const file = core.toSafetensors(await trainer.trained());
const opened = await core.openModel(file, { device: "reference" });
console.log(JSON.stringify([
  (await opened.evaluate(images)).accuracy,
  describeStructure(trainer.network, { height: 4, width: 4, axis: "rows" }).length,
]));
`;

const node = lacks([{ name: "env" }]) ? undefined : Deno.env.get("SCANLINE_NODE");

Deno.test({
  name: `what deno pack makes is an npm package that Node runs${
    node ? "" : " (ignored: needs SCANLINE_NODE=<path of Node 24 or newer>, and npm's registry)"
  }`,
  ignore: !node || lacks(needs),
  fn: async () => {
    const path = await Deno.makeTempDir();
    const run = async (command: string, args: readonly string[], cwd = path) => {
      const output = await new Deno.Command(command, { args: [...args], cwd, stdin: "null" }).output();
      const [said, complaint] = [output.stdout, output.stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      );
      assert.equal(output.code, 0, `${command} ${args.join(" ")}\n${complaint}`);
      return said;
    };
    try {
      await run(Deno.execPath(), ["pack", "--allow-dirty", "-o", `${path}/scanline.tgz`], root);
      await run("npm", ["init", "-y"]);
      await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "./scanline.tgz"]);
      await Deno.writeTextFile(`${path}/main.mjs`, NODE_PROGRAM);
      assert.deepEqual(JSON.parse((await run(node!, ["main.mjs"])).trim().split("\n").at(-1)!), [1, 4]);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  },
});
