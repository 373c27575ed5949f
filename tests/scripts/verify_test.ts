import assert from "node:assert/strict";
import hashes from "../golden/hashes.json" with { type: "json" };
import { isThere, lackingMnist } from "../support/mnist.ts";
import { lacking, lacks, named } from "../support/permissions.ts";
import { needs, parseLines, runTaskScript } from "./tiny_project.ts";

const root = new URL("../../", import.meta.url).pathname;
const recipes = Object.keys(hashes.sha256);

const ignored = lackingMnist(needs);

// The number of threads differs each time: the bits do not depend on it.
for (const [index, [recipe, expected]] of Object.entries(hashes.sha256).entries()) {
  Deno.test({
    name: `${recipe} trains to the published bits${ignored === undefined ? "" : ` (ignored: ${ignored})`}`,
    ignore: ignored !== undefined,
    fn: async () => {
      const out = await Deno.makeTempDir();
      const script = `scripts/${recipe.replaceAll("-", "_")}.ts`;
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...[
            "run",
            "--no-check",
            "--allow-read",
            `--allow-write=${out}`,
            script,
            ...hashes.flags.split(" "),
          ],
          ...["--threads", String((index + 1) % 3 + 1), "--out", out, "--json", "--no-pictures"],
        ],
        cwd: root,
      }).output();
      await Deno.remove(out, { recursive: true });
      assert(success, new TextDecoder().decode(stderr));
      const end = parseLines(new TextDecoder().decode(stdout)).at(-1)!;
      assert.equal(
        end.modelSha256,
        expected,
        "if the arithmetic is meant to change: `deno task verify --update`",
      );
    },
  });
}

/** A folder with the files that `scripts/verify.ts` reads, and recipes that end at once with these hashes, or fail. */
async function makeVerified(sha256: Readonly<Record<string, string>>, last = "end") {
  const path = await Deno.makeTempDir();
  await Deno.mkdir(`${path}/tests/golden`, { recursive: true });
  await Deno.writeTextFile(`${path}/tests/golden/hashes.json`, JSON.stringify(hashes));
  await Deno.writeTextFile(`${path}/README.md`, `${Object.values(hashes.sha256).join("\n")}\nand more\n`);
  const recipe = [
    "const [sha256, event, ...args] = Deno.args;",
    "console.error('what went wrong');",
    "if (!sha256) Deno.exit(7);",
    "console.log(JSON.stringify({ event, interrupted: false, modelSha256: sha256, args }));",
  ];
  await Deno.writeTextFile(`${path}/recipe.ts`, recipe.join("\n"));
  const tasks = recipes.map((
    name,
  ) => [name, `deno run --no-check recipe.ts '${sha256[name] ?? ""}' ${last}`]);
  await Deno.writeTextFile(`${path}/deno.json`, JSON.stringify({ tasks: Object.fromEntries(tasks) }));
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: named(name, needs), ignore: lacks(needs), fn });
}

const verify = (path: string, ...args: string[]) => runTaskScript(path, "verify", args);

const other = { ...hashes.sha256, [recipes[1]]: "0".repeat(64) };

test("verify says whether all hashes are the published ones, and which are not", async () => {
  await using same = await makeVerified(hashes.sha256);
  const good = await verify(same.path);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /This machine trains to the published bits\n$/);

  await using changed = await makeVerified(other);
  const bad = await verify(changed.path);
  assert.equal(bad.code, 1);
  const lines = bad.stdout.split("\n").filter((line) => line.includes("  published: "));
  assert.equal(lines.length, 1);
  assert(lines[0].startsWith(recipes[1]) && lines[0].endsWith(Object.values(hashes.sha256)[1]), lines[0]);
  assert.match(bad.stdout, new RegExp(`1 of ${recipes.length} differ from the published ones`));
  const [{ same: allSame, rows }] = parseLines((await verify(changed.path, "--json")).stdout);
  assert.equal(allSame, false);
  assert.deepEqual((rows as { same: boolean }[]).map((row) => row.same), recipes.map((_, i) => i !== 1));
});

test("verify --update writes the hashes into their file and the README", async () => {
  await using project = await makeVerified(other);
  const { code, stderr } = await verify(project.path, "--update");
  assert.equal(code, 0, stderr);
  const written = JSON.parse(await Deno.readTextFile(`${project.path}/tests/golden/hashes.json`));
  assert.deepEqual(written, { ...hashes, sha256: other });
  const readme = await Deno.readTextFile(`${project.path}/README.md`);
  assert.equal(readme, `${Object.values(other).join("\n")}\nand more\n`);
  assert.equal((await verify(project.path)).code, 0);
});

test("verify names a recipe that did not train to its end, and says why", async () => {
  await using none = await makeVerified({});
  const failed = await verify(none.path);
  assert.equal(failed.code, 1);
  assert.match(
    failed.stderr,
    new RegExp(`^Cannot verify: ${recipes[0]} must .*: it ended with exit code 7: what went wrong\\n$`),
  );
  await using stopped = await makeVerified(hashes.sha256, "report");
  const { code, stderr } = await verify(stopped.path);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^Cannot verify: ${recipes[0]} must train to its end: it ended with exit code 0`),
  );
});

test("verify --help explains the flags, and neither trains nor removes anything", async () => {
  await using project = await makeVerified({});
  await Deno.mkdir(`${project.path}/runs/verify`, { recursive: true });
  const { code, stdout, stderr } = await verify(project.path, "-h");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /Usage: deno task verify \[flags\]/);
  assert((await Deno.stat(`${project.path}/runs/verify`)).isDirectory);
});

const readmeIgnored = lacking([{ name: "read", path: root }]) ??
  (isThere("README.md") ? undefined : "there is none");

Deno.test({
  name: `README.md quotes the published hashes${
    readmeIgnored === undefined ? "" : ` (ignored: ${readmeIgnored})`
  }`,
  ignore: readmeIgnored !== undefined,
  fn: async () => {
    const readme = await Deno.readTextFile(`${root}README.md`);
    for (const [recipe, sha256] of Object.entries(hashes.sha256)) {
      assert(readme.includes(sha256), `README.md must quote the hash of ${recipe}, ${sha256}`);
    }
  },
});
