/**
 * Ends a process that runs in a Deno that is too old. Import this file first: modules are evaluated in the order of their
 * imports, and the others use features that an older Deno lacks.
 *
 * @module
 */
const [major, minor] = Deno.version.deno.split(".").map(Number);
if (major < 2 || (major === 2 && minor < 9)) {
  console.error(
    `Scanline needs Deno 2.9 or newer, and this is ${Deno.version.deno}: ` +
      "run `deno upgrade`, or use `npx -y deno@2.9.6` instead of `deno`",
  );
  Deno.exit(1);
}
