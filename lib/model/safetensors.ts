/**
 * The safetensors format: named arrays of numbers in one file, read without running code from it.
 *
 * A file is the header's length (u64), the header (JSON, padded with spaces), and the bytes of all tensors without gaps.
 * All numbers are little-endian, like every machine that Deno runs on, and arrays lie row by row.
 * Source: the format section of https://github.com/huggingface/safetensors.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import { check, instanceOf } from "../options.ts";
import { recognizeFile } from "../file_kind.ts";

/** The elements of a tensor; the class gives their type. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Types by their names in the file, in the order in which the reference implementation sorts them. */
const ARRAYS = {
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

type ElementType = keyof typeof ARRAYS;

const ELEMENT_TYPES = Object.keys(ARRAYS) as ElementType[];

/** How each type is read; a type without an array of its own becomes another one, exactly. */
const READERS: Readonly<Record<string, { sizeBytes: number; read: (buffer: ArrayBuffer) => TensorData }>> = {
  ...Object.fromEntries(ELEMENT_TYPES.map((type) => {
    const ArrayType = ARRAYS[type];
    return [type, { sizeBytes: ArrayType.BYTES_PER_ELEMENT, read: (buffer) => new ArrayType(buffer) }];
  })),
  F16: { sizeBytes: 2, read: (buffer) => new Float32Array(new Float16Array(buffer)) },
  BF16: { sizeBytes: 2, read: fromBfloat16 },
  BOOL: { sizeBytes: 1, read: (buffer) => new Uint8Array(buffer) },
};

const METADATA = "__metadata__";
const MAX_HEADER_BYTES = 100_000_000; // as in the reference implementation

/** One array of numbers. */
export interface Tensor {
  /** `[]` for a single number; the product of the sizes is the length of `data`. */
  readonly shape: readonly number[];
  /** The elements, row by row. */
  readonly data: TensorData;
}

/** What a file holds. */
export interface SafetensorsContent {
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: Map<string, Tensor>;
  /** Anything that the writer said about it. */
  readonly metadata: Record<string, string>;
}

/** Bytes that are not a safetensors file. */
export class SafetensorsError extends SyntaxError {
  /** The name that it prints. */
  override readonly name = "SafetensorsError";
}

/**
 * Encodes tensors as the bytes of a file, those with the largest elements first, so that all are aligned, then by name.
 *
 * @param metadata Anything that the file should say about itself
 * @throws {TypeError} If a shape does not fit its data, or a name cannot be written.
 *
 * @example
 * ```ts
 * import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
 * import assert from "node:assert/strict";
 *
 * const kernel = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
 * const bytes = encodeSafetensors(new Map([["kernel", kernel]]), { recipe: "lstm" });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * assert.deepEqual(tensors.get("kernel"), kernel);
 * assert.equal(metadata.recipe, "lstm");
 * ```
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].map(([name, tensor]) => ({ name, type: elementType(name, tensor), ...tensor }));
  const rank = ({ type }: { type: ElementType }) => ELEMENT_TYPES.indexOf(type);
  sorted.sort((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1));
  if (!isMetadata(metadata)) throw cannotWrite("metadata must map names to strings", metadata);
  const fields = Object.keys(metadata).length > 0 ? [field(METADATA, metadata)] : [];
  let end = 0;
  for (const { name, type, shape, data } of sorted) {
    const begin = end;
    end += data.byteLength;
    fields.push(field(name, { dtype: type, shape, data_offsets: [begin, end] }));
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;

  const file = new Uint8Array(8 + headerBytes + end).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  let position = 8 + headerBytes;
  for (const { data } of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Decodes the bytes of a file. It is strict: names must be unique, and tensors must cover the data without gaps or
 * overlaps, so that no byte is read twice or hidden. F16 and BF16 become float32, without loss; BOOL becomes bytes.
 *
 * @throws {SafetensorsError} If the bytes are not a safetensors file, or have an unsupported element type. For other
 * files with weights, such as PyTorch's `.pth`, the message says what they are and what to do.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsContent {
  check("read safetensors", "bytes", { value: bytes, rule: instanceOf(Uint8Array) });
  const kind = recognizeFile(bytes);
  if (kind) {
    const rule = "Cannot read safetensors: the file must be safetensors";
    throw new SafetensorsError(`${rule}: current value is ${kind.what}\n${kind.remedy}`);
  }
  const { text, dataStart } = readHeader(bytes);
  const { [METADATA]: metadata = {}, ...fields } = parseHeader(text);
  if (!isMetadata(metadata)) fail(`${METADATA} must map names to strings`, metadata);

  const entries = Object.entries(fields).map(([name, value]) => readEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, Tensor>(), dataBytes = bytes.length - dataStart;
  let position = 0;
  for (const { name, type, shape, begin, end } of entries) {
    if (begin !== position) {
      fail(`data of ${excerpt(name)} must begin at byte ${position}, where the one before ends`, begin);
    }
    if (end > dataBytes) {
      fail(`data of ${excerpt(name)} must end within the file's ${dataBytes} bytes of data`, end);
    }
    const { buffer } = bytes.slice(dataStart + begin, dataStart + end); // an aligned copy
    tensors.set(name, { shape, data: READERS[type].read(buffer) });
    position = end;
  }
  if (dataStart + position !== bytes.length) {
    fail(`the file must end with the last tensor at byte ${dataStart + position}`, bytes.length);
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { text: string; dataStart: number } {
  if (bytes.length < 8) fail("a file must have at least 8 bytes", bytes.length);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const most = Math.min(bytes.length - 8, MAX_HEADER_BYTES);
  if (headerBytes > most) fail(`the header must have at most ${most} bytes`, Number(headerBytes));
  const dataStart = 8 + Number(headerBytes);
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes.subarray(8, dataStart)), dataStart };
  } catch (cause) {
    throw new SafetensorsError("Cannot read safetensors: the header must be UTF-8", { cause });
  }
}

function parseHeader(text: string): Record<string, unknown> {
  if (!text.startsWith("{")) fail("the header must begin with {", text.slice(0, 1));
  let header: unknown;
  try {
    header = parseJson(text);
  } catch (cause) {
    const reason = printable((cause as Error).message);
    throw new SafetensorsError(`Cannot read safetensors: the header must be JSON: ${reason}`, { cause });
  }
  scanHeader(text);
  return header as Record<string, unknown>; // valid JSON that begins with { is an object
}

/** A tensor as the header describes it. */
function readEntry(name: string, value: unknown) {
  if (!name.isWellFormed()) fail("names must be Unicode", name);
  if (!isRecord(value) || Object.keys(value).sort().join() !== "data_offsets,dtype,shape") {
    return fail(`${excerpt(name)} must have dtype, shape and data_offsets`, value);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(READERS, dtype)) {
    return fail(`dtype of ${excerpt(name)} must be one of ${Object.keys(READERS).join(" ")}`, dtype);
  }
  if (!isSizes(shape)) return fail(`shape of ${excerpt(name)} must be a list of sizes`, shape);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return fail(`data_offsets of ${excerpt(name)} must be two positions`, offsets);
  }
  const [begin, end] = offsets;
  const sizeBytes = product(shape) * READERS[dtype].sizeBytes;
  if (end - begin !== sizeBytes) {
    fail(`${excerpt(name)}, ${dtype} ${excerpt(shape)}, must have ${sizeBytes} bytes`, end - begin);
  }
  return { name, type: dtype, shape, begin, end };
}

