import assert from "node:assert/strict";
import {
  type Classifier,
  createClassifier,
  type LayerOptions,
  openModel,
  toSafetensors,
  traceImage,
  type TrainedModel,
} from "../../../core.ts";
import { pointAt } from "../../../page/ink/strokes.ts";
import { type Channel, Reader } from "../../../page/reading/reader.ts";
import { ReaderDesk } from "../../../page/workers/desk.ts";
import type { RunFiles } from "../../../core.ts";
import { modelConfig } from "../../../lib/run/config.ts";
import { channelTo, readerAt } from "./desk_channel.ts";

function modelOf(network: Classifier, changes: Partial<TrainedModel> = {}): TrainedModel {
  return {
    network,
    T: 28,
    sequence: { axis: "columns", range: [-1, 1] },
    classNames: ["no", "yes", "maybe"],
    parameters: Float32Array.from({ length: network.size }, (_, i) => Math.sin(i)),
    ...changes,
  };
}

const lstm = createClassifier({
  inputSize: 28,
  layers: [{ kind: "lstm", hiddenSize: 5 }, { kind: "dense", units: 3 }],
});
const pixels = Uint8Array.from({ length: 784 }, (_, i) => i * 37 % 256);
const images = { pixels, count: 1, height: 28, width: 28 };

/** A model as the folder of a run keeps it. */
function runOf(model: TrainedModel): RunFiles {
  return {
    config: JSON.stringify({ recipe: "mine", model: modelConfig(model) }),
    weights: new Uint8Array(model.parameters.slice().buffer),
  };
}

Deno.test("a network reads as in Deno: probabilities after every line, gates and states", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk), model = modelOf(lstm);
  const bytes = toSafetensors(model), about = await reader.open("mine", bytes);
  assert.deepEqual(about, {
    axis: "columns",
    reversed: false,
    shuffled: false,
    classNames: ["no", "yes", "maybe"],
    scaled: false,
  });
  assert.deepEqual([reader.isOpen("mine", bytes), reader.isOpen("mine", bytes.slice())], [true, false]);
  const reading = await reader.read("mine", pixels);
  await using opened = await openModel(model, { device: "reference" });
  assert.deepEqual(reading.probabilities, await opened.read(images));
  const { layers: [expected] } = traceImage(model, images, 0), [found] = reading.layers;
  assert.deepEqual(found.gates.map(({ name }) => name), ["i", "f", "g", "o"]);
  assert.deepEqual(found.states.map(({ name }) => name), ["h", "c"]);
  assert.deepEqual(found.states[1].values, Float32Array.from(expected.states[1].values));
});

Deno.test("only layers that take a step of the image at each of theirs are shown along it", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk), lstm = { kind: "lstm", hiddenSize: 2 } as const;
  const dense = { kind: "dense", units: 3 } as const;
  const titlesOf = async (layers: readonly LayerOptions[]) => {
    await reader.open("mine", runOf(modelOf(createClassifier({ inputSize: 28, layers }))));
    const { layers: along, later } = await reader.read("mine", pixels);
    return [along.map(({ title }) => title), later];
  };
  const sequence = { ...lstm, returnSequences: true };
  assert.deepEqual(await titlesOf([sequence, lstm, dense]), [
    ["layer 1: LSTM, 2 units", "layer 2: LSTM, 2 units"],
    [],
  ]);
  for (const steps of [5, 28]) {
    assert.deepEqual(await titlesOf([lstm, { kind: "repeat", steps }, lstm, dense]), [
      ["layer 1: LSTM, 2 units"],
      ["layer 2: LSTM, 2 units"],
    ]);
  }
  assert.deepEqual(await titlesOf([{ kind: "last" }, { kind: "repeat", steps: 3 }, lstm, dense]), [[], [
    "LSTM, 2 units",
  ]]);
});

Deno.test("a run's files open as the same model, with layers too that safetensors of PyTorch cannot hold", async () => {
  await using desk = new ReaderDesk();
  const network = createClassifier({
    inputSize: 28,
    layers: [{ kind: "lstm", hiddenSize: 4, gateActivation: "hardSigmoid" }, { kind: "dense", units: 3 }],
  });
  const model = modelOf(network), files = runOf(model), { weights } = files;
  const reader = readerAt(desk);
  await reader.open("run", files);
  await using opened = await openModel(model, { device: "reference" });
  assert.deepEqual((await reader.read("run", pixels)).probabilities, await opened.read(images));
  await assert.rejects(
    reader.open("short", { ...files, weights: weights.subarray(4) }),
    /weights.bin must have \d+ bytes, as config.json says: current value is/,
  );
  await assert.rejects(reader.open("empty", { ...files, config: "{}" }), /config.json must/);
  assert.equal((await reader.read("run", pixels)).T, 28, "what was open stays so");
});

