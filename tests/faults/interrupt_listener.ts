/**
 * A process for tests, which prints "ready" when it listens to signals. `idle` waits until it is stopped; `busy` blocks for
 * some time after the first signal, receives another one meanwhile, and exits with 7; `command` is a command that waits.
 *
 * @module
 */
import { runCommand } from "../../scripts/support/command.ts";
import { Interrupt } from "../../scripts/support/interrupt.ts";

const [mode] = Deno.args;
setTimeout(() => Deno.exit(9), 30_000); // no signal stopped it

if (mode === "command") {
  const help = { kind: "switch", help: "" } as const;
  await runCommand({ name: "evaluate", about: "", flags: { help }, args: [] }, () => {
    console.log("ready");
    return new Promise(() => {});
  });
} else {
  const interrupt = new Interrupt();
  interrupt.lastWords = () => "last words";
  interrupt.signal.addEventListener("abort", () => {
    console.log("first");
    if (mode !== "busy") return;
    spin(600);
    Deno.kill(Deno.pid, interrupt.received!); // handled as late as one that came right after the first
    spin(100);
    setTimeout(() => Deno.exit(7), 500);
  });
  console.log("ready");
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}
