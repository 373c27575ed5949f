import assert from "node:assert/strict";
import { recurrentLayers } from "../../lib/model/network.ts";
import { createStack } from "./stack.ts";
import { tinyParameters, tinySplit } from "./tiny_data.ts";

Deno.test("tinySplit() gives one full image, one blank, and others with blank lines before the first ink", () => {
  const { pixels, labels, count } = tinySplit({ count: 30, height: 7, width: 5, classes: 3 });
  const images = Array.from({ length: count }, (_, n) => pixels.subarray(n * 35, (n + 1) * 35));
  assert(images[0].every((byte) => byte > 0));
  assert(images[29].every((byte) => byte === 0));
  const blankRows = images.map((image) => image.findIndex((byte) => byte > 0) / 5 | 0);
  assert(new Set(blankRows).size > 3, `blank rows: ${blankRows}`);
  assert.deepEqual([...new Set(labels)].sort(), [0, 1, 2]);
  assert(tinySplit({ count: 1, height: 2, width: 2, classes: 2 }).pixels.every((byte) => byte > 0));
});

Deno.test("tinySplit() and tinyParameters() depend on the seed alone", () => {
  const options = { count: 3, height: 4, width: 4, classes: 3 };
  assert.deepEqual(tinySplit(options), tinySplit({ ...options, seed: 1 }));
  assert.notDeepEqual(tinySplit(options), tinySplit({ ...options, seed: 2 }));

  const network = createStack({
    layers: [{ kind: "rnn", activation: "tanh", inputSize: 4, hiddenSize: 9, dropout: 0 }],
    classes: 3,
  });
  const parameters = tinyParameters(network);
  assert.deepEqual(tinyParameters(network), parameters);
  assert.notDeepEqual(tinyParameters(network, { seed: 2 }), parameters);
  assert.deepEqual(tinyParameters(network, { scale: 2 }), parameters.map((value) => 2 * value));
  const { offset, size } = recurrentLayers(network)[0].recurrentKernel;
  assert(
    parameters.subarray(offset, offset + size).every((value) => value !== 0 && Math.abs(value) <= 1 / 3),
  );
});
