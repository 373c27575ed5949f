/**
 * In place of `node:assert/strict` in a browser: what the contract of the engines uses of it.
 *
 * @module
 */

export default function assert(value: unknown, message = "it must be true"): asserts value {
  if (!value) fail(message);
}

function fail(message: string): never {
  throw new Error(message);
}

function equal(actual: unknown, expected: unknown, message = ""): void {
  if (!Object.is(actual, expected)) fail(`${message} is ${actual}, expected ${expected}`);
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [names, others] = [a, b].map(Object.keys);
  return a.constructor === b.constructor && names.length === others.length &&
    names.every((name) => isSame(Reflect.get(a, name), Reflect.get(b, name)));
}

function deepEqual(actual: unknown, expected: unknown, message = ""): void {
  if (!isSame(actual, expected)) {
    fail(`${message} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
  }
}

function notDeepEqual(actual: unknown, expected: unknown, message = "both are the same"): void {
  if (isSame(actual, expected)) fail(message);
}

Object.assign(assert, { fail, equal, deepEqual, notDeepEqual });
