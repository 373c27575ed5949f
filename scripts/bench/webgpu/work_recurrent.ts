/**
 * The work of the recurrent kernels: a workgroup loops over the steps, and in each over the units before.
 *
 * @module
 */
import type { Phase, Shaped, Work } from "./work.ts";

/** The way through time. */
export type Way = "forward" | "backward";

/** What a recurrent kernel sums, per step. */
interface Sums {
  /** The units of the layer. */
  readonly H: number;
  /** The columns of a unit that are multiplied: four of an LSTM, two or three of a GRU, one of an RNN. */
  readonly columns: number;
  /** The terms of a sum: units before, or their columns in quads. */
  readonly terms: number;
  /** The jobs that share a step where each does the columns of a quad. */
  readonly jobs: number;
  /** What a job does for the columns of one term where it does a quad of them: weights as vectors, multiply-adds of one sequence. */
  readonly mads: number;
  /** Reads of what the terms of a job are multiplied by. */
  readonly reads: number;
  /** For a unit and a step, besides the sums. */
  readonly unit: Phase["operations"];
  readonly unitChain: Phase["chain"];
  /** Rows of vectors that a step reads and writes for each unit. */
  readonly vectors: number;
}

/** An LSTM: four sums a unit. */
export function lstmWork(dispatch: Shaped, way: Way): Work {
  const { H } = dispatch.constants;
  return recurrentWork(dispatch, way, {
    H,
    columns: 4,
    terms: H,
    jobs: H,
    mads: 4, // the gates of a unit
    reads: way === "forward" ? 1 : 4, // h of a unit, or dz of its gates
    unit: way === "forward"
      ? { sigmoids: 3, tanhs: 2, vectors: 5, stores: 6, localStores: 1, mads: 8 } // i f o, g φ(c); z c; gates c h
      : { tanhs: 1, vectors: 7, stores: 4, locals: 2, localStores: 3, mads: 64 }, // φ(c); gates c c dy; dz; dh dc
    unitChain: { loads: 2, mads: way === "forward" ? 20 : 10 },
    vectors: way === "forward" ? 11 : 11, // 4 z, 4 gates, c twice, h; 4 gates, 4 dz, c twice, dy
  });
}

/** A GRU: three sums a unit, or two and then one more where the reset comes before. */
export function gruWork(dispatch: Shaped, way: Way): Work {
  const { H, RESET_AFTER } = dispatch.constants;
  const work = recurrentWork(dispatch, way, {
    H,
    columns: RESET_AFTER ? 3 : 2,
    terms: H,
    jobs: H,
    mads: RESET_AFTER ? 3 : 2, // z, r and where it comes after R_g
    reads: way === "forward" ? 1 : RESET_AFTER ? 3 : 2,
    unit: way === "forward"
      ? { sigmoids: 2, tanhs: 1, vectors: 5, stores: 6, locals: 1, localStores: 1, mads: 16 }
      : { vectors: 6, stores: 4, locals: 2, localStores: 3, mads: 48 },
    unitChain: { loads: 2, mads: way === "forward" ? 16 : 10 },
    vectors: way === "forward" ? 11 : 10,
  });
  if (RESET_AFTER) return work;
  // The sum over R_g, between two more barriers.
  const [sums] = work.phases, share = { ...sums.operations, mads: dispatch.shape.lanes };
  return { ...work, phases: [...work.phases, { ...sums, operations: share }] };
}

/** An RNN: one sum a unit; forward, a job does four units side by side. */
export function rnnWork(dispatch: Shaped, way: Way): Work {
  const { H, QUADS } = dispatch.constants, forward = way === "forward";
  return recurrentWork(dispatch, way, {
    H,
    columns: 1,
    terms: forward ? H : QUADS,
    jobs: forward ? QUADS : H,
    mads: 4, // four units side by side
    reads: forward ? 1 : 4, // h of a unit, or dz of a quad
    unit: forward
      ? { vectors: 1, stores: 2, localStores: 1 } // z; z h
      : { vectors: 2, stores: 1, locals: 1, localStores: 2, mads: 8 }, // z dy; dz; dh
    unitChain: { loads: 1, mads: 4 },
    vectors: 3,
  });
}

function recurrentWork({ constants, piece, shape }: Shaped, way: Way, sums: Sums): Work {
  const { N4 } = constants, { lanes, threads, work } = shape;
  const { H, columns, terms, jobs, mads, reads, unit, unitChain, vectors } = sums;
  const steps = piece!.end - piece!.first, groups = N4 * 4 / lanes;
  const byGate = work !== "units", kept = work === "registers";
  // A job by gates does one column, so that there are as many as columns; its terms are the same.
  const gates = byGate && columns > 1 ? 4 * H : jobs;
  const single = byGate && columns > 1;
  const perTerm = single ? 1 : mads; // weights, and multiply-adds of one sequence
  const termReads = single ? 1 : reads;
  const fromMemory = byGate || way === "forward"; // h, or dz, lies in workgroup memory
  const weights: Phase["operations"] = kept
    ? {}
    : perTerm === 1
    ? { words: 1, loops: 1 }
    : { vectors: 1, loops: 1 };
  const others: Phase["operations"] = fromMemory ? { locals: termReads } : { shared: termReads };
  const wait: Phase["chain"] = kept ? { mads: 1 } : { loads: 1, mads: 1 };
  const weightBytes = 4 * H * H * columns;
  const stepBytes = 4 * lanes * H * vectors;
  return {
    groups,
    threads,
    phases: [
      {
        times: steps * terms,
        lanes: single ? columns * H : gates,
        operations: { ...weights, ...others, mads: perTerm * lanes },
        chain: wait,
      },
      {
        times: steps,
        lanes: H,
        operations: unit,
        chain: unitChain,
        barriers: single ? (way === "forward" ? 2 : 2) : 1,
      },
    ],
    rereadBytes: kept ? 0 : weightBytes,
    fenced: !fromMemory,
    footprintBytes: weightBytes + N4 * 4 / lanes * steps * stepBytes,
    trafficBytes: groups * (weightBytes * (kept ? 1 : steps) + steps * stepBytes),
  };
}
