/**
 * In place of `test_unless.ts` in a browser, which has no `Deno.test()`: keeps the tests, for the page to run.
 *
 * @module
 */

/** A test that was registered. */
export interface Collected {
  readonly name: string;
  readonly fn: () => void | Promise<void>;
}

/** All of them, in their order. */
export const collected: Collected[] = [];

export function testUnless(_reason: string | undefined, name: string, fn: Collected["fn"]): void {
  collected.push({ name, fn });
}
