/**
 * The address of a Redis, as `--queue` takes it.
 *
 * @module
 */
import { excerpt } from "../../../run.ts";
import { FlagError } from "../../support/flags.ts";

/** Where a Redis is, and what it asks for. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

/** The flag that names it. */
export const QUEUE_FLAG = {
  kind: "text",
  placeholder: "URL",
  help: "of the Redis that holds the queue: redis://host:port, with user:password@ if it asks for them",
} as const;

const USUAL_PORT = 6379;

/**
 * Reads `redis://host:port`, `redis://user:password@host:port/2` and the like.
 *
 * @throws {FlagError} If it is none; the message does not repeat the password.
 *
 * @example
 * ```ts
 * import { parseAddress } from "./address.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseAddress("redis://localhost"), { host: "localhost", port: 6379 });
 * ```
 */
export function parseAddress(text: string): Address {
  const wrong = (): never => {
    const shown = excerpt(maskPassword(text));
    throw new FlagError(`Cannot use --queue: it must be like redis://host:6379: current value is ${shown}`);
  };
  const url = URL.parse(text);
  const isHost = url !== null && /^([\w.-]+|\[[0-9a-f:]+\])$/i.test(url.hostname); // a comma would name two hosts
  if (!url || url.protocol !== "redis:" || !isHost || !/^(\/\d{0,4})?$/.test(url.pathname) || url.search) {
    return wrong();
  }
  const { username, password, pathname } = url, db = pathname.slice(1);
  return {
    host: url.hostname,
    port: url.port === "" ? USUAL_PORT : Number(url.port),
    ...(username !== "" && { username: decode(username) ?? wrong() }),
    ...(password !== "" && { password: decode(password) ?? wrong() }),
    ...(db !== "" && { db: Number(db) }),
  };
}

/** The text behind `%3A` and the like; null if they are no UTF-8. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** An address, right or wrong, without user and password. */
function maskPassword(text: string): string {
  return text.replace(/^([\w+.-]+:\/\/)?[^]*@/, "$1…@");
}

/**
 * The arguments of a command, to be shown: the value of `--queue` without user and password.
 *
 * @example
 * ```ts
 * import { withoutPassword } from "./address.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(withoutPassword(["--queue", "redis://me:secret@host"]), ["--queue", "redis://…@host"]);
 * ```
 */
export function withoutPassword(args: readonly string[]): string[] {
  return args.map((arg, i) => {
    if (args[i - 1] === "--queue") return maskPassword(arg);
    return arg.startsWith("--queue=") ? `--queue=${maskPassword(arg.slice("--queue=".length))}` : arg;
  });
}

/** The host and the port, as Deno's permissions and people name them. */
export function hostOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
