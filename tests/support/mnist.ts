/**
 * Tests on MNIST itself show as ignored where it is not there.
 *
 * @module
 */
import { lacking } from "./permissions.ts";

const root = new URL("../../", import.meta.url).pathname;

/** Whether there is a file in this checkout. */
export function isThere(path: string): boolean {
  try {
    return Deno.statSync(`${root}${path}`).isFile;
  } catch {
    return false;
  }
}

/** Why a test cannot train on MNIST here, if it cannot; with `SCANLINE_REQUIRE_MNIST` it must. */
export function lackingMnist(needs: readonly Deno.PermissionDescriptor[]): string | undefined {
  const missing = lacking([...needs, { name: "env", variable: "SCANLINE_REQUIRE_MNIST" }]);
  if (missing !== undefined || Deno.env.get("SCANLINE_REQUIRE_MNIST")) return missing;
  return isThere("data/mnist/train-images-idx3-ubyte") ? undefined : "needs MNIST: `deno task data`";
}
