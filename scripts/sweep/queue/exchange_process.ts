/**
 * The process that reaches Redis, as the sweep or the worker sees it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { readJsonLines } from "../../bench/json_lines.ts";
import { OFFLINE } from "../../support/shell.ts";
import { printable } from "../../../run.ts";
import { hostOf } from "./address.ts";
import type { FromGiver, FromTaker, Hello, ToGiver, ToTaker } from "./messages.ts";

const PROGRAM = fileURLToPath(new URL("./exchange.ts", import.meta.url));

/** The arguments of `deno` that start it: one host, and nothing else. */
export function exchangeArguments(address: Hello["address"]): string[] {
  return ["run", ...OFFLINE, "--ignore-env", `--allow-net=${hostOf(address)}`, PROGRAM];
}

/** Ends with whoever started it. */
export class ExchangeProcess<Said extends FromGiver | FromTaker, Told extends ToGiver | ToTaker> {
  readonly #hello: Hello;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #lost = "no answer";

  /** Starts it, and says hello. */
  constructor(hello: Hello) {
    this.#hello = hello;
    this.#child = new Deno.Command("deno", {
      args: exchangeArguments(hello.address),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#write(hello);
  }

  /** What it tells, until it ends. @throws {Error} If it ends before it has reached Redis, or unasked */
  async *told(): AsyncGenerator<Told> {
    let isReady = false;
    for await (const line of readJsonLines(this.#child.stdout)) {
      const told = line as unknown as Told;
      if (told.event === "ready") isReady = true;
      if (told.event === "lost") this.#lost = told.reason;
      yield told;
    }
    const { success } = await this.#child.status;
    if (success) return;
    const action = isReady ? "stay connected to" : "connect to";
    throw new Error(
      `Cannot ${action} the queue: Redis must answer at ${hostOf(this.#hello.address)}: current value is ` +
        printable(this.#lost),
    );
  }

  /** Says something, unless it has ended. */
  say(message: Said): void {
    this.#write(message);
  }

  /** Lets it finish what it does, and waits for its end. */
  async close(): Promise<void> {
    this.#write({ say: "close" });
    await this.#child.status;
  }

  #write(message: object): void {
    this.#stdin.write(new TextEncoder().encode(JSON.stringify(message) + "\n")).catch(() => {}); // told() says that it has ended
  }
}
