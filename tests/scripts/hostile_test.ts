/**
 * Commands on files of someone who means no good: what they print is short, and nothing in it moves a terminal.
 *
 * @module
 */
import assert from "node:assert/strict";
import { encodePng } from "../support/encode_files.ts";
import { encodeSafetensors } from "../../lib/model/safetensors.ts";
import { lacks, named } from "../support/permissions.ts";
import { flagsOf } from "../support/tasks.ts";
import { makeProject, needs, trainTiny } from "./tiny_project.ts";

const ESCAPE = "\x1b]0;title\x07\x9b31m\u202e";
const root = new URL("../../", import.meta.url).pathname;

/** Runs a script with the flags of its task. */
async function run(folder: string, task: string, ...args: string[]) {
  const flags = flagsOf(task).flat().map((flag) => flag.replace(/(?<==|,)lib(?=,|$)/, `${root}lib`));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...flags, `${root}scripts/${task.replaceAll("-", "_")}.ts`, ...args],
    cwd: folder,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
  }).output();
  const [printed, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  for (const text of [printed, said]) assert.doesNotMatch(text, /[^\P{Cc}\n]|[\u202e]/u, task);
  assert.doesNotMatch(said, /Uncaught|^\s+at /m, task);
  assert.ok(said.length < 1500, `${task} says ${said.length} characters: ${said}`);
  return { code, printed, said };
}

Deno.test({
  name: named(
    "commands on hostile runs, names and weights end with one short error that a terminal can show",
    needs,
  ),
  ignore: lacks(needs),
  fn: async (t) => {
    await using project = await makeProject();
    const { path } = project;
    await trainTiny(path, "train_rnn");
    const read = (file: string) => Deno.readTextFile(`${path}/runs/a/${file}`);
    const config = JSON.parse(await read("config.json"));
    const weights = await Deno.readFile(`${path}/runs/a/model/weights.bin`);
    const png = encodePng({
      pixels: Uint8Array.from({ length: 30 }, (_, at) => at * 8),
      width: 5,
      height: 6,
    });

    const refused = async (message: RegExp, task: string, ...args: string[]) => {
      const { code, said } = await run(path, task, ...args);
      assert.notEqual(code, 0);
      assert.match(said, message);
    };
    const withFile = async (file: string, contents: string | Uint8Array, check: () => Promise<void>) => {
      const whole = `${path}/runs/a/${file}`, before = await Deno.readFile(whole);
      await Deno.writeFile(
        whole,
        typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
      );
      await check();
      await Deno.writeFile(whole, before);
    };
    const withConfig = (changes: object, check: () => Promise<void>) =>
      withFile("config.json", JSON.stringify({ ...config, ...changes }), check);

    await t.step(
      "a recipe's name",
      () =>
        withConfig(
          { recipe: ESCAPE },
          () => refused(/must have recipe, a text/, "evaluate", "--model", "runs/a"),
        ),
    );
    await t.step(
      "a folder in config.json",
      () =>
        withConfig(
          { data: { dataDir: `data/${ESCAPE}${"x".repeat(4000)}` } },
          () => refused(/Cannot (load|read) data/, "evaluate", "--model", "runs/a"),
        ),
    );
    await t.step(
      "a folder that the task may not read: nobody is asked",
      () =>
        withConfig(
          { data: { dataDir: "/etc" } },
          () => refused(/denied|allow/, "evaluate", "--model", "runs/a"),
        ),
    );
    await t.step("weights that are no numbers, or too large", async () => {
      for (const number of [NaN, 3e38]) {
        const wrong = new Float32Array(weights.buffer).slice().fill(number);
        await withFile("model/weights.bin", new Uint8Array(wrong.buffer), async () => {
          await refused(/must be finite: current value is/, "evaluate", "--model", "runs/a");
          await Deno.writeFile(`${path}/digit.png`, png);
          await refused(/must be finite: current value is/, "predict", "digit.png", "--model", "runs/a");
        });
      }
    });
    await t.step(
      "metrics of anything",
      () =>
        withFile(
          "metrics.jsonl",
          `[1]\n{"event":{"valueOf":1}}\n{"event":"epoch","epoch":1e308,"testLoss":1e999}\n`,
          async () => {
            assert.equal((await run(path, "plot", "runs/a")).code, 0);
          },
        ),
    );
    await t.step("names of pictures", async () => {
      await Deno.writeFile(`${path}/${ESCAPE}.png`, png);
      const { code, said } = await run(path, "predict", `${ESCAPE}.png`, "--model", "runs/a");
      assert.equal(code, 0, said);
      await Deno.writeTextFile(`${path}/${ESCAPE}.png`, ESCAPE);
      await refused(/Cannot .*PNG/, "predict", `${ESCAPE}.png`, "--model", "runs/a");
    });
    await t.step("names of tensors", async () => {
      const tensors = new Map([[ESCAPE + "n".repeat(1e6), { shape: [1], data: Float32Array.of(1) }]]);
      await Deno.writeFile(`${path}/weights.safetensors`, encodeSafetensors(tensors));
      await refused(/Cannot take PyTorch's weights/, "import", "--from", "weights.safetensors");
    });
    await t.step("arguments", async () => {
      await refused(/Cannot use/, "evaluate", `--${ESCAPE}`);
      await refused(/Cannot open the run/, "evaluate", "--model", `runs/${ESCAPE}`);
    });
  },
});
