/**
 * The work of the recurrent kernels: a workgroup loops over the steps, and in each over the units before. The first step, which has
 * no sums over them, counts as any other.
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
    vectors: 11, // 4 z, 4 gates, c twice, h; 4 gates, 4 dz, c twice, dy
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
  // The sum over R_g comes after a barrier more.
  const [sums, rest] = work.phases, last = { ...sums.operations, mads: dispatch.shape.lanes };
  const barrier: Phase = { times: rest.times, lanes: 0, operations: {}, chain: {}, barriers: 1 };
  return { ...work, phases: [...work.phases, barrier, { ...sums, operations: last }] };
}

/** An RNN: one sum a unit; forward, a job does four units side by side, or one where the products are by gates. */
export function rnnWork(dispatch: Shaped, way: Way): Work {
  const { H, QUADS } = dispatch.constants, forward = way === "forward";
  const byUnit = forward && dispatch.shape.work !== "units";
  return recurrentWork(dispatch, way, {
    H,
    columns: 1,
    terms: forward ? H : QUADS,
    jobs: forward && !byUnit ? QUADS : H,
    mads: byUnit ? 1 : 4, // units side by side
    reads: forward ? 1 : 4, // h of a unit, or dz of a quad
    unit: forward
      ? { vectors: 1, stores: 2, localStores: 1 } // z; z h
      : { vectors: 2, stores: 1, locals: 1, localStores: 2, mads: 8 }, // z dy; dz; dh
    unitChain: { loads: 1, mads: 4 },
    vectors: 3,
  });
}

function recurrentWork({ constants: { N4 }, piece, shape }: Shaped, way: Way, sums: Sums): Work {
  const { lanes, threads, work } = shape, { H, columns, unit, unitChain, vectors } = sums;
  const steps = piece!.end - piece!.first, groups = 4 * N4 / lanes;
  const kept = work === "registers", byGate = work !== "units" && columns > 1;
  const { terms } = sums, jobs = byGate ? 4 * H : sums.jobs; // by gates, a job does one of the four columns of a unit
  const mads = byGate ? columns / 4 : sums.mads, reads = byGate ? 1 : sums.reads;
  const oneWeight = byGate || sums.mads === 1;
  const weights: Phase["operations"] = oneWeight ? { words: 1 } : { vectors: 1 };
  const inMemory = work !== "units" || way === "forward"; // h, or dz of a step, lies in workgroup memory
  const weightBytes = 4 * H * H * columns, stepBytes = 4 * lanes * H * vectors;
  const sum: Phase = {
    times: steps * terms,
    lanes: jobs,
    operations: {
      ...kept ? {} : { ...weights, loops: 1 },
      ...inMemory ? { locals: reads } : { shared: reads },
      mads: mads * lanes,
    },
    chain: kept ? { mads: 1 } : { loads: 1, mads: 1 },
  };
  const rest: Phase = {
    times: steps,
    lanes: H,
    operations: scaled(unit, lanes / 4),
    chain: unitChain,
    barriers: byGate ? 2 : 1,
  };
  const keep: Phase = { times: terms, lanes: jobs, operations: weights, chain: {} };
  return {
    groups,
    threads,
    phases: [sum, rest, ...kept ? [keep] : []],
    rereadBytes: kept ? 0 : weightBytes,
    fenced: !inMemory,
    footprintBytes: weightBytes + groups * steps * stepBytes,
    trafficBytes: groups * (weightBytes * (kept ? 1 : steps) + steps * stepBytes),
  };
}

function scaled(operations: Phase["operations"], factor: number): Phase["operations"] {
  return Object.fromEntries(Object.entries(operations).map(([name, count]) => [name, count * factor]));
}
