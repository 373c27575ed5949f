/**
 * Files of packages that are imported as bytes.
 *
 * @module
 */

/**
 * Waits for imports of files as bytes, which a program must be allowed in its own `deno.json`.
 *
 * @param action What messages say cannot be done
 * @throws {TypeError} If the program does not allow it; the message says how it does.
 */
export async function rawImports<T>(action: string, imports: Promise<T>): Promise<T> {
  return await imports.catch((cause) => {
    if (!(cause instanceof TypeError) || !/not a valid module type/.test(cause.message)) throw cause;
    throw new TypeError(
      `Cannot ${action}: the program must be allowed to import files as bytes: current value is denied ` +
        '(add "unstable": ["raw-imports"] to its deno.json, or run it with --unstable-raw-imports)',
      { cause },
    );
  });
}
