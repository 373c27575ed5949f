import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { createSlots, updateParameters } from "../../lib/engines/reference/optimizers.ts";
import { excerpt } from "../../lib/excerpt.ts";
import { createStack } from "../support/stack.ts";
import {
  adadelta,
  adam,
  checkOptimizer,
  integerPower,
  momentum,
  type Optimizer,
  rmsprop,
  sgd,
  SLOT_COUNT,
  slotStart,
  stepFactors,
} from "../../lib/model/optimizers.ts";

tf.enableProdMode(); // else TensorFlow.js prints a banner

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
  assert.deepEqual(SLOT_COUNT, {
    sgd: 0,
    momentum: 1,
    rmspropMomentum: 2,
    adamw: 2,
    rmsprop: 1,
    adam: 2,
    adadelta: 2,
    nesterov: 1,
    tfAdagrad: 1,
    tfAdadelta: 2,
    tfAdam: 2,
    tfAdamax: 2,
    tfRmsprop: 2,
    tfCenteredRmsprop: 3,
  });
});

Deno.test("slotStart() is the start of tfAdagrad's sum, and 0 for all others", () => {
  assert.equal(slotStart({ kind: "tfAdagrad", learningRate: 1, start: 0.1, epsilon: 1e-7 }), 0.1);
  assert.equal(slotStart(adam({ learningRate: 1 })), 0);
});

const POSITIVE = [0, -1, NaN, Infinity, "0.1"];
const DECAY = [-0.1, 1, NaN, "0.9"];

/** Each of those that people make with one value replaced. */
const REPLACED: Record<string, Record<string, (value: number) => Optimizer>> = {
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
          name: typeof value === "number" ? "RangeError" : "TypeError",
          message: `Cannot use the optimizer ${kind}: ${property} must be ${wanted}: current value is ${
            excerpt(value)
          }`,
        });
      }
    });
  }
}

