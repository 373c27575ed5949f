/**
 * Sweeps over several workers, while workers are killed at random moments and Redis with all that it holds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { codeVersion } from "../../scripts/sweep/code_version.ts";
import { ExchangeProcess } from "../../scripts/sweep/queue/exchange_process.ts";
import type { FromGiver, FromTaker, ToGiver, ToTaker } from "../../scripts/sweep/queue/messages.ts";
import { makeCheckout, makeRealCheckout, runTask, taskProgram } from "../scripts/checkout.ts";
import { needs as needsToRun, parseLines } from "../scripts/tiny_project.ts";
import { lackingMnist } from "../support/mnist.ts";
import { lackingRedis, RedisServer } from "../support/redis.ts";
import { share } from "../support/soak.ts";
import { testStream } from "../support/tiny_data.ts";

const needs = [...needsToRun, { name: "net", host: "127.0.0.1" }] as const;
const ignored = lackingMnist(needs) ?? lackingRedis(needs);

const TRAININGS = share({ usual: 6, soak: 40 });
const LIMIT = share({ usual: 640, soak: 6400 });
const KILLS = share({ usual: 1, soak: 10 });
const SWEEP = ["train-lstm-adam", "--limit", String(LIMIT), "--seeds", `1..${TRAININGS}`, "--json"];

/** A worker of one training at a time, which is killed and replaced. */
class FaultyWorker implements AsyncDisposable {
  readonly #path: string;
  readonly #url: string;
  #child: Deno.ChildProcess;
  #output: Promise<Deno.CommandOutput>;
  /** How many jobs any of its processes has ended. */
  done = 0;

