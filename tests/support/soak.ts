/**
 * Tests that come in two sizes: a small one each time, a large one by `deno task soak`.
 *
 * @module
 */

/** Whether this is `deno task soak`. */
export const isSoak: boolean =
  Deno.permissions.querySync({ name: "env", variable: "SCANLINE_SOAK" }).state === "granted" &&
  Deno.env.get("SCANLINE_SOAK") === "1";

/** How much of something to do. */
export function share({ usual, soak }: { usual: number; soak: number }): number {
  return isSoak ? soak : usual;
}
