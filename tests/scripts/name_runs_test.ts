import assert from "node:assert/strict";
import type { RunConfig } from "../../run.ts";
import { nameRuns } from "../../scripts/support/name_runs.ts";

/** A run of one LSTM layer, as `config.json` describes it; parts of it can be replaced. */
function runOf(
  path: string,
  { recipe = "train-lstm", layers = [lstm(64)], sequence = {}, training = {}, more = {} } = {} as {
    recipe?: string;
    layers?: readonly object[];
    sequence?: object;
    training?: object;
    more?: object;
  },
) {
  const config = {
    recipe,
    model: { layers, sequence: { axis: "rows", range: [0, 1], ...sequence }, T: 28 },
    training: {
      ...{
        optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9 },
        initialize: "pytorch",
        batchSize: 64,
        seed: 1,
      },
      ...training,
    },
    length: { epochs: 1 },
    startedAt: path,
    ...more,
  };
  return { path: `runs/${recipe}/${path}`, config: config as unknown as RunConfig };
}

function lstm(hiddenSize: number): object {
  return { kind: "lstm", inputSize: 28, hiddenSize, gateActivation: "sigmoid" };
}

Deno.test("nameRuns() says what differs between runs of one recipe", () => {
  const sgd = { kind: "sgd", learningRate: 0.1 };
  const cases: [Parameters<typeof runOf>[1][], string[]][] = [
    [[{}, { training: { seed: 2 } }], ["seed 1", "seed 2"]],
    [[{}, { training: { optimizer: sgd } }], [
      "optimizer adam, learning rate 0.01",
      "optimizer sgd, learning rate 0.1",
    ]],
    [
      [{}, { layers: [lstm(32), { kind: "dropout", rate: 0.5 }, lstm(32)] }],
      [
        "units 64, dropout 0",
        "units 32-32, dropout 0.5",
      ],
    ],
    [[{ training: { clip: { norm: 1 } } }, {}], ["clip norm 1", "train-lstm"]],
    [[{}, { training: { schedule: { kind: "step", every: 1, gamma: 0.7 } } }], [
      "train-lstm",
      "schedule step",
    ]],
    [
      [0.7, 0.9].map((gamma) => ({ training: { schedule: { kind: "step", every: 1, gamma } } })),
      ["schedule gamma 0.7", "schedule gamma 0.9"],
    ],
    [[{}, { sequence: { range: [-1, 1] } }], ["range 0…1", "range -1…1"]],
    [[{}, { sequence: { axis: "pixels", reversed: true } }], ["axis rows", "axis pixels, reversed"]],
    [[{}, { more: { length: { epochs: 3 } } }], ["epochs 1", "epochs 3"]],
    [[{ layers: [{ kind: "gru", hiddenSize: 64 }] }, {
      layers: [{ kind: "bidirectional", forward: lstm(64) }],
    }], [
      "cell gru",
      "cell bidirectional lstm",
    ]],
  ];
  for (const [runs, names] of cases) {
    assert.deepEqual(nameRuns(runs.map((run, i) => runOf(String(i), run))), names);
  }
});

Deno.test("nameRuns() names recipes where there are several, and of each what differs between its own runs", () => {
  const runs = [
    runOf("a", { training: { seed: 1 } }),
    runOf("b", { training: { seed: 2 } }),
    runOf("c", { recipe: "train-rnn", training: { seed: 2, batchSize: 32 } }),
  ];
  assert.deepEqual(nameRuns(runs), ["train-lstm, seed 1", "train-lstm, seed 2", "train-rnn"]);
});

Deno.test("nameRuns() adds the folder where nothing else differs, and shows no control characters", () => {
  assert.deepEqual(nameRuns([runOf("a"), runOf("b")]), ["train-lstm, a", "train-lstm, b"]);
  const twins = [runOf("a"), { ...runOf("a"), path: "other/a" }, runOf("b")];
  assert.deepEqual(nameRuns(twins), [
    "train-lstm, runs/train-lstm/a",
    "train-lstm, other/a",
    "train-lstm, b",
  ]);
  assert.deepEqual(nameRuns([runOf("a")]), ["train-lstm"]);
  const [name] = nameRuns([runOf("a", { training: { "x\x1b": "y\x1b" } }), runOf("b")]);
  assert.equal(name, "x\\u{1b} y\\u{1b}");
});
