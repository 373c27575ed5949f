/**
 * Fields of protocol buffer messages, https://protobuf.dev/programming-guides/encoding/.
 *
 * @module
 */
import { joinBytes } from "./bytes.ts";

/** An encoded field, or the encoded fields of a message one after another. */
export type Bytes = Uint8Array<ArrayBuffer>;

const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5; // wire types

/** A whole number that is not negative. */
export function whole(number: number, value: number): Bytes {
  return Uint8Array.from([...varint(number << 3 | VARINT), ...varint(value)]);
}

/** A float32; little-endian, as all machines are that Deno runs on. */
export function float32(number: number, value: number): Bytes {
  return joinBytes(tag(number, FIXED32), new Uint8Array(Float32Array.of(value).buffer));
}

/** A float64. */
export function float64(number: number, value: number): Bytes {
  return joinBytes(tag(number, FIXED64), new Uint8Array(Float64Array.of(value).buffer));
}

/** A string. */
export function text(number: number, value: string): Bytes {
  return field(number, new TextEncoder().encode(value));
}

/** A message, from its encoded fields. */
export function message(number: number, fields: readonly Bytes[]): Bytes {
  return field(number, joinBytes(...fields));
}

/** Bytes, preceded by their length. */
export function field(number: number, bytes: Bytes): Bytes {
  return joinBytes(tag(number, LENGTH), Uint8Array.from(varint(bytes.length)), bytes);
}

function tag(number: number, wireType: number): Bytes {
  return Uint8Array.from(varint(number << 3 | wireType));
}

function varint(value: number): number[] {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return [...bytes, value];
}
