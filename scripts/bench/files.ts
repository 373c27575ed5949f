/**
 * The files that all processes read: images, their order, the initial weights.
 *
 * @module
 */
import { initialize } from "../../lib/model/initialize.ts";
import { shuffledOrder } from "../../lib/random.ts";
import type { Dataset } from "../../mod.ts";
import type { OpenRequest } from "./protocol.ts";
import { networkOf, stackDigits, type Workload } from "./workloads.ts";

const SEED = 1;

/** A folder with such files, which is removed when this is disposed. */
export class SharedFiles implements AsyncDisposable {
  readonly #folder: string;
  readonly #dataset: Dataset;
  readonly #written = new Set<string>();

  /** @param folder Will be made, and removed */
  constructor(folder: string, dataset: Dataset) {
    this.#folder = folder;
    this.#dataset = dataset;
  }

  /** The request to open a workload over `imageCount` images. */
  async request(workload: Workload, imageCount: number): Promise<OpenRequest> {
    const { name, layers, optimizer, sequence, batchSize, lines } = workload;
    const { classes, train } = this.#dataset;
    const set = `${lines}-${imageCount}`;
    const path = (file: string) => `${this.#folder}/${set}-${file}`;
    if (!this.#written.has(set)) {
      await Deno.mkdir(this.#folder, { recursive: true });
      const { pixels, labels } = stackDigits({ train }, lines, imageCount);
      await Deno.writeFile(path("pixels"), pixels);
      await Deno.writeFile(path("labels"), labels);
      const order = Int32Array.from(shuffledOrder(imageCount, SEED, 0));
      await Deno.writeFile(path("order"), new Uint8Array(order.buffer));
      this.#written.add(set);
    }
    const start = initialize(networkOf(layers, classes), "pytorch", SEED);
    const parameters = `${this.#folder}/${name}-start`;
    await Deno.writeFile(parameters, new Uint8Array(Float32Array.from(start).buffer));
    const sizes = { count: imageCount, height: lines, width: train.width };
    return {
      ...{ layers, classes, optimizer, sequence, batchSize, parameters },
      images: { pixels: path("pixels"), labels: path("labels"), ...sizes },
      order: path("order"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {}); // not made if nothing was measured
  }
}
