import assert from "node:assert/strict";
import { encodeEvent, encodeEventsStart } from "../../lib/view/events.ts";

/** A decoder that shares nothing with the encoder: bit by bit, and by the wire format alone. */
interface Field {
  readonly number: number;
  readonly value: number | bigint | Uint8Array;
}

function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffffn;
  for (const byte of bytes) {
    remainder ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder % 2n === 1n ? (remainder / 2n) ^ 0x82f63b78n : remainder / 2n;
    }
  }
  return Number(remainder ^ 0xffffffffn);
}

function unmask(masked: number): number {
  const rotated = (BigInt(masked) - 0xa282ead8n + (1n << 32n)) % (1n << 32n);
  return Number((rotated >> 17n) | (rotated % (1n << 17n)) << 15n);
}

function decodeRecords(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(
      unmask(view.getUint32(at + 8, true)),
      crc32c(bytes.subarray(at, at + 8)),
      "CRC of the length",
    );
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(data.length, length);
    assert.equal(unmask(view.getUint32(at + 12 + length, true)), crc32c(data), "CRC of the data");
    records.push(data);
    at += 16 + length;
  }
  return records;
}

function decodeFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte % 128) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    const taken = bytes.slice(at - length, at);
    assert.equal(taken.length, length);
    return taken;
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = key >> 3;
    if (key % 8 === 0) fields.push({ number, value: varint() });
    else if (key % 8 === 1) fields.push({ number, value: new DataView(take(8).buffer).getFloat64(0, true) });
    else if (key % 8 === 2) fields.push({ number, value: take(Number(varint())) });
    else if (key % 8 === 5) fields.push({ number, value: new DataView(take(4).buffer).getFloat32(0, true) });
    else assert.fail(`wire type ${key % 8}`);
  }
  return fields;
}

function valueOf(fields: readonly Field[], number: number): Field["value"] {
  const found = fields.filter((field) => field.number === number);
  assert.equal(found.length, 1, `field ${number}`);
  return found[0].value;
}

const text = (value: Field["value"]) => new TextDecoder().decode(value as Uint8Array);

Deno.test("this test's decoder computes the check value of CRC-32C, and undoes masks", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.equal(unmask(0xa282ead8), 0);
});

Deno.test("encodeEventsStart() is a record with the version of the format", () => {
  const [data, ...others] = decodeRecords(encodeEventsStart(1_700_000_000_500));
  assert.equal(others.length, 0);
  const fields = decodeFields(data);
  assert.deepEqual(fields.map(({ number }) => number), [1, 3]);
  assert.equal(valueOf(fields, 1), 1_700_000_000.5);
  assert.equal(text(valueOf(fields, 3)), "brain.Event:2");
});

Deno.test("encodeEvent() holds time, step and scalars, NaN and large steps among them", () => {
  for (const step of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 40 + 5]) {
    const scalars = { loss: 0.1, "accuracy of µ": 1, broken: NaN, [`long ${"x".repeat(300)}`]: -1e30 };
    const [data] = decodeRecords(encodeEvent({ timeMs: 1_795_331_046_123, step, scalars }));
    const fields = decodeFields(data);
    assert.equal(valueOf(fields, 1), 1_795_331_046.123);
    assert.equal(valueOf(fields, 2), BigInt(step));
    const values = decodeFields(valueOf(fields, 5) as Uint8Array).map(({ number, value }) => {
      assert.equal(number, 1);
      const inner = decodeFields(value as Uint8Array);
      return [text(valueOf(inner, 1)), valueOf(inner, 2)];
    });
    assert.deepEqual(values, Object.entries(scalars).map(([tag, value]) => [tag, Math.fround(value)]));
  }
});

Deno.test("records follow each other in a file", () => {
  const file = [
    encodeEventsStart(0),
    ...[1, 2, 3].map((step) => encodeEvent({ timeMs: step, step, scalars: { loss: 1 / step } })),
  ];
  assert.equal(decodeRecords(new Uint8Array(file.flatMap((record) => [...record]))).length, 4);
});
