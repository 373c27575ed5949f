/**
 * Dropout masks.
 *
 * @module
 */
import { type DOMAIN, dropoutThreshold } from "../../../random.ts";
import { roundUp } from "../../round_up.ts";
import { type Dispatch, workgroupsFor } from "../kernels.ts";
import type { BufferSize, Frame } from "./pass.ts";

/** What is dropped: see `dropoutWords()`. */
export interface MaskOptions {
  readonly rate: number;
  readonly domain: (typeof DOMAIN)[keyof typeof DOMAIN];
  readonly stream: number;
  /** The t of the first step. */
  readonly first: number;
  /** How many steps have masks; 1 for a mask that is the same at all t. */
  readonly steps: number;
  /** The features of a step. */
  readonly size: number;
}

/** A mask as a pass uses it. */
export interface Mask {
  /** `[steps][N4][size rounded up to 4]`, or a placeholder. */
  readonly buffer: string;
  /** Whether there is a mask: 1 or 0. */
  readonly used: number;
  readonly buffers: readonly BufferSize[];
  readonly draw: readonly Dispatch[];
}

/** The buffer that stands for a mask that is not used. */
export const NO_MASK = "no mask";

/** A mask, if a training drops something. */
export function planMask(name: string, options: MaskOptions | null, { N4, seed }: Frame): Mask {
  if (!options || options.rate === 0 || seed === null) {
    return { buffer: NO_MASK, used: 0, buffers: [], draw: [] };
  }
  const { rate, domain, stream, first, steps, size } = options;
  const buffer = `mask of ${name}`, C4 = roundUp(size, 4);
  return {
    buffer,
    used: 1,
    buffers: [[buffer, 16 * steps * N4 * C4]],
    draw: [{
      kernel: "mask",
      label: buffer,
      constants: {
        T: steps,
        FIRST: first,
        N4,
        C4,
        STREAM: stream,
        DOMAIN: domain,
        SEED: seed,
        THRESHOLD: dropoutThreshold(rate),
        SCALE: Math.fround(1 / (1 - rate)),
      },
      buffers: [buffer],
      workgroups: workgroupsFor(steps * N4 * C4 / 4),
    }],
  };
}
