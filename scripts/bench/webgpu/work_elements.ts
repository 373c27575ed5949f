/**
 * The work of the kernels that treat each number by itself.
 *
 * @module
 */
import type { Phase, Shaped, Work } from "./work.ts";

const THREADS = 64;

/** What an invocation does, by kernel; the others are copies of a vector. */
const ELEMENTS: Partial<Record<Shaped["kernel"], Phase["operations"]>> = {
  gather: { words: 16, stores: 1 }, // of four images the place, the pixel's number, its byte and its value
  embed: { words: 12, stores: 1 },
  mask: { mads: 4 * 10 * 40, stores: 4 }, // ten rounds of Philox for four sequences
  merge_forward: { vectors: 2, stores: 2 },
  merge_backward: { vectors: 2, stores: 2 },
  pointwise_backward: { vectors: 3, stores: 1 },
};
const COPY: Phase["operations"] = { vectors: 1, stores: 1 };

/** A kernel of which each invocation treats one vector. */
export function elementWork({ kernel, workgroups: [x, y] }: Shaped): Work {
  const operations = ELEMENTS[kernel] ?? COPY, { vectors = 0, words = 0, stores = 0 } = operations;
  const bytes = x * y * THREADS * (16 * (vectors + stores) + 4 * words);
  return {
    groups: x * y,
    threads: THREADS,
    phases: [{ times: 1, lanes: THREADS, operations, chain: { loads: words > 0 ? 4 : 1 } }],
    rereadBytes: 0,
    footprintBytes: bytes,
    trafficBytes: bytes,
  };
}

/** The words of a segment in the table of parameters. */
const SEGMENT_WORDS = 13;

/** The update: the partial sums of a gradient, the slots of the optimizer, both layouts of the weights. */
export function updateWork({ constants: { PARTS, SEGMENTS }, workgroups: [x, y] }: Shaped): Work {
  const words = SEGMENTS / 2 + SEGMENT_WORDS + PARTS + 3, bytes = x * y * THREADS * 4 * (PARTS + 8);
  return {
    groups: x * y,
    threads: THREADS,
    phases: [{
      times: 1,
      lanes: THREADS,
      operations: { words, wordStores: 5, divisions: 4, loops: SEGMENTS / 2 + PARTS, mads: 30 },
      chain: { loads: SEGMENTS / 2 + 3, mads: 30 },
    }],
    rereadBytes: 0,
    footprintBytes: bytes,
    trafficBytes: bytes,
  };
}
