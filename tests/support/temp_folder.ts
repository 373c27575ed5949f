/**
 * Tests in a folder of their own.
 *
 * @module
 */
import { lacks, named } from "./permissions.ts";

/** What declares tests that get an empty folder, which goes afterwards; `needs` are what they may lack. */
export function testsInFolders(needs: readonly Deno.PermissionDescriptor[]) {
  return (name: string, fn: (folder: string) => Promise<void>): void =>
    Deno.test({
      name: named(name, needs),
      ignore: lacks(needs),
      fn: async () => {
        const folder = await Deno.makeTempDir();
        await fn(folder).finally(() => Deno.remove(folder, { recursive: true }));
      },
    });
}
