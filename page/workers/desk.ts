/**
 * What the worker that reads does with each request.
 *
 * @module
 */
import {
  imageSize,
  loadModel,
  type Model,
  modelOfRun,
  openModel,
  recurrentLayers,
  traceImage,
  type TrainedModel,
} from "../../core.ts";
import { CATALOGUE } from "../../lib/data/catalogue.ts";
import { stepsOf } from "../../lib/model/network.ts";
import { asyncDispose } from "../../lib/symbols.ts";
import { checkFinite } from "../../lib/train/predict.ts";
import { classProbabilities, readsInOrder } from "../../lib/train/probabilities.ts";
import { titlesOfLayers } from "../../lib/view/structure.ts";
import { decodeBlob } from "../ink/picture.ts";
import { prepareRaster, prepareStrokes } from "../ink/prepare.ts";
import { SIDE, type Stroke } from "../ink/strokes.ts";
import type { AboutModel, ModelFiles, ReaderAnswer, ReaderRequest, ShownReading } from "./messages.ts";

/** The most multiplications of one reading: some seconds. */
const MOST_WORK = 2 ** 30;
/** What a step costs besides its multiplications, in multiplications. */
const STEP_WORK = 1_000;

/** The models that are open, and what is asked of them. One request at a time. */
export class ReaderDesk implements AsyncDisposable {
  readonly #models = new Map<string, Model>();

  /** Does what a request asks. What goes wrong is an answer, too. */
  async answer(request: ReaderRequest): Promise<ReaderAnswer | null> {
    if (request.kind === "close") {
      await this.#close(request.id);
      return null;
    }
    const { ticket } = request;
    try {
      switch (request.kind) {
        case "open":
          return { ticket, kind: "opened", about: await this.#open(request.id, request.model) };
        case "read":
          return { ticket, kind: "reading", reading: await this.#read(request.id, request.pixels) };
        case "prepare":
          return { ticket, kind: "prepared", pixels: await prepare(request.ink) };
      }
    } catch (error) {
      return { ticket, kind: "failed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  async [asyncDispose](): Promise<void> {
    for (const id of [...this.#models.keys()]) await this.#close(id);
  }

  async #open(id: string, files: ModelFiles): Promise<AboutModel> {
    const trained = await loadModel(files instanceof Uint8Array ? files : await modelOfRun(files));
    const { height, width } = imageSize(trained);
    if (height !== SIDE || width !== SIDE) {
      throw new RangeError(
        `Cannot open the model: it must read images of ${SIDE} × ${SIDE} pixels, as this page draws them: ` +
          `current value is ${height} × ${width}`,
      );
    }
    checkWork(trained);
    // The textbook reads one image sooner than another engine starts, and its numbers are drawn, not trained with.
    const model = await openModel(trained, { device: "reference" });
    await this.#close(id);
    this.#models.set(id, model);
    return describe(trained);
  }

  async #close(id: string): Promise<void> {
    await this.#models.get(id)?.[asyncDispose]();
    this.#models.delete(id);
  }

  async #read(id: string, pixels: Uint8Array): Promise<ShownReading> {
    const model = this.#models.get(id);
    if (!model) throw new Error(`Cannot read: the network must be open: current value is ${id}`);
    const images = { pixels, count: 1, height: SIDE, width: SIDE }, { network, parameters } = model.trained;
    const { T, layers } = traceImage(model.trained, images, 0), titles = titlesOfLayers(layers);
    // Where the states after a line are those of the image that ends there, nothing is computed twice.
    const probabilities = readsInOrder(network)
      ? checkFinite(
        classProbabilities(Float32Array.from(layers.at(-1)!.states[0].values), network, parameters),
      )
      : await model.read(images);
    const end = stepsOf(network, T).findIndex(({ count }) => count !== T);
    const along = recurrentLayers({ layers: network.layers.slice(0, end) }).length;
    const shown = (traces: typeof layers[number]["gates"]) =>
      traces.map(({ name, values }) => ({ name, values: Float32Array.from(values) }));
    return {
      T,
      classes: model.classNames.length,
      probabilities,
      layers: layers.slice(0, along).map(({ layer, gates, states }, i) => ({
        title: titles[i],
        hiddenSize: layer.hiddenSize,
        gates: shown(gates),
        states: shown(states),
      })),
      later: titles.slice(along),
    };
  }
}

async function prepare(ink: readonly Stroke[] | Blob): Promise<Uint8Array | null> {
  return ink instanceof Blob ? prepareRaster(await decodeBlob(ink)) : prepareStrokes(ink);
}

/**
 * While a network reads, nothing else is read.
 *
 * @throws {RangeError} If one reading would take too long.
 */
function checkWork({ network, sequence: { axis } }: TrainedModel): void {
  const T = axis === "pixels" ? SIDE * SIDE : SIDE;
  const steps = Math.max(...stepsOf(network, T).map(({ count }) => count)) * (readsInOrder(network) ? 1 : T);
  const work = steps * (network.size + STEP_WORK);
  if (work <= MOST_WORK) return;
  throw new RangeError(
    `Cannot open the model: one reading must take at most ${MOST_WORK} multiplications, for this page to stay quick: ` +
      `current value is about ${work}, in ${steps} steps`,
  );
}

function describe({ sequence, classNames, preparation, dataset }: TrainedModel): AboutModel {
  const { axis, reversed = false, permutation } = sequence;
  const scaled = (preparation ?? (dataset && CATALOGUE[dataset].preparation)) === "none";
  return { axis, reversed, shuffled: permutation !== undefined, classNames, scaled };
}
