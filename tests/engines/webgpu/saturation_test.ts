import assert from "node:assert/strict";
import { openReference } from "../../../lib/engines/reference/engine.ts";
import { openWebgpu } from "../../../lib/engines/webgpu/open.ts";
import type { Network } from "../../../lib/model/network.ts";
import { sgd } from "../../../lib/model/optimizers.ts";
import { compare } from "../comparison.ts";
import { type ChainCase, dense, describeChain, EVERY, gru, lstm, rnn } from "../chain_case.ts";
import { chainOptions } from "../chain_data.ts";
import { type Case, type Kind, optionsOf } from "../contract_cases.ts";
import { test, withShaders } from "./support/adapter_tests.ts";

// Twice the largest error measured over all cases on Mesa's adapter and on SwiftShader, in units of the largest element:
// logits 2.6e-7, loss 7.6e-8, gradient 2.2e-5 (half a bit of a logit of 1,000 is 3.1e-5).
const by = {
  tolerance: {
    logits: { atol: 5.3e-7, rtol: 0 },
    loss: { atol: 1.6e-7, rtol: 0 },
    gradient: { atol: 4.4e-5, rtol: 0 },
  },
};

const KINDS: readonly Kind[] = ["LSTM", "LSTM, hardSigmoid", "ReLU RNN", "tanh RNN"];
const BATCH = Uint32Array.of(4, 0, 3, 1, 5);

/** Which parameters are made large. */
const PLACES: Readonly<Record<string, RegExp>> = {
  "the bias of the first layer": /^layer0\.bias/,
  "the bias of the last layer": /^layer1\.bias/,
  "the bias of the head": /^head\.bias/,
  "all biases": /bias$/,
};

/** Around 88.7, where exp() overflows, and far beyond. */
const SIZES = [50, 88.5, 89, 1e3, 1e30];

function caseOf(kind: Kind): Case {
  return { kind, hidden: [7, 9], images: 6, size: [5, 6], classes: 5 };
}

/** Sets the parameters whose names match to ±`size`, keeping their signs. */
function saturate(
  { parameters }: Network,
  flat: Float32Array,
  { where, size }: { where: RegExp; size: number },
) {
  const saturated = flat.slice();
  for (const { name, offset, size: length } of parameters) {
    if (!where.test(name)) continue;
    for (let k = offset; k < offset + length; k++) saturated[k] = Math.sign(flat[k]) * size;
  }
  return saturated;
}

