import assert from "node:assert/strict";
import { encodePng } from "../support/encode_files.ts";
import golden from "../golden/pictures.json" with { type: "json" };
import { lacks, named } from "../support/permissions.ts";
import { makeProject, needs, parseLines, runScript, trainTiny } from "./tiny_project.ts";

/** Dark on light, 40 × 30. */
function page(): Uint8Array {
  const pixels = Uint8Array.from({ length: 1200 }, (_, i) => {
    const x = i % 40, y = Math.floor(i / 40);
    return Math.abs(x - y - 5) < 3 ? 20 : 240;
  });
  return encodePng({ pixels, height: 30, width: 40 });
}

Deno.test({
  name: named("predict prepares pictures as the images of the model were, and says so", needs),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    await trainTiny(path, "train_lstm", "--quiet");
    await Deno.writeFile(`${path}/data/page.png`, page());
    const own = Uint8Array.from({ length: 30 }, (_, i) => i * 8);
    await Deno.writeFile(`${path}/data/own.png`, encodePng({ pixels: own, height: 6, width: 5 }));
    const photo = golden.find(({ name }) => name === "jpeg turned 6")!;
    await Deno.writeFile(`${path}/data/photo.jpg`, Uint8Array.fromBase64(photo.file));
    const model = ["--model", "runs/a", "--device", "reference"];
    const file = `${path}/runs/a/config.json`;
    const config = JSON.parse(await Deno.readTextFile(file));

    const predict = async (...args: string[]) => {
      const { code, stdout, stderr } = await runScript(path, "predict", [...args, ...model, "--json"]);
      assert.equal(code, 0, stderr);
      const [, ...said] = stderr.trimEnd().split("\n");
      return { said: said.join("\n"), prepared: parseLines(stdout).map(({ prepared }) => prepared) };
    };
    const write = (change: Record<string, unknown>) =>
      Deno.writeTextFile(file, JSON.stringify({ ...config, ...change }));

    await t.step("images of one's own: what has their size is not touched, others are scaled", async () => {
      assert.equal(config.model.preparation, "none");
      const { said, prepared } = await predict("data/own.png", "data/page.png", "data/photo.jpg");
      assert.match(
        said,
        /^Pictures: 2 scaled to 5 × 6, 1 taken as they are \(--prepare digit does otherwise\)\n/,
      );
      assert.match(said, /\n {2}Their ground is light: --invert yes, if /);
      assert.deepEqual(prepared.slice(0, 2), [
        { done: "nothing", inverted: false },
        { done: "scaled", inverted: false },
      ]);
    });

    await t.step("a picture that cannot be used leaves the others theirs, and exit code 1", async () => {
      await Deno.writeTextFile(`${path}/data/none.png`, "none");
      const files = ["data/none.png", "data/own.png", "data/gone.png"];
      const { code, stdout, stderr } = await runScript(path, "predict", [...files, ...model, "--json"]);
      assert.equal(code, 1);
      assert.deepEqual(stdout.trim().split("\n").map((line) => JSON.parse(line).image), ["data/own.png"]);
      assert.match(
        stderr,
        /\nCannot use data\/none\.png: it must be a PNG .*\nCannot read data\/gone\.png: .*\n$/,
      );
      const none = await runScript(path, "predict", ["data/none.png", ...model]);
      assert.deepEqual([none.code, none.stdout], [1, ""]);
      assert.match(none.stderr, /^Cannot use data\/none\.png: .*\n$/);
    });

    await t.step("--invert and --prepare do otherwise", async () => {
      const inverted = await predict("data/page.png", "--invert", "yes");
      assert.deepEqual(inverted.prepared, [{ done: "scaled", inverted: true }]);
      assert.match(inverted.said, /^Pictures: scaled to 5 × 6, light and dark swapped/);
      const digit = await predict("data/page.png", "--prepare", "digit");
      assert.deepEqual(digit.prepared, [{ done: "digit", inverted: true }]);
    });

    await t.step("a run that says no preparation is prepared for as its data set is", async () => {
      await write({ model: { ...config.model, preparation: undefined }, data: { dataset: "fashion-mnist" } });
      assert.deepEqual((await predict("data/page.png")).prepared, [{ done: "scaled", inverted: true }]);
      await write({ model: { ...config.model, preparation: undefined }, data: { dataset: "mnist" } });
      assert.deepEqual((await predict("data/page.png")).prepared, [{ done: "digit", inverted: true }]);
    });

    await t.step("config.json says it for any data set", async () => {
      await write({ model: { ...config.model, preparation: "digit" } });
      assert.deepEqual((await predict("data/page.png")).prepared, [{ done: "digit", inverted: true }]);
      await write({ model: { ...config.model, preparation: "crop" } });
      const { code, stderr } = await runScript(path, "predict", ["data/page.png", ...model]);
      assert.equal(code, 1);
      assert.match(stderr, /must have model\.preparation, one of digit, none: current value is "crop"/);
    });
  },
});
