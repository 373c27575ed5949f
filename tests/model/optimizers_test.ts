import assert from "node:assert/strict";
import { excerpt } from "../../lib/excerpt.ts";
import {
  adadelta,
  adam,
  adamFactors,
  integerPower,
  momentum,
  type Optimizer,
  rmsprop,
  sgd,
  SLOT_COUNT,
} from "../../lib/model/optimizers.ts";

Deno.test("every optimizer is plain data with the defaults of PyTorch", () => {
  assert.deepEqual(sgd({ learningRate: 0.5 }), { kind: "sgd", learningRate: 0.5 });
  assert.deepEqual(momentum({ learningRate: 0.01 }), { kind: "momentum", learningRate: 0.01, momentum: 0.9 });
  assert.deepEqual(rmsprop({ learningRate: 3e-4 }), {
    kind: "rmsprop",
    learningRate: 3e-4,
    alpha: 0.99,
    epsilon: 1e-8,
  });
  assert.deepEqual(adam({ learningRate: 0.01 }), {
    kind: "adam",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
  });
  assert.deepEqual(adadelta({ learningRate: 0.1 }), {
    kind: "adadelta",
    learningRate: 0.1,
    rho: 0.9,
    epsilon: 1e-6,
  });
});

Deno.test("every optimizer takes the values that it is given", () => {
  assert.equal(momentum({ learningRate: 1, momentum: 0 }).momentum, 0);
  assert.partialDeepStrictEqual(rmsprop({ learningRate: 1, alpha: 0.5, epsilon: 2 }), {
    alpha: 0.5,
    epsilon: 2,
  });
  assert.partialDeepStrictEqual(adam({ learningRate: 1, beta1: 0.1, beta2: 0.2, epsilon: 3 }), {
    beta1: 0.1,
    beta2: 0.2,
    epsilon: 3,
  });
  assert.partialDeepStrictEqual(adadelta({ learningRate: 1, rho: 0.3, epsilon: 4 }), {
    rho: 0.3,
    epsilon: 4,
  });
});

Deno.test("SLOT_COUNT has as many slots as the equations of an optimizer keep averages", () => {
  assert.deepEqual(SLOT_COUNT, { sgd: 0, momentum: 1, rmsprop: 1, adam: 2, adadelta: 2 });
});

const POSITIVE = [0, -1, NaN, Infinity, "0.1"];
const DECAY = [-0.1, 1, NaN, "0.9"];

/** Each with one value replaced. */
const REPLACED: Record<Optimizer["kind"], Record<string, (value: number) => Optimizer>> = {
  sgd: { learningRate: (learningRate) => sgd({ learningRate }) },
  momentum: {
    learningRate: (learningRate) => momentum({ learningRate }),
    momentum: (value) => momentum({ learningRate: 1, momentum: value }),
  },
  rmsprop: {
    learningRate: (learningRate) => rmsprop({ learningRate }),
    alpha: (alpha) => rmsprop({ learningRate: 1, alpha }),
    epsilon: (epsilon) => rmsprop({ learningRate: 1, epsilon }),
  },
  adam: {
    learningRate: (learningRate) => adam({ learningRate }),
    beta1: (beta1) => adam({ learningRate: 1, beta1 }),
    beta2: (beta2) => adam({ learningRate: 1, beta2 }),
    epsilon: (epsilon) => adam({ learningRate: 1, epsilon }),
  },
  adadelta: {
    learningRate: (learningRate) => adadelta({ learningRate }),
    rho: (rho) => adadelta({ learningRate: 1, rho }),
    epsilon: (epsilon) => adadelta({ learningRate: 1, epsilon }),
  },
};

for (const [kind, properties] of Object.entries(REPLACED)) {
  for (const [property, create] of Object.entries(properties)) {
    const positive = property === "learningRate" || property === "epsilon";
    const wanted = positive ? "a positive number" : "at least 0 and below 1";
    Deno.test(`${kind}() rejects ${property} that is not ${wanted}`, () => {
      for (const value of positive ? POSITIVE : DECAY) {
        assert.throws(() => create(value as number), {
          name: "RangeError",
          message: `Cannot use the optimizer ${kind}: ${property} must be ${wanted}: current value is ${
            excerpt(value)
          }`,
        });
      }
    });
  }
}

Deno.test("integerPower() is the power, by multiplications", () => {
  assert.equal(integerPower(2, 0), 1);
  assert.equal(integerPower(3, 13), 3 ** 13);
  for (const step of [1, 2, 937, 9380, 1e6]) {
    const expected = Math.exp(step * Math.log(0.999));
    assert(Math.abs(integerPower(0.999, step) - expected) <= 1e-12 * Math.max(expected, 1e-12) * step);
  }
});

Deno.test("adamFactors() correct the bias of both averages", () => {
  const { rate, correction } = adamFactors(adam({ learningRate: 0.01, beta1: 0.5, beta2: 0.75 }), 2);
  assert.equal(rate, 0.01 / (1 - 0.25));
  assert.equal(correction, 1 / Math.sqrt(1 - 0.5625));
});
