/**
 * The work of the products over all rows at once, and of the head.
 *
 * @module
 */
import type { Phase, Shaped, Work } from "./work.ts";

const THREADS = 64;

/** The invocations of a dispatch, and how many turns each takes. */
interface Turns {
  /** The share of the workgroups that have something to do; all by default. */
  readonly share?: number;
  readonly turns: number;
  readonly turn: Phase["operations"];
  /** What each writes at its end. */
  readonly end: Phase["operations"];
  /** Bytes that a workgroup takes in a turn from the cache of all cores: what its invocations share counts once. */
  readonly turnBytes: number;
  readonly footprintBytes: number;
}

/** `input_product`, `input_gradient` and `weight_gradient`. */
export function productWork(dispatch: Shaped): Work {
  const { kernel, shape } = dispatch;
  if (kernel === "weight_gradient" && shape.work === "tiles") return tiledGradientWork(dispatch);
  const { share = 1, turns, turn, end, turnBytes, footprintBytes } = turnsOf(dispatch);
  const [x, y] = dispatch.workgroups, groups = Math.ceil(share * x * y);
  return {
    groups,
    threads: THREADS,
    phases: [
      { times: turns, lanes: THREADS, operations: { ...turn, loops: 1 }, chain: { loads: 1, mads: 1 } },
      { times: 1, lanes: THREADS, operations: end, chain: { loads: 1 } },
    ],
    rereadBytes: turns * turnBytes,
    footprintBytes,
    trafficBytes: groups * turns * turnBytes,
  };
}

function turnsOf({ kernel, constants, piece }: Shaped): Turns {
  const { C, H, J, QUADS, PARTS, ROWS, SIZE } = constants, rows = piece!.end - piece!.first;
  switch (kernel) {
    case "input_product":
      return {
        turns: C,
        turn: { vectors: 1, shared: 2, mads: 32 }, // a quad of weights; x of two rows
        end: { vectors: 1, stores: 8 },
        turnBytes: 16 * Math.min(THREADS, QUADS) + 32,
        footprintBytes: 16 * (rows * C + C * QUADS + 4 * rows * QUADS),
      };
    case "input_gradient":
      return {
        turns: QUADS,
        turn: { vectors: 1, shared: 8, mads: 32 }, // a quad of weights; dz of its columns in two rows
        end: { stores: 2 },
        turnBytes: 16 * Math.min(THREADS, C) + 128,
        footprintBytes: 16 * (4 * rows * QUADS + (C + H) * QUADS + rows * C),
      };
    default: // weight_gradient: a row
      return {
        turns: Math.min(rows, Math.ceil(ROWS / PARTS)),
        share: activeShare(ROWS, PARTS, rows),
        turn: { vectors: 4, shared: 4, mads: 64 }, // dz of a quad; four features
        end: { wordStores: 16 },
        turnBytes: 64 * Math.min(THREADS, QUADS) + 64 * Math.ceil(THREADS / QUADS),
        footprintBytes: 16 * rows * (J + 4 * QUADS) + 4 * SIZE * PARTS,
      };
  }
}

/** The share of the partial sums over `all` rows that a piece of `rows` rows adds to. */
function activeShare(all: number, parts: number, rows: number): number {
  return Math.min(1, Math.ceil(rows / Math.ceil(all / parts)) / parts);
}

/** Rows of a tile that a workgroup reads at a time, and the features and quads of a tile. */
const TILE_ROWS = 4, TILE = 16;

function tiledGradientWork({ constants, piece, workgroups: [x, y] }: Shaped): Work {
  const { J, QUADS, PARTS, ROWS, SIZE } = constants, rows = piece!.end - piece!.first;
  const turns = Math.ceil(Math.min(rows, Math.ceil(ROWS / PARTS)) / TILE_ROWS);
  const groups = Math.ceil(activeShare(ROWS, PARTS, rows) * x * y);
  const turnBytes = 16 * TILE_ROWS * (TILE + 4 * TILE);
  return {
    groups,
    threads: THREADS,
    phases: [
      // Of four rows, an invocation brings 5 vectors of 320, and reads 8 a row.
      {
        times: turns,
        lanes: THREADS,
        operations: { vectors: 5, localStores: 5 },
        chain: { loads: 1 },
        barriers: 1,
      },
      {
        times: turns * TILE_ROWS,
        lanes: THREADS,
        operations: { locals: 8, mads: 64, loops: 1 },
        chain: { locals: 1, mads: 4 },
      },
      { times: turns, lanes: 0, operations: {}, chain: {}, barriers: 1 },
      { times: 1, lanes: THREADS, operations: { wordStores: 16 }, chain: {} },
    ],
    rereadBytes: 0,
    footprintBytes: 16 * rows * (J + 4 * QUADS) + 4 * SIZE * PARTS,
    trafficBytes: groups * turns * turnBytes,
  };
}

/** Logits, loss and both gradients of a dense layer that classifies one step; each job is one class or unit of one sequence. */
export function headWork({ constants }: Shaped): Work {
  const { N4, H, K, QUADS } = constants, weightBytes = 32 * H * QUADS;
  return {
    groups: N4,
    threads: THREADS,
    phases: [
      { times: H, lanes: 4 * K, operations: { words: 2, mads: 1, loops: 1 }, chain: { loads: 1, mads: 1 } },
      { times: 1, lanes: 4 * K, operations: { localStores: 0.25 }, chain: {}, barriers: 1 },
      // Of each sequence one invocation: the largest, the sum of exp, dz.
      {
        times: 3 * K,
        lanes: 4,
        operations: { locals: 1, sigmoids: 0.7, loops: 1 },
        chain: { locals: 1, mads: 4 },
      },
      { times: K, lanes: 4, operations: { wordStores: 1, localStores: 0.25 }, chain: {} },
      { times: 1, lanes: 0, operations: {}, chain: {}, barriers: 1 },
      {
        times: K,
        lanes: 4 * H,
        operations: { words: 1, locals: 0.25, mads: 1, loops: 1 },
        chain: { loads: 1, mads: 1 },
      },
      { times: 1, lanes: 4 * H, operations: { wordStores: 1 }, chain: {} },
    ],
    rereadBytes: weightBytes,
    footprintBytes: weightBytes + 32 * N4 * H,
    trafficBytes: N4 * (weightBytes + 32 * H),
  };
}
