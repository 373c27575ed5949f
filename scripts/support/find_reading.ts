/**
 * How a network reads an image, where its weights come without a word about it: found by trying the usual ways.
 *
 * @module
 */
import * as scanline from "../../mod.ts";

/** The usual ways. The last one is torchvision's for MNIST. */
const SCALES: readonly scanline.PixelScale[] = [
  { range: [0, 1] },
  { range: [-1, 1] },
  { mean: 0.1307, deviation: 0.3081 },
];
const AXES = ["rows", "columns"] as const;
/** Training images, so that nothing is chosen by those that will test it. */
const IMAGES = 1_000;

/** One way, and the share of the images that the network classified rightly when it read them so. */
export interface TriedReading {
  readonly sequence: scanline.Sequence;
  readonly accuracy: number;
}

/** What {@link tryReadings} works on. */
export interface Candidate {
  readonly model: scanline.LayersModel;
  readonly classes: number;
  /** Images that it should know. */
  readonly train: scanline.Split;
}

/**
 * Tries all usual ways that agree with what is known, on images that the network should know.
 *
 * @param known What is known of the sequence
 * @returns The best first; of equal ones the more usual
 */
export async function tryReadings(
  { model, classes, train }: Candidate,
  known: { axis?: scanline.Sequence["axis"]; scale?: scanline.PixelScale },
): Promise<TriedReading[]> {
  const images = scanline.takeImages(train, 0, Math.min(IMAGES, train.count));
  const tried: TriedReading[] = [];
  for (const axis of known.axis ? [known.axis] : AXES) {
    for (const scale of known.scale ? [known.scale] : SCALES) {
      const sequence = { axis, ...scale };
      const { height, width } = scanline.imageSize(model, sequence);
      if (height !== train.height || width !== train.width) continue;
      await using reader = await scanline.openReader(model, { sequence }, { device: "wasm" });
      const { accuracy } = scanline.scoreLogits(await reader.predict(images), images.labels, classes);
      tried.push({ sequence, accuracy });
    }
  }
  return tried.sort((a, b) => b.accuracy - a.accuracy);
}
