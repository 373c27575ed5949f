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
import { quote } from "./support/shell.ts";

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

async function main(): Promise<void> {
  if (asksForHelp(Deno.args)) {
    console.log(helpText("page", "Builds the page and serves it on this machine, until Ctrl-C.", FLAGS));
    return;
  }
  const { port, dir, "no-isolation": bare } = parseFlags(FLAGS, Deno.args);
  const server = serve(await openFolder(dir, { isolated: !bare }), { port, dir });
  console.log(`The page is at http://127.0.0.1:${server.addr.port}/ until Ctrl-C`);
  using interrupt = new Interrupt();
  await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));
}

/** On this machine alone: no other reaches 127.0.0.1. */
function serve(
  answer: (request: Request) => Response,
  { port, dir }: { port: number; dir: string },
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, answer);
  } catch (error) {
    throw new Error(`Cannot serve the page on port ${port}: ${whyNot(error, { port, dir })}`, {
      cause: error,
    });
  }
}

function whyNot(error: unknown, { port, dir }: { port: number; dir: string }): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "another program uses it (--port 0 takes one that is free)";
  }
  if (!(error instanceof Deno.errors.NotCapable)) return messageOf(error);
  const words = ["--port", String(port), ...Deno.args.filter((word) => word === "--no-isolation")];
  if (dir !== FLAGS.dir.default) words.push("--dir", quote(dir));
  const program = `deno run --allow-read=${quote(dir)} --allow-net=127.0.0.1:${port} scripts/page.ts`;
  return `the task may use no other than ${FLAGS.port.default}, and 0 for any that is free; this does:\n` +
    `  ${[program, ...words].join(" ")}`;
}

try {
  await main();
  Deno.exit();
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
