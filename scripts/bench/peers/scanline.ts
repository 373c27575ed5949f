/**
 * Scanline's engines: `scanline.ts wasm` or `scanline.ts webgpu`.
 *
 * @module
 */
import { openEngine } from "../../../lib/engines/open.ts";
import { type Sequences, sequencesOf } from "../../../lib/data/sequences.ts";
import { type Engine, MAX_STEPS } from "../../../lib/engines/engine.ts";
import { type Opened, type OpenRequest, serve, type Subject } from "../protocol.ts";
import { type Batches, isSoftware, readOpening } from "./batches.ts";

class Scanline implements Subject {
  readonly #device: "wasm" | "webgpu";
  #engine: Engine | null = null;
  #batches: Batches | null = null;
  #sequences: Sequences | null = null;

  constructor(device: "wasm" | "webgpu") {
    this.#device = device;
  }

  async open(request: OpenRequest): Promise<Opened> {
    await this.#engine?.[Symbol.asyncDispose]();
    const { optimizer, batchSize, threads, math } = request;
    const { network, parameters, images, layout, batches } = await readOpening(request);
    const sequences = sequencesOf(images), targets = { kind: "classes", data: images.labels } as const;
    const device = this.#device;
    const choice = device === "wasm" ? { device, threads, math } : { device, selfCheck: false };
    const { engine } = await openEngine(choice, {
      ...{ network, layout, parameters },
      training: { optimizer, sequences, targets, seed: 1, batchSize },
    });
    this.#sequences = sequences;
    this.#engine = engine;
    this.#batches = batches;
    return { detail: engine.device.detail, software: await isSoftware(device) };
  }

  async train(steps: number): Promise<number> {
    let first: number | undefined;
    for (let left = steps; left > 0; left -= MAX_STEPS) {
      const [{ loss }] = await this.#engine!.train(this.#batches!.take(Math.min(left, MAX_STEPS)));
      first ??= loss;
    }
    return first!;
  }

  async forward(steps: number): Promise<void> {
    for (const batch of this.#batches!.take(steps)) await this.#engine!.predict(this.#sequences!, batch);
  }
}

const [device] = Deno.args;
await serve(new Scanline(device === "webgpu" ? "webgpu" : "wasm"));
