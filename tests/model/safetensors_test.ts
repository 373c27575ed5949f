import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeSafetensors,
  encodeSafetensors,
  SafetensorsError,
  type Tensor,
} from "../../lib/model/safetensors.ts";
import official from "../golden/lstm.safetensors" with { type: "bytes" };

/** A file with this header and this number of bytes of data. */
function fileOf(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

function rejects(file: Uint8Array, message: RegExp): void {
  assert.throws(() => decodeSafetensors(file), (error: unknown) => {
    assert(error instanceof SafetensorsError && error instanceof SyntaxError);
    assert.match(error.message, /^Cannot read safetensors: /);
    assert.match(error.message, message);
    return true;
  });
}

const shapes = fc.array(fc.nat(4), { maxLength: 4 });

/** Tensors of every type with any bits, including NaNs. */
const tensors: fc.Arbitrary<Tensor> = fc.tuple(
  shapes,
  fc.constantFrom(
    Uint8Array,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
  ),
  fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
).map(([shape, ArrayType, bits]) => {
  const length = shape.reduce((a, b) => a * b, 1); // at most 4⁴ elements, 2048 bytes
  return { shape, data: new ArrayType(bits.slice(0, length * ArrayType.BYTES_PER_ELEMENT).buffer) };
});

const contents = fc.record({
  tensors: fc.array(fc.tuple(fc.string({ unit: "grapheme" }), tensors), { maxLength: 5 })
    .map((entries) => new Map(entries.filter(([name]) => name !== "__metadata__"))),
  metadata: fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })),
});

/** The content of a map of tensors, to the bit, in a fixed order. */
function bits(all: ReadonlyMap<string, Tensor>): unknown {
  const describe = ([name, { shape, data }]: [string, Tensor]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, shape, type: data.constructor.name, bytes: bytes.toHex() };
  };
  return [...all].map(describe).sort((a, b) => a.name < b.name ? -1 : 1);
}

Deno.test("decodeSafetensors() reads back to the bit what encodeSafetensors() wrote", () => {
  fc.assert(fc.property(contents, ({ tensors, metadata }) => {
    const file = encodeSafetensors(tensors, metadata);
    const read = decodeSafetensors(file);
    assert.deepEqual(bits(read.tensors), bits(tensors));
    assert.deepEqual({ ...read.metadata }, { ...metadata });
  }));
});

Deno.test("encodeSafetensors() writes the bytes that the reference implementation writes", () => {
  const { tensors, metadata } = decodeSafetensors(official); // three types, written by the safetensors package
  assert.deepEqual(new Set([...tensors.values()].map(({ data }) => data.constructor.name)).size, 3);
  const shuffled = new Map([...tensors].toReversed());
  assert.equal(encodeSafetensors(shuffled, metadata).toHex(), official.toHex());
});

Deno.test("encodeSafetensors() writes only the elements of a view, and scalars and empty tensors", () => {
  const file = encodeSafetensors(
    new Map<string, Tensor>([
      ["view", { shape: [2], data: Float32Array.of(1, 2, 3, 4).subarray(1, 3) }],
      ["scalar", { shape: [], data: Float64Array.of(0.1) }],
      ["empty", { shape: [3, 0], data: new Int32Array(0) }],
    ]),
  );
  const { tensors, metadata } = decodeSafetensors(file);
  assert.deepEqual(tensors.get("view"), { shape: [2], data: Float32Array.of(2, 3) });
  assert.deepEqual(tensors.get("scalar"), { shape: [], data: Float64Array.of(0.1) });
  assert.deepEqual(tensors.get("empty"), { shape: [3, 0], data: new Int32Array(0) });
  assert.deepEqual(metadata, {});
});

Deno.test("encodeSafetensors() pads the header to a multiple of 8 bytes with spaces", () => {
  for (const name of ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"]) {
    const file = encodeSafetensors(new Map([[name, { shape: [1], data: Uint8Array.of(7) }]]));
    const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true));
    assert.equal(headerBytes % 8, 0);
    assert.equal(file.length, 8 + headerBytes + 1);
    assert.match(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)), /^\{.*\} {0,7}$/);
  }
});

