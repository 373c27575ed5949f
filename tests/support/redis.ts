/**
 * A Redis of a test's own, on this machine.
 *
 * @module
 */

import { lacking } from "./permissions.ts";

/** Runs until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  #child: Deno.ChildProcess | null = null;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** Starts one on a free port. */
  static async start(): Promise<RedisServer> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }), { port } = listener.addr;
    listener.close();
    const server = new RedisServer(await Deno.makeTempDir(), port);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, with what it had saved. */
  async restart(): Promise<void> {
    this.#child = new Deno.Command("redis-server", {
      args: ["--bind", "127.0.0.1", "--port", String(this.port), "--dir", this.#folder],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    for (let attempt = 0; attempt < 100; attempt++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port }).catch(() => null);
      if (connection) return connection.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("redis-server does not answer");
  }

  /** Ends it: SIGTERM lets it save what it has, SIGKILL does not. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.status;
    this.#child = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Why a test cannot start a Redis here, if it cannot; with `SCANLINE_REQUIRE_REDIS` it must. */
export function lackingRedis(needs: readonly Deno.PermissionDescriptor[]): string | undefined {
  const missing = lacking([...needs, { name: "run" }, { name: "env", variable: "SCANLINE_REQUIRE_REDIS" }]);
  if (missing !== undefined || Deno.env.get("SCANLINE_REQUIRE_REDIS")) return missing;
  try {
    new Deno.Command("redis-server", { args: ["--version"] }).outputSync();
    return undefined;
  } catch {
    return "needs redis-server";
  }
}
