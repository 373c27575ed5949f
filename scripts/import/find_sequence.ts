/**
 * How weights mean to be read, where they come without a word about it: found by trying the usual ways on images with
 * labels. With the right one most come out right: weights that were trained on (x/255 − .1307)/.3081 get .93 of the
 * digits right with it, and .26 with x/255.
 *
 * @module
 */
import { layOutSequence, type PixelScale } from "../../lib/data/sequence.ts";
import * as scanline from "../../mod.ts";
import { createNetwork, dataFolder, type DatasetName, defaultClassNames, type Network } from "../../run.ts";
import type { Told } from "./reconcile.ts";

/** The first one is assumed, where nothing can be tried. */
const SCALES: readonly PixelScale[] = [
  { range: [0, 1] },
  { range: [-1, 1] },
  { mean: 0.1307, deviation: 0.3081 }, // MNIST's, which are often kept for other images
];
/** Of other data sets, as people's code has them. */
const MORE_SCALES: Readonly<Partial<Record<DatasetName, PixelScale>>> = {
  "fashion-mnist": { mean: 0.286, deviation: 0.353 },
  "kmnist": { mean: 0.1918, deviation: 0.3483 },
};
const AXES = ["rows", "columns"] as const;
const ACTIVATIONS = ["tanh", "relu"] as const;

/** Training images, so that nothing is chosen by those that will test it. */
const IMAGES = 1_000;

/** With fewer of them right, even the best way proves nothing. */
const LEAST_ACCURACY = 0.5;

/** One way to read an image. */
export interface Reading {
  readonly sequence: scanline.Sequence;
  /** Of the layers of an RNN, where nobody says it. */
  readonly activation?: "tanh" | "relu";
}

/** How well a way does. */
export interface Trial extends Reading {
  /** The share of the images that came out right. */
  readonly accuracy: number;
  /** Infinite, where the numbers in the network are. */
  readonly loss: number;
}

/** What {@link findSequence} found. */
export interface FoundSequence extends Reading {
  /** The length of a sequence, or null for any. */
  readonly T: number | null;
  /** What was tried, the best first. */
  readonly trials: readonly Trial[];
  /** What it was tried on, in words; null if nothing was. */
  readonly triedOn: string | null;
  /** Why it is assumed: null if it is known, or was found. */
  readonly assumed: string | null;
}

/** Weights, and what is known of them. */
export interface Weights {
  readonly told: Told;
  readonly classes: number;
  readonly parameters: Float32Array;
}

/** The network of weights that are read in such a way. */
export function networkOf(
  { told: { layers, biases }, classes }: Pick<Weights, "told" | "classes">,
  { activation }: Pick<Reading, "activation">,
): Network {
  const read = layers.map((layer) => layer.kind === "rnn" && activation ? { ...layer, activation } : layer);
  return createNetwork({ layers: read, classes, biases });
}

/** Takes what is known, and tries what is not on images that the network should know. */
export async function findSequence(weights: Weights, data: scanline.LoadOptions): Promise<FoundSequence> {
  const { told, classes } = weights, [{ inputSize }] = told.layers;
  const readings = usualReadings(told, data);
  const [usual] = readings;
  const T = told.T !== undefined ? told.T : usual.sequence.axis === "pixels" ? 28 * 28 : inputSize;
  const untried = { ...usual, T, trials: [], triedOn: null };
  if (told.open.length === 0) return { ...untried, assumed: null };

  const loaded = await loadIfThere(data);
  if (!loaded) return { ...untried, assumed: `there is no readable ${dataFolder(data)} to try it on` };
  const images = scanline.takeImages(loaded.train, 0, Math.min(IMAGES, loaded.train.count));
  const fitting = loaded.classes === classes
    ? readings.filter(({ sequence }) => {
      const layout = layOutSequence(sequence, images);
      return layout.C === inputSize && (told.T ?? layout.T) === layout.T;
    })
    : [];
  if (fitting.length === 0) {
    return { ...untried, assumed: `the images of ${loaded.name} are of another size, or have other classes` };
  }
  const trials: Trial[] = [];
  for (const reading of fitting) trials.push(await tryReading(reading, weights, images));
  trials.sort((a, b) => b.accuracy - a.accuracy || (a.loss < b.loss ? -1 : a.loss > b.loss ? 1 : 0));
  const [{ accuracy, loss: _, ...best }] = trials;
  const triedOn = `${images.count.toLocaleString("en")} training images of ${loaded.name}`;
  return {
    ...best,
    T: told.T !== undefined ? told.T : layOutSequence(best.sequence, images).T,
    trials,
    triedOn,
    assumed: accuracy < LEAST_ACCURACY
      ? `even the best of the usual ways has ${(100 * accuracy).toFixed(1)}% of ${triedOn} right`
      : null,
  };
}

/** All ways that agree with what is known, the most usual first. */
function usualReadings(
  { axis, scale, open }: Told,
  { dataset, dataDir }: scanline.LoadOptions,
): readonly Reading[] {
  const own = dataDir === undefined && dataset ? MORE_SCALES[dataset] : undefined;
  const scales = scale ? [scale] : own ? [...SCALES, own] : SCALES;
  const activations = open.includes("activation") ? ACTIVATIONS : [undefined];
  return (axis ? [axis] : AXES).flatMap((axis) =>
    activations.flatMap((activation) =>
      scales.map((scale) => ({ sequence: { axis, ...scale }, ...(activation && { activation }) }))
    )
  );
}

async function loadIfThere(data: scanline.LoadOptions): Promise<scanline.Dataset | null> {
  try {
    return await scanline.loadDataset(data);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return null;
    throw error;
  }
}

async function tryReading(reading: Reading, weights: Weights, train: scanline.Split): Promise<Trial> {
  const { sequence } = reading, { parameters, classes } = weights;
  const { T } = layOutSequence(sequence, train);
  const trained = {
    network: networkOf(weights, reading),
    T,
    sequence,
    parameters,
    classNames: defaultClassNames(classes),
  };
  await using model = await scanline.openModel(trained, { imageSize: train, device: "wasm" });
  try {
    const { accuracy, loss } = await model.evaluate(train);
    return { ...reading, accuracy, loss };
  } catch (error) {
    if (error instanceof RangeError) return { ...reading, accuracy: 0, loss: Infinity }; // logits that are not finite
    throw error;
  }
}
