/**
 * Shapes of kernels: how the same sums are divided among invocations. The bits do not depend on them.
 *
 * @module
 */
import { roundUp } from "../round_up.ts";

/** The shape of a kernel that has several. */
export interface Shape {
  /** The sequences of a workgroup: a quad, half of one or one. */
  readonly lanes: 1 | 2 | 4;
  /** The invocations of a workgroup. */
  readonly threads: number;
  /**
   * What an invocation sums: all products of a unit; or those of one gate, with weights from the cache or kept in registers over all
   * steps; or a part of a tile that its workgroup reads together.
   */
  readonly work: "units" | "gates" | "registers" | "tiles";
}

/** What suits software adapters, and fits all. */
export const USUAL_SHAPE: Shape = { lanes: 4, threads: 64, work: "units" };

/** A weight gradient in tiles. */
export const TILES: Shape = { lanes: 4, threads: 64, work: "tiles" };

/** The shapes of kernels, by the names of what they compute, for instance `lstm_forward of lstm_1`. */
export type Shapes = Readonly<Record<string, Shape>>;

/** What an adapter lets workgroups have. */
export interface WorkgroupLimits {
  readonly threads: number;
  readonly bytes: number;
  /** Workgroups of a dispatch. */
  readonly workgroups: number;
}

/** What the shapes of a kernel depend on. */
export interface ShapedWork {
  /** The products that a step of one sequence has, each of which an invocation may sum. */
  readonly columns: number;
  /** Quads of sequences. */
  readonly N4: number;
  /** The bytes of workgroup memory of a shape. */
  readonly bytes: (shape: Shape) => number;
}

/** More invocations than these have too few registers each. */
const MOST_THREADS = 512;
/** With more columns than these, 64 threads would have more turns of loops in four steps than `pieces.ts` allows. */
const MANY_COLUMNS = 2048;
/** More weights than these fit into no registers. */
const MOST_KEPT = 128;

/**
 * The shapes that a kernel can have, the usual one first.
 *
 * @param options.kept The weights that an invocation would keep in registers
 */
export function shapesOf(
  { columns, N4, bytes }: ShapedWork,
  { limits, kept }: { limits: WorkgroupLimits; kept: number },
): Shape[] {
  const most = Math.min(limits.threads, MOST_THREADS);
  const usual = columns > MANY_COLUMNS ? { ...USUAL_SHAPE, threads: 128 } : USUAL_SHAPE;
  const threads = Math.max(64, Math.min(most, roundUp(columns, 64)));
  const others = (["gates", "registers"] as const).flatMap((work) =>
    ([4, 2, 1] as const).map((lanes): Shape => ({ lanes, threads, work }))
  );
  return [
    usual,
    ...others.filter((shape) => {
      if (shape.work === "registers" && (threads < columns || kept > MOST_KEPT)) return false;
      return bytes(shape) <= limits.bytes && 4 * N4 / shape.lanes <= limits.workgroups;
    }),
  ];
}

/**
 * The shape that was chosen for a kernel, if it is one of those that it can have; else the usual one, which is the first. Threads
 * follow from the size.
 */
export function chosenShape(
  shapes: Shapes,
  { label, possible }: { label: string; possible: readonly Shape[] },
): Shape {
  const chosen = shapes[label];
  return possible.find(({ lanes, work }) => lanes === chosen?.lanes && work === chosen.work) ?? possible[0];
}

/** The shapes that the kernels of a plan can have, by the names under which they are chosen. */
export function possibleShapes(
  dispatches: readonly {
    readonly shaped?: { readonly label: string; readonly possible: readonly Shape[] };
  }[],
): Record<string, readonly Shape[]> {
  return Object.fromEntries(
    dispatches.flatMap(({ shaped }) => shaped ? [[shaped.label, shaped.possible] as const] : []),
  );
}

/** For people, for instance `2 sequences, 256 threads, by gates`. */
export function describeShape({ lanes, threads, work }: Shape): string {
  return `${lanes} ${lanes === 1 ? "sequence" : "sequences"}, ${threads} threads, ${WORDS[work]}`;
}

const WORDS: Readonly<Record<Shape["work"], string>> = {
  units: "by units",
  gates: "by gates",
  registers: "by gates from registers",
  tiles: "in tiles",
};
