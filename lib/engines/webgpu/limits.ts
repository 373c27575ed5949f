/**
 * The limits of an adapter that a plan needs, and what fits where an adapter has less.
 *
 * @module
 */
import { roundUp } from "../round_up.ts";
import type { Dispatch } from "./kernels.ts";
import { narrow, widestLayer } from "./narrow.ts";
import { type Plan, planEngine, type PlanOptions } from "./plan.ts";

/** The limits of an adapter that decide whether a training fits. */
export type Limits = Readonly<Record<Need["limit"], number>>;

/** A limit that a training needs. */
export interface Need {
  readonly limit:
    | "maxComputeWorkgroupStorageSize"
    | "maxComputeInvocationsPerWorkgroup"
    | "maxComputeWorkgroupSizeX"
    | "maxComputeWorkgroupsPerDimension"
    | "maxStorageBufferBindingSize"
    | "maxBufferSize";
  /** Bytes, workgroups or invocations. */
  readonly amount: number;
  /** What needs it, for messages. */
  readonly what: string;
}

const UNITS: Partial<Record<Need["limit"], string>> = {
  maxComputeWorkgroupsPerDimension: "workgroups",
  maxComputeInvocationsPerWorkgroup: "invocations",
  maxComputeWorkgroupSizeX: "invocations",
};

/** Bytes that go to or come from the device at once: enough for many batches, and far less than any adapter has. */
const STAGED_BYTES = 2 ** 24;

/** Bytes of a buffer that a kernel over a piece of time sees: all of it in a usual training. */
const WINDOW_BYTES = 2 ** 26;

/** What a plan needs of an adapter. */
export function planNeeds(plan: Plan): Need[] {
  const { buffers, workgroupBytes } = plan, needs: Need[] = [], bound = boundBytes(plan);
  for (const [what, amount] of workgroupBytes) {
    needs.push({ limit: "maxComputeWorkgroupStorageSize", amount, what });
  }
  for (const { label, workgroups, shaped } of dispatchesOf(plan)) {
    const what = `the kernel ${label}`, amount = shaped?.shape.threads ?? 1;
    needs.push({ limit: "maxComputeInvocationsPerWorkgroup", amount, what });
    needs.push({ limit: "maxComputeWorkgroupSizeX", amount, what });
    needs.push({ limit: "maxComputeWorkgroupsPerDimension", amount: Math.max(...workgroups), what });
  }
  for (const [name, bytes] of buffers) {
    const what = `the buffer "${name}"`;
    needs.push({ limit: "maxStorageBufferBindingSize", amount: roundUp(bound.get(name) ?? 0, 4), what });
    needs.push({ limit: "maxBufferSize", amount: roundUp(bytes, 4), what });
  }
  return needs;
}

/** The bytes of all buffers of a plan. */
export function bytesOf({ buffers }: Plan): number {
  return [...buffers.values()].reduce((sum, bytes) => sum + roundUp(bytes, 4), 0);
}

/** The most bytes of each buffer that a kernel sees. */
function boundBytes(plan: Plan): Map<string, number> {
  const most = new Map<string, number>();
  for (const { buffers, piece } of dispatchesOf(plan)) {
    for (const name of buffers) {
      const window = piece?.window.buffer === name ? piece.window : plan.views.get(name);
      const buffer = window?.buffer ?? name, bytes = window?.size ?? plan.buffers.get(name)!;
      most.set(buffer, Math.max(most.get(buffer) ?? 0, bytes));
    }
  }
  return most;
}

function dispatchesOf({ gradient, update, pack, predict }: Plan): Dispatch[] {
  return [...gradient, ...update, pack, ...predict];
}

/**
 * Plans an engine that fits.
 *
 * @throws {RangeError} If the adapter has less than is needed; names the limit, the need and what fits
 */
