/**
 * Checks whether bytes are a file of the catalogue.
 *
 * @module
 */
import type { CatalogueFile } from "./catalogue.ts";
import { sha256 } from "./files.ts";
import { excerpt } from "../excerpt.ts";
import { isGzip, unpackIdx } from "./gzip.ts";

/**
 * Checks the bytes of a file, raw or gzipped, against the catalogue, and returns them as the file is kept. Unpacks no more
 * bytes than the catalogue states.
 *
 * @param origin What messages call the bytes: a path, say
 * @throws {IdxSyntaxError} If the bytes cannot be unpacked.
 * @throws {RangeError} If the length or the hash differs.
 */
export function verifyFile(file: CatalogueFile, bytes: Uint8Array, origin: string): Uint8Array {
  const fail = (what: string) => new RangeError(`Cannot use ${origin}: ${what}`);
  if (!isGzip(bytes) && !(bytes[0] === 0 && bytes[1] === 0)) {
    throw fail(`it must be an IDX file, raw or gzipped: current value ${describeStart(bytes)}`);
  }
  const raw = file.keptAs === "raw";
  const kept = raw ? unpackIdx(bytes, { maxBytes: file.sizeBytes, file: origin }) : bytes;
  if (raw && kept.length !== file.sizeBytes) {
    throw fail(`it must be ${file.sizeBytes} bytes long: current value is ${kept.length}`);
  }
  const hash = sha256(kept);
  if (hash !== file.sha256) throw fail(`its SHA-256 must be ${file.sha256}: current value is ${hash}`);
  return kept;
}

function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return "is empty";
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 40));
  return `begins with ${excerpt(start)}`;
}

/** The name under which a file is kept in the data set's folder. */
export function keptName(file: CatalogueFile): string {
  return file.keptAs === "gzip" ? `${file.name}.gz` : file.name;
}

/** The names that a file may have in the data set's folder, in order of preference. */
export function namesToRead(file: CatalogueFile): readonly string[] {
  return file.keptAs === "gzip" ? [`${file.name}.gz`] : [file.name, `${file.name}.gz`];
}