Deno.test("what cannot be opened or read is an error of one sentence", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk);
  await assert.rejects(reader.open("bad", new Uint8Array(3)), /Cannot/);
  await assert.rejects(reader.read("bad", pixels), /must be open/);
  const small = createClassifier({
    inputSize: 20,
    layers: [{ kind: "rnn", hiddenSize: 2 }, { kind: "dense", units: 3 }],
  });
  await assert.rejects(
    reader.open("small", toSafetensors(modelOf(small, { T: 20 }))),
    /must read images of 28 × 28 pixels.*current value is 20 × 20/,
  );
  const wild = modelOf(lstm, { parameters: new Float32Array(lstm.size).fill(NaN) });
  await assert.rejects(reader.open("wild", toSafetensors(wild)), /finite/);
  await assert.rejects(
    reader.open("wild", runOf(wild)),
    /the numbers of model\/weights.bin must be finite: current value is NaN, at byte 0$/,
  );
});

Deno.test("a network whose one reading would take too long is not opened, and others still read", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk);
  const slow = createClassifier({
    inputSize: 28,
    layers: [{ kind: "rnn", hiddenSize: 1 }, { kind: "repeat", steps: 1e6 }, { kind: "rnn", hiddenSize: 1 }, {
      kind: "dense",
      units: 3,
    }],
  });
  await assert.rejects(
    reader.open("slow", runOf(modelOf(slow))),
    /one reading must take at most 1073741824 multiplications.*: current value is about \d+, in 28000000 steps$/,
  );
  const turned = createClassifier({
    inputSize: 1,
    layers: [{ kind: "bidirectional", merge: "concat", forward: { kind: "lstm", hiddenSize: 64 } }, {
      kind: "dense",
      units: 3,
    }],
  });
  const byPixels = { T: 784, sequence: { axis: "pixels", range: [0, 1] } } as const;
  await assert.rejects(reader.open("turned", runOf(modelOf(turned, byPixels))), /at most 1073741824/);
  await reader.open("mine", toSafetensors(modelOf(lstm)));
  assert.equal((await reader.read("mine", pixels)).T, 28);
});

Deno.test("a network says how pictures were prepared that it learned from", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk);
  const scaledIs = async (changes: Partial<TrainedModel>) =>
    (await reader.open("mine", toSafetensors(modelOf(lstm, changes)))).scaled;
  assert.equal(await scaledIs({ preparation: "none" }), true);
  assert.equal(await scaledIs({ dataset: "fashion-mnist" }), true);
  assert.equal(await scaledIs({ preparation: "digit" }), false);
  assert.equal(await scaledIs({}), false, "unknown");
});

Deno.test("in place of a worker that fails the next question starts another, which opens again what it reads", async () => {
  await using desk = new ReaderDesk();
  const broken: Channel = { onmessage: null, onerror: null, postMessage() {}, terminate() {} };
  const workers = [broken, channelTo(desk)], reader = new Reader(() => workers.shift()!);
  const bytes = toSafetensors(modelOf(lstm));
  const asked = [reader.open("mine", bytes), reader.prepare([])];
  const said =
    /^Error: Cannot read: the worker that reads has stopped \(it could not be loaded\)\. Draw again/;
  const refused = Promise.all(asked.map((one) => assert.rejects(one, said)));
  broken.onerror!({} as ErrorEvent);
  await refused;
  assert.equal(reader.isOpen("mine", bytes), false);
  await reader.open("mine", bytes);
  assert.equal((await reader.read("mine", pixels)).T, 28);

  const another = channelTo(desk), open = channelTo(desk);
  const starts = [open, another], second = new Reader(() => starts.shift()!);
  await second.open("mine", bytes);
  open.onerror!({ message: "out of memory" } as ErrorEvent);
  assert.equal(second.isOpen("mine", bytes), false, "it is not open there");
});

Deno.test("strokes are prepared by the worker", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk);
  const prepared = await reader.prepare([[pointAt(500, 200), pointAt(500, 800)]]);
  assert.ok(prepared && prepared.length === 784 && prepared.some((value) => value > 200));
  assert.equal(await reader.prepare([[pointAt(500, 200)]]), null);
});
