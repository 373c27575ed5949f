/**
 * Compiles the kernels of the wasm engine: lib/engines/wasm/assembly/*.ts → fused.wasm and plain.wasm beside it.
 *
 *     deno task build-wasm            writes the two files
 *     deno task build-wasm --check    compiles in memory and compares: exit 1 if a file differs from what its source gives
 */
import { isDeepStrictEqual } from "node:util";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";

const FLAGS = {
  check: {
    kind: "switch",
    help: "write nothing, and exit with 1 if a file differs from what its source gives",
  },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

// Computed, so that it is not in the lock file: Deno installs all packages there, and only this task needs these 200 MB.
const ASSEMBLYSCRIPT = ["npm:assemblyscript", "0.28.20/asc"].join("@");

const folder = new URL("../lib/engines/wasm/", import.meta.url);
const builds = [
  { file: "fused.wasm", features: "simd,threads,relaxed-simd" },
  { file: "plain.wasm", features: "simd,threads" },
];

/** Compiles the sources for these WebAssembly features. */
async function compileKernels(features: string): Promise<Uint8Array> {
  const { default: asc } = await import(ASSEMBLYSCRIPT);
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([
    "assembly/index.ts",
    "--outFile=kernels.wasm",
    "-O3",
    "--runtime=stub",
    "--noAssert",
    `--enable=${features}`,
    "--importMemory",
    "--sharedMemory",
    "--initialMemory=1",
    "--maximumMemory=65536", // 4 GiB, all that 32-bit addresses reach; an engine allocates what its network needs
  ], {
    readFile: (name: string, base: string) => {
      try {
        return Deno.readTextFileSync(new URL(`${base}/${name}`, folder));
      } catch {
        return null; // the compiler tries several names
      }
    },
    writeFile: (_name: string, contents: Uint8Array) => {
      binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`Cannot compile the kernels: ${stderr}`);
  return binary;
}

async function main(): Promise<number> {
  if (asksForHelp(Deno.args)) {
    console.log(helpText("build-wasm", "Compiles the kernels of the wasm engine.", FLAGS));
    return 0;
  }
  const { check } = parseFlags(FLAGS, Deno.args);
  let changed = 0;
  for (const { file, features } of builds) {
    const bytes = await compileKernels(features);
    const url = new URL(file, folder);
    if (!check) {
      Deno.writeFileSync(url, bytes);
      console.log(`${file}: ${bytes.length} bytes`);
    } else if (isDeepStrictEqual(bytes, Deno.readFileSync(url))) {
      console.log(`${file}: up to date`);
    } else {
      console.error(
        `${file}: differs from what its source gives: run \`deno task build-wasm\` and commit the result`,
      );
      changed++;
    }
  }
  return changed > 0 ? 1 : 0;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
