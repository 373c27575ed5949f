/**
 * The symbol by which engines are disposed, for browsers without it, Safari among them. Whatever starts on a page or in a worker
 * imports this first.
 *
 * @module
 */
const symbols = Symbol as { asyncDispose?: symbol };
symbols.asyncDispose ??= Symbol("Symbol.asyncDispose");
