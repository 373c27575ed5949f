import assert from "node:assert/strict";
import { BatchOrder } from "../../lib/train/batches.ts";
import {
  afterEpoch,
  checkSchedule,
  mostSteps,
  type PlateauState,
  type Schedule,
  scheduledRate,
  schedules,
} from "../../lib/train/schedule.ts";
import golden from "../golden/schedules.json" with { type: "json" };

/** Five steps an epoch, as in the golden values. */
const order = new BatchOrder({
  count: 4 * golden.stepsAnEpoch,
  batchSize: 4,
  seed: 1,
  lastBatch: "short",
});

/** From what PyTorch multiplies up step by step: rounding of some tens of steps. */
const RELATIVE = 1e-13;

function make(kind: string, options: object): Schedule {
  return (schedules as unknown as Record<string, (options: object) => Schedule>)[kind](options);
}

/** The rate of each step, from 0 on, as the loop finds it. */
function ratesOf(
  schedule: Schedule,
  learningRate: number,
  { steps, losses }: { steps: number; losses?: number[] },
) {
  let plateau: PlateauState = { best: null, badEpochs: 0, rate: learningRate };
  return Array.from({ length: steps }, (_, step) => {
    if (schedule.kind !== "plateau") return scheduledRate(schedule, { learningRate, step, order });
    const { rate } = plateau, epoch = order.epochAt(step);
    if (order.epochAt(step + 1) > epoch) plateau = afterEpoch(schedule, plateau, losses![epoch]);
    return rate;
  });
}

for (const { kind, learningRate, options, rates, losses } of golden.cases) {
  Deno.test(`the schedule ${kind} with ${JSON.stringify(options)} has the rates of PyTorch ${golden.torch}`, () => {
    const found = ratesOf(make(kind, options), learningRate, { steps: rates.length, losses });
    assert.ok(new Set(rates).size > 1, "the case must change the rate");
    found.forEach((rate, step) => {
      const error = Math.abs(rate - rates[step]);
      assert.ok(error <= RELATIVE * learningRate, `step ${step}: ${rate} instead of ${rates[step]}`);
    });
  });
}

Deno.test("a one-cycle ends at its last step, stays there, and peaks where the warm-up ends", () => {
  const schedule = schedules.oneCycle({ length: { epochs: 4 }, warmup: 0.5 });
  const at = (step: number) => scheduledRate(schedule, { learningRate: 1, step, order });
  assert.equal(mostSteps(schedule, order), 20);
  for (const [step, rate] of [[0, 1 / 25], [9, 1], [19, 1 / 25 / 1e4]]) {
    assert.ok(Math.abs(at(step) - rate) < 1e-15, `step ${step}: ${at(step)}`);
  }
  assert.equal(at(20), at(19));
});

Deno.test("a schedule of one step, and one whose warm-up is its first step, are finite", () => {
  for (const kind of ["cosine", "oneCycle"] as const) {
    for (const [steps, warmup] of [[1, 0], [1, 0.9], [2, 0.5], [5, 0.2]]) {
      const schedule = make(kind, { length: { steps }, warmup });
      const rates = ratesOf(schedule, 0.5, { steps: steps + 1 });
      assert.ok(rates.every((rate) => rate >= 0 && rate <= 0.5), `${kind} ${steps} ${warmup}: ${rates}`);
    }
  }
});

Deno.test("a cosine that is all warm-up keeps its last rate after the last step", () => {
  for (const [steps, warmup] of [[1, 0.5], [3, 0.9], [10, 0.999]]) {
    const schedule = schedules.cosine({ length: { steps }, warmup, least: 0.01 });
    const at = (step: number) => scheduledRate(schedule, { learningRate: 0.5, step, order });
    assert.deepEqual([at(steps - 1), at(steps), at(steps + 7)], [0.5, 0.5, 0.5]);
  }
});

Deno.test("by carry, an epoch begins with the step whose first image is of it", () => {
  const carry = new BatchOrder({ count: 10, batchSize: 4, seed: 1, lastBatch: "carry" });
  const schedule = schedules.exponential({ gamma: 0.5 });
  const rates = [0, 1, 2, 3, 4, 5].map((step) =>
    scheduledRate(schedule, { learningRate: 1, step, order: carry })
  );
  assert.deepEqual(rates, [1, 1, 1, 0.5, 0.5, 0.25]);
});

Deno.test("checkSchedule() takes a plain literal, and refuses all else by name", () => {
  const literal = {
    kind: "oneCycle",
    length: { epochs: 2 },
    warmup: 0.2,
    divide: 25,
    finalDivide: 1e4,
  } as const;
  assert.deepEqual(checkSchedule("train", literal), literal);
  const wrong: [unknown, RegExp][] = [
    ["step", /schedule must be made by one of step, exponential, cosine, .*: current value is "step"/],
    [null, /current value is null/],
    [[], /schedule must be made by one of/],
    [{ kind: "toString" }, /schedule must be made by one of/],
    [
      { kind: "step", every: 0, gamma: 1 },
      /RangeError.*every must be a whole number from 1 on: current value is 0$/,
    ],
    [
      { kind: "step", every: 1 },
      /TypeError.*gamma must be positive and at most 1: current value is missing$/,
    ],
    [{ kind: "exponential", gamma: 1.1 }, /gamma must be positive and at most 1: current value is 1.1$/],
    [
      { kind: "exponential", gamma: 0.5, every: 1 },
      /schedule must be among gamma: current value has "every"$/,
    ],
    [
      { ...literal, length: 5 },
      /length must be \{ epochs \} or \{ steps \} of the whole training: current value is 5$/,
    ],
    [{ ...literal, length: {} }, /length must be a number of either epochs or steps/],
    [{ ...literal, length: { epochs: 1, steps: 1 } }, /length must be a number of either epochs or steps/],
    [
      { ...literal, length: { epochs: 0 } },
      /length of schedule must be a whole number from 1 on: current value is 0$/,
    ],
    [{ ...literal, warmup: 1 }, /warmup must be at least 0 and below 1: current value is 1$/],
    [{ ...literal, divide: 0.5 }, /divide must be a number from 1 on: current value is 0.5$/],
    [
      { kind: "plateau", factor: 1, patience: 1, threshold: 0, least: 0 },
      /factor must be positive and below 1: current value is 1$/,
    ],
  ];
  for (const [schedule, message] of wrong) {
    assert.throws(() => checkSchedule("train", schedule as Schedule), message, JSON.stringify(schedule));
  }
  assert.throws(
    () => schedules.cosine({} as never),
    /^TypeError: Cannot use the schedule cosine: length must be/,
  );
  assert.throws(
    () => schedules.step(undefined as never),
    /options must be an object: current value is missing$/,
  );
});
