import assert from "node:assert/strict";
import { planTrainings } from "../../scripts/sweep/training.ts";
import { hostOf, parseAddress, withoutPassword } from "../../scripts/sweep/queue/address.ts";
import { packArtefacts, receiveRun, unpackArtefacts } from "../../scripts/sweep/queue/artefacts.ts";
import { chooseChecked, Coordinator } from "../../scripts/sweep/queue/coordinator.ts";
import { exchangeArguments } from "../../scripts/sweep/queue/exchange_process.ts";
import { checkJob, settleJobDevice } from "../../scripts/sweep/queue/job.ts";
import type { FromGiver, JobSpec } from "../../scripts/sweep/queue/messages.ts";
import { nameOfJob } from "../../scripts/sweep/queue/trainer.ts";
import type { FoundResult } from "../../scripts/sweep/results.ts";
import type { SweepStore } from "../../scripts/sweep/store.ts";
import { lacks, named } from "../support/permissions.ts";
import { testsInFolders } from "../support/temp_folder.ts";
import { checkoutTest, runTask } from "./checkout.ts";
import { needs, projectTest, trainTiny } from "./tiny_project.ts";

const folderTest = testsInFolders([{ name: "read" }, { name: "write" }]);

const common = { recipe: "train-rnn", flags: { device: "wasm", math: "fused" }, version: "v1", inputs: "" };

/** Trainings of one recipe, one a seed. */
function planned(count: number) {
  return planTrainings(common, [{ units: "8" }], Array.from({ length: count }, (_, seed) => seed));
}

Deno.test("parseAddress() takes the address of one Redis, and no list of hosts", () => {
  assert.deepEqual(parseAddress("redis://me:s%3A@10.0.0.1:7000/2"), {
    ...{ host: "10.0.0.1", port: 7000, username: "me", password: "s:", db: 2 },
  });
  assert.equal(hostOf(parseAddress("redis://[::1]")), "[::1]:6379");
  const wrong = [
    "localhost:6379",
    "http://a",
    "redis://",
    "redis://a,b:1",
    "redis://a/x",
    "redis://a?b=c",
    "redis://*",
  ];
  for (const text of wrong) {
    assert.throws(() => parseAddress(text), /Cannot use --queue: it must be like redis/, text);
  }
  const secrets = [
    "redis://me:secret@a/x",
    "me:secret@host:6379",
    "redis://me:no@secret@c:1/x",
    "redis://x:secret%zz@x:99",
    "redis://x:sec/secret@y",
  ];
  for (const text of secrets) {
    assert.throws(
      () => parseAddress(text),
      ({ message }: Error) =>
        message.startsWith("Cannot use --queue: it must be") && !message.includes("secret"),
      text,
    );
    assert.doesNotMatch(withoutPassword(["x", "--queue", text, `--queue=${text}`]).join(" "), /secret/);
  }
});

Deno.test("the process that reaches the queue may reach that host, and nothing else", () => {
  const flags = exchangeArguments(parseAddress("redis://queue.example:7000")).filter((word) =>
    word.startsWith("-")
  );
  assert.deepEqual(flags, [
    ...["--no-prompt", "--cached-only", "--no-remote", "--frozen"],
    ...["--ignore-env", "--allow-net=queue.example:7000"],
  ]);
});

