/**
 * Clipping: what limits a gradient before its update.
 *
 *     norm:   g ← g · min(1, most / (‖g‖ + 1e-6))    ‖g‖² = Σ updateScale · g²
 *     value:  g ← min(max(g, −most), most)
 *
 * @module
 */
import type { Network } from "../../model/network.ts";
import type { Clip } from "../engine.ts";
import { view } from "./signal.ts";

/** A clipped gradient. @param g Flat as the parameters */
export function clipGradient(
  { parameters }: Pick<Network, "parameters">,
  { kind, most }: Clip,
  g: Float64Array,
): Float64Array {
  if (kind === "value") return g.map((value) => Math.min(Math.max(value, -most), most));
  let squares = 0;
  for (const parameter of parameters) {
    for (const value of view(g, parameter)) squares += parameter.updateScale * value * value;
  }
  const factor = Math.min(1, most / (Math.sqrt(squares) + 1e-6));
  return g.map((value) => value * factor);
}
