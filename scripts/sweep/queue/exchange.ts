/**
 * The only process that reaches Redis. It may reach that one host, and do nothing else: it reads no file, writes none and starts
 * nothing. The sweep or the worker that has started it speaks to it over pipes, and has no network in turn.
 *
 * @module
 */
import type { Hello } from "./messages.ts";
import { Giver } from "./giver.ts";
import { Taker } from "./taker.ts";
import { Link } from "./link.ts";

/** How long the end waits for a Redis that does not answer. */
const AWAY_MS = 3_000;

const encoder = new TextEncoder();

/** Writes a line, whole: messages may be longer than a pipe. */
function send(message: object): void {
  const bytes = encoder.encode(JSON.stringify(message) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function* linesOfInput(): AsyncGenerator<string> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

// A terminal sends Ctrl-C to this process, too: the one that has started it says what to do then.
for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {});
}
const lines = linesOfInput();
const hello: Hello = JSON.parse((await lines.next()).value!);
const link = new Link(hello, send);
const end = hello.role === "give" ? new Giver(link) : new Taker(link, hello);
end.open().catch(() => Deno.exit(1)); // why, the link has told; that it is to end is heard meanwhile
for await (const line of lines) {
  const message = JSON.parse(line);
  if (message.say !== "close") end.hear(message);
  else {
    end.close().then(() => link.close()).finally(() => Deno.exit(0)); // jobs in progress are still answered meanwhile
    link.isAwayFor(AWAY_MS).then(() => Deno.exit(0)); // others get its jobs, as if it had been killed
  }
}
Deno.exit(0); // whoever started this has died: locks of its jobs run out, and others get them
