/**
 * How many jobs a second the queue carries: jobs that take no time, between real processes and a real Redis on this machine.
 *
 *     deno run -A tests/faults/queue_rate.ts [jobs] [bytes of artefacts] [workers] [concurrency]
 */
import { ExchangeProcess } from "../../scripts/sweep/queue/exchange_process.ts";
import type { FromGiver, FromTaker, ToGiver, ToTaker } from "../../scripts/sweep/queue/messages.ts";
import { RedisServer } from "../support/redis.ts";

const [jobs = 2000, bytes = 0, workers = 2, concurrency = 16] = Deno.args.map(Number);

await using redis = await RedisServer.start();
const address = { host: "127.0.0.1", port: redis.port }, version = "rate";
const artefacts = JSON.stringify({ "model/weights.bin": "A".repeat(bytes) });

const takers = Array.from({ length: workers }, (_, i) => {
  const hello = { address, version, role: "take", name: `worker-${i}`, concurrency } as const;
  const taker = new ExchangeProcess<FromTaker, ToTaker>(hello);
  const ended = (async () => {
    for await (const told of taker.told()) {
      if (told.event !== "job") continue;
      taker.say({ say: "done", ticket: told.ticket, result: JSON.stringify({ key: told.id }), artefacts });
    }
  })();
  return { taker, ended };
});

const giver = new ExchangeProcess<FromGiver, ToGiver>({ address, version, role: "give" });
let started = 0, done = 0;
for await (const told of giver.told()) {
  if (told.event === "workers" && told.names.length === workers && started === 0) {
    started = performance.now();
    const ids = Array.from({ length: jobs }, (_, i) => `t-${i}`);
    giver.say({ say: "add", jobs: ids.map((id) => ({ id, recipe: "rate", data: { id }, priority: 0 })) });
  }
  if (told.event === "done" && ++done === jobs) {
    const seconds = (performance.now() - started) / 1000;
    const info = new TextDecoder().decode(
      (await new Deno.Command("redis-cli", { args: ["-p", String(redis.port), "info", "memory"] }).output())
        .stdout,
    );
    const [, memory] = /used_memory_peak_human:(\S+)/.exec(info) ?? [];
    console.log(
      `${jobs} jobs in ${seconds.toFixed(1)} s: ${
        (jobs / seconds).toFixed(0)
      } a second; Redis held ${memory}`,
    );
    giver.say({ say: "close" });
  }
}
for (const { taker, ended } of takers) {
  taker.say({ say: "close" });
  await ended;
}
