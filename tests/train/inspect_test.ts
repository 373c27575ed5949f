import assert from "node:assert/strict";
import { createClassifier } from "../../lib/model/classifier.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import type { TrainedModel } from "../../lib/model/trained_model.ts";
import { gradientsOverTime, traceImage } from "../../lib/train/inspect.ts";
import { softmax } from "../../lib/train/probabilities.ts";
import { assertClose } from "../support/assert_close.ts";
import { tinyParameters, tinySplit } from "../support/tiny_data.ts";

const split = tinySplit({ count: 9, height: 6, width: 5, classes: 3 });

function model(layers: readonly LayerOptions[], sequence: TrainedModel["sequence"]): TrainedModel {
  const network = createClassifier({
    inputSize: { rows: 5, columns: 6, pixels: 1 }[sequence.axis],
    layers: [...layers, { kind: "dense", units: 3 }],
  });
  return { network, T: null, sequence, classNames: ["a", "b", "c"], parameters: tinyParameters(network) };
}

const rows = { axis: "rows", range: [-1, 1] } as const;
const lstm = model([{ kind: "lstm", hiddenSize: 4 }], rows);

Deno.test("traceImage(): what is read, in its order and its numbers, and the answer", () => {
  const backwards = { axis: "pixels", reversed: true, range: [0, 1] } as const;
  const { T, C, x, layers, answers } = traceImage(
    model([{ kind: "rnn", hiddenSize: 2 }], backwards),
    split,
    1,
  );
  assert.deepEqual([T, C, answers.length], [30, 1, 3]);
  const pixels = split.pixels.subarray(30, 60);
  assertClose(x, Float64Array.from(pixels.toReversed(), (pixel) => pixel / 255), {
    atol: 1e-7,
    rtol: 0,
    name: "x",
  });
  assert.equal(layers[0].states[0].values.length, 30 * 2);
  assert.throws(() => traceImage(lstm, split, 9), /positions must be below 9: current value is 9$/);
  assert.throws(
    () => traceImage(lstm, split, -1),
    /the number of the image must be a whole number from 0 on/,
  );
  assert.throws(
    () => traceImage(lstm, { pixels: new Uint8Array(28), count: 1, height: 4, width: 7 }, 0),
    /Cannot look inside the model: images must give sequences of \[null, 5\]/,
  );
  const broken = { ...lstm, parameters: new Float32Array(lstm.network.size).fill(NaN) };
  assert.throws(() => traceImage(broken, split, 0), /the outputs of the network must be finite: .* NaN/);
});

Deno.test("gradientsOverTime() is the mean over its images, however many go together", async () => {
  const { count, layers: [{ states }] } = await gradientsOverTime(lstm, split);
  assert.equal(count, 9);
  const single = await Promise.all(
    [...Array(9).keys()].map((n) => gradientsOverTime(lstm, split, { positions: Uint32Array.of(n) })),
  );
  states.forEach(({ name, values }, k) => {
    const mean = values.map((_, t) => {
      return single.reduce((sum, { layers }) => sum + layers[0].states[k].values[t], 0) / 9;
    });
    assertClose(values, mean, { atol: 0, rtol: 1e-12, name });
  });
  // At the end the loss depends on h through the head alone: ‖W (p − y)‖.
  const { answers } = traceImage(lstm, split, 0), p = softmax(Float32Array.from(answers));
  const { kernel } = lstm.network.layers.at(-1) as { kernel: { offset: number } };
  const dh = Array.from({ length: 4 }, (_, j) =>
    [0, 1, 2].reduce((sum, k) => {
      return sum + lstm.parameters[kernel.offset + j * 3 + k] * (p[k] - (split.labels[0] === k ? 1 : 0));
    }, 0));
  const [{ states: [h] }] = single[0].layers;
  assertClose(h.values.slice(-1), Float64Array.of(Math.hypot(...dh)), {
    atol: 0,
    rtol: 1e-6,
    name: "last h",
  });
});

Deno.test("gradientsOverTime() tells of its progress, and a signal ends it", async () => {
  const done: number[] = [], controller = new AbortController();
  await gradientsOverTime(lstm, split, { onProgress: (progress) => done.push(progress.done) });
  assert.deepEqual(done, [4, 8, 9]);
  const onProgress = () => controller.abort();
  await assert.rejects(gradientsOverTime(lstm, split, { onProgress, signal: controller.signal }), /abort/);
  await assert.rejects(gradientsOverTime(lstm, split, { to: 10 }), /images must be selected: .* up to 10$/);
});
