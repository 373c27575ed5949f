/**
 * Bytes in memory that threads share.
 *
 * @module
 */

/** The bytes themselves if they are in shared memory, else a copy there. */
export function shareBytes(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (isShared(bytes)) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

/** As {@link shareBytes}, and frees the memory of the original at once. */
export function moveToShared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = shareBytes(bytes);
  if (!isShared(bytes)) (bytes.buffer as ArrayBuffer).transfer(0);
  return shared;
}

/** Whether bytes are in shared memory. */
export function isShared(bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}
