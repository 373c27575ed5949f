/**
 * Tests that cannot run everywhere.
 *
 * @module
 */

/** Registers a test; with a reason why it cannot run here, it shows as ignored with that reason. */
export function testUnless(reason: string | undefined, name: string, fn: () => void | Promise<void>): void {
  const ignore = reason !== undefined;
  Deno.test({ name: ignore ? `${name} (ignored: ${reason})` : name, ignore, fn });
}
