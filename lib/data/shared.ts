/**
 * Arrays in memory that threads share. A page whose host does not isolate it has no such memory, and one thread: what that can
 * read counts as shared.
 *
 * @module
 */

/** The arrays that can be shared. */
export type Shareable = Uint8Array | Float32Array | Int32Array;

/** One of them, in shared memory. */
export type Shared<Data extends Shareable> = Data extends Uint8Array ? Uint8Array
  : Data extends Float32Array ? Float32Array
  : Int32Array;

/** Whether threads can share memory here. */
export function canShare(): boolean {
  return "SharedArrayBuffer" in globalThis;
}

/** The array itself if it is in shared memory, else a copy there. */
export function share<Data extends Shareable>(data: Data): Shared<Data> {
  if (isShared(data)) return data as unknown as Shared<Data>;
  const shared = allocateShared(data, data.length);
  shared.set(data);
  return shared;
}

/** As {@link share}, and frees the memory of the original at once. */
export function moveToShared(bytes: Uint8Array): Uint8Array {
  const shared = share(bytes);
  if (!isShared(bytes)) (bytes.buffer as ArrayBuffer).transfer(0);
  return shared;
}

/** A new array of the same kind in shared memory. */
export function allocateShared<Data extends Shareable>(like: Data, length: number): Shared<Data> {
  const sizeBytes = length * like.BYTES_PER_ELEMENT;
  const buffer = canShare() ? new SharedArrayBuffer(sizeBytes) : new ArrayBuffer(sizeBytes);
  const shared: Shareable = like instanceof Float32Array
    ? new Float32Array(buffer)
    : like instanceof Int32Array
    ? new Int32Array(buffer)
    : new Uint8Array(buffer);
  return shared as Shared<Data>;
}

/** Whether an array is in shared memory. */
export function isShared(data: Shareable): boolean {
  return !canShare() || data.buffer instanceof SharedArrayBuffer;
}
