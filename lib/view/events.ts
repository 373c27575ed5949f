/**
 * Event files, as TensorBoard reads them: scalars in TFRecords.
 *
 *     record = length u64 LE · masked CRC-32C of it · data · masked CRC-32C of it
 *     data   = Event { 1: wall_time f64, 2: step i64, 3: file_version string, 5: Summary }
 *     Summary { 1: repeated Value { 1: tag string, 2: simple_value f32 } }
 *
 * Sources: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
 * tensorflow/core/framework/summary.proto.
 *
 * @module
 */

/** Figures of one moment. */
export interface ScalarEvent {
  /** When it was measured, in ms since 1970. */
  readonly timeMs: number;
  /** What TensorBoard's axis counts. */
  readonly step: number;
  /** Numbers by name; NaN is one. */
  readonly scalars: Readonly<Record<string, number>>;
}

const MASK_DELTA = 0xa282ead8;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc >>> 0;
});

/**
 * How every event file begins.
 *
 * @example
 * ```ts
 * import { encodeEvent, encodeEventsStart } from "./events.ts";
 * import assert from "node:assert/strict";
 *
 * const start = encodeEventsStart(0);
 * assert.equal(start[0], start.length - 16); // the length, and twelve bytes before and four after the data
 * const event = encodeEvent({ timeMs: 1000, step: 3, scalars: { loss: 0.5 } });
 * assert(new TextDecoder().decode(event).includes("loss"));
 * ```
 */
export function encodeEventsStart(timeMs: number): Uint8Array {
  return encodeRecord([...wallTime(timeMs), ...field(3, LENGTH), ...lengthOf(utf8("brain.Event:2"))]);
}

/** One record. */
export function encodeEvent({ timeMs, step, scalars }: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) => {
    const bytes = [...field(1, LENGTH), ...lengthOf(utf8(tag)), ...field(2, FIXED32), ...float32(value)];
    return [...field(1, LENGTH), ...lengthOf(bytes)];
  });
  return encodeRecord([
    ...wallTime(timeMs),
    ...field(2, VARINT),
    ...varint(step),
    ...field(5, LENGTH),
    ...lengthOf(values),
  ]);
}

/**
 * How many bytes of an event file hold events up to a step: what comes later begins there, and so does a record that was
 * cut off.
 *
 * @example
 * ```ts
 * import { encodeEvent, encodeEventsStart, eventsThrough } from "./events.ts";
 * import assert from "node:assert/strict";
 *
 * const parts = [encodeEventsStart(0), ...[1, 2, 300].map((step) => encodeEvent({ timeMs: 0, step, scalars: {} }))];
 * const file = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
 * assert.equal(eventsThrough(file, 299), file.length - parts[3].length);
 * ```
 */
export function eventsThrough(file: Uint8Array, step: number): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  while (at + 16 <= file.length) {
    const end = at + 16 + Number(view.getBigUint64(at, true));
    if (end > file.length || stepOf(file.subarray(at + 12, end - 4)) > step) break;
    at = end;
  }
  return at;
}

/** The step of an event as it is written here, behind its time; 0 at the start of a file. */
function stepOf(data: Uint8Array): number {
  if (data[9] !== field(2, VARINT)[0]) return 0;
  let step = 0;
  for (let i = 10, scale = 1; i < data.length; i++, scale *= 128) {
    step += (data[i] & 127) * scale;
    if (data[i] < 128) break;
  }
  return step;
}

function encodeRecord(data: readonly number[]): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(record.subarray(12, 12 + data.length)), true);
  return record;
}

/** CRC-32C (Castagnoli), rotated and shifted, because a CRC of bytes that hold CRCs would be weak. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  crc = ~crc >>> 0;
  return ((crc >>> 15 | crc << 17) + MASK_DELTA) >>> 0;
}

// The wire types of protocol buffers.
const VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5;

function field(number: number, wireType: number): number[] {
  return [number << 3 | wireType];
}

function varint(value: number): number[] {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 | 128);
  return [...bytes, value];
}

function lengthOf(bytes: ArrayLike<number>): number[] {
  return [...varint(bytes.length), ...Array.from(bytes)];
}

function wallTime(timeMs: number): number[] {
  return [...field(1, FIXED64), ...new Uint8Array(Float64Array.of(timeMs / 1000).buffer)];
}

function float32(value: number): Uint8Array {
  return new Uint8Array(Float32Array.of(value).buffer);
}

function utf8(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
