/**
 * Replays trainings of TensorFlow.js's `model.fit()` on an engine.
 *
 * @module
 */
import { type Layer, recurrentLayers } from "../../lib/model/network.ts";
import { compare, type EngineUnderTest, movement, register } from "../engines/comparison.ts";
import { assertClose, type Tolerance } from "../support/assert_close.ts";
import { TF_TRAININGS, type TfTraining } from "./tfjs_files.ts";

/** How far an engine may be from TensorFlow.js, which computes in float32 too. */
export interface TfTolerance {
  /** Of losses and metrics, in units of the largest one of a training. */
  readonly loss: Tolerance;
  /** Of a weight, in units of the largest one of its tensor. */
  readonly rounded: number;
  /** Of its movement, in units of the largest one of its tensor. */
  readonly moved: number;
}

/** Registers the replays; engines draw masks of their own, so trainings with dropout are left out. */
export function replayTfjs(engine: Omit<EngineUnderTest, "tolerance">, tolerance: TfTolerance): void {
  for (const golden of TF_TRAININGS.filter(({ network }) => !drops(network))) {
    const text = `trains as model.fit() of TensorFlow.js does: ${golden.name}`;
    register({ ...engine, tolerance: NOTHING }, text, () => agrees(engine, golden, tolerance));
  }
}

const NONE: Tolerance = { atol: 0, rtol: 0 };
const NOTHING = { logits: NONE, loss: NONE, gradient: NONE, movement: NONE };

function drops(network: { layers: readonly Layer[] }): boolean {
  return network.layers.some(({ kind }) => kind === "dropout") ||
    recurrentLayers(network).some(({ inputDropout, recurrentDropout }) =>
      inputDropout + recurrentDropout > 0
    );
}

async function agrees(
  { open, observe }: Omit<EngineUnderTest, "tolerance">,
  { network, layout, optimizer, sequences, targets, batches, start, trained, losses, metrics }: TfTraining,
  { loss, rounded, moved }: TfTolerance,
): Promise<void> {
  const by = { tolerance: { loss }, observe };
  const batchSize = Math.max(...batches.map(({ length }) => length));
  const training = { optimizer, sequences, targets, seed: 1, batchSize };
  await using engine = await open({ network, layout, parameters: start, training });
  const steps = await engine.train(batches);
  compare(by, "loss", { actual: steps.map((step) => step.loss), expected: losses });
  metrics.forEach((expected, index) => {
    const actual = steps.map((step) => step.metrics[index] / step.count);
    compare(by, "loss", { name: network.metrics[index], actual, expected });
  });
  const after = await engine.readParameters();
  for (const { name, offset, size } of network.parameters) {
    const tensor = (flat: ArrayLike<number>) =>
      Float64Array.from({ length: size }, (_, k) => flat[offset + k]);
    const [actual, expected] = [after, trained].map((some) => tensor(movement(some, start)));
    const [heaviest, furthest] = [tensor(start), expected].map(largest);
    assertClose(actual, expected, { atol: rounded * heaviest + moved * furthest, rtol: 0, name });
  }
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
