/**
 * How long a training step takes on an engine.
 *
 * @module
 */
import type { ByteLayout } from "../data/sequences.ts";
import { drawTransforms } from "../data/transform.ts";
import { type Engine, type EngineOptions, MAX_STEPS, type StepOptions } from "./engine.ts";

/** Calls that take less say more about the call than about its steps: they get more steps. */
const SHORT_MS = 25;
/** Calls that take more need not be repeated. */
const LONG_MS = 500;
/** Calls in a row, the first of which starts the clock. */
const CALLS = 3;

/**
 * Milliseconds of a step in the middle of a training. Afterwards the engine has the state that it had before, to the bit.
 *
 * @param options Those of the engine, with a training
 */
export async function measureStep(engine: Engine, options: EngineOptions): Promise<number> {
  const start = await engine.readState();
  const { steps, elapsedMs } = await warmUp(engine, options);
  const fastest = elapsedMs > LONG_MS ? elapsedMs : await timeCalls(engine, options, steps);
  await engine.writeState(start);
  return fastest / steps;
}

/** Takes steps until a call lasts long enough. @returns That call */
async function warmUp(
  engine: Engine,
  options: EngineOptions,
): Promise<{ steps: number; elapsedMs: number }> {
  await engine.train(...firstSteps(options, 1));
  for (let steps = 1;; steps = Math.min(4 * steps, MAX_STEPS)) {
    const some = firstSteps(options, steps), started = performance.now();
    await engine.train(...some);
    const elapsedMs = performance.now() - started;
    if (elapsedMs >= SHORT_MS || steps === MAX_STEPS) return { steps, elapsedMs };
  }
}

/** The fastest of some calls, since all that disturbs a call makes it slower. One is always ahead, as in a training. */
async function timeCalls(engine: Engine, options: EngineOptions, steps: number): Promise<number> {
  const some = firstSteps(options, steps);
  let fastest = Infinity, last = -Infinity;
  await engine.begin(...some);
  for (let call = 1; call <= CALLS; call++) {
    if (call < CALLS) await engine.begin(...some);
    await engine.collect();
    const now = performance.now();
    fastest = Math.min(fastest, now - last);
    last = now;
  }
  return fastest;
}

/** The first steps through the data, in their order, with images that are moved a little where they are moved. */
function firstSteps(
  { training, layout }: EngineOptions,
  steps: number,
): [batches: Uint32Array[], options: StepOptions] {
  const { sequences: { count }, batchSize, transforms } = training!, size = Math.min(batchSize, count);
  const batches = Array.from(
    { length: steps },
    (_, step) => Uint32Array.from({ length: size }, (_, n) => (step * size + n) % count),
  );
  if (!transforms) return [batches, {}];
  const { stride, width } = layout as ByteLayout;
  const most = { shift: 1, rotate: 5, scale: 0.05 }, image = { height: stride / width, width };
  const moved = batches.map((positions) => {
    return drawTransforms(most, { seed: 0, epoch: 0, positions, size: image });
  });
  return [batches, { transforms: moved }];
}
