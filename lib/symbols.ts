/**
 * The symbol by which models, trainings and engines are disposed, for browsers without it, Safari among them: the one that compilers
 * of `await using` look for there. `core.ts` imports this first.
 *
 * @module
 */
const symbols = Symbol as { asyncDispose?: symbol };
symbols.asyncDispose ??= Symbol.for("Symbol.asyncDispose");
