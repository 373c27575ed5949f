/**
 * The server of the page.
 */
import assert from "node:assert/strict";
import { openFolder } from "../../page/build/serve.ts";
import { testsInFolders } from "../support/temp_folder.ts";

const test = testsInFolders([{ name: "read" }, { name: "write" }, { name: "net", host: "127.0.0.1" }]);

/** A folder with three files, one of which its list does not name. */
async function makeFolder(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/page/workers`, { recursive: true });
  await Deno.writeTextFile(`${folder}/secret.txt`, "secret");
  await Deno.writeTextFile(`${folder}/page/unlisted.js`, "unlisted");
  await Deno.writeTextFile(`${folder}/page/index.html`, "<!doctype html>");
  await Deno.writeTextFile(`${folder}/page/workers/reader.js`, "reader");
  await Deno.writeTextFile(`${folder}/page/service.js`, "service");
  const files = [{ path: "index.html" }, { path: "workers/reader.js" }];
  await Deno.writeTextFile(`${folder}/page/files.json`, JSON.stringify({ files }));
  return `${folder}/page`;
}

const HOST = "http://127.0.0.1:8784";

test("the server answers with the files of its list, their kinds and their lengths", async (folder) => {
  const answer = await openFolder(await makeFolder(folder));
  for (
    const [path, type, text] of [
      ["/", "text/html; charset=utf-8", "<!doctype html>"],
      ["/index.html", "text/html; charset=utf-8", "<!doctype html>"],
      ["/workers/reader.js?a=b", "text/javascript; charset=utf-8", "reader"],
    ]
  ) {
    const response = await answer(new Request(HOST + path));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(response.headers.get("content-length"), String(text.length));
    assert.equal(await response.text(), text);
  }
});

test("the server answers with nothing else", async (folder) => {
  const answer = await openFolder(await makeFolder(folder));
  const paths = [
    ...["/unlisted.js", "/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"],
    ...["/..%5csecret.txt", "/workers", "/workers/", "//index.html", "/workers/../../secret.txt", "/%00"],
    ...["/index.html/", "/constructor", "/__proto__"],
  ];
  for (const path of paths) {
    const response = await answer(new Request(HOST + path));
    assert.equal(response.status, 404, path);
    assert.doesNotMatch(await response.text(), /secret|unlisted/, path);
  }
});

test("the server takes GET and HEAD alone", async (folder) => {
  const answer = await openFolder(await makeFolder(folder));
  const head = await answer(new Request(`${HOST}/`, { method: "HEAD" }));
  assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "15", ""]);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const response = await answer(new Request(`${HOST}/`, { method }));
    assert.deepEqual([response.status, response.headers.get("allow")], [405, "GET, HEAD"], method);
  }
});

test("the server goes on with the files that it began with while a page is built", async (folder) => {
  const page = await makeFolder(folder), answer = await openFolder(page);
  await Deno.writeTextFile(`${page}/index.html`, "another");
  await Deno.remove(`${page}/workers`, { recursive: true });
  for (const [path, text] of [["/", "<!doctype html>"], ["/workers/reader.js", "reader"]]) {
    assert.equal(await (await answer(new Request(HOST + path))).text(), text);
  }
});

test("the server answers to the names of this machine alone", async (folder) => {
  const answer = await openFolder(await makeFolder(folder));
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  for (
    const [target, host, status] of [
      ["/", "127.0.0.1:8784", 200],
      ["/", "localhost", 200],
      ...["[", "a b", "%zz", "evil.com", "127.0.0.1.evil.com:8784"].map((host) => ["/", host, 400] as const),
      ["http://evil.com/", "127.0.0.1", 400],
    ] as const
  ) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const text = await new Response(connection.readable).text();
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `), `${target} ${host}`);
  }
});

test("every answer has the policy, and isolates the page unless it must not", async (folder) => {
  const page = await makeFolder(folder);
  for (const isolated of [true, false]) {
    const answer = await openFolder(page, { isolated });
    for (const path of ["/", "/workers/reader.js", "/none"]) {
      const { headers } = await answer(new Request(HOST + path));
      assert.match(headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'/);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cross-origin-opener-policy"), isolated ? "same-origin" : null, path);
      assert.equal(headers.get("cross-origin-embedder-policy"), isolated ? "require-corp" : null, path);
    }
  }
});

test("a folder without a page cannot be served, and the error says what builds one", async (folder) => {
  await assert.rejects(openFolder(folder), /^Error: Cannot serve .*`deno task build-page`/);
});
