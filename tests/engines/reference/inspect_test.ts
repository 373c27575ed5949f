import assert from "node:assert/strict";
import { measureGradients, traceNetwork } from "../../../lib/engines/reference/inspect.ts";
import { networkForward } from "../../../lib/engines/reference/network.ts";
import { measure } from "../../../lib/engines/reference/losses.ts";
import { bySequence, reversed, row } from "../../../lib/engines/reference/signal.ts";
import { startStates, stepNetwork } from "../../../lib/engines/reference/step.ts";
import { createNetwork } from "../../../lib/model/create_network.ts";
import { isRecurrent, type Network, recurrentLayers } from "../../../lib/model/network.ts";
import type { LayerOptions } from "../../../lib/model/network_options.ts";
import { assertClose } from "../../support/assert_close.ts";
import { testStream, tinyParameters } from "../../support/tiny_data.ts";

const T = 5, C = 2, K = 3;

/** A network and its parameters. */
interface Built {
  readonly network: Network;
  readonly p: Float64Array;
}

function build(...layers: LayerOptions[]): Built {
  const network = createNetwork({
    input: { kind: "features", size: C },
    layers: [...layers, { kind: "dense", units: K }],
    loss: "softmaxCrossEntropy",
  });
  return { network, p: Float64Array.from(tinyParameters(network)) };
}

const forward = build(
  { kind: "lstm", hiddenSize: 5, returnSequences: true },
  { kind: "dropout", rate: 0.5 },
  { kind: "gru", hiddenSize: 3, returnSequences: true },
  { kind: "gru", hiddenSize: 4, resetAfter: true, returnSequences: true },
  { kind: "rnn", hiddenSize: 3 },
);

const normalized = build(
  { kind: "lstm", hiddenSize: 4 },
  { kind: "batchNorm" },
  { kind: "dense", units: 5, activation: "tanh" },
);

/** x `[T,N,C]`, and a class for each of N sequences. */
function draw(N: number) {
  const random = testStream("inspect");
  const x = Float64Array.from({ length: T * N * C }, () => 2 * random.uniform() - 1);
  const rows = Float64Array.from({ length: N * K }, (_, at) => at % K === Math.floor(at / K) % K ? 1 : 0);
  return { batch: { x, T, N }, targets: { rows, weights: new Float64Array(N).fill(1) } };
}

Deno.test("traceNetwork(): states are those of single steps, and gates lead from one to the next", () => {
  const { network, p } = forward, { batch } = draw(1);
  const { layers: traces, answers } = traceNetwork(network, p, batch);
  assert.deepEqual(
    traces.map(({ gates, states }) => [...gates, ...states].map(({ name }) => name).join(" ")),
    ["i f g o h c", "z r g h", "z r g h", "h"],
  );
  let states = startStates(network, 1);
  for (let t = 0; t < T; t++) {
    const next = stepNetwork(network, p, { x: row(batch.x, t, C), states }).states;
    traces.forEach(({ layer: { kind, hiddenSize: H }, gates, states: after }, index) => {
      after.forEach(({ values }, k) => assert.deepEqual(row(values, t, H), next[index][k]));
      const [a, b, c, d] = gates.map(({ values }) => row(values, t, H));
      const [h, cell] = states[index];
      if (kind === "lstm") {
        const nextC = cell.map((value, k) => b[k] * value + a[k] * c[k]);
        assert.deepEqual(next[index], [nextC.map((value, k) => d[k] * Math.tanh(value)), nextC]);
      } else if (kind === "gru") {
        assert.deepEqual(next[index][0], h.map((value, k) => a[k] * value + (1 - a[k]) * c[k]));
      } else assert.equal(gates.length, 0);
    });
    states = next;
  }
  assert.deepEqual(answers, networkForward(network, p, { batch }).output.x);
});

/** The loss of one sequence where h of the top layer is moved after step t. */
function lossOfMoved(
  { network, p }: Built,
  { x, target }: { x: Float64Array; target: Float64Array },
  { t, k, by }: { t: number; k: number; by: number },
): number {
  let states = startStates(network, 1);
  for (let at = 0; at < T; at++) {
    ({ states } = stepNetwork(network, p, { x: row(x, at, C), states }));
    if (at === t) states.at(-1)![0][k] += by;
  }
  const [h] = states.at(-1)!, above = network.layers.slice(network.layers.findLastIndex(isRecurrent) + 1);
  const input = { kind: "features", size: h.length, maskValue: null } as const;
  const { output } = networkForward({ input, layers: above }, p, { batch: { x: h, T: 1, N: 1 } });
  return measure(network, output, { rows: target, weights: Float64Array.of(1) }).loss;
}