export function planWithin(limits: Limits, options: PlanOptions): Plan {
  const plan = planFor(limits, options), unmet = unmetNeed(limits, plan);
  if (!unmet) return plan;
  const { limit, amount, what } = unmet;
  const unit = UNITS[limit] ?? "bytes";
  throw new RangeError(
    `Cannot open the device webgpu: ${what} must fit into the adapter's ${limit} of ${
      limits[limit]
    } ${unit}: ` +
      `current value is ${amount}; ${whatFits(limits, options)}`,
  );
}

/** Sequences of a batch of a prediction, where they fit. */
const PREDICTED_TOGETHER = 64;

/** Plans an engine that only predicts, with the largest batches that fit. @throws {RangeError} As {@link planWithin}. */
export function planPrediction(limits: Limits, options: Omit<PlanOptions, "batchSize" | "training">): Plan {
  let batchSize = PREDICTED_TOGETHER;
  const sized = () => ({ ...options, batchSize, training: null });
  while (batchSize > 4 && !fits(limits, sized())) batchSize /= 2;
  return planWithin(limits, sized());
}

/** Whether an engine fits an adapter. */
export function fits(limits: Limits, options: PlanOptions): boolean {
  return unmetNeed(limits, planFor(limits, options)) === undefined;
}

function unmetNeed(limits: Limits, plan: Plan): Need | undefined {
  return planNeeds(plan).find(({ limit, amount }) => amount > limits[limit]);
}

/** Plans an engine for an adapter; the plan may not fit. */
function planFor(limits: Limits, options: PlanOptions): Plan {
  const { maxStorageBufferBindingSize, maxBufferSize } = limits;
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  return planEngine(options, {
    stagedBytes: Math.min(STAGED_BYTES, most),
    windowBytes: Math.min(options.windowBytes ?? WINDOW_BYTES, most),
    workgroupLimits: {
      threads: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
      bytes: limits.maxComputeWorkgroupStorageSize,
      workgroups: limits.maxComputeWorkgroupsPerDimension,
    },
  });
}

/** What can be made smaller in a training; the first ones are kept as large as possible. */
const KNOBS: readonly {
  readonly read: (options: PlanOptions) => number;
  readonly turn: (options: PlanOptions, value: number) => PlanOptions;
  readonly name: (value: number) => string;
}[] = [
  {
    read: ({ training }) => training?.count ?? 0,
    turn: (options, count) => ({ ...options, training: options.training && { ...options.training, count } }),
    name: (value) => `${value} training sequences`,
  },
  {
    read: ({ network }) => widestLayer(network),
    turn: (options, units) => ({ ...options, network: narrow(options.network, { units }) }),
    name: (value) => `${value} units a layer`,
  },
  {
    read: ({ batchSize }) => batchSize,
    turn: (options, batchSize) => ({ ...options, batchSize }),
    name: (value) => `--batch-size ${value}`,
  },
];

/** Names the largest training of its kind that fits all limits. */
function whatFits(limits: Limits, options: PlanOptions): string {
  const changes: string[] = [];
  let kept = options;
  for (const [index, { read, turn, name }] of KNOBS.entries()) {
    const least = (some: PlanOptions) =>
      KNOBS.slice(index + 1).reduce(
        (smaller, later) => later.turn(smaller, Math.min(1, later.read(some))),
        some,
      );
    const most = largest(read(kept), (value) => fits(limits, least(turn(kept, value))));
    if (most === 0 && read(kept) > 0) return "no smaller training of this kind fits: try --device wasm";
    if (most < read(kept)) changes.push(name(most));
    kept = turn(kept, most);
  }
  return `${changes.join(" and ")} ${
    changes.length === 1 && kept.batchSize < options.batchSize ? "fits" : "fit"
  }`;
}

/** The largest of 1 … `end` that passes, or 0; all below one that passes must pass too. */
function largest(end: number, passes: (value: number) => boolean): number {
  if (end === 0 || passes(end)) return end;
  let low = 0, high = end; // low passes or is 0, high does not pass
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle;
  }
  return low;
}
