/**
 * The headers that a server of the page sends.
 *
 * @module
 */

/** What the page may load, and from where: nothing but its own files. `index.html` says the same, for servers that do not. */
export const POLICY: string = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** What lets a page share memory among threads. */
export const ISOLATION: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const TYPES: Readonly<Record<string, string>> = {
  bin: "application/octet-stream",
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  safetensors: "application/octet-stream",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
};

/** Headers of a file. @param options.isolated Whether the page may share memory among threads */
export function headersOf(path: string, { isolated }: { isolated: boolean }): Record<string, string> {
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  if (type === undefined) {
    throw new Error(`Cannot serve ${path}: its kind must be one of ${Object.keys(TYPES).join(", ")}`);
  }
  return {
    "content-type": type,
    "content-security-policy": `${POLICY}; frame-ancestors 'none'`,
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache", // the service worker keeps what may be kept
    ...(isolated && ISOLATION),
  };
}
