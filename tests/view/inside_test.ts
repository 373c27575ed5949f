import assert from "node:assert/strict";
import type { Sequence } from "../../lib/data/sequence.ts";
import type { LayerGradients } from "../../lib/engines/reference/inspect.ts";
import { createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import type { TrainedModel } from "../../lib/model/trained_model.ts";
import { gradientsOverTime, traceImage } from "../../lib/train/inspect.ts";
import { describeReach, drawGradients, type RunGradients } from "../../lib/view/gradients.ts";
import { drawInside } from "../../lib/view/inside.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";

const split = tinySplit({ count: 5, height: 6, width: 6, classes: 3 });

function model(axis: Sequence["axis"], ...layers: LayerOptions[]): TrainedModel {
  const network = createClassifier({
    inputSize: axis === "pixels" ? 1 : 6,
    layers: [...layers, { kind: "dense", units: 3 }],
  });
  const parameters = tinyParameters(network, { scale: 2 });
  return { network, T: null, sequence: { axis, range: [0, 1] }, classNames: ["a", "b", "c"], parameters };
}

const lstm = model("rows", { kind: "lstm", hiddenSize: 3 });
const both = model(
  "columns",
  { kind: "bidirectional", merge: "concat", forward: { kind: "gru", hiddenSize: 2, returnSequences: true } },
  { kind: "rnn", hiddenSize: 30, activation: "relu" },
);
const byPixels = model("pixels", { kind: "rnn", hiddenSize: 2 });

async function gradientsOf(trained: TrainedModel, name: string): Promise<RunGradients> {
  return { name, axis: trained.sequence.axis, gradients: await gradientsOverTime(trained, split) };
}

function inside(trained: TrainedModel, gradients?: RunGradients): string {
  const image = { pixels: split.pixels.subarray(0, 36), height: 6, width: 6, caption: "#0: <a> → b" };
  return drawInside({ image, traces: traceImage(trained, split, 0), gradients });
}

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, content]) => content);
}

Deno.test("drawInside(): an LSTM, with its gradients", async (t) => {
  await t.assertSnapshot(inside(lstm, await gradientsOf(lstm, "")));
});

Deno.test("drawInside(): every layer of a chain has a part, both directions too; many units are chosen from", () => {
  const texts = textsOf(inside(both));
  const parts = [
    "layer 1 forward: GRU, 2 units",
    "layer 1 backward: GRU, 2 units",
    "layer 2: RNN, 30 units, ReLU",
  ];
  assert.deepEqual(texts.filter((words) => /^layer \d/.test(words)), parts);
  assert.equal(texts.filter((words) => words === "z, what is kept").length, 2);
  assert(texts.join(" ").includes("the 24 units whose h changes most"));
  assert(texts.some((words) => /^h, the state, up to ±\d/.test(words))); // ReLU goes above 1
});

Deno.test("drawInside(): sequences that are longer than wide become means of steps; nothing lies outside", () => {
  for (const trained of [lstm, both, byPixels, model("pixels", { kind: "gru", hiddenSize: 40 })]) {
    const long = tinySplit({ count: 1, height: 20, width: 20, classes: 3 });
    const big = trained.sequence.axis === "pixels" ? long : split;
    const traces = traceImage(trained, big, 0);
    const svg = drawInside({ image: { ...big, caption: "#0" }, traces });
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    const column = trained.sequence.axis === "pixels" ? "the mean of 8 steps" : "a step"; // 400 steps, or 6
    assert(textsOf(svg).join(" ").includes(`one row a unit, one column ${column};`));
    const [, height] = /<svg [^>]*height="([\d.]+)"/.exec(svg)!;
    for (const [, y] of svg.matchAll(/<text [^>]*y="([\d.]+)"/g)) assert.ok(Number(y) < Number(height));
  }
});

Deno.test("drawGradients(): a plain RNN beside an LSTM", async (t) => {
  const rnn = model("rows", { kind: "rnn", hiddenSize: 4 });
  await t.assertSnapshot(
    drawGradients([await gradientsOf(rnn, "runs/rnn"), await gradientsOf(lstm, "runs/<lstm>")]),
  );
});

Deno.test("drawGradients(): sequences of different lengths are compared by their shares", async () => {
  const texts = textsOf(drawGradients([await gradientsOf(lstm, "a"), await gradientsOf(byPixels, "b")]));
  assert(texts.includes("share of the sequence read"));
  assert(texts.includes("100%"));
});

Deno.test("drawGradients(): where a layer also reads backwards, x is the place in the image", async () => {
  const gradients = await gradientsOf(both, "");
  assert(textsOf(drawGradients([gradients])).includes("column of the image"));
  assert(textsOf(drawGradients([{ ...gradients, reversed: true }])).includes("column of the sequence"));
  const mixed = drawGradients([gradients, await gradientsOf(byPixels, "b")]);
  assert(textsOf(mixed).includes("share of the sequence"));
  const forward = model("columns", { kind: "rnn", hiddenSize: 2 });
  assert(textsOf(drawGradients([await gradientsOf(forward, "")])).includes("columns read"));
});

Deno.test("drawGradients(): what does not count at all is a gap", async () => {
  const dead = { ...lstm, parameters: new Float32Array(lstm.network.size) };
  const svg = drawGradients([await gradientsOf(dead, "dead")]);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  assert(textsOf(svg).includes("neither the first state counts nor the last"));
});

Deno.test("describeReach() goes from what is read first, whatever the direction", async () => {
  const { gradients: { layers: [forward, backward] } } = await gradientsOf(both, "");
  const reachOf = (layer: LayerGradients, ...values: number[]) =>
    describeReach({ ...layer, states: [{ name: "h", values: Float64Array.from(values) }] });
  assert.equal(reachOf(forward, 1, 7, 4), "the first state counts 0.25 times the last");
  assert.equal(
    reachOf(backward, 1, 7, 4),
    "the first state, at the end of the sequence, counts 4.0 times the last",
  );
  assert.equal(
    reachOf(backward, 0, 0, 4),
    "the first state, at the end of the sequence, counts, the last does not",
  ); // PyTorch's last row, read from the end
  assert.equal(reachOf(forward, 0, 1, 0), "neither the first state counts nor the last");
});
