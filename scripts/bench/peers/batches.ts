/**
 * The batches of a workload, as bytes for Scanline and as float32 for its peers.
 *
 * @module
 */
import type { Split } from "../../../mod.ts";
import type { Classifier, Parameter } from "../../../run.ts";
import { layOutSequence } from "../../../lib/data/sequence.ts";
import type { ByteLayout } from "../../../lib/data/sequences.ts";
import { describeAdapter, findAdapter } from "../../../lib/engines/webgpu/device.ts";
import type { OpenRequest } from "../protocol.ts";
import { networkOf } from "../workloads.ts";

/** The contents of the files that a request to open names. */
export interface Opening {
  readonly network: Classifier;
  readonly parameters: Float32Array;
  readonly images: Split;
  readonly layout: ByteLayout;
  readonly batches: Batches;
}

/** Reads the files of a request. */
export async function readOpening(request: OpenRequest): Promise<Opening> {
  const { layers, classes, images: { pixels, labels, ...sizes }, order, batchSize, sequence } = request;
  const read = async (path: string) => (await Deno.readFile(path)) as Uint8Array<ArrayBuffer>;
  const images = { ...sizes, pixels: await read(pixels), labels: await read(labels) };
  return {
    network: networkOf(layers, classes),
    parameters: new Float32Array((await read(request.parameters)).buffer),
    images,
    layout: layOutSequence(sequence, images),
    batches: new Batches(new Uint32Array((await read(order)).buffer), batchSize),
  };
}

/** Full batches, one after another, from the start again after the end. */
export class Batches {
  readonly #order: Uint32Array;
  readonly #size: number;
  #next = 0;

  constructor(order: Uint32Array, size: number) {
    this.#order = order;
    this.#size = size;
  }

  /** The positions of the next batch. */
  next(): Uint32Array {
    if (this.#next + this.#size > this.#order.length) this.#next = 0;
    this.#next += this.#size;
    return this.#order.subarray(this.#next - this.#size, this.#next);
  }

  /** The positions of the next batches. */
  take(count: number): Uint32Array[] {
    return Array.from({ length: count }, () => this.next());
  }
}

/** A batch as other libraries take it: `x [N,T,C]`, and one-hot labels `y [N,K]`. */
export function gatherBatch(
  { images, layout, network }: Opening,
  positions: Uint32Array,
): { x: Float32Array; y: Float32Array } {
  const { T, C, order, scale } = layout;
  const { classes } = network;
  const x = new Float32Array(positions.length * T * C);
  const y = new Float32Array(positions.length * classes);
  let at = 0;
  for (const [n, position] of positions.entries()) {
    const first = position * images.height * images.width;
    for (const pixel of order) x[at++] = scale[images.pixels[first + pixel]];
    y[n * classes + images.labels[position]] = 1;
  }
  return { x, y };
}

/** Whether a device is a GPU emulated by the CPU; undefined if it is not a GPU. */
export async function isSoftware(device: string): Promise<boolean | undefined> {
  const adapter = device === "webgpu" ? await findAdapter() : undefined;
  return adapter && describeAdapter(adapter).software;
}

/** The values of a parameter. */
export function valuesOf({ parameters }: Opening, { offset, size }: Parameter): Float32Array {
  return parameters.slice(offset, offset + size);
}