/** Makes exp() and tanh() return NaN wherever WGSL allows it. */
function overflowing(code: string): string {
  const beyond = (name: string, bound: number) => `
    fn strict_${name}(x: Lanes) -> Lanes {
      let nan = bitcast<Lanes>(bitcast<Bits>(x) | Bits(0x7fc00000u));
      return select(${name}(x), nan, abs(x) > Lanes(${bound}));
    }`;
  return code.replace(/\b(exp|tanh)\(/g, "strict_$1(") + beyond("exp", 88.7) + beyond("tanh", 20);
}

async function agreesWhenSaturated(kind: Kind): Promise<void> {
  const options = optionsOf(caseOf(kind)), { network } = options;
  await using tested = await openWebgpu({ ...options, selfCheck: false });
  await using reference = await openReference(options);
  for (const [place, where] of Object.entries(PLACES)) {
    for (const size of SIZES) {
      const parameters = saturate(network, options.parameters, { where, size });
      const state = { parameters, slots: [], step: 0 };
      await tested.writeState(state);
      await reference.writeState(state);
      const prefix = `±${size} in ${place}: `;
      compare(by, "logits", {
        name: `${prefix}logits`,
        actual: await tested.predict(options.training.sequences, BATCH),
        expected: await reference.predict(options.training.sequences, BATCH),
      });
      compare(by, "gradient", { // as a whole, since drivers' tanh() is inexact near 0, and small numbers become 0
        name: `${prefix}gradient`,
        actual: await tested.gradient(BATCH),
        expected: await reference.gradient(BATCH),
      });
      const [[after], [wanted]] = [await tested.train([BATCH]), await reference.train([BATCH])];
      compare(by, "loss", { name: `${prefix}loss`, actual: [after.loss], expected: [wanted.loss] });
      assert.deepEqual(after.metrics, wanted.metrics, prefix);
    }
  }
}

for (const kind of KINDS) {
  test(`webgpu agrees with the reference in saturation: ${kind}`, () => agreesWhenSaturated(kind));

  test(`an adapter whose functions overflow to NaN agrees in saturation too: ${kind}`, async () => {
    await withShaders(overflowing, () => agreesWhenSaturated(kind));
  });

  test(`a weight that is NaN shows in the loss: ${kind}`, async () => {
    const options = optionsOf(caseOf(kind), { optimizer: sgd({ learningRate: 0.1 }) });
    await using tested = await openWebgpu({ ...options, selfCheck: false });
    for (const { name, offset } of options.network.parameters) {
      const parameters = options.parameters.slice();
      parameters[offset] = NaN;
      await tested.writeState({ parameters, slots: [], step: 0 });
      const [{ loss }] = await tested.train([BATCH]);
      assert(Number.isNaN(loss), `NaN in ${name} gives a loss of ${loss}`);
      assert(
        (await tested.predict(options.training.sequences, BATCH)).some(Number.isNaN),
        `NaN in ${name} predicts numbers`,
      );
    }
  });
}

test("a ReLU RNN that overflows shows in the loss", async () => {
  const options = optionsOf(caseOf("ReLU RNN"));
  const parameters = options.parameters.map((value) => value * 1e20);
  await using tested = await openWebgpu({ ...options, parameters, selfCheck: false });
  const [{ loss }] = await tested.train([BATCH]);
  assert(!Number.isFinite(loss), `the loss is ${loss}`);
});

const NAN_CHAINS: readonly ChainCase[] = [
  {
    name: "GRUs and a softmax",
    T: 3,
    N: 6,
    input: { vocabulary: 3, size: 4 },
    layers: [
      { kind: "bidirectional", merge: "mul", forward: gru(5, EVERY) },
      gru(5, { resetAfter: true, activation: "relu", gateActivation: "hardSigmoid" }),
      dense(3, { activation: "softmax" }),
    ],
    loss: "categoricalCrossEntropy",
  },
  {
    name: "ReLUs and a sigmoid",
    T: 3,
    N: 6,
    input: 4,
    layers: [
      rnn(5, { ...EVERY, activation: "hardSigmoid" }),
      dense(4, { activation: "relu" }),
      dense(2, { activation: "sigmoid" }),
    ],
    loss: "binaryCrossEntropy",
  },
  ...(["softmaxCrossEntropy", "sigmoidCrossEntropy", "meanAbsoluteError", "huber"] as const).map((loss) => ({
    name: loss,
    T: 3,
    N: 6,
    input: 4,
    layers: [lstm(5, { ...EVERY, activation: "linear" }), dense(3, { activation: "tanh" })],
    loss,
  })),
];

for (const chain of NAN_CHAINS) {
  test(`an adapter whose functions overflow to NaN computes the same: ${describeChain(chain)}`, async () => {
    const options = chainOptions({ ...chain, scale: 200 }), { sequences } = options.training;
    const measure = async () => {
      await using tested = await openWebgpu({ ...options, selfCheck: false });
      return [await tested.predict(sequences), await tested.gradient(BATCH), await tested.train([BATCH])];
    };
    const expected = await measure();
    assert((expected[1] as Float32Array).every(Number.isFinite), "a gradient is not finite");
    await withShaders(overflowing, async () => assert.deepEqual(await measure(), expected));
  });

  test(`a weight that is NaN shows in the loss: ${describeChain(chain)}`, async () => {
    const options = chainOptions(chain), { sequences, targets } = options.training;
    await using tested = await openWebgpu({ ...options, selfCheck: false });
    for (const { name, offset, size } of options.network.parameters) {
      const parameters = options.parameters.slice().fill(
        NaN,
        offset,
        name === "embeddings" ? offset + size : offset + 1,
      );
      await tested.writeParameters(parameters);
      assert(
        (await tested.predict(sequences)).some(Number.isNaN),
        `NaN in ${name} predicts numbers`,
      );
      const [{ loss }] = await tested.train([BATCH]);
      assert(Number.isNaN(loss), `NaN in ${name} gives a loss of ${loss} for ${targets.kind}`);
    }
  });
}
