/**
 * Bytes that threads share.
 *
 * @module
 */

/** Bytes in shared memory: these if they are there, else a copy. */
export function shareBytes(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (isShared(bytes)) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

/** As {@link shareBytes}; where they were is freed at once, not when garbage is next collected. */
export function moveToShared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const shared = shareBytes(bytes);
  if (!isShared(bytes)) (bytes.buffer as ArrayBuffer).transfer(0);
  return shared;
}

/** Whether bytes lie in shared memory. */
export function isShared(bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> {
  return bytes.buffer instanceof SharedArrayBuffer;
}