Deno.test("checkJob() takes recipes with flags that they have, and neither commands nor paths", () => {
  const [{ key, recipe, flags, seed }] = planned(1), job = { key, recipe, flags, seed };
  assert.deepEqual(checkJob({ ...job, more: 1 }, "v1"), job);
  assert.deepEqual(checkJob({ ...job, not: "machine-1" }, "v1"), { ...job, not: "machine-1" });
  assert.throws(
    () => checkJob(job, "v2"),
    /its key must be [0-9a-f]{16}, that of these settings in this version/,
  );
  assert.throws(() => checkJob({ ...job, seed: 1 }, "v1"), /its key must be/);
  const wrong: [change: object, message: RegExp][] = [
    [{ recipe: "train-all" }, /its recipe must be one of/],
    [{ recipe: "data" }, /its recipe must be one of/],
    [{ recipe: "../x" }, /its recipe must be one of/],
    [{ seed: -1 }, /its seed must be/],
    [{ seed: "1" }, /its seed must be/],
    [{ flags: null }, /its flags must be/],
    [{ not: "a b" }, /the worker before must be a name/],
    ...["out", "resume", "json", "threads", "seed", "allow-run", "__proto__x"].map((
      name,
    ): [object, RegExp] => [
      { flags: { ...flags, [name]: "x" } },
      new RegExp(`--${name} must be a flag that changes what is trained`),
    ]),
    ...["data-dir", "start-from", "class-names"].map((name): [object, RegExp] => [
      { flags: { ...flags, [name]: "x" } },
      /must be left out, as other machines lack its files/,
    ]),
    ...["/etc/passwd", "8;rm", "$(id)", "a b", "`id`", '"', "\\", "8\n", "", "x".repeat(101), {}, true, null]
      .map((
        units,
      ): [object, RegExp] => [{ flags: { ...flags, units } }, /--units must be a number, or letters/]),
    [{ flags: { ...flags, epochs: "2" } }, /--epochs must be 2: current value is "2"/],
    [{ flags: { ...flags, epochs: 0 } }, /--epochs: it must be a whole number/],
    [{ flags: { ...flags, reversed: false } }, /--reversed must be true/],
    [{ flags: { ...flags, cell: "x" } }, /--cell: it must be one of/],
    [{ flags: { ...flags, device: "webgpu" } }, /--device must be one of wasm, reference/],
    [{ flags: {} }, /--device must be one of wasm, reference/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(() => checkJob({ ...job, ...change }, "v1"), message, JSON.stringify(change));
  }
  for (const value of [null, undefined, 1, "x", [], {}]) {
    assert.throws(() => checkJob(value, "v1"), /Cannot take the job/);
  }
  assert.deepEqual(settleJobDevice({ device: "auto" }), { device: "wasm", math: "fused" });
  assert.deepEqual(settleJobDevice({ device: "reference" }), { device: "reference" });
});

/** A coordinator whose queue is this test. */
class Scene {
  readonly results = new Map<string, FoundResult>();
  readonly said: FromGiver[] = [];
  readonly warnings: string[] = [];
  readonly trainings;
  readonly coordinator: Coordinator;

  /** @param folder Where the files of runs go */
  constructor(count: number, folder: string) {
    this.trainings = planned(count);
    const store = {
      keep: (result: FoundResult) => Promise.resolve({ ...result, run: "r" }),
      forget: () => Promise.resolve(),
      folderOf: (key: string) => `${folder}/${key}`,
    } as unknown as SweepStore;
    const address = parseAddress("redis://nowhere");
    this.coordinator = new Coordinator(this.trainings, { store, address, version: "v1", priority: 3 }, {
      interrupt: null!,
      results: this.results,
      onProgress: () => {},
      onResult: ({ key }, result) => this.results.set(key, result),
      onForget: ({ key }) => this.results.delete(key),
      tell: () => {},
      warn: (message) => this.warnings.push(message),
      say: (message) => this.said.push(message),
    });
  }

  /** The jobs that were added since the last call. */
  added(): JobSpec[] {
    return this.said.splice(0).flatMap((message) => message.say === "add" ? message.jobs : []);
  }

  done(id: string, worker: string | undefined, hash = "a", artefacts: string | null = "{}") {
    const figures = { testLoss: 1, testAccuracy: 0.5 }, modelSha256 = hash.repeat(64 / hash.length);
    const result = { key: id.slice(2), device: "wasm", seconds: 1, figures, modelSha256, worker };
    return this.coordinator.hear({ event: "done", id, result: JSON.stringify(result), artefacts });
  }
}

folderTest(
  "a sweep on a queue counts each training once, and has one in twenty done twice",
  async (folder) => {
    const scene = new Scene(21, folder), { coordinator, results, trainings } = scene;
    assert.equal(chooseChecked(trainings).size, 2);
    assert.equal(coordinator.isDone, false);
    await coordinator.hear({ event: "ready", off: [] });
    const jobs = scene.added();
    assert.deepEqual(jobs.map(({ id }) => id), trainings.map(({ key }) => `t-${key}`));
    assert.ok(
      jobs.every(({ recipe, priority, data }) =>
        recipe === "train-rnn" && priority === 3 && checkJob(data, "v1")
      ),
    );
    for (const { id } of jobs) await scene.done(id, "A");
    await scene.done(jobs[0].id, "B"); // again, after a restart of Redis
    assert.equal(results.size, 21);
    const checks = scene.added().filter(({ id }) => id.startsWith("c-"));
    assert.deepEqual(checks.map(({ id }) => id.slice(2)).sort(), [...chooseChecked(trainings)].sort());
    assert.ok(checks.every(({ data }) => (data as { not: string }).not === "A"));
    assert.equal(coordinator.isDone, false);
    for (const { id } of checks) await scene.done(id, "B");
    assert.equal(coordinator.isDone, true);
    assert.deepEqual([scene.warnings, coordinator.failures.size], [[], 0]);
  },
);

folderTest(
  "two workers that disagree are both taken off the list, and others train again what they have trained",
  async (folder) => {
    const scene = new Scene(3, folder), { coordinator, results } = scene;
    await coordinator.hear({ event: "ready", off: [] });
    const [one, two, three] = scene.added().map(({ id }) => id);
    const [checked] = chooseChecked(scene.trainings), check = `c-${checked}`;
    await scene.done(one, "A");
    await scene.done(two, "A");
    await scene.done(three, "C");
    scene.added();
    const first = results.get(checked)!.worker!;
    await scene.done(check, "B", "b");
    assert.match(
      scene.warnings.join(),
      new RegExp(`^${first} and B disagree about train-rnn, units 8, seed \\d: a{64} and b{64}\n`),
    );
    assert.match(
      scene.warnings.join(),
      new RegExp(`Taken off the list: ${first}, B; what they have trained is trained again`),
    );
    const off = scene.said.find((message) => message.say === "off");
    assert.deepEqual(off, { say: "off", names: [first, "B"] });
    const again = scene.added().map(({ id }) => id);
    assert.deepEqual(again.sort(), (first === "A" ? [one, two] : [three]).sort());
    assert.equal(results.size, 3 - again.length);

    await scene.done(again[0], "B"); // it had begun before
    assert.equal(results.has(again[0].slice(2)), false);
    assert.deepEqual(scene.added().map(({ id }) => id), [again[0]]);
    for (const id of again) await scene.done(id, "D");
    await scene.done(check, "E");
    assert.equal(coordinator.isDone, true);
    assert.ok([...results.values()].every(({ worker }) => worker !== first && worker !== "B"));

    const later = new Scene(3, folder); // another sweep hears of them at once
    results.forEach((result, key) => later.results.set(key, { ...result, worker: "B" }));
    await later.coordinator.hear({ event: "ready", off: ["B"] });
    assert.equal(later.added().length, 3);
  },
);

folderTest("a worker that sends no result, or fails, is told of, and the sweep goes on", async (folder) => {
  const scene = new Scene(2, folder), { coordinator } = scene;
  await coordinator.hear({ event: "ready", off: [] });
  const [one, two] = scene.added().map(({ id }) => id);
  await coordinator.hear({ event: "done", id: one, result: "{}", artefacts: null });
  await coordinator.hear({ event: "failed", id: two, reason: `Cannot write\x1b[2J${"x".repeat(9000)}` });
  assert.equal(coordinator.isDone, true);
  const told = [...coordinator.failures.keys()];
  assert.match(told[0], /has a result that cannot be kept: Cannot read the result/);
  assert.match(told[1], /^Cannot write\\u\{1b\}\[2Jx{400,500}…$/);
  assert.equal(nameOfJob({ id: "t-\x1b[2J" }), "t-\\u{1b}[2J");
});

folderTest(
  "a result whose files Redis no longer has is trained again, and one of nobody is none",
  async (folder) => {
    const scene = new Scene(2, folder), { coordinator, results } = scene;
    await coordinator.hear({ event: "ready", off: [] });
    const [one, two] = scene.added().map(({ id }) => id);
    await scene.done(one, "A", "a", null);
    assert.equal(results.size, 0);
    assert.deepEqual(scene.said[0], { say: "drop", ids: [one] });
    assert.deepEqual(scene.added().map(({ id }) => id), [one]);
    await scene.done(one, "A");
    await scene.done(two, undefined);
    assert.equal(results.size, 1);
    assert.match([...coordinator.failures.keys()].join(), /worker must be a name: current value is none/);
  },
);

folderTest(
  "a check waits for any worker but the first, and for none if there is no other",
  async (folder) => {
    const scene = new Scene(1, folder), { coordinator } = scene, { now } = Date;
    await coordinator.hear({ event: "ready", off: [] });
    await scene.done(scene.added()[0].id, "A");
    const seeAfter = (seconds: number, names: string[]) => {
      Date.now = () => now() + seconds * 1000;
      return coordinator.hear({ event: "workers", names, others: 0 });
    };
    try {
      await seeAfter(10, ["B"]); // it may be at it
      assert.deepEqual([coordinator.isDone, scene.warnings], [false, []]);
      await seeAfter(20, ["A"]);
      assert.equal(coordinator.isDone, true);
      assert.match(scene.warnings.join(), /^Not checked, as there is no second worker: 1 of the trainings/);
    } finally {
      Date.now = now;
    }
  },
);

folderTest("nobody checks himself", async (folder) => {
  const scene = new Scene(1, folder), { coordinator, results } = scene;
  await coordinator.hear({ event: "ready", off: [] });
  const [{ id }] = scene.added(), key = id.slice(2);
  await scene.done(id, "A");
  await scene.done(`c-${key}`, "A");
  assert.equal(results.get(key)?.checkedBy, undefined);
  assert.match(scene.warnings.join(), /^Not checked by a second worker: train-rnn, .*: A has done both$/);
});

projectTest("a worker that sends another model than it says is taken off the list", async (path) => {
  await trainTiny(path, "train_rnn");
  const packed = await packArtefacts(`${path}/runs/a`), scene = new Scene(2, `${path}/runs`);
  const hash = (await unpackArtefacts(packed, `${path}/runs/b`))!;
  await scene.coordinator.hear({ event: "ready", off: [] });
  const [one, two] = scene.added().map(({ id }) => id);
  await scene.done(one, "A", hash, packed);
  assert.equal(scene.results.get(one.slice(2))?.modelSha256, hash);
  await scene.done(two, "A", "b", packed);
  assert.match(
    scene.warnings.join(),
    new RegExp(`^A says that train-rnn, .* gives b{64}, and sends a model with ${hash}\n`),
  );
  assert.equal(scene.results.size, 0);
  const again = scene.added().map(({ id }) => id).filter((id) => id.startsWith("t-"));
  assert.deepEqual(again.sort(), [one, two].sort());
});

Deno.test({
  name: named(
    "without --queue nothing of the queue is loaded, and with it only in a process of its own",
    needs,
  ),
  ignore: lacks(needs),
  fn: async () => {
    const load = async (script: string) => {
      const url = new URL(`../../scripts/${script}`, import.meta.url);
      const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", url.pathname] })
        .output();
      return new TextDecoder().decode(stdout);
    };
    for (const script of ["sweep.ts", "worker.ts", "repeat.ts"]) {
      assert.doesNotMatch(await load(script), /npm:\/?(bullmq|ioredis)/);
    }
    assert.match(await load("sweep/queue/exchange.ts"), /npm:\/?bullmq/); // so that silence means something
  },
});

projectTest("the files of a run come back as they were, and under no other names", async (path) => {
  await trainTiny(path, "train_rnn");
  const packed = await packArtefacts(`${path}/runs/a`);
  const hash = await unpackArtefacts(packed, `${path}/runs/b`);
  const metrics = (await Deno.readTextFile(`${path}/runs/a/metrics.jsonl`)).trimEnd().split("\n").at(-1)!;
  assert.equal(hash, JSON.parse(metrics).modelSha256);
  for (const name of ["config.json", "metrics.jsonl", "losses.f32", "model/weights.bin"]) {
    assert.deepEqual(
      await Deno.readFile(`${path}/runs/b/${name}`),
      await Deno.readFile(`${path}/runs/a/${name}`),
    );
  }
  const evil = JSON.stringify({ "../evil": "aGk=", "checkpoints/0": "aGk=", "config.json": "aGk=" });
  assert.equal(await unpackArtefacts(evil, `${path}/runs/c`), null);
  const names = (await Array.fromAsync(Deno.readDir(`${path}/runs/c`))).map(({ name }) => name).sort();
  assert.deepEqual(names, ["config.json", "model"]);
  await assert.rejects(unpackArtefacts('{"model/weights.bin":"aGk="}', `${path}/runs/d`));
  const half = new Uint8Array(2 ** 19 + 1).toBase64();
  const large = JSON.stringify({ "config.json": half, "metrics.jsonl": half });
  await assert.rejects(unpackArtefacts(large, `${path}/runs/l`), /at most 1048576 bytes together/);

  const before = await Deno.readTextFile(`${path}/runs/b/metrics.jsonl`);
  const bad = JSON.stringify({ ...JSON.parse(packed), "metrics.jsonl": "aGk=", "model/weights.bin": "aGk=" });
  await assert.rejects(receiveRun(bad, `${path}/runs/b`, hash));
  await assert.rejects(receiveRun(bad, `${path}/runs/f`, hash));
  assert.equal(await receiveRun(packed, `${path}/runs/f`, "other"), hash);
  assert.equal(await Deno.readTextFile(`${path}/runs/b/metrics.jsonl`), before);
  const left = (await Array.fromAsync(Deno.readDir(`${path}/runs`))).map(({ name }) => name);
  assert.deepEqual(left.filter((name) => name.includes("f") || name.includes(".new")), []);
  await assert.rejects(unpackArtefacts('{"config.json":"?"}', `${path}/runs/e`), SyntaxError);
});

checkoutTest("one process at a time fills the folder of a sweep, with a queue too", async (path) => {
  await Deno.mkdir(`${path}/runs/sweeps/mine`, { recursive: true });
  using lock = await Deno.open(`${path}/runs/sweeps/mine/.lock`, { create: true, write: true });
  assert.ok(await lock.tryLock(true));
  const args = ["train-rnn", "--name", "mine", "--queue", "redis://127.0.0.1:1"];
  const { code, stderr } = await runTask(path, "sweep", args);
  assert.match(stderr, /^Cannot train the sweep "?runs\/sweeps\/mine"?: no other process may do so/);
  assert.equal(code, 1);
});
