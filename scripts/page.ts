/**
 * Serves the page on this machine.
 *
 *     deno task page
 */
import "./support/deno_version.ts";
import { messageOf } from "../lib/excerpt.ts";
import { openFolder } from "../page/build/serve.ts";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";
import { Interrupt } from "./support/interrupt.ts";

const FLAGS = {
  port: {
    kind: "whole",
    least: 0,
    most: 65_535,
    default: 8784,
    help: "where to serve it; 0 for any that is free",
  },
  dir: {
    kind: "text",
    placeholder: "FOLDER",
    default: "dist/page",
    help: "what `deno task build-page` wrote",
  },
  "no-isolation": { kind: "switch", help: "without the headers that allow threads, as many servers do" },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

async function main(): Promise<number> {
  if (asksForHelp(Deno.args)) {
    console.log(helpText("page", "Builds the page and serves it on this machine, until Ctrl-C.", FLAGS));
    return 0;
  }
  const { port, dir, "no-isolation": bare } = parseFlags(FLAGS, Deno.args);
  const answer = await openFolder(dir, { isolated: !bare });
  using interrupt = new Interrupt();
  await using server = serve(port, answer);
  console.log(`The page is at http://127.0.0.1:${server.addr.port}/ (Ctrl-C ends this)`);
  await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
  return 0;
}

/** On this machine alone: no other reaches 127.0.0.1. */
function serve(port: number, answer: (request: Request) => Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, answer);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "another program uses this port; --port 0 takes one that is free"
      : error instanceof Deno.errors.NotCapable
      ? `the task may use the ports 8784 and 0 alone; this does: deno run --allow-read=${"dist"} --allow-net=127.0.0.1:${port} scripts/page.ts --port ${port}`
      : messageOf(error);
    throw new Error(`Cannot serve the page on port ${port}: ${reason}`, { cause: error });
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
