/**
 * The choice of a shape for every kernel: each is timed on one batch of the training, where its bits are those of the usual one.
 *
 * @module
 */
import { asyncDispose } from "../../symbols.ts";
import { describeShape, type Shape, type Shapes } from "./shapes.ts";

/** An engine whose kernels have some shapes, and one batch. */
export interface TunedEngine extends AsyncDisposable {
  /** The shapes that its kernels can have. */
  readonly possibleShapes: Readonly<Record<string, readonly Shape[]>>;
  /** The gradient of the batch, from the weights of the start. */
  gradient(): Promise<Float32Array>;
  /** The milliseconds of each dispatch of a training step, by its label. */
  timeKernels(): Promise<ReadonlyMap<string, number>>;
}

/** One shape of a kernel, timed. */
export interface TimedShape {
  /** The name of what the kernel computes, for instance `lstm_forward of lstm_1`. */
  readonly kernel: string;
  readonly shape: Shape;
  /** Of a step; null where the shape is not to be used. */
  readonly ms: number | null;
  /**
   * Why it is not: with it, and shapes of the other kernels that were tried at the same time, the gradient had other bits than with
   * the usual ones, or the adapter refused.
   */
  readonly fault: string | null;
}

/** What was timed, and the fastest shapes. */
export interface TimedKernels {
  readonly timed: readonly TimedShape[];
  readonly shapes: Shapes;
}

/** Steps that are timed, after as many that are not; the fastest counts. */
const STEPS = 5;

/**
 * Times all kernels of a training in all their shapes.
 *
 * @param open Opens the engine with some shapes; only one is open at a time
 */
export async function tuneShapes(open: (shapes: Shapes) => Promise<TunedEngine>): Promise<TimedKernels> {
  const usual = await timeRound(open, {}), possible = usual.possibleShapes;
  const timed = Object.keys(possible).map((kernel) =>
    timedShape(usual, { kernel, shape: possible[kernel][0] })
  );
  const rounds = Math.max(...Object.values(possible).map(({ length }) => length));
  for (let round = 1; round < rounds; round++) {
    const shapes = shapesOfRound(possible, round);
    const found = await timeRound(open, shapes, usual.gradient).catch((error: Error) => error.message);
    for (const [kernel, all] of Object.entries(possible)) {
      if (round < all.length) timed.push(timedShape(found, { kernel, shape: all[round] }));
    }
  }
  return {
    timed,
    shapes: Object.fromEntries(Object.keys(possible).map((kernel) => [kernel, best(timed, kernel)])),
  };
}

/** What an engine with some shapes computes, and the time of each kernel. */
interface Round {
  readonly possibleShapes: TunedEngine["possibleShapes"];
  readonly gradient: Float32Array;
  readonly ms: ReadonlyMap<string, number>;
}

/** @throws {Error} If the adapter refuses a kernel, or the gradient has other bits than `usual` */
async function timeRound(
  open: (shapes: Shapes) => Promise<TunedEngine>,
  shapes: Shapes,
  usual?: Float32Array,
): Promise<Round> {
  const engine = await open(shapes);
  try {
    const { possibleShapes } = engine, gradient = await engine.gradient();
    if (usual && !sameBits(gradient, usual)) throw new Error("other bits");
    return { possibleShapes, gradient, ms: await fastest(engine) };
  } finally {
    await engine[asyncDispose]();
  }
}

function timedShape(found: Round | string, named: Pick<TimedShape, "kernel" | "shape">): TimedShape {
  return typeof found === "string"
    ? { ...named, ms: null, fault: found }
    : { ...named, ms: found.ms.get(named.kernel)!, fault: null };
}

/** The shape of every kernel in a round; those that have fewer keep the usual one. */
function shapesOfRound(possible: TunedEngine["possibleShapes"], round: number): Shapes {
  return Object.fromEntries(
    Object.entries(possible).map(([kernel, all]) => [kernel, all[round] ?? all[0]]),
  );
}

/** The least time of each kernel; its pieces are added. */
async function fastest(engine: TunedEngine): Promise<Map<string, number>> {
  const least = new Map<string, number>();
  for (let step = 0; step < 2 * STEPS; step++) {
    const ofStep = new Map<string, number>();
    for (const [label, ms] of await engine.timeKernels()) {
      const kernel = label.replace(/, part \d+ of \d+$/, "");
      ofStep.set(kernel, (ofStep.get(kernel) ?? 0) + ms);
    }
    if (step < STEPS) continue;
    for (const [kernel, ms] of ofStep) least.set(kernel, Math.min(ms, least.get(kernel) ?? Infinity));
  }
  return least;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length));
  return x.every((word, at) => word === y[at]);
}

/** The fastest shape of a kernel; the first of equally fast ones. */
function best(timed: readonly TimedShape[], kernel: string): Shape {
  const right = timed.filter((one) => one.kernel === kernel && one.fault === null);
  return right.reduce((least, one) => one.ms! < least.ms! ? one : least).shape;
}

/** A table for people: every kernel, its shapes and their times, `*` at the chosen ones. */
export function describeTuning({ timed, shapes }: TimedKernels): string[] {
  const kernels = [...new Set(timed.map(({ kernel }) => kernel))];
  return kernels.flatMap((kernel) => [
    kernel,
    ...timed.filter((one) => one.kernel === kernel).map(({ shape, ms, fault }) => {
      const words = describeShape(shape), chosen = words === describeShape(shapes[kernel]) ? "*" : " ";
      return `  ${chosen} ${words.padEnd(48)} ${fault ?? `${ms!.toFixed(3)} ms`}`;
    }),
  ]);
}
