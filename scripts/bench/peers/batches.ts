/**
 * The batches of a workload, as bytes for us and as float32 for the peers.
 *
 * @module
 */
import type { Split } from "../../../mod.ts";
import { createNetwork, type Network } from "../../../run.ts";
import { layOutSequence, type SequenceLayout } from "../../../lib/data/sequence.ts";
import type { OpenRequest } from "../protocol.ts";

/** What `open` names, read from its files. */
export interface Opening {
  readonly network: Network;
  readonly parameters: Float32Array;
  readonly images: Split;
  readonly layout: SequenceLayout;
  readonly batches: Batches;
}

/** Reads the files of a request. */
export async function readOpening(request: OpenRequest): Promise<Opening> {
  const { layers, classes, images: { pixels, labels, ...sizes }, order, batchSize, sequence } = request;
  const read = async (path: string) => (await Deno.readFile(path)) as Uint8Array<ArrayBuffer>;
  const images = { ...sizes, pixels: await read(pixels), labels: await read(labels) };
  return {
    network: createNetwork({ layers, classes, biases: 2 }),
    parameters: new Float32Array((await read(request.parameters)).buffer),
    images,
    layout: layOutSequence(sequence, images),
    batches: new Batches(new Uint32Array((await read(order)).buffer), batchSize),
  };
}

/** Full batches, one after the other, from the start again after the end. */
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

/** One batch as frameworks take it: `x [N,T,C]` and `y [N,K]` with a one at each label. */
export function gatherBatch(
  { images, layout, network }: Opening,
  positions: Uint32Array,
): { x: Float32Array; y: Float32Array } {
  const { T, C, tStride, cStride, scale } = layout;
  const { classes } = network.head;
  const x = new Float32Array(positions.length * T * C);
  const y = new Float32Array(positions.length * classes);
  let at = 0;
  for (const [n, position] of positions.entries()) {
    const first = position * images.height * images.width;
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) {
        x[at++] = scale[images.pixels[first + t * tStride + c * cStride]];
      }
    }
    y[n * classes + images.labels[position]] = 1;
  }
  return { x, y };
}

/** A parameter's values out of the flat array. */
export function valuesOf(
  { parameters }: Opening,
  { offset, size }: { offset: number; size: number },
): Float32Array {
  return parameters.slice(offset, offset + size);
}
