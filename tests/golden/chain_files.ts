/**
 * chains.safetensors: chains of layers computed by PyTorch, as the pure functions of `reference` take them.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../../lib/data/sequences.ts";
import { createNetwork } from "../../lib/model/create_network.ts";
import type { Network } from "../../lib/model/network.ts";
import type { NetworkOptions } from "../../lib/model/network_options.ts";
import { decodeSafetensors } from "../../lib/model/safetensors.ts";
import { layoutOf } from "../engines/chain_data.ts";
import chains from "./chains.safetensors" with { type: "bytes" };

/** One batch of all sequences through a network, and back. */
export interface ChainGolden {
  readonly name: string;
  readonly network: Network;
  readonly layout: SequenceLayout;
  readonly sequences: Sequences;
  readonly targets: Targets;
  /** Flat; each of them is a float32 number. */
  readonly parameters: Float32Array;
  readonly labelSmoothing?: number;
  /** `[N,T,K]`, in training. */
  readonly answers: Float64Array;
  readonly loss: number;
  /** Flat. */
  readonly gradient: Float64Array;
}

const { tensors, metadata } = decodeSafetensors(chains);
const { networks } = JSON.parse(metadata.golden) as {
  networks: Readonly<Record<string, NetworkOptions & Pick<ChainGolden, "labelSmoothing">>>;
};

/** All chains of the file. */
export const CHAIN_GOLDENS: readonly ChainGolden[] = Object.entries(networks).map(
  ([name, { labelSmoothing, ...options }]) => {
    const network = createNetwork(options);
    const read = <Data>(key: string) => tensors.get(`${name}/${key}`)!.data as Data;
    const [count, T] = tensors.get(`${name}/sequences`)!.shape;
    const data = read<Int32Array | Float32Array>("targets");
    return {
      name,
      network,
      layout: layoutOf(network, T),
      sequences: { data: read<Sequences["data"]>("sequences"), count },
      targets: { kind: data instanceof Int32Array ? "classes" : "rows", data },
      parameters: read("parameters"),
      labelSmoothing,
      answers: read("answers"),
      loss: read<Float64Array>("loss")[0],
      gradient: read("gradient"),
    };
  },
);
