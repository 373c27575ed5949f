/**
 * Tests that need a permission show as ignored, with what they lack, where `deno test` was not given it.
 *
 * ```ts ignore
 * const needs = [{ name: "read", path: "lib" }] as const;
 * Deno.test({ name: named("loadKernel() …", needs), ignore: lacks(needs), fn: async () => {} });
 * ```
 *
 * @module
 */

/** What is missing among `needs`, as the flags that would give it; undefined where nothing is. Never prompts. */
export function lacking(needs: readonly Deno.PermissionDescriptor[]): string | undefined {
  const missing = needs.filter((need) => Deno.permissions.querySync(need).state !== "granted");
  return missing.length === 0 ? undefined : `needs ${missing.map(flagOf).join(" ")}`;
}

/** Whether any of `needs` is missing. */
export function lacks(needs: readonly Deno.PermissionDescriptor[]): boolean {
  return lacking(needs) !== undefined;
}

/** The name of a test, with what is missing among `needs`. */
export function named(name: string, needs: readonly Deno.PermissionDescriptor[]): string {
  const reason = lacking(needs);
  return reason === undefined ? name : `${name} (ignored: ${reason})`;
}

function flagOf(need: Deno.PermissionDescriptor): string {
  const { name, ...scope } = need;
  const [value] = Object.values(scope);
  return value === undefined ? `--allow-${name}` : `--allow-${name}=${value}`;
}
