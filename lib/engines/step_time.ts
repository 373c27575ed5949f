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
/** Calls that take more need neither more steps nor to be repeated. */
const LONG_MS = 250;
/** More steps a call pay as long as they make a step shorter by that factor. */
const PAYS = 0.8;
/** Calls in a row, the first of which starts the clock. */
const CALLS = 3;

/**
 * Milliseconds of a step in the middle of a training. Afterwards the engine has the state that it had before, to the bit.
 *
 * @param options Those of the engine, with a training
 * @param how.singly Whether each step is a call of its own, since somebody looks at its results before the next one
 */
export async function measureStep(
  engine: Engine,
  options: EngineOptions,
  { singly = false }: { singly?: boolean } = {},
): Promise<number> {
  const start = await engine.readState();
  const stepMs = singly ? await timeSteps(engine, options) : await timeManySteps(engine, options);
  await engine.writeState(start);
  return stepMs;
}

/** The fastest of some steps, each awaited. */
async function timeSteps(engine: Engine, options: EngineOptions): Promise<number> {
  await timeCall(engine, options, 1);
  let fastest = Infinity;
  for (let call = 0; call < CALLS; call++) {
    fastest = Math.min(fastest, (await timeCall(engine, options, 1)).elapsedMs);
  }
  return fastest;
}

async function timeManySteps(engine: Engine, options: EngineOptions): Promise<number> {
  const { steps, elapsedMs } = await warmUp(engine, options);
  return (elapsedMs > LONG_MS ? elapsedMs : await timeCalls(engine, options, steps)) / steps;
}

interface Call {
  readonly steps: number;
  readonly elapsedMs: number;
}

/** Takes more and more steps a call. @returns The call from which on that does not pay */
async function warmUp(engine: Engine, options: EngineOptions): Promise<Call> {
  await timeCall(engine, options, 1);
  for (let last = await timeCall(engine, options, 1);;) {
    if (last.elapsedMs > LONG_MS || last.steps === MAX_STEPS) return last;
    const next = await timeCall(engine, options, Math.min(4 * last.steps, MAX_STEPS));
    const pays = next.elapsedMs / next.steps < PAYS * last.elapsedMs / last.steps;
    if (next.elapsedMs >= SHORT_MS && !pays) return last.elapsedMs >= SHORT_MS ? last : next;
    last = next;
  }
}

async function timeCall(engine: Engine, options: EngineOptions, steps: number): Promise<Call> {
  const some = firstSteps(options, steps), started = performance.now();
  await engine.train(...some);
  return { steps, elapsedMs: performance.now() - started };
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
