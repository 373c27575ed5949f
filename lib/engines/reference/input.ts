/**
 * What the first layer reads.
 *
 *     x_t  = the C features of step t     0 where the step is masked: all of them are `maskValue`
 *     x_t  = E[token_t]                   masked where `maskZero` and the token is 0
 *     dE   = Σ dx_t at row token_t        [V,C]
 *
 * @module
 */
import type { FeatureInput, Input, TokenInput } from "../../model/network.ts";
import type { Batch } from "./gather.ts";
import { type Pass, row, view } from "./signal.ts";

/** Reads a batch. The gradient that goes back further than the table of tokens leads nowhere. */
export function inputForward(input: Input, batch: Batch, p: Float64Array): Pass {
  return input.kind === "tokens" ? embed(input, batch, p) : maskFeatures(input, batch);
}

function maskFeatures({ size: C, maskValue }: FeatureInput, batch: Batch): Pass {
  const signal = { ...batch, C, first: 0 };
  if (maskValue === null) return { output: { ...signal, masked: null }, back: (dx) => dx };
  const value = Math.fround(maskValue); // features are float32 numbers
  const masked = Uint8Array.from({ length: batch.T * batch.N }, (_, at) => {
    return row(batch.x, at, C).every((feature) => feature === value) ? 1 : 0;
  });
  const x = batch.x.map((feature, k) => masked[Math.floor(k / C)] ? 0 : feature);
  return { output: { ...signal, x, masked }, back: (dx) => dx };
}

function embed({ size: C, maskZero, embeddings }: TokenInput, batch: Batch, p: Float64Array): Pass {
  const { x: tokens, T, N } = batch, E = view(p, embeddings);
  const x = new Float64Array(T * N * C);
  tokens.forEach((token, at) => x.set(row(E, token, C), at * C));
  const masked = maskZero ? Uint8Array.from(tokens, (token) => token === 0 ? 1 : 0) : null;
  return {
    output: { x, T, N, C, first: 0, masked },
    back: (dx, d) => {
      const dE = view(d, embeddings);
      tokens.forEach((token, at) => row(dx, at, C).forEach((value, c) => dE[token * C + c] += value));
      return dx;
    },
  };
}
