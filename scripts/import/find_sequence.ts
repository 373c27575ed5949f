/**
 * Finds out how a network reads an image if neither its file nor a flag says so, by trying the usual ways on labelled
 * images. The right way is obvious: weights trained on (x/255 − .1307)/.3081 have an accuracy of .93 with it, and of .26
 * with x/255.
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
  { mean: 0.1307, deviation: 0.3081 }, // MNIST's, which are often used for other images too
];
/** Of other data sets, as people's code has them. */
const MORE_SCALES: Readonly<Partial<Record<DatasetName, PixelScale>>> = {
  "fashion-mnist": { mean: 0.286, deviation: 0.353 },
  "kmnist": { mean: 0.1918, deviation: 0.3483 },
};
const AXES = ["rows", "columns"] as const;
const ACTIVATIONS = ["tanh", "relu"] as const;

/** How many training images a way is tried on: the test images must not decide anything. */
const IMAGES = 1_000;

/** Below this accuracy even the best way proves nothing. */
const LEAST_ACCURACY = 0.5;

/** One way to read an image. */
export interface Reading {
  readonly sequence: scanline.Sequence;
  /** Of the layers of an RNN, if neither the file nor a flag says it. */
  readonly activation?: "tanh" | "relu";
}

/** A way that was tried. */
export interface Trial extends Reading {
  /** The fraction of the images that it classifies correctly. */
  readonly accuracy: number;
  /** Infinity if the network overflows. */
  readonly loss: number;
}

/** What {@link findSequence} found. */
export interface FoundSequence extends Reading {
  /** The length of a sequence, or null for any. */
  readonly T: number | null;
  /** The ways that were tried, the best first. */
  readonly trials: readonly Trial[];
  /** The images that they were tried on, in words; null if nothing was tried. */
  readonly triedOn: string | null;
  /** Why it is assumed; null if it is known or was found. */
  readonly assumed: string | null;
}

/** Weights, and what is known about them. */
export interface Weights {
  readonly told: Told;
  readonly classes: number;
  readonly parameters: Float32Array;
}

/** The network of the weights, with the activation of a way to read images. */
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
  if (!loaded) {
    return { ...untried, assumed: `there are no readable images in ${dataFolder(data)} to try it on` };
  }
  const images = scanline.takeImages(loaded.train, 0, Math.min(IMAGES, loaded.train.count));
  const fitting = loaded.classes === classes
    ? readings.filter(({ sequence }) => {
      const layout = layOutSequence(sequence, images);
      return layout.C === inputSize && (told.T ?? layout.T) === layout.T;
    })
    : [];
  if (fitting.length === 0) {
    return { ...untried, assumed: `the images of ${loaded.name} have another size or other classes` };
  }
  const trials: Trial[] = [];
  for (const reading of fitting) trials.push(await tryReading(reading, weights, images));
  trials.sort((a, b) => b.accuracy - a.accuracy || a.loss - b.loss);
  const [{ accuracy, loss: _, ...best }] = trials;
  const triedOn = `${images.count.toLocaleString("en")} training images of ${loaded.name}`;
  return {
    ...best,
    T: told.T !== undefined ? told.T : layOutSequence(best.sequence, images).T,
    trials,
    triedOn,
    assumed: accuracy < LEAST_ACCURACY
      ? `even the best of the usual ways has an accuracy of ${(100 * accuracy).toFixed(1)}% on ${triedOn}`
      : null,
  };
}

/** All ways that agree with what is known, the most common first. */
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
