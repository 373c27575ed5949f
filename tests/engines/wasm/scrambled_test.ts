import assert from "node:assert/strict";
import { sha256 } from "../../../lib/data/files.ts";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { adadelta } from "../../../lib/model/optimizers.ts";
import { lacking } from "../../support/permissions.ts";
import { chainOptions } from "../chain_data.ts";
import { type Case, type CaseOptions, optionsOf, scattered } from "../contract_cases.ts";
import { testUnless } from "../test_unless.ts";
import type { Scrambling } from "./support/scrambled_worker.ts";

/** The scrambled worker is read from `tests`. */
const LACKING_WORKER = lacking([{ name: "read" }]);
const STEPS = 12;
const optimizer = adadelta({ learningRate: 1 });

/** A last group of less than eight images, and two layers: with dropout, or with shared prefixes. */
const NETWORK: Case = { kind: "LSTM", hidden: [21, 10], images: 61, size: [9, 6], biases: 2 };
const TRAININGS: Readonly<Record<string, CaseOptions>> = {
  "with dropout": optionsOf({ ...NETWORK, dropout: [0.5, 0.25] }, { optimizer }),
  "with shared prefixes": optionsOf(NETWORK, { optimizer }),
  "with batch normalization, clipped": normalized(),
};

/** Groups of a batch meet twice, there and back, before a step's gradient is clipped. */
function normalized(): CaseOptions {
  const every = { kind: "lstm", hiddenSize: 21, returnSequences: true } as const,
    norm = { kind: "batchNorm" } as const;
  const layers = [every, norm, { kind: "rnn", hiddenSize: 10 }, norm, { kind: "dense", units: 5 }] as const;
  const chain = { name: "", T: 9, N: 61, input: 6, layers, loss: "softmaxCrossEntropy" } as const;
  return chainOptions(chain, { optimizer, clip: { kind: "norm", most: 0.01 } });
}

/** Replaces workers by scrambled ones until it is disposed. */
function scramble(mode: Scrambling["mode"], threads: number): Disposable & { taken: Int32Array } {
  const Plain = globalThis.Worker;
  const taken = new Int32Array(new SharedArrayBuffer(4 * threads));
  let rank = 0;
  globalThis.Worker = class extends Plain {
    constructor(_: URL | string, options?: WorkerOptions) {
      super(new URL("./support/scrambled_worker.ts", import.meta.url), options);
      this.postMessage({ mode, rank: rank++, taken } satisfies Scrambling);
    }
  };
  return {
    taken,
    [Symbol.dispose]: () => {
      globalThis.Worker = Plain;
    },
  };
}

/** The hashes of parameters and slots after some steps, of a gradient and of logits. */
async function trainBits(options: CaseOptions, threads: number): Promise<Record<string, string>> {
  await using engine = await openWasm({ ...options, threads });
  const { batchSize, sequences } = options.training;
  const batches = Array.from(
    { length: STEPS },
    (_, step) => scattered(batchSize - step, sequences.count, step),
  );
  await engine.train(batches);
  const gradient = await engine.gradient(batches[0]);
  const logits = await engine.predict(sequences);
  const { parameters, slots: [v, u] } = await engine.readState();
  const hashes: Record<string, string> = {};
  for (const [name, { buffer }] of Object.entries({ parameters, v, u, gradient, logits })) {
    hashes[name] = sha256(new Uint8Array(buffer));
  }
  return hashes;
}

async function trainScrambled(
  options: CaseOptions,
  mode: Scrambling["mode"],
  threads: number,
): Promise<{ bits: Record<string, string>; taken: number[] }> {
  using scrambled = scramble(mode, threads);
  return { bits: await trainBits(options, threads), taken: [...scrambled.taken] };
}

for (const [kind, options] of Object.entries(TRAININGS)) {
  for (const mode of ["random", "first", "last"] as const) {
    testUnless(
      LACKING_WORKER,
      `openWasm() gives the same bits whichever thread computes what, and when: ${mode}, ${kind}`,
      async () => {
        const expected = await trainBits(options, 1);
        for (const threads of [2, 3]) {
          const { bits, taken } = await trainScrambled(options, mode, threads);
          assert(taken.every((count) => count > 0), `${mode}: no thread was left out: ${taken}`);
          if (mode !== "random") { // otherwise nothing was scrambled
            const busy = mode === "first" ? 0 : threads - 1;
            const idle = taken.filter((_, rank) => rank !== busy);
            assert(taken[busy] > 1.3 * Math.max(...idle), `${mode}: one thread took most: ${taken}`);
          }
          assert.deepEqual(bits, expected, `${threads} threads, items taken ${taken}`);
        }
      },
    );
  }
}
