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
import { joinBytes } from "../bytes.ts";
import { type Bytes, float32, float64, message, text, whole } from "../protobuf.ts";

/** The figures of one moment. */
export interface ScalarEvent {
  /** When they were measured, in ms since 1970. */
  readonly timeMs: number;
  /** Their place on TensorBoard's axis. */
  readonly step: number;
  /** Numbers by name; NaN is allowed. */
  readonly scalars: Readonly<Record<string, number>>;
}

const MASK_DELTA = 0xa282ead8;
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc >>> 0;
});

/**
 * The first record of every event file.
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
  return encodeRecord([float64(1, timeMs / 1000), text(3, "brain.Event:2")]);
}

/** A record of figures. */
export function encodeEvent({ timeMs, step, scalars }: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => message(1, [text(1, tag), float32(2, value)]));
  return encodeRecord([float64(1, timeMs / 1000), whole(2, step), message(5, values)]);
}

/**
 * How many bytes of an event file hold whole events up to a step; later events, or one that was cut, begin there.
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

/** The step of an event, which these files write behind its time; 0 at the start of a file. */
function stepOf(data: Uint8Array): number {
  if (data[9] !== whole(2, 0)[0]) return 0;
  let step = 0;
  for (let i = 10, scale = 1; i < data.length; i++, scale *= 128) {
    step += (data[i] & 127) * scale;
    if (data[i] < 128) break;
  }
  return step;
}

function encodeRecord(fields: readonly Bytes[]): Uint8Array {
  const data = joinBytes(...fields);
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** CRC-32C (Castagnoli), rotated and shifted, because a CRC of bytes that hold CRCs would be weak. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  crc = ~crc >>> 0;
  return ((crc >>> 15 | crc << 17) + MASK_DELTA) >>> 0;
}
