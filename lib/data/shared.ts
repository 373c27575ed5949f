/**
 * Arrays in memory that threads share.
 *
 * @module
 */

/** The arrays that can be shared. */
export type Shareable = Uint8Array | Float32Array | Int32Array;

/** One of them, in shared memory. */
export type Shared<Data extends Shareable> = Data extends Uint8Array ? Uint8Array<SharedArrayBuffer>
  : Data extends Float32Array ? Float32Array<SharedArrayBuffer>
  : Int32Array<SharedArrayBuffer>;

/** The array itself if it is in shared memory, else a copy there. */
export function share<Data extends Shareable>(data: Data): Shared<Data> {
  if (isShared(data)) return data;
  const shared = allocateShared(data, data.length);
  shared.set(data);
  return shared;
}

/** As {@link share}, and frees the memory of the original at once. */
export function moveToShared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = share(bytes);
  if (!isShared(bytes)) (bytes.buffer as ArrayBuffer).transfer(0);
  return shared;
}

/** A new array of the same kind in shared memory. */
export function allocateShared<Data extends Shareable>(like: Data, length: number): Shared<Data> {
  const buffer = new SharedArrayBuffer(length * like.BYTES_PER_ELEMENT);
  const shared: Shareable = like instanceof Float32Array
    ? new Float32Array(buffer)
    : like instanceof Int32Array
    ? new Int32Array(buffer)
    : new Uint8Array(buffer);
  return shared as Shared<Data>;
}

/** Whether an array is in shared memory. */
export function isShared<Data extends Shareable>(data: Data): data is Data & Shared<Data> {
  return data.buffer instanceof SharedArrayBuffer;
}
