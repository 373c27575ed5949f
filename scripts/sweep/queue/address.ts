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
  const url = URL.parse(text);
  const isHost = url !== null && /^([\w.-]+|\[[0-9a-f:]+\])$/i.test(url.hostname); // a comma would name two hosts
  if (!url || url.protocol !== "redis:" || !isHost || !/^(\/\d{0,4})?$/.test(url.pathname) || url.search) {
    const shown = excerpt(text.replace(/\/\/[^@]*@/, "//…@"));
    throw new FlagError(`Cannot use --queue: it must be like redis://host:6379: current value is ${shown}`);
  }
  const { username, password, pathname } = url, db = pathname.slice(1);
  return {
    host: url.hostname,
    port: url.port === "" ? USUAL_PORT : Number(url.port),
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    ...(db !== "" && { db: Number(db) }),
  };
}

/** The host and the port, as Deno's permissions and people name them. */
export function hostOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
