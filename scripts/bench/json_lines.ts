/**
 * JSON objects between processes, one a line.
 *
 * @module
 */

/** A JSON object, as it came. */
export type JsonLine = Readonly<Record<string, unknown>>;

/** The objects of a stream of UTF-8. Other lines, which libraries may print too, are skipped. */
export async function* readJsonLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<JsonLine> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("{")) yield JSON.parse(line);
  }
}
