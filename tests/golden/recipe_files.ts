/**
 * recipes.safetensors: networks as people write them in PyTorch, trained by it, as engines and the pure functions of `reference`
 * take them.
 *
 * @module
 */
import type { Targets } from "../../lib/data/sequences.ts";
import type { EngineOptions, EngineTraining } from "../../lib/engines/engine.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { LayerOptions } from "../../lib/model/network_options.ts";
import { decodeSafetensors } from "../../lib/model/safetensors.ts";
import { layoutOf } from "../engines/chain_data.ts";
import recipes from "./recipes.safetensors" with { type: "bytes" };

/** One training. */
export interface RecipeGolden {
  readonly name: string;
  readonly options: EngineOptions & { readonly training: EngineTraining };
  /** The positions of each step's batch. */
  readonly batches: readonly Uint32Array[];
  /** Of each step, before its update. */
  readonly losses: Float64Array;
  /** The parameters after the last step, running statistics among them. */
  readonly trained: Float64Array;
  /** Of all sequences after it, `[N,K]`. */
  readonly answers: Float64Array;
}

/** What the program that wrote the file says of a case. */
interface Description extends Pick<EngineTraining, "optimizer" | "clip" | "labelSmoothing"> {
  readonly layers: readonly LayerOptions[];
}

const { tensors, metadata } = decodeSafetensors(recipes);
const { cases, batches: lengths } = JSON.parse(metadata.golden) as {
  cases: Readonly<Record<string, Description>>;
  batches: readonly number[];
};
const read = <Data>(key: string) => tensors.get(key)!.data as Data;
const { shape: [count, T, C] } = tensors.get("sequences")!;
const sequences = { data: read<Float32Array>("sequences"), count };
const targets: Targets = { kind: "classes", data: read<Int32Array>("targets") };
const batches = batchesOf(Uint32Array.from(read<Int32Array>("order")));

/** All trainings of the file. */
export const RECIPES: readonly RecipeGolden[] = Object.entries(cases).map(
  ([name, { layers, ...settings }]) => {
    const input = { kind: "features", size: C } as const;
    const network = createNetwork({ input, layers, loss: "softmaxCrossEntropy", biases: 2 });
    return {
      name,
      options: {
        network,
        layout: layoutOf(network, T),
        parameters: read(`${name}/start`),
        training: { ...settings, sequences, targets, seed: 1, batchSize: Math.max(...lengths) },
      },
      batches,
      losses: read(`${name}/losses`),
      trained: read(`${name}/trained`),
      answers: read(`${name}/answers`),
    };
  },
);

function batchesOf(order: Uint32Array): Uint32Array[] {
  let start = 0;
  return lengths.map((length) => order.subarray(start, start += length));
}
