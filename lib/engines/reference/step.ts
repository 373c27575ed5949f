/**
 * A network step by step: what it would answer if the sequence ended here, and the states to go on from.
 *
 * @module
 */
import { isRecurrent, type Layer, type Network, recurrentLayers } from "../../model/network.ts";
import { activationForward } from "./activation.ts";
import { batchNormForward } from "./batch_norm.ts";
import type { State } from "./cell.ts";
import { denseForward } from "./dense.ts";
import { inputForward } from "./input.ts";
import { recurrentStep, startOf } from "./recurrent.ts";
import type { Signal } from "./signal.ts";

/** The state of each recurrent layer, from the input up. */
export type NetworkState = readonly State[];

/** The states of N sequences before their first step. @throws {TypeError} If the network cannot be stepped. */
export function startStates(network: Network, N: number): NetworkState {
  checkSteps(network);
  return recurrentLayers(network).map((layer) => startOf(layer, N));
}

/**
 * Takes one step of N sequences, without dropout. A layer that returns only the last step returns this one.
 *
 * @param p The parameters, flat, as the network lays them out
 * @param at.x `[N,C]`, or tokens `[N]`
 * @param at.states Of the step before; they are not changed
 * @returns What the network answers, `[N,K]`, and the states after this step
 * @throws {TypeError} If the network cannot be stepped: a layer reads backwards, or repeats.
 *
 * @example
 * ```ts
 * import { createNetwork } from "../../model/create_network.ts";
 * import { startStates, stepNetwork } from "./step.ts";
 * import assert from "node:assert/strict";
 *
 * const network = createNetwork({
 *   input: { kind: "features", size: 1 },
 *   layers: [{ kind: "rnn", hiddenSize: 1, activation: "linear" }],
 *   loss: "meanSquaredError",
 * });
 * const p = Float64Array.of(1, 0.5, 0); // h' = x + h/2
 * let states = startStates(network, 1);
 * for (const expected of [1, 1.5, 1.75]) {
 *   const next = stepNetwork(network, p, { x: Float64Array.of(1), states });
 *   assert.equal(next.answers[0], expected);
 *   states = next.states;
 * }
 * ```
 */
export function stepNetwork(
  network: Network,
  p: Float64Array,
  { x, states }: { x: Float64Array; states: NetworkState },
): { answers: Float64Array; states: NetworkState } {
  checkSteps(network);
  const { input, layers } = network, run = { p, draw: null, moments: null };
  const N = input.kind === "tokens" ? x.length : x.length / input.size;
  const after: State[] = [];
  let signal: Signal = inputForward(input, { x, T: 1, N }, p).output;
  for (const layer of layers) {
    if (isRecurrent(layer)) {
      const state = recurrentStep(layer, { ...signal, state: states[after.length] }, p);
      after.push(state);
      signal = { ...signal, x: state[0], C: layer.hiddenSize };
    } else if (layer.kind === "dense") signal = denseForward(layer, signal, run).output;
    else if (layer.kind === "batchNorm") signal = batchNormForward(layer, signal, run).output;
    else if (layer.kind === "activation") signal = activationForward(layer, signal).output;
  }
  return { answers: signal.x, states: after };
}

function checkSteps({ layers }: Network): void {
  const index = layers.findIndex((layer) => !CAN_STEP(layer));
  if (index < 0) return;
  const { kind } = layers[index];
  throw new TypeError(
    "Cannot predict step by step: every layer must give its output of a step before the next one is read: " +
      `current value is ${kind}${
        kind === "bidirectional" || kind === "repeat" ? "" : ", backwards"
      } (layer ${index})`,
  );
}

const CAN_STEP = (layer: Layer): boolean =>
  layer.kind !== "bidirectional" && layer.kind !== "repeat" && !(isRecurrent(layer) && layer.backwards);
