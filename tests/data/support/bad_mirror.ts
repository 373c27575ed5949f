/**
 * A web server on this machine that misbehaves in the ways servers do.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { encodeIdx } from "../../support/encode_files.ts";
import { packed, SMALL_FILES } from "./small_dataset.ts";

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What a server answers to a request for a file, given its name without `.gz`. */
type Answer = (name: string, base: string) => Response | Promise<Response>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One piece of a body after the other, `everyMs` apart, until whoever asked has gone. */
function dripping(piece: Uint8Array<ArrayBuffer>, everyMs: number): Body {
  return new ReadableStream({
    async pull(controller) {
      await pause(everyMs);
      controller.enqueue(piece);
    },
  });
}

/** 32 MB of zeros after a whole file, in 33 kB. */
let bomb: Uint8Array<ArrayBuffer> | undefined;
function makeBomb(name: string): Uint8Array<ArrayBuffer> {
  if (bomb) return bomb;
  const bytes = new Uint8Array(32e6);
  bytes.set(SMALL_FILES.get(name)!);
  return bomb = new Uint8Array(gzipSync(bytes));
}

/** 256 MB of zeros in 250 kB, which `fetch` itself unpacks. */
let zeros: Uint8Array<ArrayBuffer> | undefined;
function makeZeros(): Uint8Array<ArrayBuffer> {
  return zeros ??= new Uint8Array(gzipSync(new Uint8Array(256e6)));
}

/** The misbehaviours, by the first segment of the path. */
const ANSWERS: Record<string, Answer> = {
  "good": (name) => new Response(packed(name)),
  "raw": (name) => new Response(SMALL_FILES.get(name)),
  "unpacking": () =>
    new Response(makeZeros(), { headers: { "content-encoding": "gzip", "content-type": "text/plain" } }),
  "encoded": (name) => new Response(packed(name), { headers: { "content-encoding": "gzip" } }),
  "moved": (name, base) => Response.redirect(`${base}/good/${name}.gz`),
  "404": () => new Response("<h1>404</h1>", { status: 404 }),
  "500": () => new Response("oops", { status: 500 }),
  "206": (name) => new Response(packed(name).slice(0, 5), { status: 206 }),
  "loop": (name, base) => Response.redirect(`${base}/loop/${name}.gz`),
  "elsewhere": () => Response.redirect("http://localhost:61999/"),
  "silent": () => pause(300).then(() => new Response()),
  "crumbs": () => new Response(dripping(new Uint8Array(1), 0)),
  "drip": () => new Response(dripping(new Uint8Array(1), 20)),
  "endless": () => new Response(dripping(new Uint8Array(10_000), 1)),
  "steady": () => new Response(dripping(new Uint8Array(500), 5)),
  "announced": () =>
    new Response(dripping(new Uint8Array(1), 20), { headers: { "content-length": "4000000000" } }),
  "empty": () => new Response(),
  "html": () =>
    new Response("<!DOCTYPE html><title>Welcome</title>", { headers: { "content-type": "text/html" } }),
  "short": (name) => new Response(packed(name).slice(0, -9)),
  "long": (name) => new Response(new Uint8Array([...packed(name), 1, 2, 3])),
  "other": () =>
    new Response(new Uint8Array(gzipSync(encodeIdx({ type: "u8", shape: [1], data: new Uint8Array(1) })))),
  "changed": (name) => {
    const bytes = SMALL_FILES.get(name)!.slice();
    bytes[bytes.length - 1] ^= 1;
    return new Response(new Uint8Array(gzipSync(bytes)));
  },
  "bomb": (name) => new Response(makeBomb(name)),
};

/** A server for the time of a test. */
export interface Mirror extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; a misbehaviour and a slash follow. */
  readonly base: string;
  /** The paths that were asked for. */
  readonly asked: string[];
}

/** Starts it on a port that is free. */
export function openMirror(): Mirror {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, origin } = new URL(request.url);
    asked.push(pathname);
    const [, behaviour, file] = pathname.split("/");
    return ANSWERS[behaviour](file.replace(/\.gz$/, ""), origin);
  });
  return {
    base: `http://127.0.0.1:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server that announces a whole file, sends some of it, and cuts the connection. */
export function openCuttingMirror(): Mirror {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 60\r\n\r\n0123456789"),
      );
      connection.close();
    }
  })();
  return {
    base: `http://127.0.0.1:${listener.addr.port}`,
    asked: [],
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}
