/**
 * Reading what the GPU has computed.
 *
 * @module
 */

/** Bytes on their way from the GPU: a copy into `buffer` has been encoded. */
export class Readback {
  readonly buffer: GPUBuffer;
  readonly #bytes: number;
  readonly #release: (buffer: GPUBuffer) => void;
  #content: Promise<ArrayBuffer> | undefined;

  constructor(buffer: GPUBuffer, bytes: number, release: (buffer: GPUBuffer) => void) {
    this.buffer = buffer;
    this.#bytes = bytes;
    this.#release = release;
  }

  /**
   * Asks for the bytes, once. In Deno that holds the thread until all that was submitted is done, and they come 11 ms later
   * (Deno 2.9.6; `onSubmittedWorkDone()` takes as long, on top of it).
   */
  ask(): Promise<ArrayBuffer> {
    if (!this.#content) {
      this.#content = this.#map();
      this.#content.catch(() => {}); // whoever wants the bytes gets the error; perhaps nobody does any more
    }
    return this.#content;
  }

  async #map(): Promise<ArrayBuffer> {
    await this.buffer.mapAsync(GPUMapMode.READ, 0, this.#bytes);
    const copy = this.buffer.getMappedRange(0, this.#bytes).slice(0);
    this.buffer.unmap();
    this.#release(this.buffer);
    return copy;
  }
}

/** The buffers that are read, each used again once its bytes have come. */
export class Readbacks {
  readonly #device: GPUDevice;
  #free: GPUBuffer[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Room for so many bytes. */
  take(bytes: number): Readback {
    const index = this.#free.findIndex(({ size }) => size >= bytes);
    const buffer = index >= 0 ? this.#free.splice(index, 1)[0] : this.#create(bytes);
    return new Readback(buffer, bytes, (read) => this.#free.push(read));
  }

  /** In the place of those that are too small. */
  #create(bytes: number): GPUBuffer {
    for (const buffer of this.#free) buffer.destroy();
    this.#free = [];
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.#device.createBuffer({ label: "read-back", size: bytes, usage });
  }
}