  constructor(path: string, url: string) {
    [this.#path, this.#url] = [path, url];
    [this.#child, this.#output] = this.#start();
  }

  #start(): [Deno.ChildProcess, Promise<Deno.CommandOutput>] {
    const args = ["--queue", this.#url, "--concurrency", "1", "--json"];
    const child = taskProgram(this.#path, "worker", args).spawn();
    return [child, child.output()];
  }

  /** Ends it at once, and starts another one. */
  async replace(): Promise<void> {
    await this[Symbol.asyncDispose]();
    [this.#child, this.#output] = this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended by itself: its output says why
    }
    const { stdout, stderr, code } = await this.#output;
    const said = new TextDecoder().decode(stdout).split("\n").filter((line) => line.endsWith("}"));
    this.done += said.map((line) => JSON.parse(line)).filter(({ event }) => event === "done").length;
    assert.notEqual(code, 1, new TextDecoder().decode(stderr));
  }
}

Deno.test({
  name:
    `a sweep of ${TRAININGS} over two workers, ${KILLS} killed and Redis too, ends whole and with the bits of a plain run${
      ignored === undefined ? "" : ` (ignored: ${ignored})`
    }`,
  ignore: ignored !== undefined || Deno.build.os === "windows",
  fn: async () => {
    await using checkout = await makeRealCheckout();
    await using redis = await RedisServer.start();
    const { path } = checkout, { url } = redis;
    const seed = Date.now() % 2 ** 32;
    console.log(`kills at moments of seed ${seed}`); // to repeat a failure
    const random = testStream("queue", seed);
    const wait = (leastMs: number, mostMs: number) =>
      new Promise((resolve) => setTimeout(resolve, leastMs + (mostMs - leastMs) * random.uniform()));

    const sweeps = ["one", "two"].map((name) =>
      taskProgram(path, "sweep", [...SWEEP, "--name", name, "--queue", url]).output()
    );
    const ended = Promise.all(sweeps).then(() => true);
    await using first = new FaultyWorker(path, url);
    await using second = new FaultyWorker(path, url);
    const workers = [first, second];
    let restarts = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await wait(4000, share({ usual: 6000, soak: 12000 })); // a new one checks its machine first
      await workers[kill % 2].replace();
      if (kill !== KILLS >> 1) continue;
      await redis.stop("SIGKILL"); // whatever it had not saved is lost
      await wait(500, 1000);
      await redis.restart();
      restarts++;
    }
    assert.equal(restarts, 1);
    await ended;

    const hashes = await Promise.all(sweeps.map(async (sweep) => {
      const { code, stdout, stderr } = await sweep;
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const lines = parseLines(new TextDecoder().decode(stdout)).filter(({ event }) => event === "training");
      assert.equal(lines.length, TRAININGS); // each counted once
      return new Map(lines.map(({ seed, modelSha256 }) => [seed, modelSha256]));
    }));
    assert.deepEqual(hashes[0].size, TRAININGS);

    await Deno.rename(`${path}/runs/sweeps`, `${path}/runs/kept`); // or they would be found there
    const plain = await runTask(path, "sweep", SWEEP);
    assert.equal(plain.code, 0, plain.stderr);
    for (const { event, seed, modelSha256 } of parseLines(plain.stdout)) {
      if (event !== "training") continue;
      for (const found of hashes) assert.equal(found.get(seed), modelSha256, `seed ${seed}`);
    }
    const evaluated = await runTask(path, "evaluate", [
      "--model",
      await someRun(`${path}/runs/kept/one`, path),
    ]);
    assert.equal(evaluated.code, 0, evaluated.stderr); // the model has come back too
  },
});

/** A worker that trains nothing, and says at once that every model has this hash. */
class LyingWorker implements AsyncDisposable {
  isOff = false;
  readonly ended: Promise<void>;
  readonly #exchange: ExchangeProcess<FromTaker, ToTaker>;

  constructor(name: string, digit: string, { port, version }: { port: number; version: string }) {
    const address = { host: "127.0.0.1", port };
    this.#exchange = new ExchangeProcess({ address, version, role: "take", name, concurrency: 1 });
    this.ended = this.#work(name, digit.repeat(64));
  }

  async #work(worker: string, modelSha256: string): Promise<void> {
    const about = {
      device: "wasm",
      seconds: 1,
      figures: { testLoss: 1, testAccuracy: 0.5 },
      modelSha256,
      worker,
    };
    for await (const told of this.#exchange.told()) {
      if (told.event === "off") {
        this.isOff = true;
        this.#exchange.say({ say: "close" });
      }
      if (told.event !== "job") continue;
      const result = JSON.stringify({ ...about, key: told.id.slice(2) });
      this.#exchange.say({ say: "done", ticket: told.ticket, result, artefacts: "{}" });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#exchange.say({ say: "close" });
    await this.ended;
  }
}

const withoutMnist = lackingRedis(needs);

Deno.test({
  name: `a killed sweep continues from the queue, and workers that disagree are told so${
    withoutMnist === undefined ? "" : ` (ignored: ${withoutMnist})`
  }`,
  ignore: withoutMnist !== undefined || Deno.build.os === "windows",
  fn: async () => {
    await using checkout = await makeCheckout();
    await using redis = await RedisServer.start();
    const place = { port: redis.port, version: await codeVersion() }; // of the same code as in the checkout
    const args = ["train-lstm-adam", "--seeds", "1..3", "--queue", redis.url, "--json"];
    const killed = taskProgram(checkout.path, "sweep", args).spawn();
    setTimeout(() => killed.kill("SIGKILL"), 2000);
    await killed.output();

    const sweep = taskProgram(checkout.path, "sweep", args).output();
    await using one = new LyingWorker("one", "a", place);
    await using two = new LyingWorker("two", "b", place);
    await Promise.all([one.ended, two.ended]);
    assert.deepEqual([one.isOff, two.isOff], [true, true]);
    await using _three = new LyingWorker("three", "c", place);
    await using _four = new LyingWorker("four", "c", place);
    const { code, stdout, stderr } = await sweep;
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 0, said);
    assert.match(
      said,
      /^(one and two|two and one) disagree about train-lstm-adam, seed [123]: (a{64} and b{64}|b{64} and a{64})\n/,
    );
    const hashes = parseLines(new TextDecoder().decode(stdout)).map((
      { seed, modelSha256 },
    ) => [seed, modelSha256]);
    const last = new Map(hashes as [number, string][]); // of each seed: what came before was taken back
    for (const seed of [1, 2, 3]) assert.equal(last.get(seed), "c".repeat(64));
  },
});

Deno.test({
  name: `what ends while Redis is away waits for it only a moment${
    withoutMnist === undefined ? "" : ` (ignored: ${withoutMnist})`
  }`,
  ignore: withoutMnist !== undefined || Deno.build.os === "windows",
  fn: async () => {
    await using redis = await RedisServer.start();
    const place = { address: { host: "127.0.0.1", port: redis.port }, version: "v" };
    const ends = [
      new ExchangeProcess<FromGiver, ToGiver>({ ...place, role: "give" }),
      new ExchangeProcess<FromTaker, ToTaker>({ ...place, role: "take", name: "one", concurrency: 1 }),
    ];
    const ready = Promise.withResolvers<void>();
    let isReady = 0;
    const ended = Promise.all(ends.map(async (end) => {
      for await (const { event } of end.told()) {
        if (event === "ready" && ++isReady === ends.length) ready.resolve();
      }
    }));
    await ready.promise;
    await redis.stop("SIGKILL");
    for (const end of ends) end.say({ say: "close" });
    await ended; // or the test does not
  },
});

Deno.test({
  name: `a database that Redis does not have ends with one error${
    withoutMnist === undefined ? "" : ` (ignored: ${withoutMnist})`
  }`,
  ignore: withoutMnist !== undefined || Deno.build.os === "windows",
  fn: async () => {
    await using redis = await RedisServer.start();
    const address = { host: "127.0.0.1", port: redis.port, db: 99 };
    const end = new ExchangeProcess<FromGiver, ToGiver>({ address, version: "v", role: "give" });
    await assert.rejects(async () => {
      for await (const _ of end.told()) { /* until it ends */ }
    }, { message: /^Cannot connect to the queue: .* current value is ERR DB index is out of range$/ });
  },
});

async function someRun(sweep: string, path: string): Promise<string> {
  for await (const { name, isDirectory } of Deno.readDir(sweep)) {
    if (isDirectory) return `${sweep}/${name}`.replace(`${path}/`, "");
  }
  throw new Error("there is no run");
}
