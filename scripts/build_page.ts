/**
 * Puts the page together from its bundle: `dist/page`, a folder of static files for any server.
 *
 *     deno task build-page
 */
import "./support/deno_version.ts";
import { messageOf } from "../lib/excerpt.ts";
import { collectFiles, writeFolder } from "../page/build/folder.ts";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";

const FLAGS = {
  bundle: { kind: "text", placeholder: "FOLDER", default: "dist/bundle", help: "what `deno bundle` wrote" },
  out: {
    kind: "text",
    placeholder: "FOLDER",
    default: "dist/page",
    help: "where the page goes; what is there is lost",
  },
  quiet: { kind: "switch", help: "print errors only" },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

async function main(): Promise<void> {
  if (asksForHelp(Deno.args)) {
    console.log(helpText("build-page", "Makes the folder of static files that is the page.", FLAGS));
    return;
  }
  const { bundle, out, quiet } = parseFlags(FLAGS, Deno.args);
  const { count, sizeBytes } = await writeFolder(out, await collectFiles(bundle));
  if (!quiet) console.log(`page      ${out}, ${count} files, ${(sizeBytes / 1e6).toFixed(1)} MB`);
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
