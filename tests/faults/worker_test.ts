/**
 * Workers that are of no use to a sweep: with other code, or on a full disk. The sweep waits for better ones, and ends whole.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeRealCheckout, taskProgram } from "../scripts/checkout.ts";
import { needs as needsToRun, parseLines } from "../scripts/tiny_project.ts";
import { lackingMnist } from "../support/mnist.ts";
import { lackingRedis, RedisServer } from "../support/redis.ts";
import { isSoak } from "../support/soak.ts";

const needs = [...needsToRun, { name: "net", host: "127.0.0.1" }] as const;
const ignored = isSoak ? lackingMnist(needs) ?? lackingRedis(needs) : "`deno task soak` has it";

/** A process, and what it has said so far. */
class Talker implements AsyncDisposable {
  said = "";
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;

  constructor(command: Deno.Command) {
    this.#child = command.spawn();
    const listen = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.said += text;
    };
    const heard = Promise.all([listen(this.#child.stdout), listen(this.#child.stderr)]);
    this.ended = heard.then(async () => (await this.#child.status).code);
  }

  /** Waits until it has said something like that. */
  async says(pattern: RegExp): Promise<void> {
    for (let tries = 0; !pattern.test(this.said); tries++) {
      assert.ok(tries < 600, `it should say ${pattern}: ${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.ended;
  }
}

const run = async (command: string, ...args: string[]) =>
  (await new Deno.Command(command, { args, stderr: "null", stdout: "null" }).output()).success;

Deno.test({
  name: `a sweep is done by none with other code and by none whose disk is full, but whole${
    ignored === undefined ? "" : ` (ignored: ${ignored})`
  }`,
  ignore: ignored !== undefined || Deno.build.os !== "linux",
  fn: async () => {
    await using redis = await RedisServer.start();
    await using here = await makeRealCheckout();
    await using other = await makeRealCheckout();
    await using full = await makeRealCheckout();
    const worker = (path: string) =>
      new Talker(taskProgram(path, "worker", ["--queue", redis.url, "--concurrency", "1"]));
    await Deno.writeTextFile(`${other.path}/lib/random.ts`, "\n// another version\n", { append: true });
    await using otherWorker = worker(other.path);
    await otherWorker.says(/^Worker /);

    const flags = ["train-lstm-adam", "--limit", "640", "--seeds", "1..6", "--queue", redis.url, "--json"];
    await using sweep = new Talker(taskProgram(here.path, "sweep", flags));
    await sweep.says(
      /No worker with this version of the code \([0-9a-f]{16}\) is connected; 1 of other versions are: /,
    );

    const disk = `${full.path}/runs`;
    assert.ok(await run("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk), "this needs root");
    try {
      await using fullWorker = worker(full.path);
      await fullWorker.says(/^Worker /);
      await run("dd", "if=/dev/zero", `of=${disk}/filler`, "bs=64k");
      await fullWorker.says(
        /Cannot go on: trainings must not fail for reasons of this machine: current value is 3 in a row/,
      );
      assert.equal(await fullWorker.ended, 1);
    } finally {
      await run("umount", "-l", disk);
    }

    await using good = worker(here.path);
    assert.equal(await sweep.ended, 0, sweep.said);
    const trained = parseLines(sweep.said.split("\n").filter((line) => line.startsWith("{")).join("\n"))
      .filter(({ event }) => event === "training");
    assert.equal(new Set(trained.map(({ seed }) => seed)).size, 6);
    assert.ok(trained.every(({ worker }) => good.said.includes(`Worker ${worker}:`)));
    assert.doesNotMatch(otherWorker.said, /starts/);
  },
});
