/**
 * Fetches a file of the page.
 *
 * @module
 */

/** What {@link fetchBytes} may take. */
export interface FetchOptions {
  /** How many bytes the file must have: another page may answer in its place, or a part of it. */
  readonly sizeBytes?: number;
  /** Called with the number of bytes that have come. */
  readonly onBytes?: (loaded: number) => void;
  /** The browser's by default. */
  readonly fetch?: typeof fetch;
  /** How long a server may send nothing. */
  readonly patienceMs?: number;
}

/**
 * The bytes of a file; ends the request where nothing comes any more, or more than the file has.
 *
 * @throws {Error} If the file does not come, or has another size. Another attempt may work.
 */
export async function fetchBytes(
  file: URL | string,
  { sizeBytes, onBytes, fetch = globalThis.fetch, patienceMs = 30_000 }: FetchOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const patience = new AbortController(), { promise: silence, reject } = Promise.withResolvers<never>();
  silence.catch(() => {}); // where nothing waits for it
  const late = () => {
    reject(new Error(`nothing came for ${Math.round(patienceMs / 1000)} seconds`));
    patience.abort();
  };
  let timer = setTimeout(late, patienceMs);
  try {
    const response = await Promise.race([silence, fetch(file, { signal: patience.signal })]);
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let loaded = 0;
    for (const reader = response.body!.getReader();;) {
      const { done, value } = await Promise.race([silence, reader.read()]);
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(late, patienceMs);
      chunks.push(value);
      loaded += value.length;
      if (loaded > (sizeBytes ?? loaded)) break;
      onBytes?.(loaded);
    }
    if (loaded !== (sizeBytes ?? loaded)) throw new Error(`${loaded} bytes in place of ${sizeBytes}`);
    return joined(chunks, loaded);
  } finally {
    clearTimeout(timer);
    patience.abort(); // what is left of an answer that nobody takes
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
