/**
 * The dense layer, the same at every step.
 *
 *     z    = x W + b     [T·N,U]
 *     y    = φ(z)        [T·N,U]
 *
 * @module
 */
import type { DenseLayer } from "../../model/network.ts";
import { activate } from "./activation.ts";
import { linear } from "./linear.ts";
import type { Pass, Run, Signal } from "./signal.ts";

/** Runs the layer over a batch. */
export function denseForward(layer: DenseLayer, input: Signal, { p }: Run): Pass {
  const { z, back } = linear(input.x, layer, p);
  const activated = activate(layer.activation, z, layer.units);
  return {
    output: { ...input, x: activated.y, C: layer.units },
    back: (dy, d) => back(activated.back(dy), d),
  };
}
