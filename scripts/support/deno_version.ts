/**
 * Ends with one sentence on a Deno that is too old. Import it first: modules are evaluated in the order of their imports,
 * so nothing that an older Deno does not have is touched before.
 *
 * @module
 */
const [major, minor] = Deno.version.deno.split(".").map(Number);
if (major < 2 || (major === 2 && minor < 9)) {
  console.error(
    `Scanline needs Deno 2.9 or newer, and this is ${Deno.version.deno}: ` +
      "run `deno upgrade`, or put `npx -y deno@2.9.6` in the place of `deno`",
  );
  Deno.exit(1);
}
