import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FILE_NAMES } from "../../lib/data/catalogue.ts";
import { sha256 } from "../../lib/data/files.ts";
import { inFolder, list, PROCESS_NEEDS } from "../data/support/small_dataset.ts";
import { lacks, named } from "../support/permissions.ts";

const ROOT = new URL("../../", import.meta.url);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the script in its own folder, without a network and without packages that are not in Deno's cache. */
function runData(folder: string, ...args: string[]): Promise<Outcome> {
  return runDataIn(folder, args, {});
}

async function runDataIn(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const permissions = ["--allow-read=data", "--allow-write=data", "--deny-net", "--cached-only", "--no-lock"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      "--no-check",
      "--config",
      fileURLToPath(new URL("deno.json", ROOT)),
      ...permissions,
      new URL("scripts/data.ts", ROOT).href,
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

function scriptTest(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({ name: named(name, PROCESS_NEEDS), ignore: lacks(PROCESS_NEEDS), fn: () => inFolder(fn) });
}

/** Folders without data. */
const EMPTY: Record<string, (folder: string) => Promise<void>> = {
  "no data/": () => Promise.resolve(),
  "only a README in data/": async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(`${folder}/data/README.md`, "what belongs here");
  },
  "some of MNIST beside other data": async (folder) => {
    await Deno.mkdir(`${folder}/data/mine`, { recursive: true });
    await Deno.mkdir(`${folder}/data/mnist`);
    await Deno.writeTextFile(`${folder}/data/mnist/${FILE_NAMES[0]}`, "cut");
  },
};

scriptTest("data --help explains the flags, on stderr, and does nothing", async (folder) => {
  const { code, stdout, stderr } = await runData(folder, "--help");
  assert.equal(code, 0);
  assert.equal(stdout, "");
  for (const word of ["deno task data", "--dataset", "--quiet", "mnist, fashion-mnist, kmnist"]) {
    assert(stderr.includes(word), word);
  }
  assert.deepEqual(await list(folder), []);
});

scriptTest("data names the valid flags and values, exits 2, and does nothing", async (folder) => {
  const cases: [string[], RegExp][] = [
    [["--datset", "mnist"], /"--datset": there is no such flag. Did you mean --dataset\?/],
    [
      ["--dataset", "cifar"],
      /--dataset: it must be one of mnist, fashion-mnist, kmnist: current value is "cifar"/,
    ],
    [["--dataset"], /--dataset: it must be given a value, one of .*kmnist$/m],
    [["mnist"], /"mnist": it must be one of --dataset, --quiet, --help, --first-run/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runData(folder, ...args);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, message);
  }
  assert.deepEqual(await list(folder), []);
});

scriptTest("data says what happened at each source, without a stack, and exits 1", async (folder) => {
  const { code, stdout, stderr } = await runData(folder, "--dataset", "fashion-mnist", "--quiet");
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^Cannot get Fashion-MNIST: data\/fashion-mnist must hold 4 files: current value is 0; tried\n/,
  );
  assert.match(stderr, /\n {2}\/usr\/share\/datasets\/fashion-mnist, train-images-idx3-ubyte: /);
  assert.match(stderr, /\n {2}http:\/\/fashion-mnist\.[^,]*, train-images-idx3-ubyte: it cannot be reached/);
  assert.match(
    stderr,
    /\nTry again later, or put train-images-idx3-ubyte\.gz, .* into data\/fashion-mnist\n$/,
  );
  assert.doesNotMatch(stderr, /\n {4}at /);
  assert.deepEqual(await list(`${folder}/data/fashion-mnist`), []);
});

scriptTest("data --first-run fetches nothing where there is other data", async (folder) => {
  await Deno.mkdir(`${folder}/data/mine`, { recursive: true });
  await Deno.mkdir(`${folder}/data/mnist`); // what an attempt without a network leaves
  assert.deepEqual(await runData(folder, "--first-run"), { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(await list(`${folder}/data`), ["mine", "mnist"]);
});

for (const [what, prepare] of Object.entries(EMPTY)) {
  scriptTest(`data --first-run tries to fetch, and ends well where it cannot: ${what}`, async (folder) => {
    await prepare(folder);
    const nothingCached = { DENO_DIR: `${folder}/cache` };
    const { code, stdout, stderr } = await runDataIn(folder, ["--first-run"], nothingCached);
    assert.deepEqual([code, stdout], [0, ""]); // a training that needs MNIST ends with its own error
    assert.match(
      stderr,
      /^(.* elsewhere\n)?Cannot get MNIST: data\/mnist must hold 4 files: current value is 0; tried\n/,
    );
  });
}

/** MNIST from `data/`, if it is there, in another folder. */
const MNIST = fileURLToPath(new URL("data/mnist/", ROOT));
const mnistIsHere = !lacks(PROCESS_NEEDS) &&
  await Deno.stat(`${MNIST}.verified.json`).then(() => true, () => false);

Deno.test({
  name: mnistIsHere
    ? "data accepts what is there, then prints one line on stderr, or none"
    : "data accepts what is there (ignored: needs deno task data --dataset mnist)",
  ignore: !mnistIsHere,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/data/mnist`, { recursive: true });
      for (const name of FILE_NAMES) await Deno.copyFile(`${MNIST}${name}`, `${folder}/data/mnist/${name}`);
      for (const args of [[], []]) {
        const { code, stdout, stderr } = await runData(folder, ...args);
        assert.deepEqual([code, stdout, stderr], [0, "", "MNIST is in data/mnist\n"]);
      }
      for (const flag of ["--quiet", "--first-run"]) {
        assert.deepEqual(await runData(folder, flag), { code: 0, stdout: "", stderr: "" });
      }
      assert.deepEqual(await list(`${folder}/data/mnist`), [".verified.json", ...FILE_NAMES].sort());

      const changed = await Deno.readFile(`${folder}/data/mnist/${FILE_NAMES[1]}`);
      changed[1000] ^= 1;
      await Deno.writeFile(`${folder}/data/mnist/${FILE_NAMES[1]}`, changed);
      const { stdout, stderr } = await load(folder);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        new RegExp(
          `data/mnist/${FILE_NAMES[1]}: its SHA-256 must be .*: current value is ${sha256(changed)}`,
        ),
      );
      assert.match(stderr, /the file has changed: delete it and run "deno task data --dataset mnist"\n$/);
    }),
});

/** Loads MNIST as a recipe would, in a process with another working folder. */
async function load(folder: string): Promise<Outcome> {
  const dataset = new URL("lib/data/dataset.ts", ROOT).href;
  const code = `import { loadDataset } from "${dataset}";
    try { console.log((await loadDataset()).name) } catch (error) { console.error(error.message) }`;
  await Deno.writeTextFile(`${folder}/load.ts`, code);
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "--no-check", "--no-lock", "--allow-read=data", "load.ts"],
    cwd: folder,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}
