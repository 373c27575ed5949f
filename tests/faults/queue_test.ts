/**
 * Sweeps over several workers, while workers are killed at random moments and Redis with all that it holds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeRealCheckout, runTask, taskProgram } from "../scripts/checkout.ts";
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

async function someRun(sweep: string, path: string): Promise<string> {
  for await (const { name, isDirectory } of Deno.readDir(sweep)) {
    if (isDirectory) return `${sweep}/${name}`.replace(`${path}/`, "");
  }
  throw new Error("there is no run");
}
