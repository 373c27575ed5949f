/**
 * Trains what sweeps put into a queue: on this machine, for sweeps on any machine that reaches the same Redis.
 *
 *     deno task worker --queue redis://host:port
 *
 * It first trains two recipes for a moment and compares the bits with the published ones. A job is a recipe, its flags and a
 * seed, checked here: nothing else is started. The runs go into `runs/workers`, and are removed when their results are sent.
 */
import "./support/deno_version.ts";
import { excerpt } from "../run.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { Interrupt } from "./support/interrupt.ts";
import { codeVersion } from "./sweep/code_version.ts";
import { prepareTask } from "./sweep/processes.ts";
import { hostOf, parseAddress, QUEUE_FLAG } from "./sweep/queue/address.ts";
import { ExchangeProcess } from "./sweep/queue/exchange_process.ts";
import { checkMachine } from "./sweep/queue/machine_check.ts";
import type { FromTaker, ToTaker } from "./sweep/queue/messages.ts";
import { nameOfJob, trainJob } from "./sweep/queue/trainer.ts";
import { WorkerFolder } from "./sweep/queue/worker_folder.ts";

/** After so many trainings in a row that failed for reasons of this machine, such as a full disk, others get the jobs. */
const MOST_FAILURES = 3;

const command = {
  name: "worker",
  about: "Trains what sweeps put into a queue: `deno task sweep … --queue URL` fills it.",
  flags: {
    queue: QUEUE_FLAG,
    concurrency: {
      kind: "whole",
      least: 1,
      most: 64,
      help: "trainings at a time, each with one thread; as many as there are cores by default",
    },
    ...OUTPUT_FLAGS,
  },
  interrupted: null,
} as const;

await runCommand(command, async ({ queue, concurrency = navigator.hardwareConcurrency, json, quiet }) => {
  if (queue === undefined) throw new FlagError("Cannot start: --queue must be given, like redis://host:6379");
  const address = parseAddress(queue), version = await codeVersion();
  const name = `${Deno.hostname().replace(/[^\w.-]/g, "-")}-${Deno.pid}`;
  using interrupt = new Interrupt();
  await using folder = await WorkerFolder.make(name);
  const tell = (event: string, message: string, more = {}) => {
    if (json) console.log(JSON.stringify({ event, worker: name, ...more }));
    else if (!quiet) console.error(message);
  };
  await prepareTask();
  await checkMachine(folder.path, interrupt);
  if (interrupt.signal.aborted) return interrupt.exitCode;

  const ended = new AbortController(); // of the connection: what is being trained then has lost its job
  const exchange = new ExchangeProcess<FromTaker, ToTaker>({
    address,
    version,
    role: "take",
    name,
    concurrency,
  });
  const stopped = { signal: AbortSignal.any([interrupt.signal, ended.signal]), received: "SIGTERM" as const };
  const options = {
    ...{ name, version, folder: folder.path, interrupt: stopped },
    say: (message: FromTaker) => exchange.say(message),
  };
  let done = 0, failures = 0, exitCode = 0;
  const stop = (message: string) => {
    exitCode = 1;
    console.error(message);
    ended.abort();
    exchange.say({ say: "close" });
  };
  interrupt.signal.addEventListener("abort", () => {
    tell("stopping", "Stopping; other workers get the jobs in progress; Ctrl-C again exits at once");
    exchange.say({ say: "close" });
  });

  try {
    for await (const told of exchange.told()) {
      if (told.event === "ready") {
        tell(
          "ready",
          `Worker ${name}: ${concurrency} trainings at a time, code ${version}, queue at ${hostOf(address)}`,
        );
      }
      if (told.event === "lost") {
        tell("lost", `The queue does not answer (${excerpt(told.reason)}); waiting for it`);
      }
      if (told.event === "back") tell("back", "The queue answers again");
      if (told.event === "off" && !ended.signal.aborted) {
        stop(
          `Taken off the list: another worker has trained the same to other bits than ${name}. One of the two is wrong; ` +
            "`deno task verify` checks this machine",
        );
      }
      if (told.event === "job") void work(told);
    }
  } finally {
    ended.abort();
  }
  tell("end", `Worker ${name} has trained ${done} jobs`, { done });
  return exitCode || interrupt.exitCode;

  async function work(job: Extract<ToTaker, { event: "job" }>): Promise<void> {
    tell("job", `${nameOfJob(job)}: starts`, { id: job.id });
    const end = await trainJob(job, options);
    tell(end, `${nameOfJob(job)}: ${end}`, { id: job.id });
    if (end === "done") done++;
    failures = end === "failed" ? failures + 1 : 0;
    if (failures === MOST_FAILURES) {
      stop(
        `Cannot go on: trainings must not fail for reasons of this machine: current value is ${failures} in a row`,
      );
    }
  }
});
