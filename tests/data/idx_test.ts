import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type IdxArray, IdxSyntaxError, type IdxType, parseIdx, parseIdxHeader } from "../../lib/data/idx.ts";
import { encodeIdx } from "../support/encode_files.ts";

const TYPES = {
  u8: Uint8Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/** Any array of up to four axes, including sizes of 0 and every bit pattern. */
const arrays: fc.Arbitrary<IdxArray> = fc
  .tuple(fc.constantFrom(...Object.keys(TYPES) as IdxType[]), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([type, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const sizeBytes = length * TYPES[type].BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes }).map((bytes) =>
      ({ type, shape, data: new TYPES[type](bytes.slice().buffer) }) as IdxArray
    );
  });

const files = arrays.map(encodeIdx);

function rawBytes({ data }: IdxArray): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

/** Parses, or returns undefined on an `IdxSyntaxError` with an offset in the file. Anything else is a failure. */
function tryParse(bytes: Uint8Array): IdxArray | undefined {
  try {
    return parseIdx(bytes);
  } catch (error) {
    assert(error instanceof IdxSyntaxError, `not an IdxSyntaxError: ${error}`);
    assert(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset} of ${bytes.length}`);
    assert.match(error.message, /^Cannot parse IDX: .* must .*: current value is .* \(at byte \d+\)$/);
    return undefined;
  }
}

function parseError(bytes: Uint8Array): IdxSyntaxError {
  try {
    parseIdx(bytes);
  } catch (error) {
    assert(error instanceof IdxSyntaxError);
    return error;
  }
  assert.fail("it parsed");
}

Deno.test("parseIdx() reads every type as the format defines it", () => {
  const start = (code: number, size: number) => [0, 0, code, 1, 0, 0, 0, size];
  const parse = (code: number, body: number[], size: number) => {
    const { type, shape, data } = parseIdx(new Uint8Array([...start(code, size), ...body]));
    return [type, [...shape], [...data]];
  };
  assert.deepEqual(parse(0x08, [1, 255], 2), ["u8", [2], [1, 255]]);
  assert.deepEqual(parse(0x09, [1, 255], 2), ["i8", [2], [1, -1]]);
  assert.deepEqual(parse(0x0b, [0xff, 0xfe, 1, 2], 2), ["i16", [2], [-2, 258]]);
  assert.deepEqual(parse(0x0c, [0xff, 0xff, 0xff, 0xfe, 0, 1, 2, 3], 2), ["i32", [2], [-2, 66051]]);
  assert.deepEqual(parse(0x0d, [0x3f, 0xc0, 0, 0], 1), ["f32", [1], [1.5]]);
  assert.deepEqual(parse(0x0e, [0xc0, 0x04, 0, 0, 0, 0, 0, 0], 1), ["f64", [1], [-2.5]]);
});

Deno.test("parseIdx() reads a single number and 255 axes", () => {
  assert.deepEqual([...parseIdx(new Uint8Array([0, 0, 8, 0, 42])).data], [42]);
  const shape = new Array(255).fill(1);
  const { shape: parsed, data } = parseIdx(encodeIdx({ type: "i8", shape, data: new Int8Array([-7]) }));
  assert.deepEqual([...parsed], shape);
  assert.equal(data[0], -7);
});

Deno.test("encodeIdx() and parseIdx() give every array back to the bit", () => {
  fc.assert(fc.property(arrays, (array) => {
    const parsed = parseIdx(encodeIdx(array));
    assert.equal(parsed.type, array.type);
    assert.deepEqual([...parsed.shape], [...array.shape]);
    assert.deepEqual(rawBytes(parsed), rawBytes(array));
  }));
});

Deno.test("parseIdx() does not copy bytes, and leaves wider elements in the file as they were", () => {
  const bytes = encodeIdx({ type: "u8", shape: [3], data: new Uint8Array([1, 2, 3]) });
  assert.equal(parseIdx(bytes).data.buffer, bytes.buffer);

  const odd = Buffer.concat([
    Buffer.of(9),
    encodeIdx({ type: "i32", shape: [1], data: new Int32Array([5]) }),
  ]);
  const file = odd.subarray(1); // not aligned, and a Buffer, whose slice() does not copy
  const before = [...file];
  assert.equal(parseIdx(file).data[0], 5);
  assert.deepEqual([...file], before);
});

Deno.test("parseIdx() rejects every proper prefix of a valid file", () => {
  fc.assert(
    fc.property(files, (file) => {
      for (let length = 0; length < file.length; length++) {
        assert.equal(tryParse(file.subarray(0, length)), undefined, `${length} of ${file.length} bytes`);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("parseIdx() reads a file with one changed byte in its header as it now is, or rejects it", () => {
  const file = encodeIdx({ type: "i16", shape: [2, 3], data: new Int16Array([1, 2, 3, 4, 5, 6]) });
  for (let at = 0; at < 12; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = Uint8Array.from(file);
      changed[at] = byte;
      const array = tryParse(changed);
      if (array) assert.deepEqual(encodeIdx(array), changed);
    }
  }
});

Deno.test("parseIdx() reads random bytes as they are, or rejects them", () => {
  const likelyHeaders = fc.tuple(
    fc.constantFrom(8, 9, 11, 12, 13, 14),
    fc.nat(3),
    fc.uint8Array({ maxLength: 24 }),
  )
    .map(([code, rank, rest]) => new Uint8Array([0, 0, code, rank, ...rest]));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), likelyHeaders), (bytes) => {
      const array = tryParse(bytes);
      if (array) assert.deepEqual(encodeIdx(array), bytes);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parseIdx() says where a file goes wrong", () => {
  const cases: [string, number[], number, RegExp][] = [
    ["first byte", [1, 0, 8, 0, 0], 0, /first two bytes must be 0: current value is 0x01/],
    ["gzip", [0x1f, 0x8b, 8], 0, /current value is 0x1f/],
    ["second byte", [0, 2, 8, 0, 0], 1, /current value is 0x02/],
    [
      "type",
      [0, 0, 0x0a, 0, 0],
      2,
      /must be one of 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e: current value is 0x0a/,
    ],
    ["empty", [], 0, /header must be whole: current value is 0 bytes/],
    ["cut header", [0, 0, 8, 2, 0, 0, 0, 1, 0], 9, /header must be whole/],
    ["cut data", [0, 0, 8, 1, 0, 0, 0, 3, 7], 9, /u8 \[3\] must be 11 bytes long: current value is 9 bytes/],
    ["left over", [0, 0, 8, 1, 0, 0, 0, 1, 7, 8, 9], 9, /must be 9 bytes long: current value is 11 bytes/],
  ];
  for (const [name, bytes, offset, message] of cases) {
    const error = parseError(new Uint8Array(bytes));
    assert.equal(error.offset, offset, name);
    assert.match(error.message, message, name);
    assert(error instanceof SyntaxError);
    assert.equal(error.name, "IdxSyntaxError");
  }
});

Deno.test("parseIdx() rejects sizes whose product overflows, and allocates nothing for sizes the file does not have", () => {
  const header = (code: number, ...sizes: number[]) => {
    const bytes = new Uint8Array(4 + 4 * sizes.length);
    bytes.set([0, 0, code, sizes.length]);
    sizes.forEach((size, axis) => new DataView(bytes.buffer).setUint32(4 + 4 * axis, size));
    return bytes;
  };
  const most = 2 ** 32 - 1;
  const overflow = parseError(header(0x0e, 2, most, most, most));
  assert.equal(overflow.offset, 12); // the axis at which it overflows
  assert.match(overflow.message, /must be smaller than 2\^53 bytes: current value is \[2,4294967295/);
  assert.match(parseError(header(0x0e, 2 ** 20, 2 ** 29)).message, /must be 4503599627370508 bytes long/);
  assert.equal(parseIdx(header(0x0e, most, most, most, 0)).data.length, 0);
});

Deno.test("parseIdxHeader() is undefined while bytes are missing and none is wrong", () => {
  const file = encodeIdx({ type: "f32", shape: [2, 1], data: new Float32Array(2) });
  for (let length = 0; length < 12; length++) {
    assert.equal(parseIdxHeader(file.subarray(0, length)), undefined);
  }
  assert.deepEqual(parseIdxHeader(file), { type: "f32", shape: [2, 1], headerBytes: 12, totalBytes: 20 });
  assert.throws(() => parseIdxHeader(new Uint8Array([0, 1])), IdxSyntaxError);
});
