/**
 * What a task cannot reach: its own flags, on a program that tries everything, behind a proxy that writes down whoever comes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { exchangeArguments } from "../../scripts/sweep/queue/exchange_process.ts";
import { OFFLINE } from "../../scripts/support/shell.ts";
import { lacks, named } from "../support/permissions.ts";
import { COMMANDS, flagsOf } from "../support/tasks.ts";

const needs = [{ name: "read" }, { name: "write" }, { name: "run" }, {
  name: "net",
  host: "127.0.0.1",
}] as const;

/** They fetch packages that are not in the lock file, and say so in SECURITY.md. */
const FETCHING = ["data", "build-wasm"];

/** What a task does first: silent where all is there, and Deno by itself asks the registry what is new. */
const INSTALL = "(deno install --frozen --cached-only -q 2>/dev/null || deno install --frozen)";

const FLAGS = Object.keys(COMMANDS).flatMap((task) => flagsOf(task).map((flags) => [task, flags] as const));

Deno.test("no task asks on a terminal, and all but those that fetch packages run offline, from the lock file", () => {
  for (const [task, flags] of FLAGS) {
    const wanted = FETCHING.includes(task) ? ["--no-prompt", "--no-remote"] : OFFLINE;
    assert.deepEqual(wanted.filter((flag) => !flags.includes(flag)), [], `${task} lacks these`);
  }
});

Deno.test("a task that runs offline has its packages put there first, as the lock file says", () => {
  for (const [task, command] of Object.entries(COMMANDS)) {
    if (!command.includes("--cached-only --no-remote")) continue;
    const installs = command.startsWith(`${INSTALL} && `) || command.includes("&& deno task -q train-");
    assert.ok(installs, `${task}: ${command}`);
  }
});

/** Each way out on a line of its own, as code that got into a task might try it. */
const ATTEMPTS = [
  `await import("https://deno.land/a.ts")`,
  `await import("http://127.0.0.1:9/a.ts")`,
  `await import("jsr:@std/assert@1")`,
  `await import("npm:left-pad@1.3.0")`,
  `await import("npm:is-odd@3.0.1/" + "index.js")`,
  `await import("https://deno.land/a.bin", { with: { type: "bytes" } })`,
  `await import("https://" + "esm.sh/a@1")`,
  `await fetch("https://deno.land/")`,
  `await Deno.connect({ hostname: "deno.land", port: 443 })`,
  `await Deno.resolveDns("deno.land", "A")`,
  `await new Promise((open, fail) => {
     const socket = new WebSocket("wss://deno.land/");
     socket.onopen = open;
     socket.onerror = () => fail(new Error("no socket"));
   })`,
  `await new Promise((answer, fail) => {
     const worker = new Worker("https://deno.land/a.ts", { type: "module" });
     worker.onmessage = answer;
     worker.onerror = (event) => { event.preventDefault(); fail(new Error(event.message)); };
   })`,
];

/** Writes down the first line of whatever comes in, and hangs up. */
class Listener implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #done = this.#listen();

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #listen(): Promise<void> {
    for await (const connection of this.#listener) {
      const bytes = new Uint8Array(1000), read = await connection.read(bytes);
      this.heard.push(new TextDecoder().decode(bytes.subarray(0, read ?? 0)).split("\r\n")[0]);
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
  }
}

/** What came in at the proxy while each attempt ran under these flags; fails where an attempt succeeded. */
async function probe(flags: readonly string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    await using proxy = new Listener();
    const program = ATTEMPTS.map((attempt) =>
      `try { ${attempt}; console.log(${JSON.stringify(attempt)}); } catch { /* refused */ }`
    );
    await Deno.writeTextFile(
      `${folder}/probe.js`,
      [...program, 'console.log("all refused"); Deno.exit();'].join("\n"),
    );
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", `--config=${config}`, ...flags, `${folder}/probe.js`],
      cwd: folder,
      env: {
        NPM_CONFIG_REGISTRY: "http://npm.invalid/",
        HTTP_PROXY: proxy.url,
        HTTPS_PROXY: proxy.url,
        NO_PROXY: "",
        NO_COLOR: "1",
      },
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout), "all refused\n");
    return proxy.heard;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Tasks with the same flags are one case. */
const CASES = Map.groupBy(
  FLAGS.filter(([task]) => !FETCHING.includes(task)),
  ([, flags]) => flags.filter((flag) => flag !== "--doc").join(" "), // which `deno run` does not know
);

/** The process of a sweep that reaches a queue: the host of the queue, and no other. */
const EXCHANGE = exchangeArguments({ host: "127.0.0.1", port: 1 }).filter((word) => word.startsWith("-"));
const PROBED = [...CASES, [EXCHANGE.join(" "), [["a sweep's exchange", EXCHANGE]]] as const];

for (const [flags, tasks] of PROBED) {
  const names = tasks.map(([task]) => task).join(", ");
  Deno.test({
    name: named(`code under the flags of ${names} reaches no network`, needs),
    ignore: lacks(needs),
    fn: async () => assert.deepEqual(await probe(flags.split(" ")), []),
  });
}

Deno.test({
  name: named("the same code without these flags does reach one, so that silence means something", needs),
  ignore: lacks(needs),
  fn: async () => {
    const heard = (await probe(["--no-prompt"])).join("\n");
    for (const host of ["deno.land", "esm.sh", "jsr", "npm"]) {
      assert.ok(heard.includes(host), `nobody asked for ${host}`);
    }
  },
});

/** The packages that the lock file names, without what the registry tells about them: so a first task may leave them. */
async function linkPackages(folder: string): Promise<void> {
  const info = await new Deno.Command("deno", { args: ["info", "--json"], env: { NO_COLOR: "1" } }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(info.stdout));
  const { npm } = JSON.parse(await Deno.readTextFile("deno.lock"));
  for (const id of Object.keys(npm)) {
    const [, name, version] = id.match(/^(@?[^@]+)@([^_]+)/)!;
    const from = `${npmCache}/registry.npmjs.org/${name}/${version}`;
    const to = `${folder}/npm/registry.npmjs.org/${name}`;
    if (!await Deno.stat(from).then(() => true, () => false)) continue; // for another system
    await Deno.mkdir(to, { recursive: true });
    await Deno.symlink(from, `${to}/${version}`);
  }
}

Deno.test({
  name: named("a task asks nobody for packages that are there, and says nothing of them", needs),
  ignore: lacks(needs) || Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await using proxy = new Listener();
      await linkPackages(folder);
      const install = async (command: string) => {
        const { code, stdout, stderr } = await new Deno.Command("sh", {
          args: ["-c", command],
          env: {
            DENO_DIR: folder,
            HTTP_PROXY: proxy.url,
            HTTPS_PROXY: proxy.url,
            NO_PROXY: "",
            NO_COLOR: "1",
          },
        }).output();
        return { code, printed: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
      };
      assert.deepEqual(await install(INSTALL), { code: 0, printed: "" });
      assert.deepEqual(proxy.heard, []);
      // Without the first half it would, so that silence means something.
      assert.match((await install("deno install --frozen")).printed, /Download/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
