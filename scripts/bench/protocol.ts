/**
 * How the bench talks to the processes that it measures. Each lives for the whole run, reads JSON objects, one a line, and
 * answers each with one, so only one process computes at a time.
 *
 * @module
 */
import type { Optimizer, Sequence } from "../../mod.ts";
import type { LayerSpec, MathName } from "../../run.ts";
import { type JsonLine, readJsonLines } from "./json_lines.ts";

/** Prepares a network, after closing the one before. */
export interface OpenRequest {
  readonly op: "open";
  readonly layers: readonly LayerSpec[];
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
}

/** Takes training steps or forward passes over the next batches. */
export interface WorkRequest {
  readonly op: "train" | "forward";
  readonly steps: number;
}

/** A request of the bench. */
export type Request = OpenRequest | WorkRequest | { readonly op: "memory" };

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
  /** The loss of the request's first batch; only for `train`. */
  readonly loss?: number;
}

/** What the process of a JavaScript library implements. */
export interface Subject {
  open(request: OpenRequest): Promise<Opened>;
  /** Returns the loss of the first batch. */
  train(steps: number): Promise<number>;
  forward(steps: number): Promise<void>;
}

/** A process that is measured, started by the first request. */
export class Contender implements AsyncDisposable {
  readonly name: string;
  readonly #command: Deno.Command;
  #running: Running | null = null;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#command = new Deno.Command(command, { args: [...args], ...piped });
  }

  /** Opens a workload; gives up after `withinMs`, because some peers compile for minutes. */
  async open(request: Omit<OpenRequest, "op">, { withinMs }: { withinMs: number }): Promise<Opened> {
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

  async #ask(request: Request, withinMs: number): Promise<unknown> {
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
export async function serve(subject: Subject): Promise<void> {
  for await (const request of readJsonLines(Deno.stdin.readable)) {
    console.log(JSON.stringify(await answer(subject, request as unknown as Request)));
  }
  Deno.exit(); // some peers leave threads running
}

async function answer(subject: Subject, request: Request): Promise<object> {
  try {
    switch (request.op) {
      case "open":
        return await subject.open(request);
      case "memory":
        return { residentBytes: Deno.memoryUsage().rss };
      default: {
        const started = performance.now();
        const loss = request.op === "train"
          ? await subject.train(request.steps)
          : await subject.forward(request.steps);
        return { ms: performance.now() - started, loss: loss ?? undefined } satisfies Worked;
      }
    }
  } catch (error) {
    return { error: (error instanceof Error ? error.message : String(error)).split("\n")[0] };
  }
}
