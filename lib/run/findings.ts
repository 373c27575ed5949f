/**
 * How a trained model does on the test images: figures, and pictures of predictions.
 *
 * @module
 */
import type { Images, Split } from "../data/images.ts";
import { inReadingOrder } from "../data/sequence.ts";
import { modelSha256 } from "../model/hash.ts";
import {
  confusionMatrix,
  predictedClasses,
  type Score,
  scoreLogits,
  worstMistakes,
} from "../train/metrics.ts";
import type { Model } from "../train/model.ts";
import { softmax } from "../train/probabilities.ts";
import { Trainer } from "../train/trainer.ts";
import type { LoopOptions } from "../train/call_options.ts";
import { drawConfusionMap } from "../view/confusion.ts";
import type { Picture } from "../view/digits.ts";
import { formatQuantity } from "../view/progress.ts";
import { readingsSvg } from "../view/reading.ts";
import { drawSheet } from "../view/sheet.ts";
import { formatShare } from "../view/words.ts";

/** The predictions for the test images, as figures and pictures. */
export interface Findings {
  /** How the model does on all test images. */
  readonly score: Score;
  /** SHA-256 of the model, see `modelSha256()`. */
  readonly modelSha256: string;
  /** The first test images, with label, prediction and probability as captions. */
  readonly first: readonly Picture[];
  /** SVG of the confusion matrix. */
  readonly confusion: string;
  /** SVG of the worst mistakes. */
  readonly mistakes: string;
  /** SVG of the class probabilities after each line of a few images. */
  readonly readings: string;
}

const FIRST = 10;
const WORST = 20;
const READ = 3; // first images, drawn with the worst mistake

/** A legend for the captions of {@link Findings}. */
export const CAPTIONS = "label → taken for, how surely";

/** A model and its test images. */
export interface Tested {
  /** The model. */
  readonly model: Trainer | Model;
  /** The test images. */
  readonly test: Split;
  /** What class 0, 1, … is called. */
  readonly classNames: readonly string[];
}

/** Predicts all test images. */
export async function findOut(tested: Tested, loop: LoopOptions): Promise<Findings> {
  const { model, test, classNames } = tested;
  const { labels, count } = test;
  const classes = classNames.length;
  const logits = await model.predict(test, loop);
  const predicted = predictedClasses(logits, classes);
  const mistakes = worstMistakes(logits, labels, { classes, most: WORST });
  const score = scoreLogits(logits, labels, classes);
  const taken = (label: number, k: number) => `${classNames[label]} → ${classNames[k]}`;
  return {
    score,
    modelSha256: modelSha256(model instanceof Trainer ? await model.trained() : model.trained),
    first: Array.from({ length: Math.min(FIRST, count) }, (_, n) => {
      const probabilities = softmax(logits.subarray(n * classes, (n + 1) * classes));
      const share = formatShare(probabilities[predicted[n]]);
      return pictureOf(test, n, `${taken(labels[n], predicted[n])} ${share}`);
    }),
    confusion: drawConfusionMap(confusionMatrix(labels, predicted, classes), classNames),
    mistakes: drawSheet(
      mistakes.map(({ position, label, predicted, probability }) => ({
        ...pictureOf(test, position, taken(label, predicted)),
        note: `${formatShare(probability)} #${position}`,
      })),
      { title: countMistakes(mistakes.length, score), note: `${CAPTIONS}, image`, perRow: 4 },
    ),
    readings: await drawReadings(tested, { predicted, worst: mistakes.at(0)?.position }),
  };
}

/** A title that says how many of the mistakes are shown. */
export function countMistakes(shown: number, { count, correct }: Score): string {
  const all = count - correct;
  if (all === 0) return "No mistakes";
  if (all === 1) return "The only mistake";
  return shown < all ? `The ${shown} worst of ${formatQuantity(all, "mistakes")}` : `All ${all} mistakes`;
}

function pictureOf({ pixels, height, width }: Images, n: number, caption: string): Picture {
  const size = height * width;
  return { pixels: pixels.slice(n * size, (n + 1) * size), height, width, caption };
}

async function drawReadings(
  { model, test, classNames }: Tested,
  { predicted, worst }: { predicted: Uint8Array; worst: number | undefined },
): Promise<string> {
  const first = [...Array(Math.min(READ, test.count)).keys()];
  const positions = Uint32Array.from(new Set([...first, ...(worst === undefined ? [] : [worst])]));
  const probabilities = await model.read(test, { positions });
  const each = probabilities.length / positions.length;
  const readings = [...positions].map((n, i) => {
    const caption = `${n === worst ? "The worst mistake, " : ""}#${n}: ${classNames[test.labels[n]]} → ${
      classNames[predicted[n]]
    }`;
    const image = pictureOf(test, n, caption);
    return {
      image: { ...image, pixels: inReadingOrder(image.pixels, model.sequence, image) },
      axis: model.sequence.axis,
      probabilities: probabilities.subarray(i * each, (i + 1) * each),
      classNames,
    };
  });
  return readingsSvg(readings, { perRow: 2 });
}
