/**
 * How the bench talks to the processes that it measures. Each lives for the whole run, reads JSON objects, one a line, and
 * answers each with one, so only one process computes at a time.
 *
 * @module
 */
import process from "node:process";
import type { Optimizer, Sequence } from "../../mod.ts";
import type { MathName } from "../../run.ts";
import { type JsonLine, readJsonLines } from "./json_lines.ts";
import type { MeasuredLayer } from "./workloads.ts";

/** Prepares a network, after closing the one before. */
export interface OpenRequest {
  readonly layers: readonly MeasuredLayer[];
  readonly classes: number;
  readonly optimizer: Optimizer;
  readonly sequence: Sequence;
  readonly batchSize: number;
  /** The size of the images, and files with their pixels `[count, height, width]` and labels `[count]`, as bytes. */
  readonly images: Record<"count" | "height" | "width", number> & Record<"pixels" | "labels", string>;
  /** The positions of the images in the order of training, little-endian int32; repeated after the end. */
  readonly order: string;
  /** The initial parameters: flat float32, as a `Network` lays them out. */
  readonly parameters: string;
  readonly threads?: number;
  /** Only for Scanline's wasm engine. */
  readonly math?: MathName;
  /** Only for PyTorch; its CPU by default. */
  readonly device?: "cpu" | "cuda";
}

/** Takes training steps or forward passes over the next batches. */
export interface WorkRequest {
  readonly op: "train" | "forward";
  readonly steps: number;
}

/** A request of the bench; what is opened depends on the program that is asked. */
export type Request<Open> = { readonly op: "open" } & Open | WorkRequest | { readonly op: "memory" };

/** The answer to `open`. */
export interface Opened {
  /** The library, its version and its device, in one line. */
  readonly detail: string;
  /** Whether the device is a GPU emulated by the CPU. */
  readonly software?: boolean;
}

/** The answer to `train` and `forward`. */
export interface Worked {
  readonly ms: number;
  /** How many steps were taken, if not as many as were asked for. */
  readonly steps?: number;
  /** The loss of the request's first batch; only for `train`. */
  readonly loss?: number;
}

/** What the process of a JavaScript library implements. */
export interface Subject<Open = OpenRequest> {
  open(request: Open): Promise<Opened>;
  /** Returns the loss of the first batch. */
  train(steps: number): Promise<number | Omit<Worked, "ms">>;
  forward(steps: number): Promise<void>;
}

/** A process that is measured, started by the first request. */
export class Contender<Open extends object = OpenRequest> implements AsyncDisposable {
  readonly name: string;
  readonly #command: Deno.Command;
  #running: Running | null = null;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#command = new Deno.Command(command, { args: [...args], ...piped });
  }

  /** Opens a workload; gives up after `withinMs`, because some peers compile for minutes. */
  async open(request: Open, { withinMs }: { withinMs: number }): Promise<Opened> {
    return await this.#ask({ op: "open", ...request }, withinMs) as Opened;
  }

  /** Takes training steps or forward passes; returns the milliseconds for all of them. */
  async work(op: WorkRequest["op"], steps: number, { withinMs }: { withinMs: number }): Promise<Worked> {
    return await this.#ask({ op, steps }, withinMs) as Worked;
  }

  /** The resident memory of the process. */
  async residentBytes(): Promise<number> {
    const { residentBytes } = await this.#ask({ op: "memory" }, 10_000) as { residentBytes: number };
    return residentBytes;
  }

  async #ask(request: Request<Open>, withinMs: number): Promise<unknown> {
    this.#running ??= start(this.#command);
    const { writer, answers, complaints } = this.#running;
    try {
      await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    } catch {
      // It ended: its stderr tells why, below.
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), withinMs));
    const read = await Promise.race([answers.next(), late]).finally(() => clearTimeout(timer));
    if (read === "late") {
      await this[Symbol.asyncDispose]();
      throw new Error(`no answer to "${request.op}" within ${Math.round(withinMs / 1000)} s`);
    }
    if (read.done) {
      const reason = lastLine(await complaints) ?? "the process ended";
      await this[Symbol.asyncDispose]();
      throw new Error(reason);
    }
    const { error, ...answer } = read.value;
    if (error !== undefined) throw new Error(String(error));
    return answer;
  }

  /** Ends the process, if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#running) return;
    const { process, writer } = this.#running;
    this.#running = null;
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await writer.abort().catch(() => {});
    await process.status;
  }
}

/** A process while it runs. */
interface Running {
  readonly process: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly answers: AsyncIterator<JsonLine>;
  /** All of its stderr, once it has ended. */
  readonly complaints: Promise<string>;
}

function start(command: Deno.Command): Running {
  const process = command.spawn();
  return {
    process,
    writer: process.stdin.getWriter(),
    answers: readJsonLines(process.stdout),
    complaints: process.stderr.text(),
  };
}

function lastLine(text: string): string | undefined {
  return text.split("\n").map((line) => line.trim()).findLast((line) => line !== "");
}

/** Answers the bench's requests until stdin ends. */
export async function serve<Open>(subject: Subject<Open>): Promise<void> {
  for await (const request of readJsonLines(Deno.stdin.readable)) {
    console.log(JSON.stringify(await answer(subject, request as unknown as Request<Open>)));
  }
  Deno.exit(); // some peers leave threads running
}

/** The answer to one request. */
export async function answer<Open>(subject: Subject<Open>, request: Request<Open>): Promise<object> {
  try {
    switch (request.op) {
      case "open":
        return await subject.open(request);
      case "memory":
        return { residentBytes: process.memoryUsage().rss };
      default: {
        const started = performance.now();
        const done = request.op === "train"
          ? await subject.train(request.steps)
          : await subject.forward(request.steps);
        const ms = performance.now() - started;
        return (typeof done === "object"
          ? { ms, ...done }
          : { ms, loss: done ?? undefined }) satisfies Worked;
      }
    }
  } catch (error) {
    return { error: (error instanceof Error ? error.message : String(error)).split("\n")[0] };
  }
}