Deno.test("encodeSafetensors() rejects what a file cannot hold", () => {
  const encode = (name: string, tensor: Tensor, metadata = {}) => () =>
    encodeSafetensors(new Map([[name, tensor]]), metadata);
  const one = { shape: [1], data: Uint8Array.of(1) };
  const message = (end: RegExp) => (error: unknown) =>
    error instanceof TypeError && /^Cannot write safetensors: /.test(error.message) &&
    end.test(error.message);

  assert.throws(encode("__metadata__", one), message(/"__metadata__"$/));
  assert.throws(encode("\ud800", one), message(/name must be Unicode/));
  assert.throws(
    encode("x", { ...one, shape: [2] }),
    message(/"x" must have 1 elements: current value is \[2\]$/),
  );
  assert.throws(encode("x", { ...one, shape: [-1, -1] }), message(/current value is \[-1,-1\]$/));
  assert.throws(encode("x", one, { key: 1 }), message(/metadata must map names to strings/));
  const clamped = { shape: [1], data: Uint8ClampedArray.of(1) } as unknown as Tensor;
  assert.throws(encode("x", clamped), message(/must be one of U8 .*Uint8ClampedArray\(1\)$/));
});

Deno.test("decodeSafetensors() rejects every proper prefix of a file, and a file with an extra byte", () => {
  const file = encodeSafetensors(new Map([["x", { shape: [2], data: Float32Array.of(1, 2) }]]), { a: "b" });
  rejects(file.subarray(0, 0), /current value is an empty file\nDownload or copy it again$/);
  for (let length = 1; length < file.length; length++) {
    rejects(file.subarray(0, length), /current value is \d+$/);
  }
  rejects(Uint8Array.of(...file, 0), /must end with the last tensor/);
});

Deno.test("decodeSafetensors() reads a file that begins anywhere in its buffer", () => {
  const file = encodeSafetensors(new Map([["x", { shape: [2], data: Float32Array.of(1, 2) }]]));
  const shifted = Uint8Array.of(9, 9, 9, ...file).subarray(3);
  assert.deepEqual(decodeSafetensors(shifted).tensors.get("x"), { shape: [2], data: Float32Array.of(1, 2) });
});

Deno.test("decodeSafetensors() accepts an empty file, and any white space in the header", () => {
  assert.equal(decodeSafetensors(fileOf("{}")).tensors.size, 0);
  const spaced = '{ "x"\n : { "shape" : [ 1 ] , "data_offsets" : [ 0 , 1 ] ,\t"dtype" : "U8" } }   ';
  assert.deepEqual(decodeSafetensors(fileOf(spaced, 1)).tensors.get("x"), {
    shape: [1],
    data: Uint8Array.of(0),
  });
});

Deno.test("decodeSafetensors() converts every float16 and bfloat16 to float32, and booleans to bytes", () => {
  const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  for (const type of ["F16", "BF16"]) {
    const file = fileOf(`{"a":{"dtype":"${type}","shape":[256,256],"data_offsets":[0,131072]}}`, 131_072);
    file.set(new Uint8Array(every.buffer), file.length - 131_072);
    const { shape, data } = decodeSafetensors(file).tensors.get("a")!;
    assert.deepEqual(shape, [256, 256]);
    assert.ok(data instanceof Float32Array);
    every.forEach((bits, i) => {
      if (!Object.is(data[i], VALUE_OF[type](bits))) assert.fail(`${type} ${bits}: ${data[i]}`);
    });
  }
  const file = fileOf('{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', 2);
  file[file.length - 1] = 1;
  assert.deepEqual(decodeSafetensors(file).tensors.get("a"), { shape: [2], data: Uint8Array.of(0, 1) });
});

