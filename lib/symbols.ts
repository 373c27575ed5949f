/**
 * The symbol by which models, trainings and engines are disposed, in browsers without it too, Safari among them: there it is the one
 * that compilers of `await using` look for. A module that needs it imports it, and so comes after this one in every bundle.
 *
 * @module
 */
const symbols = Symbol as { asyncDispose?: symbol };
symbols.asyncDispose ??= Symbol.for("Symbol.asyncDispose");

/** `Symbol.asyncDispose`. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose;
