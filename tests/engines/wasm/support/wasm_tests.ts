/**
 * Tests of the wasm engine, which need permission to read its kernels.
 *
 * @module
 */
import { lacking } from "../../../support/permissions.ts";
import { testUnless } from "../../test_unless.ts";

/** Why the wasm engine cannot run here; undefined where it can. */
export const LACKING_KERNELS: string | undefined = lacking([{ name: "read", path: "lib" }]);

/** Registers a test that needs the kernels. */
export function test(name: string, fn: () => Promise<void>): void {
  testUnless(LACKING_KERNELS, name, fn);
}