/** IEEE 754: a sign, then the bits of the exponent and of the fraction. */
function valueOf(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> 15 ? -1 : 1, bias = 2 ** (exponentBits - 1) - 1;
  const exponent = bits >> fractionBits & 2 ** exponentBits - 1;
  const fraction = (bits & 2 ** fractionBits - 1) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction) * 2 ** (exponent - bias) : fraction * 2 ** (1 - bias));
}

const VALUE_OF: Record<string, (bits: number) => number> = {
  F16: (bits) => valueOf(bits, 5, 10),
  BF16: (bits) => valueOf(bits, 8, 7),
};

Deno.test("decodeSafetensors() escapes and shortens what messages quote of a file", () => {
  const messageOf = (header: string) => {
    try {
      decodeSafetensors(fileOf(header));
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const wild = "\u001b[31m\u009b\u202e" + "x".repeat(100_000);
  for (
    const header of [
      `{"${wild}":1}`,
      `{"a":"${wild}"}`,
      `{"a":{"dtype":"${wild}","shape":[1],"data_offsets":[0,1]}}`,
      `{"a":{"dtype":"U8","shape":"${wild}","data_offsets":[0,1]}}`,
      `{"a":{"dtype":"U8","shape":[${"1,".repeat(50_000)}1],"data_offsets":[0,2]}}`,
      `{"a":{"dtype":"U8","shape":[1],"data_offsets":["${wild}"]}}`,
      `{"__metadata__":["${wild}"]}`,
      `{"__metadata__":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      `{"a":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
      `{"a":\x1b[31m\u202e`,
      `{"a":[31m}`,
    ]
  ) {
    const message = messageOf(header);
    assert.match(message, /^Cannot read safetensors: /);
    assert.ok(message.length < 500, `${message.length} characters`);
    assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]/u);
  }
});

const U8 = (begin: number, end: number) =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;

const BAD_HEADERS: Record<string, [header: string, dataBytes: number, message: RegExp]> = {
  "a gap between tensors": [`{"a":${U8(0, 2)},"b":${U8(3, 4)}}`, 4, /"b" must begin at byte 2/],
  "a gap before the first": [`{"a":${U8(1, 2)}}`, 2, /"a" must begin at byte 0/],
  "overlapping tensors": [`{"a":${U8(0, 2)},"b":${U8(1, 3)}}`, 3, /"b" must begin at byte 2/],
  "two tensors in one place": [`{"a":${U8(0, 2)},"b":${U8(0, 2)}}`, 2, /must begin at byte 2/],
  "data beyond the end": [`{"a":${U8(0, 5)}}`, 4, /must end within the file's 4 bytes of data/],
  "data that no tensor names": [`{"a":${U8(0, 3)}}`, 4, /must end with the last tensor/],
  "positions the wrong way round": [
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}',
    1,
    /must have 1 bytes: current value is -1/,
  ],
  "a size that does not fit the shape": [
    '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,23]}}',
    23,
    /"a", F32 \[2,3\], must have 24 bytes: current value is 23$/,
  ],
  "a shape whose product overflows": [
    '{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
    0,
    /must have 18446744073709552000 bytes/,
  ],
  "a size too large to be exact": [
    '{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,0]}}',
    0,
    /shape of "a" must be a list of sizes/,
  ],
  "an unknown type": [
    '{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}',
    1,
    /dtype of "a" must be one of U8 .* F32 F64 .* F16 BF16 BOOL: current value is "F8_E4M3"$/,
  ],
  "no shape": ['{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1, /must have dtype, shape and data_offsets/],
  "an extra field": [
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}',
    1,
    /must have dtype, shape and data_offsets/,
  ],
  "a tensor that is not an object": ['{"a":[1]}', 0, /must have dtype/],
  "three positions": [
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}',
    1,
    /data_offsets of "a" must be two positions/,
  ],
  "a negative size": [
    '{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}',
    1,
    /whole numbers only.*"-"$/,
  ],
  "a size with a fraction": [
    '{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}',
    1,
    /whole numbers only.*"\."$/,
  ],
  "a size in exponents": [
    '{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}',
    1,
    /whole numbers only.*"e"$/,
  ],
  "a name twice": [`{"a":${U8(0, 1)},"b":${U8(1, 2)},"a":${U8(0, 1)}}`, 2, /unique: current value is "a"$/],
  "a name twice, once escaped": [
    `{"a":${U8(0, 1)},"\\u0061" :${U8(0, 1)}}`,
    1,
    /unique: current value is "a"$/,
  ],
  "a field twice": [
    '{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    1,
    /unique: current value is "dtype"$/,
  ],
  "metadata twice": ['{"__metadata__":{},"__metadata__":{}}', 0, /unique: current value is "__metadata__"$/],
  "metadata that is not text": ['{"__metadata__":{"a":1}}', 0, /must map names to strings/],
  "metadata that is a list": ['{"__metadata__":["a"]}', 0, /must map names to strings/],
  "a name that is not Unicode": [`{"\\ud800":${U8(0, 1)}}`, 1, /names must be Unicode/],
  "a list": ["[]", 0, /must begin with \{/],
  "a space first": [" {}", 0, /must begin with \{/],
  "a byte order mark first": ["\ufeff{}", 0, /must begin with \{/],
  "an empty header": ["", 0, /must begin with \{/],
  "broken JSON": ['{"a":', 0, /must be JSON/],
  "an extra comma": [`{"a":${U8(0, 1)},}`, 1, /must be JSON/],
};

for (const [what, [header, dataBytes, message]] of Object.entries(BAD_HEADERS)) {
  Deno.test(`decodeSafetensors() rejects ${what}`, () => rejects(fileOf(header, dataBytes), message));
}

Deno.test("decodeSafetensors() rejects a header that is not UTF-8", () => {
  rejects(fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), /must be UTF-8/);
});

Deno.test("decodeSafetensors() rejects a header length beyond the file or the limit", () => {
  const file = fileOf("{}");
  for (const length of [3n, 1n << 32n, (1n << 64n) - 1n]) {
    new DataView(file.buffer).setBigUint64(0, length, true);
    rejects(file, new RegExp(`at most 2 bytes: current value is ${Number(length)}$`));
  }
  rejects(fileOf(new Uint8Array(100_000_001)), /at most 100000000 bytes: current value is 100000001$/);
});

Deno.test("decodeSafetensors() keeps names that are special in objects", () => {
  const tensor = { shape: [1], data: Uint8Array.of(1) };
  const names = ["__proto__", "constructor", "toString", "0", "", 'é\u0000"\\'];
  const metadata = JSON.parse('{"__proto__":"a","constructor":"b"}');
  const read = decodeSafetensors(encodeSafetensors(new Map(names.map((name) => [name, tensor])), metadata));
  assert.deepEqual([...read.tensors.keys()].sort(), names.toSorted());
  assert.equal(JSON.stringify(read.metadata), JSON.stringify(metadata));
});

Deno.test("decodeSafetensors() of a damaged file throws a SafetensorsError or returns tensors that survive another round trip", () => {
  const file = encodeSafetensors(
    new Map<string, Tensor>([
      ["a", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      ["b", { shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ]),
    { note: "x" },
  );
  let rejected = 0;
  for (let position = 0; position < file.length; position++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = file.slice();
      damaged[position] ^= 1 << bit;
      try {
        const { tensors, metadata } = decodeSafetensors(damaged);
        const again = decodeSafetensors(encodeSafetensors(tensors, metadata));
        assert.deepEqual([bits(again.tensors), again.metadata], [bits(tensors), metadata]);
      } catch (error) {
        assert(error instanceof SafetensorsError, `byte ${position}, bit ${bit}: ${error}`);
        rejected++;
      }
    }
  }
  assert(rejected > 500, `only ${rejected} of ${file.length * 8} damaged files were rejected`);
});