for (
  const [name, built] of Object.entries({ "four layers": forward, "batch normalization above": normalized })
) {
  Deno.test(`measureGradients(): norms are means of what central differences give for each sequence, ${name}`, () => {
    const { network, p } = built, N = 3, { batch, targets } = draw(N), δ = 1e-5;
    const measured = measureGradients(network, p, { batch, targets });
    const top = measured.length - 1, { hiddenSize: H } = measured[top].layer;
    const expected = Float64Array.from({ length: T }, (_, t) => {
      const norms = Array.from({ length: N }, (_, n) => {
        const x = bySequence({ ...batch, C }).subarray(n * T * C, (n + 1) * T * C);
        const one = { x, target: row(targets.rows, n, K) };
        const loss = (k: number, by: number) => lossOfMoved(built, one, { t, k, by });
        return Math.hypot(...Array.from({ length: H }, (_, k) => (loss(k, δ) - loss(k, -δ)) / (2 * δ)));
      });
      return norms.reduce((a, b) => a + b) / N;
    });
    const { states } = measured[top], { values } = states[0];
    assertClose(values, expected, { atol: 1e-9, rtol: 1e-8, name: "‖∂loss/∂h_t‖" });
    for (const { states } of measured) {
      for (const { values } of states) assert(values.length === T && values.every((norm) => norm >= 0));
    }
  });
}

Deno.test("measureGradients() has h and c of an LSTM, h of others", () => {
  const { network, p } = forward;
  const names = measureGradients(network, p, draw(2)).map(({ states }) =>
    states.map(({ name }) => name).join(" ")
  );
  assert.deepEqual(names, ["h c", "h", "h", "h"]);
});

Deno.test("measureGradients(): along c alone the gradient of an LSTM shrinks by f, step after step", () => {
  const { network, p } = build({ kind: "lstm", hiddenSize: 1 });
  const [layer] = recurrentLayers(network);
  p.fill(0, layer.recurrentKernel.offset, layer.recurrentKernel.offset + layer.recurrentKernel.size); // h leads nowhere
  const { batch, targets } = draw(1);
  const [{ states: [h, c] }] = measureGradients(network, p, { batch, targets });
  const { layers: [{ gates }] } = traceNetwork(network, p, batch), f = gates[1].values;
  assert.equal(c.values[T - 1], 0); // the head reads h alone
  for (let t = 0; t < T - 2; t++) {
    assertClose(c.values.slice(t, t + 1), Float64Array.of(c.values[t + 1] * f[t + 1]), {
      atol: 1e-15,
      rtol: 1e-12,
      name: `c ${t}`,
    });
    assert.equal(h.values[t], 0);
  }
  assert(h.values[T - 1] > 0 && c.values[T - 2] > 0);
});

Deno.test("inspect: at t the backward half does what the forward half does with the mirror image at T − 1 − t", () => {
  for (const returnSequences of [false, true]) {
    const { network, p } = build(
      { kind: "bidirectional", merge: "sum", forward: { kind: "lstm", hiddenSize: 3, returnSequences } },
      ...(returnSequences ? [{ kind: "rnn", hiddenSize: 2 } as const] : []),
    );
    const [a, b] = recurrentLayers(network);
    for (const part of ["kernel", "recurrentKernel", "bias"] as const) { // the same weights in both halves
      p.copyWithin(b[part]!.offset, a[part]!.offset, a[part]!.offset + a[part]!.size);
    }
    const { batch, targets } = draw(1);
    const mirrored = { ...batch, x: reversed(batch.x, T) };
    const { layers: [, backward] } = traceNetwork(network, p, batch);
    const { layers: [forward] } = traceNetwork(network, p, mirrored);
    [...backward.gates, ...backward.states].forEach(({ values }, k) => {
      assert.deepEqual(values, reversed([...forward.gates, ...forward.states][k].values, T));
    });
    if (returnSequences) continue; // the layer above reads in one direction
    const [, back] = measureGradients(network, p, { batch, targets });
    const [there] = measureGradients(network, p, { batch: mirrored, targets });
    back.states.forEach(({ values }, k) => assert.deepEqual(values, reversed(there.states[k].values, T)));
  }
});