/** A bfloat16 is the upper half of a float32. */
function fromBfloat16(buffer: ArrayBuffer): Float32Array {
  const bits = new Uint32Array(new Uint16Array(buffer));
  for (let i = 0; i < bits.length; i++) bits[i] <<= 16;
  return new Float32Array(bits.buffer);
}

/** Rejects what `JSON.parse` accepts: repeated keys in an object, and numbers like `-0` or `1e3`. */
function scanHeader(text: string): void {
  const open: Set<string>[] = []; // the keys seen so far in each enclosing object
  const colon = /\s*:/y;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(new Set());
    else if (text[at] === "}") open.pop();
    else if (text[at] === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      colon.lastIndex = at + 1;
      if (colon.test(text)) addKey(open[open.length - 1], text.slice(start, at + 1));
    } else if (!"0123456789[]:, \t\r\n".includes(text[at])) {
      fail("the header must have names and whole numbers only", text[at]);
    }
  }
}

function addKey(keys: Set<string>, token: string): void {
  const key = JSON.parse(token);
  if (keys.has(key)) fail("names must be unique", key);
  keys.add(key);
}

function elementType(name: string, { shape, data }: Tensor): ElementType {
  if (name === METADATA || !name.isWellFormed()) {
    throw cannotWrite(`a name must be Unicode and not ${METADATA}`, name);
  }
  if (!isSizes(shape) || product(shape) !== data.length) {
    throw cannotWrite(`the shape of ${excerpt(name)} must have ${data.length} elements`, shape);
  }
  const type = ELEMENT_TYPES.find((type) => data instanceof ARRAYS[type]);
  if (type !== undefined) return type;
  throw cannotWrite(`the data of ${excerpt(name)} must be one of ${ELEMENT_TYPES.join(" ")}`, data);
}

function cannotWrite(rule: string, value: unknown): TypeError {
  return new TypeError(`Cannot write safetensors: ${rule}: current value is ${excerpt(value)}`);
}

/** A property of the header; as an object, the header would have names that look like numbers first. */
function field(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMetadata(value: unknown): value is Record<string, string> {
  return isRecord(value) &&
    Object.entries(value).flat().every((text) => typeof text === "string" && text.isWellFormed());
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A product too large to be exact never equals the length of the data. */
function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function fail(rule: string, value: unknown): never {
  throw new SafetensorsError(`Cannot read safetensors: ${rule}: current value is ${excerpt(value)}`);
}