Deno.test("the factories reject numbers in the place of options, nothing, and options that they do not have", () => {
  const wrong: [() => unknown, RegExp][] = [
    [
      () => adam(0.01 as never),
      /^TypeError: .* adam: options must be an object: current value is 0.01 \(adam\(\{/,
    ],
    [
      () => sgd(undefined as never),
      /^TypeError: .* sgd: options must be an object: current value is missing/,
    ],
    [
      () => rmsprop({} as never),
      /^TypeError: .* rmsprop: learningRate must be .*: current value is missing$/,
    ],
    [
      () => adam({ learningRate: 0.1, weightDecay: 0.1 } as never),
      /^TypeError: .* adam: options must be among learningRate, beta1, beta2, epsilon: current value has "weightDecay"/,
    ],
    [
      () => adadelta({ learningRate: 0.1, kind: "sgd" } as never),
      /must be among .* current value has "kind"/,
    ],
  ];
  for (const [create, message] of wrong) assert.throws(create, message);
});

Deno.test("checkOptimizer() takes a copy of ours, and names the one of ours that a stranger is like", () => {
  for (const ours of [sgd, momentum, rmsprop, adam, adadelta]) {
    const optimizer = ours({ learningRate: 0.25 }), copy = checkOptimizer("train", optimizer);
    assert.deepEqual(copy, optimizer);
    assert.notEqual(copy, optimizer);
  }
  const wrong: [unknown, RegExp][] = [
    [
      undefined,
      /^TypeError: Cannot train: optimizer must be made by one of sgd, .*: current value is missing/,
    ],
    [null, /current value is null \(scanline\.adam\(/],
    ["adam", /current value is "adam" \(scanline\.adam\(/],
    ["sgd", /current value is "sgd" \(scanline\.sgd\(/],
    [
      "nadam",
      /made by one of sgd, momentum, rmsprop, adam, adamw, adadelta: current value is "nadam" \(scanline\.adam\(/,
    ],
    [tf.train.adadelta(1), /current value is AdadeltaOptimizer \(scanline\.adadelta\(/],
    [tf.train.rmsprop(1), /current value is RMSPropOptimizer \(scanline\.rmsprop\(/],
    [adam, /current value is a function/],
    [{ kind: "toString", learningRate: 1 }, /^TypeError: /],
    [
      { kind: "adam", learningRate: 0.1 },
      /^TypeError: Cannot train: beta1 must be .*: current value is missing/,
    ],
    [
      { ...adam({ learningRate: 1 }), beta2: 1 },
      /^RangeError: Cannot train: beta2 must be .*: current value is 1$/,
    ],
    [
      { ...sgd({ learningRate: 1 }), momentum: 0.9 },
      /optimizer must be among learningRate: current value has "mom/,
    ],
  ];
  for (const [optimizer, message] of wrong) {
    assert.throws(() => checkOptimizer("train", optimizer as Optimizer), message);
  }
});

/** Those of TensorFlow.js, with its defaults. */
const OF_TENSORFLOW: readonly Optimizer[] = [
  { kind: "nesterov", learningRate: 0.1, momentum: 0.9 },
  { kind: "tfAdagrad", learningRate: 0.1, start: 0.1, epsilon: 1e-7 },
  { kind: "tfAdadelta", learningRate: 0.1, rho: 0.95, epsilon: 1e-7 },
  { kind: "tfAdam", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  { kind: "tfAdamax", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay: 0 },
  { kind: "tfRmsprop", learningRate: 0.1, decay: 0.9, momentum: 0, epsilon: 1e-7 },
  { kind: "tfCenteredRmsprop", learningRate: 0.1, decay: 0.9, momentum: 0, epsilon: 1e-7 },
];

Deno.test("checkOptimizer() takes those of TensorFlow.js too, and no number that is out of range", () => {
  for (const optimizer of OF_TENSORFLOW) {
    assert.deepEqual(checkOptimizer("train", optimizer), optimizer);
    for (const name of Object.keys(optimizer).filter((name) => name !== "kind")) {
      for (const value of [-1, NaN]) {
        assert.throws(
          () => checkOptimizer("train", { ...optimizer, [name]: value }),
          {
            name: "RangeError",
            message: new RegExp(`^Cannot train: ${name} must be .*: current value is ${value}$`),
          },
        );
      }
    }
  }
});

/** Where each of two parameters is after six steps with some gradients, here and in TensorFlow.js. */
async function bothWays(
  optimizer: Optimizer,
  theirs: tf.Optimizer,
): Promise<[ours: number[], theirs: number[]]> {
  const start = [0.5, -0.25], gradients = [[1, 0.1], [-0.5, 0.2], [0.25, 0], [2, -1], [0.1, 0.3], [1, 1]];
  const network = createStack({
    layers: [{ kind: "rnn", inputSize: 1, hiddenSize: 1, activation: "tanh", dropout: 0 }],
    classes: 2,
  });
  const flat = (values: readonly number[]) =>
    Float64Array.from({ length: network.size }, (_, k) => values[k] ?? 0);
  const p = flat(start), slots = createSlots(optimizer, network);
  const variable = tf.variable(tf.tensor1d(start));
  gradients.forEach((gradient, index) => {
    updateParameters({ network, optimizer }, { p, g: flat(gradient) }, { slots, step: index + 1 });
    tf.tidy(() => theirs.applyGradients({ [variable.name]: tf.tensor1d(gradient) }));
  });
  const found = [...await variable.data()];
  variable.dispose();
  theirs.dispose();
  return [[...p.slice(0, 2)], found];
}

Deno.test("sgd, momentum and, with epsilon 1e-7, adam are TensorFlow.js's; rmsprop and adadelta are not", async () => {
  const learningRate = 0.1;
  const same: [Optimizer, tf.Optimizer][] = [
    [sgd({ learningRate }), tf.train.sgd(learningRate)],
    [momentum({ learningRate }), tf.train.momentum(learningRate, 0.9)],
    [adam({ learningRate, epsilon: 1e-7 }), tf.train.adam(learningRate)],
  ];
  for (const [optimizer, theirs] of same) {
    const [ours, found] = await bothWays(optimizer, theirs);
    assert.ok(
      ours.every((value, k) => Math.abs(value - found[k]) < 1e-5),
      `${optimizer.kind}: ${ours}, ${found}`,
    );
  }
  const other: [Optimizer, tf.Optimizer][] = [ // with the very same numbers
    [rmsprop({ learningRate, alpha: 0.9, epsilon: 1e-2 }), tf.train.rmsprop(learningRate, 0.9, 0, 1e-2)],
    [adadelta({ learningRate, rho: 0.95, epsilon: 1e-2 }), tf.train.adadelta(learningRate, 0.95, 1e-2)],
  ];
  for (const [optimizer, theirs] of other) {
    const [ours, found] = await bothWays(optimizer, theirs);
    assert.ok(
      ours.some((value, k) => Math.abs(value - found[k]) > 1e-3),
      `${optimizer.kind}: ${ours}, ${found}`,
    );
  }
});

/** The optimizers of TensorFlow.js by their kinds here, with the numbers of the one of {@link OF_TENSORFLOW}. */
const STOCK: Record<string, () => tf.Optimizer> = {
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  tfAdagrad: () => tf.train.adagrad(0.1),
  tfAdadelta: () => tf.train.adadelta(0.1, 0.95),
  tfAdam: () => tf.train.adam(0.1),
  tfAdamax: () => tf.train.adamax(0.1),
  tfRmsprop: () => tf.train.rmsprop(0.1),
  tfCenteredRmsprop: () => tf.train.rmsprop(0.1, 0.9, 0, undefined, true),
};

for (const optimizer of OF_TENSORFLOW) {
  Deno.test(`${optimizer.kind} is TensorFlow.js's`, async () => {
    const [ours, found] = await bothWays(optimizer, STOCK[optimizer.kind]());
    assert.ok(
      ours.every((value, k) => Math.abs(value - found[k]) < 1e-5),
      `${ours}, ${found}`,
    );
  });
}

Deno.test("integerPower() is the power, by multiplications", () => {
  assert.equal(integerPower(2, 0), 1);
  assert.equal(integerPower(3, 13), 3 ** 13);
  for (const step of [1, 2, 937, 9380, 1e6]) {
    const expected = Math.exp(step * Math.log(0.999));
    assert(Math.abs(integerPower(0.999, step) - expected) <= 1e-12 * Math.max(expected, 1e-12) * step);
  }
});

Deno.test("stepFactors() corrects the bias of Adam's averages", () => {
  const optimizer = adam({ learningRate: 0.5, beta1: 0.5, beta2: 0.75 });
  const { rate, correction } = stepFactors(optimizer, { learningRate: 0.01, step: 2 });
  assert.equal(rate, 0.01 / (1 - 0.25));
  assert.equal(correction, 1 / Math.sqrt(1 - 0.5625));
});
